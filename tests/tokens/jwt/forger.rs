//! Somebody who holds the secret of every key of the house and makes tokens that the house would not make.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaEncoding, RsaKeyPair,
};
use serde_json::json;

use super::*;
use crate::guard::beside::Beside;

/// What JWTs are signed with.
pub(super) const JWT: [KeyAlgorithm; 4] =
    [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256, KeyAlgorithm::Rs256, KeyAlgorithm::Hs256];

/// A house that reads every format with the keys of every algorithm at once: the most that confusion could hope for.
pub(super) struct Everything {
    opener: JwtOpener,
    pub(super) tokens: AccessTokens,
    guard: Beside,
}

impl Everything {
    pub(super) fn new() -> Self {
        let keys = verifying(&JWT.map(known));
        let opener = JwtOpener::new(rules(), &keys).unwrap();
        Self { opener, tokens: everything(KeyAlgorithm::EdDsa), guard: Beside::new(&rules(), keys) }
    }

    #[track_caller]
    pub(super) fn refuses(&self, what: &str, token: &str, reason: &'static str) {
        assert_eq!(self.opener.open(token, at(1)), Err(TokenFault::Invalid(reason)), "{what}: {token}");
        // Nor by way of another format, or of what was accepted before.
        let opened = self.tokens.open(token, at(1));
        assert!(matches!(opened, Err(TokenFault::Invalid(_))), "{what}: {opened:?} {token}");
        self.guard.refuses(what, token, at(1));
    }

    #[track_caller]
    pub(super) fn refuses_anyhow(&self, what: &str, token: &str) {
        for opened in [self.opener.open(token, at(1)), self.tokens.open(token, at(1))] {
            assert!(matches!(opened, Err(TokenFault::Invalid(_))), "{what}: {opened:?} {token:?}");
        }
        let late = self.opener.open(token, at(1_000_000));
        assert!(matches!(late, Err(TokenFault::Invalid(_))), "a forgery is never called expired: {token:?}");
        self.guard.refuses(what, token, at(1));
        self.guard.refuses(what, token, at(1_000_000));
    }

    /// Asked when the genuine one is over: if its signature passed, it would be called expired.
    #[track_caller]
    pub(super) fn refuses_late(&self, token: &str) {
        let opened = self.tokens.open(token, at(1_000_000));
        assert!(matches!(opened, Err(TokenFault::Invalid(_))), "{opened:?} {token:?}");
    }

    #[track_caller]
    pub(super) fn accepts(&self, what: &str, token: &str) {
        for opened in [self.opener.open(token, at(1)), self.tokens.open(token, at(1))] {
            assert_eq!(opened, Ok(claims()), "{what}: {token}");
        }
        self.guard.accepts(what, token, at(1));
    }
}

/// The header of genuine tokens by the house's key for `algorithm`.
pub(super) fn header(algorithm: KeyAlgorithm) -> Value {
    mixed(algorithm.as_str(), algorithm)
}

/// A header that says `alg` and names the house's key for `key`.
pub(super) fn mixed(alg: &str, key: KeyAlgorithm) -> Value {
    json!({ "typ": "at+jwt", "alg": alg, "kid": known(key).id() })
}

/// `header` and `payload`, signed by the house's own key for `algorithm`.
pub(super) fn forged(algorithm: KeyAlgorithm, header: &Value, payload: &str) -> String {
    signed(&header.to_string(), payload, |message| sign(algorithm, message))
}

pub(super) fn genuine(algorithm: KeyAlgorithm) -> String {
    forged(algorithm, &header(algorithm), &payload().to_string())
}

/// A good token but for its signature.
pub(super) fn with_signature(algorithm: KeyAlgorithm, signature: impl AsRef<[u8]>) -> String {
    signed(&header(algorithm).to_string(), &payload().to_string(), |_| signature.as_ref().to_vec())
}

/// The signature of `message` by the house's key for `algorithm`.
pub(super) fn sign(algorithm: KeyAlgorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        KeyAlgorithm::EdDsa => ed_pair(1).sign(message).as_ref().to_vec(),
        KeyAlgorithm::Es256 => es_pair().sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
        KeyAlgorithm::Rs256 => rsa_signed(&rsa_pair(&RSA_JWK), &RSA_PKCS1_SHA256, message),
        KeyAlgorithm::Hs256 => mac(hmac::HMAC_SHA256, &[1; 32], message),
        other => panic!("{other}"),
    }
}

pub(super) fn es_pair() -> EcdsaKeyPair {
    let Some(&PublicKey::P256(point)) = known(KeyAlgorithm::Es256).public_key() else { panic!("no point") };
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &[1; 32], &point).unwrap()
}

pub(super) fn rsa_signed(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

pub(super) fn mac(algorithm: hmac::Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec()
}

#[test]
fn the_forger_can_make_a_good_token_of_every_algorithm() {
    let house = Everything::new();
    for algorithm in JWT {
        house.accepts(algorithm.as_str(), &genuine(algorithm));
        let ours = Codec::jwt(rules(), &known(algorithm), &[]).unwrap().seal(&claims()).unwrap();
        house.accepts(algorithm.as_str(), &ours);
    }
}
