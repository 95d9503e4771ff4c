//! Official vectors, through the house's own functions and the very functions of the libraries that it calls;
//! `tests/vectors/SOURCES.md` says where they come from.

pub(super) mod cookbook;
mod jose;
mod paserk;
mod paserk_wrapped;
mod paseto;

use std::fmt::Debug;

use ::paseto::paserk::FormatAsPaserk;
use aws_lc_rs::digest::{SHA256, digest};
use guardhouse::tokens::import::import;

use super::*;

fn vectors(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["tests"].as_array().unwrap().clone()
}

fn text<'a>(test: &'a Value, member: &str) -> &'a str {
    test[member].as_str().unwrap_or_else(|| panic!("{member} in {test}"))
}

fn hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn must_fail(test: &Value) -> bool {
    test["expect-fail"].as_bool().unwrap()
}

fn written(item: &impl FormatAsPaserk) -> String {
    let mut text = String::new();
    item.fmt(&mut text).unwrap();
    text
}

fn opened<T, E: Debug>(attempt: Result<T, E>, test: &Value) -> Option<T> {
    assert_eq!(attempt.is_err(), must_fail(test), "{test}");
    attempt.ok()
}

/// Everything that the house has to read a token with.
static HOUSE: LazyLock<AccessTokens> = LazyLock::new(|| everything(KeyAlgorithm::EdDsa));

/// Neither a token nor, for any algorithm, a key.
fn is_nothing(text: &str) -> usize {
    assert!(HOUSE.open(text, at(0)).is_err(), "{text}");
    for algorithm in KeyAlgorithm::ALL {
        assert!(import(algorithm, text).is_err(), "{algorithm}: {text}");
    }
    1
}

/// RFC 7638 section 3, written once more.
fn thumbprint(jwk: &Value) -> String {
    let members: &[&str] = match text(jwk, "kty") {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        other => panic!("{other}"),
    };
    let members: Vec<String> = members.iter().map(|name| format!("{name:?}:{}", jwk[*name])).collect();
    b64(digest(&SHA256, format!("{{{}}}", members.join(",")).as_bytes()))
}
