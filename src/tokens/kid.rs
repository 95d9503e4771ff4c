//! Public names of keys. Each follows from the key alone, so that every node calls a key the same, and a stored key
//! that was mixed up with another is noticed.

use ::paseto::keys::{AsymmetricPublicKey, SymmetricKey};
use ::paseto::paserk::{FormatAsPaserk, Id};
use ::paseto::version4::V4;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroizing;

use super::algorithm::KeyAlgorithm;
use super::base64url;
use super::material::PublicKey;

/// The name of the key. `None` when the library refuses the key.
pub(super) fn name(algorithm: KeyAlgorithm, secret: &[u8], public: Option<&PublicKey>) -> Option<String> {
    match (algorithm, public) {
        (KeyAlgorithm::V4Public, Some(PublicKey::Ed25519(public))) => {
            Some(text(&Id::from(&AsymmetricPublicKey::<V4>::from(public).ok()?)))
        }
        (_, Some(public)) => Some(thumbprint(public)),
        (KeyAlgorithm::V4Local, None) => Some(text(&Id::from(&SymmetricKey::<V4>::from(secret).ok()?))),
        (_, None) => Some(of_secret(algorithm, secret)),
    }
}

/// The name of a public key among JWKs: its thumbprint (RFC 7638 section 3, RFC 8037 section 2).
pub(super) fn thumbprint(public: &PublicKey) -> String {
    let text = |octets: &[u8]| base64url::encode(octets);
    let canonical = match public {
        PublicKey::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x)),
        PublicKey::P256(point) => {
            let (x, y) = (text(&point[1..33]), text(&point[33..]));
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        PublicKey::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n)),
    };
    base64url::encode(digest(&SHA256, canonical.as_bytes()))
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
