//! Forged, altered and foreign PASETOs: each is refused, and by the check named beside it.

mod claims;
mod local;
mod purposes;
mod shape;

use ::paseto::keys::AsymmetricSecretKey;
use ::paseto::version4::{PublicToken, V4};
use serde_json::json;

use super::*;
use crate::guard::beside::Beside;

const CLAIMS: &str = "has claims that we do not write";
const KEY: &str = "names a key that is not ours";
const SIGNATURE: &str = "has a wrong signature";
const TAG: &str = "has a wrong tag";
const FORM: &str = "not a token of PASETO version 4";
const PURPOSE: &str = "claims a purpose that is not its key's";
const FOOTER: &str = "has no footer";
const SPELLING: &str = "not canonical base64url";
const RANGE: &str = "has a time out of range";

const IMPLICIT: &str = r#"{"typ":"at+paseto","iss":"https://auth.example","aud":"https://api.example"}"#;

struct House {
    codec: Codec,
    key: SigningKey,
    other: SigningKey,
    guard: Beside,
}

impl House {
    fn new() -> Self {
        let (key, other) = (key(KeyAlgorithm::V4Public, 1), key(KeyAlgorithm::V4Public, 2));
        let guard = Beside::new(&rules(), verifying([&key, &other]));
        Self { codec: Codec::paseto(rules(), &key, std::slice::from_ref(&other)).unwrap(), key, other, guard }
    }

    fn footer(&self) -> String {
        json!({ "kid": self.key.id() }).to_string()
    }

    fn refuses(&self, what: &str, token: &str, reason: &'static str) {
        assert_eq!(self.codec.open(token, at(1)), Err(TokenFault::Invalid(reason)), "{what}: {token}");
        self.guard.refuses(what, token, at(1));
    }

    fn refuses_payload(&self, payload: &str, reason: &'static str) {
        self.refuses(payload, &signed(1, payload, &self.footer(), IMPLICIT), reason);
    }

    fn accepts(&self, what: &str, token: &str) {
        assert_eq!(self.codec.open(token, at(1)), Ok(claims()), "{what}: {token}");
        self.guard.accepts(what, token, at(1));
    }

    fn genuine(&self) -> String {
        self.codec.seal(&claims()).unwrap()
    }
}

fn payload() -> Value {
    json!({
        "iss": ISSUER, "sub": claims().subject, "aud": AUDIENCE, "client_id": "guardhouse",
        "exp": at(LIFETIME).to_string(), "nbf": at(0).to_string(), "iat": at(0).to_string(),
        "jti": claims().token, "sid": claims().session,
        "auth_time": ISSUED - 60, "amr": ["pwd"], "roles": ["admin", "user"], "epoch": 7,
    })
}

fn with(member: &str, value: &str) -> String {
    let mut object = payload();
    object[member] = json!("@@");
    object.to_string().replace("\"@@\"", value)
}

fn doubled(member: &str) -> String {
    payload().to_string().replacen('{', &format!("{{{member},"), 1)
}

/// Signed with the key whose seed is 32 times `seed`.
fn signed(seed: u8, payload: &str, footer: &str, implicit: &str) -> String {
    let public = ed25519_public(&key(KeyAlgorithm::V4Public, seed));
    let secret = AsymmetricSecretKey::<V4>::from(&[[seed; 32], public].concat()).unwrap();
    let footer = (!footer.is_empty()).then_some(footer.as_bytes());
    PublicToken::sign(&secret, payload.as_bytes(), footer, Some(implicit.as_bytes())).unwrap()
}

#[test]
fn the_forger_of_these_tests_can_make_a_good_token() {
    let house = House::new();
    house.accepts("control", &signed(1, &payload().to_string(), &house.footer(), IMPLICIT));
    house.accepts("an unknown claim", &signed(1, &doubled(r#""scope":"a b""#), &house.footer(), IMPLICIT));
    let offset = with("exp", "\"2026-11-20T18:05:29+01:00\"");
    house.accepts("another offset", &signed(1, &offset, &house.footer(), IMPLICIT));
}
