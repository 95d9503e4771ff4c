//! `/.well-known/…`

use serde_json::json;

use crate::support::TestHouse;

#[test]
fn the_public_key_of_the_configured_format_is_published_and_no_other() {
    let house = TestHouse::new();
    let answer = house.get("/.well-known/jwks.json");
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let key = &answer.json["keys"][0];
    assert_eq!(
        answer.json,
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key["kid"], "x": key["x"] }] })
    );
    assert!(!answer.text.contains("\"d\""), "never a private half");
    let paserk = house.get("/.well-known/paserk.json");
    assert_eq!(paserk.header("cache-control"), "public, max-age=300");
    assert_eq!(paserk.json["keys"], json!([]), "{paserk:?}");

    let house = house.restart_with(&[("tokens.format", "paseto"), ("tokens.algorithm", "v4.public")]);
    let paserk = house.get("/.well-known/paserk.json");
    assert!(paserk.text.contains("k4.public.") && !paserk.text.contains("k4.secret"), "{paserk:?}");
    let jwks = house.get("/.well-known/jwks.json");
    assert_eq!(jwks.text, answer.text, "older tokens can still be verified");
}

#[test]
fn a_shared_secret_is_never_published() {
    let secret = "a-shared-secret-of-more-than-32-octets-0123456789";
    let house = TestHouse::on(crate::support::Kind::Sqlite)
        .set("tokens.algorithm", "HS256")
        .set("tokens.hs256_secret", secret)
        .start();
    assert_eq!(house.get("/.well-known/jwks.json").json, json!({ "keys": [] }));
    for path in ["/.well-known/jwks.json", "/.well-known/paserk.json"] {
        assert!(!house.get(path).text.contains(secret));
    }
}
