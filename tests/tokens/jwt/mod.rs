//! Forged, altered and foreign JWTs (RFC 8725, RFC 7515, RFC 9068): each is refused, and by the check named beside it.

mod claims;
mod confusion;
mod ecdsa;
mod every_algorithm;
mod forger;
mod header;
mod hmac_secrets;
mod rsa;
mod shape;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use serde_json::json;

use super::*;
use crate::guard::beside::Beside;

const HEADER: &str = "has a header that we do not write";
const CLAIMS: &str = "has claims that we do not write";
const KEY: &str = "names a key that is not ours";
const ALGORITHM: &str = "names an algorithm that is not its key's";
const KIND: &str = "not an access token";
const SIGNATURE: &str = "has a wrong signature";
const SEGMENTS: &str = "not three segments";
const MORE_SEGMENTS: &str = "more than three segments";
const RANGE: &str = "has a time out of range";

/// A codec that signs with EdDSA and still verifies HS256: the most that confusion of algorithms could hope for.
struct House {
    codec: Codec,
    ed: SigningKey,
    hs: SigningKey,
    guard: Beside,
}

impl House {
    fn new() -> Self {
        let (ed, hs) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::Hs256, 2));
        let guard = Beside::new(&rules(), verifying([&ed, &hs]));
        Self { codec: Codec::jwt(rules(), &ed, std::slice::from_ref(&hs)).unwrap(), ed, hs, guard }
    }

    fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": self.ed.id() })
    }

    fn refuses(&self, what: &str, token: &str, reason: &'static str) {
        assert_eq!(self.codec.open(token, at(1)), Err(TokenFault::Invalid(reason)), "{what}: {token}");
        self.guard.refuses(what, token, at(1));
    }

    /// Refuses this header over good claims, though its signature by our Ed25519 key is right.
    fn refuses_header(&self, header: &str, reason: &'static str) {
        self.refuses(header, &ed_signed(header, &payload().to_string()), reason);
    }

    fn refuses_payload(&self, payload: &str, reason: &'static str) {
        self.refuses(payload, &ed_signed(&self.header().to_string(), payload), reason);
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
        "exp": ISSUED + LIFETIME, "nbf": ISSUED, "iat": ISSUED, "jti": claims().token, "sid": claims().session,
        "auth_time": ISSUED - 60, "amr": ["pwd"], "roles": ["admin", "user"], "epoch": 7,
    })
}

/// `object` with `member` set to the JSON text `value`, which need not be anything that `Value` could hold.
fn with(object: Value, member: &str, value: &str) -> String {
    let mut object = object;
    object[member] = json!("@@");
    object.to_string().replace("\"@@\"", value)
}

/// `object` with one more member in front, duplicates allowed.
fn doubled(object: &Value, member: &str) -> String {
    object.to_string().replacen('{', &format!("{{{member},"), 1)
}

fn ed_pair(byte: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[byte; 32]).unwrap()
}

fn ed_signed(header: &str, payload: &str) -> String {
    signed(header, payload, |message| ed_pair(1).sign(message).as_ref().to_vec())
}

fn hs_signed(header: &str, payload: &str, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    signed(header, payload, |message| hmac::sign(&key, message).as_ref().to_vec())
}

fn signed(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", b64(header), b64(payload));
    format!("{message}.{}", b64(sign(message.as_bytes())))
}

#[test]
fn the_forger_of_these_tests_can_make_a_good_token() {
    let house = House::new();
    house.accepts("by EdDSA", &ed_signed(&house.header().to_string(), &payload().to_string()));
    let header = json!({ "typ": "at+jwt", "alg": "HS256", "kid": house.hs.id() });
    house.accepts("by HS256", &hs_signed(&header.to_string(), &payload().to_string(), &[2; 32]));
}
