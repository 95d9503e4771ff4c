//! Request bodies: JSON and forms. What is told of a fault never quotes a value, which may be a password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guardhouse::http::body::{form, parse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::common::vectors;

/// Of the shape of the bodies that the handlers read.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: String,
    password: String,
    name: Option<String>,
    roles: Option<Vec<String>>,
    limit: Option<u64>,
}

/// `data` is a body; and it is the value of a password in one.
pub fn run(data: &[u8]) {
    if let Ok(body) = parse::<Body>(data) {
        let json = serde_json::to_vec(&body).expect("a struct of texts is JSON");
        assert_eq!(parse::<Body>(&json).expect("what we write"), body);
        let value: Value = serde_json::from_slice(data).expect("only JSON is accepted");
        assert_eq!(value["email"], body.email);
    }
    if let Ok(value) = parse::<Value>(data) {
        let again = parse::<Value>(value.to_string().as_bytes()).expect("what we write");
        assert_eq!(super::common::texts(&again), super::common::texts(&value));
        assert!(!value.is_array(), "only objects are bodies");
        told_of_no_value(&value);
    }
    if let Ok(fields) = form(data) {
        let written = Serializer::new(String::new()).extend_pairs(&fields).finish();
        assert_eq!(form(written.as_bytes()).expect("what we write"), fields);
        for (place, (name, _)) in fields.iter().enumerate() {
            assert!(fields[..place].iter().all(|(other, _)| other != name), "{name:?} twice");
        }
    }
}

/// Whatever is in the place of the password and of the limit, it is not told.
fn told_of_no_value(value: &Value) {
    let mut secrets: Vec<String> = super::common::texts(value);
    secrets.retain(|text| text.len() >= 12);
    for body in [
        serde_json::json!({ "email": "a@b.example", "password": value, "limit": value }),
        serde_json::json!({ "email": value, "password": [value] }),
        serde_json::json!({ "email": "a@b.example", "password": "x", "roles": value }),
    ] {
        let Err(problem) = parse::<Body>(body.to_string().as_bytes()) else { continue };
        let told = format!("{problem:?}");
        assert!(!secrets.iter().any(|secret| told.contains(secret.as_str())), "{told}");
    }
}

/// Bodies as clients send them, and JSON of every kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"email":"ada@example.org","password":"Correct-horse-9-battery","name":null}"#,
        r#"{"email":"a","password":"b","roles":["user","admin"],"limit":200}"#,
        r#"{"email":"a","email":"b","password":"c"}"#,
        r#"{"email":"a","password":"b","unknown-field-name":1}"#,
        r#"{"password":{"a":["Correct-horse-9-battery",{"b":"Correct-horse-9-battery"}]}}"#,
        r#"["a","b",null,null,1]"#,
        r#""\ud800\udc00 \u0000""#,
        "username=ada%40example.org&password=a+b%C3%A4&grant_type=password",
        "a=1&a=2&=&%ff=%00",
    ];
    let mut seeds: Vec<Vec<u8>> = bodies.map(|body| body.as_bytes().to_vec()).to_vec();
    seeds.extend([b"[".repeat(200), b"{\"a\":".repeat(200)]);
    seeds.extend(json_test_suite());
    seeds.extend(vectors(include_str!("../../../tests/vectors/naughty_strings.json")));
    seeds
}

/// The bodies of the JSON test suite, but for the two giant ones, which stand there as recipes.
fn json_test_suite() -> Vec<Vec<u8>> {
    let suite = include_str!("../../../tests/vectors/json_test_suite.json");
    let suite: Value = serde_json::from_str(suite).expect("the vectors are JSON");
    let cases = suite["cases"].as_array().expect("a list of cases");
    cases.iter().filter_map(|case| STANDARD.decode(case["base64"].as_str()?).ok()).collect()
}
