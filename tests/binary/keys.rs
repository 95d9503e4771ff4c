//! `guardhouse keys`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::process::{Installation, Server};
use crate::support::Kind;
use crate::support::house::PASSWORD;

fn sign_in(server: &Server, path: &str) -> Value {
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let answer = server.post(path, &body);
    assert!([200, 201].contains(&answer.status), "{answer:?}");
    answer.json
}

fn token(reply: &Value) -> &str {
    reply["access_token"].as_str().expect("an access token")
}

/// The key id in the header of a JWT, in the footer of a PASETO.
fn kid(token: &str) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let part = if token.starts_with("v4.") { parts[3] } else { parts[0] };
    let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let value: Value = serde_json::from_slice(&json).expect("JSON");
    value["kid"].as_str().expect("a key id").to_owned()
}

fn a_new_key_signs_after_a_restart(house: &Installation, algorithm: &str, published: &str) {
    let server = house.serve();
    let old = sign_in(&server, "/auth/register");
    let made = house.run(&["keys", "generate", "--algorithm", algorithm]);
    let new_id = made.out.trim().to_owned();
    assert!(made.code == Some(0) && made.err.contains("nodes that start from now on"), "{made:?}");
    assert_ne!(kid(token(&old)), new_id);
    let before = sign_in(&server, "/auth/login");
    assert_eq!(kid(token(&before)), kid(token(&old)), "a running node keeps its key");
    server.terminate();

    let server = house.serve();
    let new = sign_in(&server, "/auth/login");
    assert_eq!(kid(token(&new)), new_id);
    for reply in [&old, &before, &new] {
        assert_eq!(server.get_as(token(reply), "/auth/me").status, 200, "{reply}");
    }
    let keys = server.get(published).ok(200);
    for reply in [&old, &new] {
        let kid = kid(token(reply));
        assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid), "{kid}: {keys}");
    }
    server.terminate();
}

#[test]
fn a_new_eddsa_key_signs_after_a_restart_and_older_tokens_hold() {
    a_new_key_signs_after_a_restart(&Installation::on(Kind::Sqlite), "EdDSA", "/.well-known/jwks.json");
}

#[test]
fn a_new_paseto_key_signs_after_a_restart_and_older_tokens_hold() {
    let house =
        Installation::on(Kind::Sqlite).set("tokens.format", "paseto").set("tokens.algorithm", "v4.public");
    a_new_key_signs_after_a_restart(&house, "v4.public", "/.well-known/paserk.json");
}

#[test]
fn a_new_refresh_key_leaves_older_refresh_tokens_good() {
    let house = Installation::on(Kind::Sqlite);
    let server = house.serve();
    let old = sign_in(&server, "/auth/register");
    house.run(&["keys", "generate", "--algorithm", "refresh"]).ok();
    server.terminate();
    let server = house.serve();
    let new = server.post("/auth/refresh", &json!({ "refresh_token": old["refresh_token"] })).ok(200);
    server.post("/auth/refresh", &json!({ "refresh_token": new["refresh_token"] })).ok(200);
    let key = |reply: &Value| reply["refresh_token"].as_str().unwrap()[..12].to_owned();
    assert_ne!(key(&old), key(&new), "the successor is still under the old key");
    server.terminate();
}

#[test]
fn a_shared_secret_is_printed_and_the_configuration_takes_it() {
    let nowhere = Installation::on(Kind::Sqlite);
    let secret = nowhere.run(&["keys", "generate", "--algorithm", "HS256"]).ok();
    assert!(!nowhere.data_dir().exists(), "a shared secret is not stored");
    assert_ne!(nowhere.run(&["keys", "generate", "--algorithm", "HS256"]).ok(), secret);
    let house = Installation::on(Kind::Sqlite)
        .set("tokens.algorithm", "HS256")
        .set("tokens.hs256_secret", secret.trim());
    let server = house.serve();
    let reply = sign_in(&server, "/auth/register");
    assert_eq!(server.get_as(token(&reply), "/auth/me").status, 200);
    let header = URL_SAFE_NO_PAD.decode(token(&reply).split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["alg"], "HS256");
    assert_eq!(server.get("/.well-known/jwks.json").ok(200), json!({ "keys": [] }), "a secret was published");
    server.terminate();
}
