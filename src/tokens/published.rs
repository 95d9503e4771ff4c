//! The public keys, as others fetch them to verify our tokens. Symmetric keys have no public half and never appear.

use ::paseto::keys::AsymmetricPublicKey;
use serde::Serialize;

use super::keys::{KeyAlgorithm, SigningKey};
use super::{base64url, kid};

/// A JWK set (RFC 7517 section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    /// The keys, in the order given.
    pub keys: Vec<Jwk>,
}

/// An Ed25519 public key as a JWK (RFC 7517 section 4, RFC 8037 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// `OKP`
    pub kty: &'static str,
    /// `Ed25519`
    pub crv: &'static str,
    /// The public key, base64url.
    pub x: String,
    /// The name that tokens carry.
    pub kid: String,
    /// `EdDSA`
    pub alg: &'static str,
    /// `sig`
    #[serde(rename = "use")]
    pub usage: &'static str,
}

/// The `v4.public` keys as PASERK text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaserkSet {
    /// The keys, in the order given.
    pub keys: Vec<Paserk>,
}

/// One public key with its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paserk {
    /// `k4.pid.…`, the name that footers carry.
    pub kid: String,
    /// `k4.public.…`
    pub paserk: String,
}

/// The EdDSA keys among `keys`.
pub fn jwk_set<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> JwkSet {
    let jwk = |(key, public): (&SigningKey, &[u8; 32])| Jwk {
        kty: "OKP",
        crv: "Ed25519",
        x: base64url::encode(public),
        kid: key.id().to_owned(),
        alg: KeyAlgorithm::EdDsa.as_str(),
        usage: "sig",
    };
    JwkSet { keys: public_keys(keys, KeyAlgorithm::EdDsa).map(jwk).collect() }
}

/// The `v4.public` keys among `keys`.
pub fn paserk_set<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> PaserkSet {
    let paserk = |(key, public): (&SigningKey, &[u8; 32])| {
        let public = AsymmetricPublicKey::from(public).expect("32 bytes are a public key");
        Paserk { kid: key.id().to_owned(), paserk: kid::text(&public) }
    };
    PaserkSet { keys: public_keys(keys, KeyAlgorithm::V4Public).map(paserk).collect() }
}

fn public_keys<'a>(
    keys: impl IntoIterator<Item = &'a SigningKey>,
    algorithm: KeyAlgorithm,
) -> impl Iterator<Item = (&'a SigningKey, &'a [u8; 32])> {
    keys.into_iter()
        .filter(move |key| key.algorithm() == algorithm)
        .filter_map(|key| key.public_key().map(|public| (key, public)))
}
