//! What keys are made of: the secret bytes of each algorithm, and the public half that follows from them.
//!
//! | algorithm | secret |
//! | --- | --- |
//! | `EdDSA`, `v4.public` | the Ed25519 seed, 32 bytes that are not all zero (RFC 8032 section 5.1.5) |
//! | `ES256` | the P-256 scalar, 32 bytes, big endian |
//! | `RS256` | PKCS#8 (RFC 5208), two primes, 2048 to 4096 bits |
//! | `HS256` | at least 32 bytes |
//! | `v4.local`, `refresh` | 32 bytes |

use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use zeroize::Zeroizing;

use super::algorithm::KeyAlgorithm;
use crate::domain::entropy::Entropy;

/// The size of a generated secret, and the least of a shared one (RFC 7518 section 3.2 for HS256).
pub const SECRET_BYTES: usize = 32;

/// The longest modulus: verifying takes time in its square, and tokens grow with it.
pub(super) const MOST_RSA_BYTES: usize = 512;

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// 32 bytes (RFC 8032 section 5.1.5).
    Ed25519([u8; 32]),
    /// The uncompressed point: 4, x, y (SEC 1 section 2.3.3).
    P256([u8; 65]),
    /// Modulus and exponent, big endian, without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
}

/// A fresh secret. That of an RSA key is drawn by the library; every other one is what `entropy` gives.
pub(super) fn fresh(algorithm: KeyAlgorithm, entropy: &dyn Entropy) -> Zeroizing<Vec<u8>> {
    if algorithm == KeyAlgorithm::Rs256 {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048);
        return rsa_secret(&pair.expect("the library draws primes"));
    }
    let mut secret = Zeroizing::new(vec![0; SECRET_BYTES]);
    // One in four billion draws is no scalar of P-256 (FIPS 186-5, appendix A.2.2: draw again); see below for zeros.
    loop {
        entropy.fill(&mut secret);
        if public_half(algorithm, &secret).is_ok() {
            return secret;
        }
    }
}

/// The public half of the key that is `secret`; symmetric keys have none. `Err` when it is no such key.
pub(super) fn public_half(algorithm: KeyAlgorithm, secret: &[u8]) -> Result<Option<PublicKey>, NoSuchKey> {
    match algorithm {
        KeyAlgorithm::EdDsa | KeyAlgorithm::V4Public => {
            // Everybody knows this seed, and the library for PASETO panics on it.
            if secret.iter().all(|&byte| byte == 0) {
                return Err(NoSuchKey);
            }
            let pair = Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| NoSuchKey)?;
            let public = pair.public_key().as_ref().try_into().map_err(|_| NoSuchKey)?;
            Ok(Some(PublicKey::Ed25519(public)))
        }
        KeyAlgorithm::Es256 => {
            let key = p256(secret)?.compute_public_key().map_err(|_| NoSuchKey)?;
            Ok(Some(PublicKey::P256(key.as_ref().try_into().map_err(|_| NoSuchKey)?)))
        }
        KeyAlgorithm::Rs256 => {
            let pair = rsa(secret)?;
            let public = pair.public_key();
            let (n, e) = (public.modulus(), public.exponent());
            let octets = |number: &[u8]| number.to_vec();
            Ok(Some(PublicKey::Rsa {
                n: octets(n.big_endian_without_leading_zero()),
                e: octets(e.big_endian_without_leading_zero()),
            }))
        }
        KeyAlgorithm::Hs256 if secret.len() >= SECRET_BYTES => Ok(None),
        KeyAlgorithm::V4Local | KeyAlgorithm::Refresh if secret.len() == SECRET_BYTES => Ok(None),
        KeyAlgorithm::Hs256 | KeyAlgorithm::V4Local | KeyAlgorithm::Refresh => Err(NoSuchKey),
    }
}

/// The bytes are no key of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoSuchKey;

/// The P-256 key as PKCS#8.
pub(super) fn p256_pkcs8(scalar: &[u8]) -> Result<Zeroizing<Vec<u8>>, NoSuchKey> {
    let der: Pkcs8V1Der<'static> = p256(scalar)?.as_der().map_err(|_| NoSuchKey)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

fn p256(scalar: &[u8]) -> Result<agreement::PrivateKey, NoSuchKey> {
    agreement::PrivateKey::from_private_key(&ECDH_P256, scalar).map_err(|_| NoSuchKey)
}

/// The parsed RSA key.
pub(super) fn rsa(pkcs8: &[u8]) -> Result<RsaKeyPair, NoSuchKey> {
    let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| NoSuchKey)?;
    if pair.public_modulus_len() > MOST_RSA_BYTES { Err(NoSuchKey) } else { Ok(pair) }
}

/// How an RSA key is kept.
pub(super) fn rsa_secret(pair: &RsaKeyPair) -> Zeroizing<Vec<u8>> {
    let der: Pkcs8V1Der<'static> = pair.as_der().expect("a key that was made or read can be written");
    Zeroizing::new(der.as_ref().to_vec())
}
