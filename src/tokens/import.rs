//! Keys that were made elsewhere, as text: PEM (RFC 7468), JWK (RFC 7517), PASERK.
//!
//! Only private and symmetric keys are read: a key that cannot sign has no use here.

use ::paseto::keys::{AsymmetricSecretKey, SymmetricKey};
use ::paseto::version4::V4;
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use super::algorithm::KeyAlgorithm;
use super::keys::{SECRET_BYTES, SigningKey};
use super::{base64url, material};
use crate::config::secrets;

/// The longest text that is read: 16 KiB. An RSA key of 4096 bits has three.
pub const MAX_KEY_TEXT_BYTES: usize = 16 * 1024;

/// A text is no key that can be used. Never holds a part of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportFault {
    /// Longer than any key.
    #[error("the text is longer than {MAX_KEY_TEXT_BYTES} bytes, which no key is")]
    TooLong,
    /// None of the three forms.
    #[error(
        "the text is neither PEM (-----BEGIN PRIVATE KEY-----), nor a JWK ({{\"kty\": …}}), nor PASERK (k4.secret.…)"
    )]
    UnknownForm,
    /// The form is right, and the key is not.
    #[error("the {form} does not hold a private key for {algorithm}: {reason}")]
    NotAKey {
        /// PEM, JWK or PASERK.
        form: &'static str,
        /// What it was to be for.
        algorithm: KeyAlgorithm,
        /// What is wrong.
        reason: &'static str,
    },
}

/// The key for `algorithm` that `text` holds.
///
/// # Errors
///
/// [`ImportFault`]
pub fn import(algorithm: KeyAlgorithm, text: &str) -> Result<SigningKey, ImportFault> {
    if text.len() > MAX_KEY_TEXT_BYTES {
        return Err(ImportFault::TooLong);
    }
    let text = text.trim();
    let (form, secret) = if text.starts_with("-----BEGIN ") {
        ("PEM", pem(algorithm, text))
    } else if text.starts_with('{') {
        ("JWK", jwk(algorithm, text))
    } else if ["k1.", "k2.", "k3.", "k4."].iter().any(|version| text.starts_with(version)) {
        ("PASERK", paserk(algorithm, text))
    } else {
        return Err(ImportFault::UnknownForm);
    };
    let fault = |reason| ImportFault::NotAKey { form, algorithm, reason };
    let secret = secret.map_err(fault)?;
    if is_zero(&secret) {
        return Err(fault(ALL_ZERO));
    }
    SigningKey::assemble(algorithm, secret).ok_or(fault("it is too short, or not a valid key"))
}

type Secret = Result<Zeroizing<Vec<u8>>, &'static str>;

const ALL_ZERO: &str = "every byte of it is zero, which anybody can guess";

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

fn paserk(algorithm: KeyAlgorithm, text: &str) -> Secret {
    match algorithm {
        KeyAlgorithm::V4Public => {
            let both = text.strip_prefix("k4.secret.").and_then(base64url::decode).map(Zeroizing::new);
            // The library panics on this one seed instead of refusing it.
            if both.is_some_and(|both| both.get(..32).is_some_and(is_zero)) {
                return Err(ALL_ZERO);
            }
            let key = AsymmetricSecretKey::<V4>::try_from(text)
                .map_err(|_| "it is not k4.secret, or its halves do not belong together")?;
            // Seed and public key; the latter follows from the former.
            Ok(Zeroizing::new(key.as_bytes()[..32].to_vec()))
        }
        KeyAlgorithm::V4Local => {
            let key = SymmetricKey::<V4>::try_from(text).map_err(|_| "it is not k4.local")?;
            Ok(Zeroizing::new(key.as_bytes().to_vec()))
        }
        _ => Err("PASERK holds keys for v4.public and v4.local only"),
    }
}

fn pem(algorithm: KeyAlgorithm, text: &str) -> Secret {
    let der = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| "there is no private key in it; one with a passphrase has to be decrypted first")?;
    let der = Zeroizing::new(der);
    let der = der.secret_der();
    match algorithm {
        KeyAlgorithm::EdDsa | KeyAlgorithm::V4Public => ed25519_seed(der).ok_or("it is no Ed25519 key"),
        KeyAlgorithm::Es256 => {
            let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                .map_err(|_| "it is no key on P-256")?;
            let scalar = pair.private_key().as_be_bytes().map_err(|_| "it is no key on P-256")?;
            Ok(Zeroizing::new(scalar.as_ref().to_vec()))
        }
        KeyAlgorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
            rsa_secret(&pair.map_err(|_| "it is no RSA key of 2048 to 4096 bits")?)
        }
        KeyAlgorithm::Hs256 | KeyAlgorithm::V4Local | KeyAlgorithm::Refresh => {
            Err("PEM holds no symmetric keys; use a JWK or PASERK")
        }
    }
}

/// The seed in a PKCS#8 document (RFC 8410 section 7), with or without the public key behind it.
fn ed25519_seed(der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    let seed = pair.seed().ok()?.as_be_bytes().ok()?;
    Some(Zeroizing::new(seed.as_ref().to_vec()))
}

/// The members of a private or symmetric JWK that matter here; others are ignored (RFC 7517 section 4).
#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    alg: Option<String>,
    crv: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<Zeroizing<String>>,
    p: Option<Zeroizing<String>>,
    q: Option<Zeroizing<String>>,
    dp: Option<Zeroizing<String>>,
    dq: Option<Zeroizing<String>>,
    qi: Option<Zeroizing<String>>,
    /// Further primes.
    oth: Option<IgnoredAny>,
    k: Option<Zeroizing<String>>,
}

fn jwk(algorithm: KeyAlgorithm, text: &str) -> Secret {
    let jwk: PrivateJwk = serde_json::from_str(text)
        .map_err(|_| "it is not one JSON object, or a member is of another type or occurs twice")?;
    // RFC 8725 section 3.1: a key is for the one algorithm that it says.
    if jwk.alg.as_deref().is_some_and(|alg| alg != algorithm.as_str()) {
        return Err("its `alg` is another one");
    }
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return Err("its `use` is not `sig`");
    }
    if jwk.key_ops.as_ref().is_some_and(|operations| operations.iter().all(|name| name != "sign")) {
        return Err("its `key_ops` do not name `sign`");
    }
    match (algorithm, jwk.kty.as_str(), jwk.crv.as_deref()) {
        (KeyAlgorithm::EdDsa | KeyAlgorithm::V4Public, "OKP", Some("Ed25519")) => {
            let seed = secret(jwk.d.as_ref())?;
            is_its_public_half(algorithm, &seed, &[jwk.x.as_ref()])?;
            Ok(seed)
        }
        (KeyAlgorithm::Es256, "EC", Some("P-256")) => {
            let scalar = secret(jwk.d.as_ref())?;
            is_its_public_half(algorithm, &scalar, &[jwk.x.as_ref(), jwk.y.as_ref()])?;
            Ok(scalar)
        }
        (KeyAlgorithm::Rs256, "RSA", None) => rsa(&jwk),
        (KeyAlgorithm::Hs256, "oct", None) => shared(jwk.k.as_ref()),
        (KeyAlgorithm::V4Local | KeyAlgorithm::Refresh, ..) => {
            Err("JWKs are for EdDSA, ES256, RS256, HS256 and v4.public")
        }
        _ => Err("its `kty` or `crv` is another one"),
    }
}

fn rsa(jwk: &PrivateJwk) -> Secret {
    // RFC 7518 section 6.3.2.7: such a key must not be used as if it had two.
    if jwk.oth.is_some() {
        return Err("it has more than two primes");
    }
    let public = |text: &Option<String>| {
        text.as_deref().and_then(base64url::decode).ok_or("`n` or `e` is missing or not base64url")
    };
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: public(&jwk.n)?, e: public(&jwk.e)? },
        d: secret(jwk.d.as_ref())?,
        p: secret(jwk.p.as_ref())?,
        q: secret(jwk.q.as_ref())?,
        dP: secret(jwk.dp.as_ref())?,
        dQ: secret(jwk.dq.as_ref())?,
        qInv: secret(jwk.qi.as_ref())?,
    };
    let borrowed = KeyPairComponents {
        public_key: components.public_key,
        d: components.d.as_slice(),
        p: components.p.as_slice(),
        q: components.q.as_slice(),
        dP: components.dP.as_slice(),
        dQ: components.dQ.as_slice(),
        qInv: components.qInv.as_slice(),
    };
    let pair = RsaKeyPair::from_components(&borrowed)
        .map_err(|_| "its numbers are no RSA key of 2048 bits or more")?;
    rsa_secret(&pair)
}

/// What is kept of a key that was read.
fn rsa_secret(pair: &RsaKeyPair) -> Secret {
    if pair.public_modulus_len() > material::MOST_RSA_BYTES {
        return Err("it is no RSA key of 2048 to 4096 bits");
    }
    // FIPS 186-5, appendix A.1.1: an odd number of three octets or more. Small ones help whoever forges for lenient
    // verifiers, which may be elsewhere.
    if pair.public_key().exponent().big_endian_without_leading_zero().len() < 3 {
        return Err("its public exponent is below 65537");
    }
    Ok(material::rsa_secret(pair))
}

/// A shared secret that is not to be guessed; whoever reads one token can try as often as he likes.
fn shared(text: Option<&Zeroizing<String>>) -> Secret {
    let octets = secret(text)?;
    if octets.len() < SECRET_BYTES {
        Err("its `k` has fewer than 32 bytes (RFC 7518 section 3.2)")
    } else if secrets::is_guessable(&octets) {
        Err("its `k` can be guessed: it repeats itself, counts up, or stands in examples")
    } else {
        Ok(octets)
    }
}

fn secret(text: Option<&Zeroizing<String>>) -> Secret {
    let octets = text.and_then(|text| base64url::decode(text.as_str()));
    octets.map(Zeroizing::new).ok_or("a private member is missing or not base64url")
}

/// Whether what is said of the public half, if anything, is what follows from the secret.
fn is_its_public_half(
    algorithm: KeyAlgorithm,
    secret: &[u8],
    told: &[Option<&String>],
) -> Result<(), &'static str> {
    let public = material::public_half(algorithm, secret).ok().flatten();
    let follows: Vec<String> = match public {
        Some(material::PublicKey::Ed25519(x)) => vec![base64url::encode(x)],
        Some(material::PublicKey::P256(point)) => {
            vec![base64url::encode(&point[1..33]), base64url::encode(&point[33..])]
        }
        _ => return Err("`d` is no private key"),
    };
    let same = told.iter().zip(&follows).all(|(told, follows)| *told == Some(follows));
    if same { Ok(()) } else { Err("its public half is missing or not that of its private one") }
}
