//! Claims of the wrong type, out of range, doubled, lacking, for others, or out of time.

use super::*;

#[test]
fn claims_are_one_object_without_duplicates() {
    let house = House::new();
    for (name, value) in payload().as_object().unwrap() {
        house.refuses_payload(&doubled(&format!("{name:?}:{value}")), CLAIMS);
        let mut lacking = payload();
        lacking.as_object_mut().unwrap().remove(name);
        house.refuses_payload(&lacking.to_string(), CLAIMS);
        house.refuses_payload(&with(name, "null"), CLAIMS);
    }
    for broken in
        ["null", "[]", "{", "\"x\"", &format!("{0}{0}", payload()), &format!("\u{feff}{}", payload())]
    {
        house.refuses_payload(broken, CLAIMS);
    }
}

#[test]
fn times_are_texts_within_range_and_everything_else_has_its_type() {
    let house = House::new();
    for name in ["exp", "nbf", "iat"] {
        for value in ["1795194329", "1795194329.0", "NaN", "true", "[\"2026-11-20T17:05:29Z\"]"] {
            house.refuses_payload(&with(name, value), CLAIMS);
        }
        for value in [
            "",
            "never",
            "1795194329",
            "2026-11-20",
            "2026-11-20T17:05:29",
            "2026-13-20T17:05:29Z",
            "2026-02-30T00:00:00Z",
            "2026-11-20T25:05:29Z",
            "+12026-11-20T17:05:29Z",
            "99999-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-01:00",
            " 2026-11-20T17:05:29Z",
            "2026-11-20T17:05:29Z\\n",
            "2026-11-20T17:05:29+99:99",
            "Fri, 20 Nov 2026 17:05:29 GMT",
        ] {
            house.refuses_payload(&with(name, &format!("\"{value}\"")), RANGE);
        }
    }
    for value in ["\"2026-11-20T16:49:29Z\"", "1.5", "NaN", "18446744073709551615"] {
        house.refuses_payload(&with("auth_time", value), CLAIMS);
    }
    house.refuses_payload(&with("auth_time", "-1"), RANGE);
    for (name, value) in [
        ("aud", "[\"https://api.example\"]"),
        ("sub", "\"alice\""),
        ("amr", "[\"telepathy\"]"),
        ("roles", "[\"Admin\"]"),
        ("epoch", "-1"),
    ] {
        house.refuses_payload(&with(name, value), CLAIMS);
    }
}

#[test]
fn a_token_is_by_us_for_us_and_in_time() {
    let house = House::new();
    let text = |seconds: i64| format!("\"{}\"", at(seconds));
    house.refuses_payload(&with("iss", "\"https://evil.example\""), "by another issuer");
    house.refuses_payload(&with("aud", "\"https://evil.example\""), "for another audience");
    house.refuses_payload(&with("client_id", "\"other\""), "for another client");
    house.refuses_payload(&with("nbf", &text(1 + LEEWAY as i64 + 1)), "not valid yet");
    house.refuses_payload(&with("exp", &text(0)), "ends before it begins");
    house.refuses_payload(&with("iat", &text(LIFETIME)), "ends before it begins");
}
