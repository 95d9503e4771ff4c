//! Access tokens by configuration: formats, claims, expiry, and a change of format over a restart.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::{next_refresh, refresh, text};
use crate::on_every_database;
use crate::support::{Kind, TestHouse, User};

on_every_database!(
    every_format_opens_every_door,
    a_change_of_format_or_key_refuses_not_one_valid_token,
    an_access_token_expires_when_it_said,
);

const SECRET: &str = "nine-wizards-quietly-juggled-64-frozen-lamps";
const EDDSA: [(&str, &str); 2] = [("tokens.format", "jwt"), ("tokens.algorithm", "EdDSA")];
const HS256: [(&str, &str); 3] =
    [("tokens.format", "jwt"), ("tokens.algorithm", "HS256"), ("tokens.hs256_secret", SECRET)];
const PASETO: [(&str, &str); 2] = [("tokens.format", "paseto"), ("tokens.algorithm", "v4.public")];
const ES256: [(&str, &str); 2] = [("tokens.format", "jwt"), ("tokens.algorithm", "ES256")];
const RS256: [(&str, &str); 2] = [("tokens.format", "jwt"), ("tokens.algorithm", "RS256")];
const GENERATED_HS256: [(&str, &str); 2] = [("tokens.format", "jwt"), ("tokens.algorithm", "HS256")];
const LOCAL: [(&str, &str); 2] = [("tokens.format", "paseto"), ("tokens.algorithm", "v4.local")];
const FORMATS: [&[(&str, &str)]; 7] = [&EDDSA, &ES256, &RS256, &HS256, &GENERATED_HS256, &PASETO, &LOCAL];

fn house_with(kind: Kind, settings: &[(&str, &str)]) -> TestHouse {
    settings.iter().fold(TestHouse::on(kind), |plan, (key, value)| plan.set(key, value)).start()
}

pub(super) fn segment(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// The key that a token names: in the header of a JWT, in the footer of a PASETO.
pub fn kid(token: &str) -> String {
    let part = if token.starts_with("v4.") { 3 } else { 0 };
    segment(token, part)["kid"].as_str().unwrap().to_owned()
}

fn every_format_opens_every_door(kind: Kind) {
    for settings in FORMATS {
        let house = house_with(kind, settings);
        let ada = house.user("ada");
        assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
        let again = refresh(&house, &ada.refresh);
        assert_eq!(house.get_as(text(&again, "/access_token"), "/auth/me").status, 200);
        assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
        house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
        house.get_as(text(&again, "/access_token"), "/auth/me").is_problem(401, "token_revoked");
        let mut tampered = ada.access.into_bytes();
        let last = tampered.len() - 10;
        tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
        house.get_as(&String::from_utf8(tampered).unwrap(), "/auth/me").is_problem(401, "token_invalid");
    }
}

fn a_change_of_format_or_key_refuses_not_one_valid_token(kind: Kind) {
    let mut at_once = HS256.to_vec();
    at_once.push(("keys.announcement", "0s"));
    let mut house = house_with(kind, &at_once);
    let mut users: Vec<User> = vec![house.user("ada")];
    for settings in [&EDDSA[..], &PASETO, &HS256, &PASETO] {
        house = house.restart_with(settings);
        users.push(house.login("ada@example.org"));
        for (index, user) in users.iter().enumerate() {
            assert_eq!(
                house.get_as(&user.access, "/auth/me").status,
                200,
                "token {index} under {settings:?}"
            );
        }
    }
    let forms: Vec<_> = users.iter().map(|user| user.access.starts_with("v4.public.")).collect();
    assert_eq!(forms, [false, false, true, false, true]);
    for user in &users {
        assert_eq!(refresh(&house, &user.refresh).status, 200, "refresh tokens do not depend on it");
    }
    assert_eq!(house.post_as(&users[0].access, "/auth/logout?scope=global", json!({})).status, 204);
    for user in &users {
        house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
    }
    // Another secret, or none: then those of the old one are nobody's.
    let hs256 = house.restart_with(&HS256);
    let old = hs256.login("ada@example.org");
    let other =
        hs256.restart_with(&[("tokens.hs256_secret", "seven-sailors-loudly-painted-31-hollow-drums")]);
    other.get_as(&old.access, "/auth/me").is_problem(401, "token_invalid");
    let none = other.restart_with(&[EDDSA[0], EDDSA[1], ("tokens.hs256_secret", "")]);
    none.get_as(&old.access, "/auth/me").is_problem(401, "token_invalid");
    assert_eq!(refresh(&none, &old.refresh).status, 200);
}

fn an_access_token_expires_when_it_said(kind: Kind) {
    for settings in FORMATS {
        let mut settings = settings.to_vec();
        settings.extend([("tokens.access_lifetime", "1m"), ("tokens.leeway", "3s")]);
        let house = house_with(kind, &settings);
        let ada = house.user("ada");
        house.advance(62);
        assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "within the leeway");
        house.advance(1);
        house.get_as(&ada.access, "/auth/me").is_problem(401, "token_expired");
        house.post_as(&ada.access, "/auth/logout", json!({})).is_problem(401, "token_expired");
        let fresh = refresh(&house, &ada.refresh);
        assert_eq!(house.get_as(text(&fresh, "/access_token"), "/auth/me").status, 200);
        assert_eq!(refresh(&house, &next_refresh(&fresh)).status, 200);
    }
}

#[test]
fn a_jwt_says_what_rfc_9068_asks_for_and_names_a_published_key() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("tokens.issuer", "https://id.example.org")
        .set("tokens.audience", "shop")
        .start();
    let ada = house.user("ada");
    let kid = house.get("/.well-known/jwks.json").json["keys"][0]["kid"].clone();
    assert_eq!(segment(&ada.access, 0), json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid }));
    let claims = segment(&ada.access, 1);
    assert_eq!(
        claims,
        json!({
            "iss": "https://id.example.org",
            "aud": "shop",
            "sub": ada.id,
            "sid": ada.session,
            "client_id": "guardhouse",
            "iat": 1_800_000_000,
            "nbf": 1_800_000_000,
            "exp": 1_800_000_900,
            "auth_time": 1_800_000_000,
            "amr": ["pwd"],
            "roles": ["user"],
            "epoch": 0,
            "jti": claims["jti"],
        })
    );
    house.advance(60);
    let later = refresh(&house, &ada.refresh);
    let fresh = segment(text(&later, "/access_token"), 1);
    assert_eq!((&fresh["iat"], &fresh["auth_time"]), (&json!(1_800_000_060), &json!(1_800_000_000)));
    assert_ne!(fresh["jti"], claims["jti"]);
}

#[test]
fn a_token_for_others_is_not_for_us() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    for change in [("tokens.issuer", "https://id.example.org"), ("tokens.audience", "shop")] {
        let other = house.another_node_with(&[change]);
        other.get_as(&ada.access, "/auth/me").is_problem(401, "token_invalid");
        let theirs = other.login("ada@example.org");
        house.get_as(&theirs.access, "/auth/me").is_problem(401, "token_invalid");
    }
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
}
