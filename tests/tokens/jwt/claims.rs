//! Claims of the wrong type, out of range, doubled, lacking, for others, or out of time.

use serde_json::json;

use super::*;

#[test]
fn claims_are_one_object_without_duplicates() {
    let house = House::new();
    let members = payload();
    for (name, value) in members.as_object().unwrap() {
        house.refuses_payload(&doubled(&members, &format!("{name:?}:{value}")), CLAIMS);
        let mut lacking = members.clone();
        lacking.as_object_mut().unwrap().remove(name);
        house.refuses_payload(&lacking.to_string(), CLAIMS);
        house.refuses_payload(&with(members.clone(), name, "null"), CLAIMS);
        house.refuses_payload(&with(members.clone(), name, "{}"), CLAIMS);
    }
    let in_order: Vec<Value> =
        ["iss", "sub", "aud", "client_id", "exp", "nbf", "iat", "jti", "sid", "auth_time"]
            .iter()
            .chain(&["amr", "roles", "epoch"])
            .map(|name| members[name].clone())
            .collect();
    house.refuses_payload(&Value::from(in_order).to_string(), CLAIMS);
    for broken in
        ["", "null", "[]", "\"x\"", "{", &format!("{members} {members}"), &format!("\u{feff}{members}")]
    {
        house.refuses_payload(broken, CLAIMS);
    }
    // RFC 7519 section 4: what we do not know is ignored.
    let more = ed_signed(&house.header().to_string(), &doubled(&members, r#""scope":"a b""#));
    house.accepts("an unknown claim", &more);
}

#[test]
fn claims_have_their_types_and_ranges() {
    let house = House::new();
    for (name, value) in [
        ("sub", "\"alice\""),
        ("sid", "7"),
        ("jti", "\"\""),
        ("amr", "\"pwd\""),
        ("amr", "[\"telepathy\"]"),
        ("roles", "\"admin\""),
        ("roles", "[\"Admin\"]"),
        ("epoch", "-1"),
        ("epoch", "4294967296"),
        ("epoch", "7.0"),
    ] {
        house.refuses_payload(&with(payload(), name, value), CLAIMS);
    }
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for value in [
            "NaN",
            "Infinity",
            "-Infinity",
            "1795194329.0",
            "1795194329.5",
            "1.795194329e9",
            "1e400",
            "\"1795194329\"",
            "true",
            "[1795194329]",
            "18446744073709551615",
            "9223372036854775808",
            "-9223372036854775809",
            "0x6b0000000",
            "01795194329",
            "+1795194329",
        ] {
            house.refuses_payload(&with(payload(), name, value), CLAIMS);
        }
        for value in ["-1", "-9223372036854775808", "253402300800", "9223372036854775807"] {
            house.refuses_payload(&with(payload(), name, value), RANGE);
        }
    }
    let last = with(payload(), "exp", "253402300799");
    assert!(house.codec.open(&ed_signed(&house.header().to_string(), &last), at(1)).is_ok());
}

#[test]
fn a_token_is_by_us_for_us_and_in_time() {
    let house = House::new();
    let text = |value: &str| format!("{value:?}");
    for iss in [
        "https://evil.example",
        "https://auth.example/",
        "HTTPS://AUTH.EXAMPLE",
        "",
        "https://auth.example\0",
    ] {
        house.refuses_payload(
            &with(payload(), "iss", &text(iss).replace("\\0", "\\u0000")),
            "by another issuer",
        );
    }
    for aud in ["https://evil.example", "", "https://api.example/", "https://api.exampl"] {
        house.refuses_payload(&with(payload(), "aud", &text(aud)), "for another audience");
    }
    house.refuses_payload(&with(payload(), "aud", "[\"https://evil.example\"]"), "for another audience");
    for aud in
        ["[]", "[\"https://api.example\",\"https://evil.example\"]", "[[\"https://api.example\"]]", "[1]"]
    {
        house.refuses_payload(&with(payload(), "aud", aud), CLAIMS);
    }
    let listed = with(payload(), "aud", "[\"https://api.example\"]");
    house.accepts("aud as a list of one", &ed_signed(&house.header().to_string(), &listed));
    house.refuses_payload(&with(payload(), "client_id", "\"other\""), "for another client");

    let time = |seconds: i64| (ISSUED + seconds).to_string();
    house.refuses_payload(&with(payload(), "nbf", &time(1 + LEEWAY as i64 + 1)), "not valid yet");
    house.refuses_payload(&with(payload(), "exp", &time(0)), "ends before it begins");
    house.refuses_payload(&with(payload(), "iat", &time(LIFETIME)), "ends before it begins");
    let mut old = payload();
    old["iat"] = json!(ISSUED - 1_000);
    let old = with(old, "exp", &time(-(LEEWAY as i64)));
    let opened = house.codec.open(&ed_signed(&house.header().to_string(), &old), at(1));
    assert_eq!(opened, Err(TokenFault::Expired));
}

#[test]
fn a_forged_token_is_never_called_expired() {
    let house = House::new();
    let genuine = house.genuine();
    let far = at(1_000_000);
    assert_eq!(house.codec.open(&genuine, far), Err(TokenFault::Expired));
    for changed in bit_flips(&genuine) {
        assert!(matches!(house.codec.open(&changed, far), Err(TokenFault::Invalid(_))), "{changed}");
    }
    let foreign = with(payload(), "iss", "\"https://evil.example\"");
    let foreign = house.codec.open(&ed_signed(&house.header().to_string(), &foreign), far);
    assert_eq!(foreign, Err(TokenFault::Invalid("by another issuer")));
}
