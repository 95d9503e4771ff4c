//! JWT access tokens in the profile of RFC 9068, signed with EdDSA (RFC 8037), ES256, RS256 or HS256 (RFC 7518).
//!
//! Only the compact serialisation of RFC 7515 section 7.1 is read, and of headers only `typ`, `alg` and `kid`. The
//! `kid` picks one of our keys; the key says the algorithm, and a header that says another one is refused. Times
//! are judged against the caller's `now`: the library's own validation, which reads the system clock, is not used.

use std::collections::HashMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use jsonwebtoken::crypto::{sign, verify};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

use super::algorithm::KeyAlgorithm;
use super::keys::{KeyFault, Proof, SigningKey, VerifyingKey};
use super::material::{self, PublicKey};
use super::payload::{NumericDate, OneOrListed, Payload, object};
use super::reader::UNKNOWN_KEY;
use super::rules::TokenRules;
use super::{MAX_TOKEN_BYTES, Opener, SealError, Sealer, TokenFault, TokenForm, base64url};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// Signs JWTs with a key that was prepared once.
pub struct JwtSealer {
    rules: TokenRules,
    /// The encoded header of every token we make.
    header: String,
    signer: Signer,
}

enum Signer {
    Library(Algorithm, EncodingKey),
    /// The library would parse this key anew for each token, which takes longer than signing.
    Rsa(RsaKeyPair),
}

/// Verifies JWTs with keys that were prepared once.
pub struct JwtOpener {
    rules: TokenRules,
    /// By `kid`.
    keys: HashMap<String, Verifier>,
}

struct Verifier {
    name: &'static str,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Everything that a header may say; what else there is (`jwk`, `jku`, `x5c`, `crit`, `b64`, `zip` …) is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
}

impl JwtSealer {
    /// Signs with `key`.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not for JWTs.
    pub fn new(rules: TokenRules, key: &SigningKey) -> Result<Self, KeyFault> {
        let signer = Signer::new(key)?;
        let header =
            Header { typ: "at+jwt".into(), alg: key.algorithm().as_str().into(), kid: key.id().into() };
        let header = serde_json::to_vec(&header).expect("three strings are always JSON");
        Ok(Self { rules, header: base64url::encode(header), signer })
    }
}

impl Signer {
    fn new(key: &SigningKey) -> Result<Self, KeyFault> {
        let secret = key.secret();
        match key.algorithm() {
            KeyAlgorithm::Hs256 => Ok(Self::Library(Algorithm::HS256, EncodingKey::from_secret(secret))),
            KeyAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_seed_unchecked(secret);
                let document = pair.ok().and_then(|pair| pair.to_pkcs8().ok());
                let document = document.ok_or_else(|| key.unusable())?;
                Ok(Self::Library(Algorithm::EdDSA, EncodingKey::from_ed_der(document.as_ref())))
            }
            KeyAlgorithm::Es256 => {
                let document = material::p256_pkcs8(secret).map_err(|_| key.unusable())?;
                Ok(Self::Library(Algorithm::ES256, EncodingKey::from_ec_der(&document)))
            }
            KeyAlgorithm::Rs256 => material::rsa(secret).map(Self::Rsa).map_err(|_| key.unusable()),
            KeyAlgorithm::V4Public | KeyAlgorithm::V4Local | KeyAlgorithm::Refresh => {
                Err(key.wrong_use("JWT"))
            }
        }
    }

    /// The signature of `message`, base64url.
    fn sign(&self, message: &[u8]) -> Result<String, SealError> {
        match self {
            Self::Library(algorithm, key) => {
                sign(message, key, *algorithm).map_err(|fault| SealError(fault.to_string()))
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SealError("the RSA key does not sign".into()))?;
                Ok(base64url::encode(signature))
            }
        }
    }
}

impl Sealer for JwtSealer {
    fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        let payload = Payload::<NumericDate, OneOrListed>::write(claims, &self.rules)?;
        let mut token = format!("{}.{}", self.header, base64url::encode(payload));
        let signature = self.signer.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }
}

impl JwtOpener {
    /// Verifies with every key of `keys`.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not for JWTs.
    pub fn new<'a>(
        rules: TokenRules,
        keys: impl IntoIterator<Item = &'a VerifyingKey>,
    ) -> Result<Self, KeyFault> {
        let keys = keys.into_iter().map(|key| Ok((key.id().to_owned(), Verifier::new(key)?)));
        Ok(Self { rules, keys: keys.collect::<Result<_, KeyFault>>()? })
    }
}

impl Verifier {
    fn new(key: &VerifyingKey) -> Result<Self, KeyFault> {
        let (algorithm, decoding) = match (key.algorithm(), &key.proof) {
            (KeyAlgorithm::Hs256, Proof::Shared(secret)) => {
                (Algorithm::HS256, DecodingKey::from_secret(secret))
            }
            (KeyAlgorithm::EdDsa, Proof::Public(PublicKey::Ed25519(public))) => {
                (Algorithm::EdDSA, DecodingKey::from_ed_der(public))
            }
            (KeyAlgorithm::Es256, Proof::Public(PublicKey::P256(point))) => {
                (Algorithm::ES256, DecodingKey::from_ec_der(point))
            }
            (KeyAlgorithm::Rs256, Proof::Public(PublicKey::Rsa { n, e })) => {
                (Algorithm::RS256, DecodingKey::from_rsa_raw_components(n, e))
            }
            _ => return Err(key.wrong_use("JWT")),
        };
        Ok(Self { name: key.algorithm().as_str(), algorithm, key: decoding })
    }
}

/// RFC 9068 section 4: `at+jwt`, with or without `application/`, in any case.
fn is_access_token(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}

impl Opener for JwtOpener {
    fn form(&self) -> TokenForm {
        TokenForm::Jwt
    }

    fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Invalid("longer than any token"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Invalid("not three segments"))?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Invalid("not three segments"))?;
        if payload.contains('.') {
            return Err(TokenFault::Invalid("more than three segments"));
        }
        let header = base64url::decode(header).and_then(|json| object::<Header>(&json));
        let header = header.ok_or(TokenFault::Invalid("has a header that we do not write"))?;
        let verifier = self.keys.get(&header.kid).ok_or(UNKNOWN_KEY)?;
        if header.alg != verifier.name {
            return Err(TokenFault::Invalid("names an algorithm that is not its key's"));
        }
        if !is_access_token(&header.typ) {
            return Err(TokenFault::Invalid("not an access token"));
        }
        if !verify(signature, message.as_bytes(), &verifier.key, verifier.algorithm).unwrap_or(false) {
            return Err(TokenFault::Invalid("has a wrong signature"));
        }
        let payload = base64url::decode(payload);
        let payload = payload.and_then(|json| Payload::<NumericDate, OneOrListed>::parse(&json, &self.rules));
        payload.ok_or(TokenFault::Invalid("has claims that we do not write"))?.read(&self.rules, now)
    }
}
