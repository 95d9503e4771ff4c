//! Tokens that are not ours, or not any more.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guardhouse::domain::clock::{Clock, Timestamp};
use guardhouse::tokens::algorithm::KeyAlgorithm;
use serde_json::{Value, json};

use crate::http::{refresh, sql, text};
use crate::support::{Kind, TestHouse, User};

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Refused like any other bad token, and the genuine one still works.
#[track_caller]
fn is_refused(house: &TestHouse, genuine: &User, token: &str) {
    house.get_as(token, "/auth/me").is_problem(401, "token_invalid");
    assert_eq!(house.get_as(&genuine.access, "/auth/me").status, 200);
}

pub(super) fn j36_unprotected_header_names_the_algorithm() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let parts: Vec<&str> = ada.access.split('.').collect();
    for header in [json!({ "alg": "none" }), json!({ "alg": "EdDSA", "kid": "x" })] {
        let flat = json!({ "payload": parts[1], "header": header, "signature": parts[2] });
        let both =
            json!({ "protected": parts[0], "payload": parts[1], "header": header, "signature": parts[2] });
        let general = json!({ "payload": parts[1], "signatures": [{ "protected": parts[0], "header": header, "signature": parts[2] }] });
        for form in [flat, both, general] {
            is_refused(&house, &ada, &form.to_string());
            is_refused(&house, &ada, &encode(&form));
        }
    }
}

pub(super) fn j37_encrypted_tokens_are_refused_before_any_work() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let started = guardhouse::domain::clock::Stopwatch::start();
    for header in [
        json!({ "alg": "dir", "enc": "A256GCM" }),
        json!({ "alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2_147_483_647u32, "p2s": "AAAAAAAAAAA" }),
        json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF" }),
    ] {
        is_refused(&house, &ada, &format!("{}.AAAA.AAAA.AAAA.AAAA", encode(&header)));
        is_refused(&house, &ada, &format!("{}.AAAA.AAAA", encode(&header)));
    }
    assert!(started.elapsed().as_secs() < 2);
}

pub(super) fn j38_a_removed_key_is_refused_and_an_older_one_is_not() {
    let house = TestHouse::new();
    let old = house.user("ada");
    let first = house.get("/.well-known/jwks.json").json["keys"][0]["kid"].as_str().unwrap().to_owned();
    let (desk, now) = (house.desk(), house.clock.now());
    let made = house.io(async move { desk.keys.rotate(KeyAlgorithm::EdDsa, true, now).await.unwrap() });
    let second = made.key.id;
    let new = house.login(&old.email);
    let kid = |token: &str| -> Value {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
    };
    assert_eq!((kid(&old.access), kid(&new.access)), (json!(first), json!(second)));
    assert_eq!(house.get_as(&old.access, "/auth/me").status, 200, "the older key still verifies");
    let mut header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(old.access.split('.').next().unwrap()).unwrap())
            .unwrap();
    header["kid"] = json!(second);
    let rest = old.access.split_once('.').unwrap().1;
    is_refused(&house, &new, &format!("{}.{rest}", encode(&header)));
    let (desk, now, id) = (house.desk(), house.clock.now(), first.clone());
    house.io(async move { desk.keys.retire(&id, now).await.unwrap() });
    is_refused(&house, &new, &old.access);
    let published = house.get("/.well-known/jwks.json").text;
    assert!(!published.contains(&first) && published.contains(&second), "{published}");
    // And when its row is gone as well.
    sql(&house, format!("DELETE FROM signing_keys WHERE id = '{first}'"));
    let house = house.restart();
    is_refused(&house, &new, &old.access);
}

pub(super) fn j39_clock_moved_back_and_forth() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let start = house.clock.now();
    house.clock.set(start.minus(std::time::Duration::from_secs(3_600)));
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_invalid");
    let early = house.login(&ada.email);
    assert_eq!(house.get_as(&early.access, "/auth/me").status, 200);
    let again = refresh(&house, &early.refresh);
    assert_eq!((again.status, &again.json["expires_in"]), (200, &json!(900)), "{again:?}");
    house.clock.set(start.plus(std::time::Duration::from_secs(3_600)));
    for user in [&ada, &early] {
        house.get_as(&user.access, "/auth/me").is_problem(401, "token_expired");
    }
    house.clock.set(start);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    for time in [Timestamp::MIN, Timestamp::MAX] {
        house.clock.set(time);
        assert_eq!(house.get_as(&ada.access, "/auth/me").status, 401);
        assert!(house.post("/auth/login", json!({ "email": ada.email, "password": "x" })).status < 500);
    }
    house.clock.set(start);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
}

pub(super) fn j40_issued_in_the_future_and_the_same_jti_twice() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let (desk, now) = (house.desk(), house.clock.now());
    let day = std::time::Duration::from_secs(86_400);
    let mut claims = desk.access_tokens.open(&ada.access, now).unwrap();
    claims.issued_at = now.plus(day);
    claims.expires_at = now.plus(day + day);
    is_refused(&house, &ada, &desk.access_tokens.seal(&claims).unwrap());

    let other = house.login(&ada.email);
    let mut twin = desk.access_tokens.open(&other.access, now).unwrap();
    twin.token = desk.access_tokens.open(&ada.access, now).unwrap().token;
    let twin = desk.access_tokens.seal(&twin).unwrap();
    assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    assert_eq!(house.get_as(&twin, "/auth/me").status, 200, "the session decides, not the name of the token");
}

pub(super) fn p1_no_official_vector_is_a_token_of_ours() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/paseto_v4.json")).unwrap();
    let tests = vectors["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 17);
    let house = TestHouse::on(Kind::Sqlite)
        .set("tokens.format", "paseto")
        .set("tokens.algorithm", "v4.public")
        .start();
    let ada = house.user("ada");
    for test in tests {
        is_refused(&house, &ada, test["token"].as_str().unwrap());
    }
}

pub(super) fn p14_paserk_texts_and_wrapped_keys_are_no_tokens() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("tokens.format", "paseto")
        .set("tokens.algorithm", "v4.public")
        .start();
    let ada = house.user("ada");
    let published = house.get("/.well-known/paserk.json");
    let (key, kid) = (text(&published, "/keys/0/paserk"), text(&published, "/keys/0/kid"));
    let body = ada.access.rsplit_once('.').unwrap().0;
    assert_eq!(
        format!("{body}.{}", encode(&json!({ "kid": kid }))),
        ada.access,
        "the footer is the key's name alone"
    );
    for paserk in [key, kid, "k4.secret.AAAA", "k3.pid.AAAA", "k2.local.AAAA"] {
        is_refused(&house, &ada, paserk);
        for footer in [
            json!({ "kid": format!("{paserk}A") }),
            json!({ "wpk": paserk }),
            json!({ "kid": kid, "wpk": paserk }),
        ] {
            is_refused(&house, &ada, &format!("{body}.{}", encode(&footer)));
        }
    }
    is_refused(&house, &ada, body);
}
