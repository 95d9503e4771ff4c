//! Public names of keys. Each follows from the key alone, so that every node calls a key the same, and a stored key
//! that was mixed up with another is noticed.

use ::paseto::keys::AsymmetricPublicKey;
use ::paseto::paserk::{FormatAsPaserk, Id};
use ::paseto::version4::V4;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroizing;

use super::base64url;
use super::keys::KeyAlgorithm;

/// The name of an Ed25519 key among JWKs: its thumbprint (RFC 7638 section 3, RFC 8037 section 2 and appendix A.3).
pub(super) fn thumbprint(public: &[u8; 32]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url::encode(public));
    base64url::encode(digest(&SHA256, canonical.as_bytes()))
}

/// The name of a `v4.public` key: its PASERK id, `k4.pid.…`.
pub(super) fn paserk_id(public: &AsymmetricPublicKey<V4>) -> String {
    text(&Id::from(public))
}

/// The key or id as PASERK text.
pub(super) fn text(item: &impl FormatAsPaserk) -> String {
    let mut text = String::new();
    item.fmt(&mut text).expect("writing to a string does not fail");
    text
}

/// The name of a secret that has no public half: 16 bytes of SHA-256 over a value that was derived from it, so that
/// neither the secret nor anything signed with it can be computed back.
pub(super) fn of_secret(algorithm: KeyAlgorithm, secret: &[u8]) -> String {
    let mut hashed = b"guardhouse-kid".to_vec();
    hashed.extend_from_slice(algorithm.as_str().as_bytes());
    hashed.extend_from_slice(derive(secret, "guardhouse key id v1").as_slice());
    base64url::encode(&digest(&SHA256, &hashed).as_ref()[..16])
}

/// 32 bytes that follow from `secret` for the one purpose that `label` names (HKDF-SHA-256, RFC 5869).
pub(super) fn derive(secret: &[u8], label: &str) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    Salt::new(HKDF_SHA256, b"guardhouse")
        .extract(secret)
        .expand(&[label.as_bytes()], HKDF_SHA256)
        .and_then(|okm| okm.fill(derived.as_mut_slice()))
        .expect("32 bytes are within what HKDF can give");
    derived
}
