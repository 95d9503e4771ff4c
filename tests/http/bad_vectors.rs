//! Public collections of bad input, thrown at the whole house; where they come from is in `tests/vectors/SOURCES.md`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{faults, post_raw, registration, rows, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

on_every_database!(
    no_body_of_the_json_test_suite_gets_in_or_breaks_anything,
    an_address_is_accepted_in_one_form_or_not_at_all,
    naughty_strings_are_kept_as_they_are_or_refused,
);

const JSON: &str = "application/json";

fn no_body_of_the_json_test_suite_gets_in_or_breaks_anything(kind: Kind) {
    let suite: Value = serde_json::from_str(include_str!("../vectors/json_test_suite.json")).unwrap();
    let cases = suite["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 340);
    let house = TestHouse::on(kind).set("server.body_limit", "512KiB").start();
    let before = rows(&house);
    for case in cases {
        let body = match case.get("recipe") {
            Some(_) => giant(case),
            None => STANDARD.decode(case["base64"].as_str().unwrap()).unwrap(),
        };
        for path in ["/auth/login", "/auth/register"] {
            // None of them is an object with an address and a password.
            let answer = post_raw(&house, path, JSON, &body);
            assert_eq!(
                (answer.status, &answer.json["code"]),
                (400, &json!("invalid_request")),
                "{}: {answer:?}",
                case["id"]
            );
        }
    }
    assert_eq!(rows(&house), before);
    assert_eq!(house.post("/auth/register", registration("ada")).status, 201, "and the house still stands");
}

/// The two bodies that the suite tells as a recipe.
fn giant(case: &Value) -> Vec<u8> {
    let piece = if case["id"].as_str().unwrap().contains("open_array_object") { "[{\"\":" } else { "[" };
    let bytes = usize::try_from(case["bytes"].as_u64().unwrap()).unwrap();
    piece.bytes().cycle().take(bytes).collect()
}

fn an_address_is_accepted_in_one_form_or_not_at_all(kind: Kind) {
    let suite: Value = serde_json::from_str(include_str!("../vectors/isemail.json")).unwrap();
    let cases = suite["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 164);
    let house = TestHouse::on(kind).set("registration.sign_in", false).start();
    let (mut accepted, mut written) = (0, 0);
    for case in cases {
        let (address, category) = (case["address"].as_str().unwrap(), case["category"].as_str().unwrap());
        let answer = house.post("/auth/register", json!({ "email": address, "password": PASSWORD }));
        match answer.status {
            201 => {
                accepted += 1;
                written += 1;
                assert_ne!(category, "ISEMAIL_ERR", "{address:?}");
                let kept = answer.json["user"]["email"].as_str().unwrap();
                assert_eq!(kept, address.to_ascii_lowercase(), "{address:?}: ASCII stays but for its case");
                assert!(!kept.contains(['"', '(', '[', ' ', '\\']), "one form only: {address:?}");
                assert_eq!(try_login(&house, address, PASSWORD).status, 200, "{address:?}");
            }
            409 => {
                accepted += 1;
                answer.is_problem(409, "email_taken");
            }
            _ => {
                answer.is_problem(422, "validation_failed");
                assert_eq!(
                    faults(&answer),
                    [("/email".to_owned(), "email_invalid".to_owned())],
                    "{address:?}"
                );
                try_login(&house, address, PASSWORD).is_problem(401, "invalid_credentials");
            }
        }
    }
    assert_eq!(rows(&house).users, written);
    assert!(accepted >= 14, "plain addresses are accepted: {accepted}");
    for absurd in [
        "a\0@example.org",
        "a@example.org\0",
        "a@example.org\r\nBcc: all@example.org",
        " a@example.org",
        "a@example.org ",
        "a@b@example.org",
        "a@127.0.0.1",
        "a@localhost",
        "a@[127.0.0.1]",
        "<a@example.org>",
        "ａ@example.org",
        "а@example.org",
        "a\u{202e}@example.org",
        "a@exam\u{200b}ple..org",
        "a@-example.org",
        &format!("{}@example.org", "a".repeat(65)),
        &format!("a@{}.org", "a".repeat(64)),
        &format!("a@{}", vec!["a".repeat(60); 5].join(".")),
        &"a".repeat(10_000),
    ] {
        let answer = house.post("/auth/register", json!({ "email": absurd, "password": PASSWORD }));
        answer.is_problem(422, "validation_failed");
    }
    assert_eq!(rows(&house).users, written);
}

fn naughty_strings_are_kept_as_they_are_or_refused(kind: Kind) {
    let strings: Vec<String> = serde_json::from_str(include_str!("../vectors/naughty_strings.json")).unwrap();
    assert_eq!(strings.len(), 515);
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let mut kept = 0;
    for text in &strings {
        let answer = house.call("PATCH", "/auth/me", Some(&ada.access), Some(&json!({ "name": text })));
        if answer.status == 200 {
            kept += 1;
            let stored = house.get_as(&ada.access, "/auth/me").ok(200)["name"].clone();
            let expected: String = unicode_normalization::UnicodeNormalization::nfc(text.trim()).collect();
            assert_eq!(stored, expected);
        } else {
            answer.is_problem(422, "validation_failed");
        }
        try_login(&house, text, text).is_problem(401, "invalid_credentials");
    }
    assert!(kept > 400, "{kept}");
    assert_eq!(rows(&house).users, 1);
}
