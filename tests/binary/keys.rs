//! `guardhouse keys`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::process::{Installation, Server, until};
use crate::support::Kind;
use crate::support::house::PASSWORD;

fn installation() -> Installation {
    Installation::on(Kind::Sqlite).set("keys.poll_interval", "100ms").set("limits.enabled", false)
        // Signs in over and over.
        .set("sessions.max_per_user", 100_000)
}

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

fn rotate(house: &Installation, arguments: &[&str]) -> String {
    let told = house.run(&[&["keys", "rotate"], arguments].concat()).ok();
    told.split_whitespace().next().expect("a line").to_owned()
}

/// Looks again until a node that polls every tenth of a second has taken a change over.
fn takes_over(server: &Server, what: &str, wanted: impl Fn(&str) -> bool) -> Value {
    let mut reply = Value::Null;
    until(what, || {
        reply = sign_in(server, "/auth/login");
        wanted(&kid(token(&reply)))
    });
    reply
}

fn a_running_server_announces_a_new_key_and_signs_with_it_in_time(
    house: Installation,
    algorithm: &str,
    published: &str,
) {
    let house = house.set("keys.announcement", "2s");
    let server = house.serve();
    let old = sign_in(&server, "/auth/register");
    let new_id = rotate(&house, &["--algorithm", algorithm]);
    assert_ne!(kid(token(&old)), new_id);
    until("the announcement", || server.get(published).ok(200).to_string().contains(&new_id));
    assert_ne!(kid(token(&sign_in(&server, "/auth/login"))), new_id, "it signs before it was announced");
    let new = takes_over(&server, "the new key", |kid| kid == new_id);
    for reply in [&old, &new] {
        assert_eq!(server.get_as(token(reply), "/auth/me").status, 200, "{reply}");
    }
    server.terminate();
    // And after a restart.
    let server = house.serve();
    assert_eq!(kid(token(&sign_in(&server, "/auth/login"))), new_id);
    for reply in [&old, &new] {
        assert_eq!(server.get_as(token(reply), "/auth/me").status, 200, "{reply}");
    }
    server.terminate();
}

#[test]
fn a_running_server_announces_a_new_eddsa_key_and_signs_with_it_in_time() {
    let house = installation();
    a_running_server_announces_a_new_key_and_signs_with_it_in_time(house, "EdDSA", "/.well-known/jwks.json");
}

#[test]
fn a_running_server_announces_a_new_paseto_key_and_signs_with_it_in_time() {
    let house = installation().set("tokens.format", "paseto");
    let house = house.set("tokens.algorithm", "v4.public");
    let published = "/.well-known/paserk.json";
    a_running_server_announces_a_new_key_and_signs_with_it_in_time(house, "v4.public", published);
}

#[test]
fn a_new_refresh_key_leaves_older_refresh_tokens_good() {
    let house = installation();
    let server = house.serve();
    let old = sign_in(&server, "/auth/register");
    rotate(&house, &["--algorithm", "refresh", "--at-once"]);
    let key = |reply: &Value| reply["refresh_token"].as_str().unwrap()[..12].to_owned();
    until("the new key", || key(&sign_in(&server, "/auth/login")) != key(&old));
    let new = server.post("/auth/refresh", &json!({ "refresh_token": old["refresh_token"] })).ok(200);
    server.post("/auth/refresh", &json!({ "refresh_token": new["refresh_token"] })).ok(200);
    assert_ne!(key(&old), key(&new), "the successor is still under the old key");
    server.terminate();
}

#[test]
fn a_key_that_somebody_else_may_have_is_retired_and_what_it_signed_refused() {
    let house = installation();
    let server = house.serve();
    let stolen = sign_in(&server, "/auth/register");
    let first = kid(token(&stolen));
    let refused = house.run(&["keys", "retire", &first]);
    assert!(refused.code == Some(1) && refused.err.contains("rotate that first"), "{refused:?}");
    let second = rotate(&house, &["--at-once"]);
    let good = takes_over(&server, "the new key", |kid| kid == second);
    house.run(&["keys", "retire", &first]).ok();
    until("the end of the old key", || server.get_as(token(&stolen), "/auth/me").status == 401);
    assert_eq!(server.get_as(token(&good), "/auth/me").status, 200);
    assert!(!server.get("/.well-known/jwks.json").ok(200).to_string().contains(&first));
    let listed = house.run(&["keys", "list", "--json"]).ok();
    let lines: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let phase = |id: &str| lines.iter().find(|line| line["kid"] == id).unwrap()["phase"].clone();
    assert_eq!((phase(&first), phase(&second)), (json!("retired"), json!("signing")), "{listed}");
    for unknown in [first.as_str(), "nonsense"] {
        let refused = house.run(&["keys", "retire", unknown]);
        assert!(refused.code == Some(1) && refused.err.contains("there is no key"), "{refused:?}");
    }
    server.terminate();
}

#[test]
fn a_key_that_was_made_elsewhere_signs_and_verifies() {
    let house = installation();
    let server = house.serve();
    // RFC 8037 appendix A.1.
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let import = ["keys", "import", "--algorithm", "EdDSA", "--at-once", "-"];
    let told = house.run_with(&import, jwk).ok();
    let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    assert!(told.starts_with(kid), "{told}");
    sign_in(&server, "/auth/register");
    takes_over(&server, "the imported key", |signing| signing == kid);
    let again = house.run_with(&import, jwk);
    assert!(again.code == Some(1) && again.err.contains("is there already"), "{again:?}");
    let public = house.run(&["keys", "export-public"]).ok();
    assert!(
        public.contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo") && !public.contains("nWGx"),
        "{public}"
    );
    assert_eq!(
        house.run(&["keys", "export-public", "--format", "paserk"]).ok().trim(),
        "{\n  \"keys\": []\n}"
    );
    for broken in [
        "",
        "{}",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        &jwk.replace("11qY", "21qY"),
    ] {
        let refused = house.run_with(&import, broken);
        assert!(refused.code == Some(1) && !refused.err.contains("nWGx"), "{refused:?}");
    }
    server.terminate();
}

#[test]
fn a_shared_secret_is_printed_and_the_configuration_takes_it() {
    let nowhere = Installation::on(Kind::Sqlite);
    let secret = nowhere.run(&["keys", "secret"]).ok();
    assert!(!nowhere.data_dir().exists(), "a shared secret is not stored");
    assert_ne!(nowhere.run(&["keys", "secret"]).ok(), secret);
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

#[test]
fn the_master_key_may_come_from_the_configuration() {
    let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let house = Installation::on(Kind::Sqlite).set("keys.master_key", secret);
    let server = house.serve();
    sign_in(&server, "/auth/register");
    assert!(!house.data_dir().join("master.key").exists());
    server.terminate();
    // The same database under another one.
    let other = house.set("keys.master_key", secret.replace("AAEC", "AAED"));
    let refused = other.run(&["serve"]);
    assert!(refused.code == Some(1) && refused.err.contains("does not open"), "{refused:?}");
}

#[test]
fn a_command_in_another_configuration_decides_nothing_for_the_server() {
    let house = installation().set("tokens.algorithm", "ES256").set("sessions.refresh_lifetime", "60d");
    let server = house.serve();
    let person = sign_in(&server, "/auth/register");
    server.terminate();
    // As somebody would who forgot `--config`: another algorithm, another session store, keys that live for a minute.
    let mut other = house;
    for (key, value) in [
        ("tokens.algorithm", "EdDSA"),
        ("sessions.store", "memory"),
        ("keys.lifetime", "1m"),
        ("keys.announcement", "0s"),
        ("sessions.refresh_lifetime", "30m"),
        ("sessions.idle_timeout", "30m"),
        ("tokens.access_lifetime", "1m"),
    ] {
        other.change(key, value);
    }
    let before = other.run(&["keys", "list"]).ok();
    assert_eq!(before.lines().count(), 2, "{before}");
    other.run(&["users", "list"]).ok();
    assert_eq!(other.run(&["keys", "list"]).ok(), before, "it made or ended keys");
    let house = other
        .set("tokens.algorithm", "ES256")
        .set("sessions.store", "database")
        .set("keys.lifetime", "90d")
        .set("sessions.refresh_lifetime", "60d")
        .set("sessions.idle_timeout", "14d")
        .set("tokens.access_lifetime", "15m");
    let server = house.serve();
    assert_eq!(server.get_as(token(&person), "/auth/me").status, 200, "it signed everybody out");
    server.post("/auth/refresh", &json!({ "refresh_token": person["refresh_token"] })).ok(200);
    server.terminate();
}
