//! JWT access tokens in the profile of RFC 9068, signed with EdDSA (RFC 8037) or HS256 (RFC 7518 section 3.2).
//!
//! Only the compact serialisation of RFC 7515 section 7.1 is read, and of headers only `typ`, `alg` and `kid`. The
//! `kid` picks one of our keys; the key says the algorithm, and a header that says another one is refused. Times
//! are judged against the caller's `now`: the library's own validation, which reads the system clock, is not used.

use std::collections::HashMap;

use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::crypto::{sign, verify};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

use super::access::UNKNOWN_KEY;
use super::base64url;
use super::keys::{KeyAlgorithm, KeyFault, SigningKey};
use super::payload::{NumericDate, OneOrListed, Payload, object};
use super::rules::TokenRules;
use super::{MAX_TOKEN_BYTES, SealError, TokenCodec, TokenFault, TokenForm};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// Signs and verifies JWTs with keys that were prepared once.
pub struct JwtCodec {
    rules: TokenRules,
    /// The encoded header of every token we make.
    header: String,
    signing: EncodingKey,
    algorithm: Algorithm,
    /// By `kid`.
    verifying: HashMap<String, Verifier>,
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

impl JwtCodec {
    /// Signs with `signing`, and verifies with it and with every key of `also`.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is neither [`KeyAlgorithm::EdDsa`] nor [`KeyAlgorithm::Hs256`].
    pub fn new(rules: TokenRules, signing: &SigningKey, also: &[SigningKey]) -> Result<Self, KeyFault> {
        let header = Header {
            typ: "at+jwt".into(),
            alg: signing.algorithm().as_str().into(),
            kid: signing.id().into(),
        };
        let header = serde_json::to_vec(&header).expect("three strings are always JSON");
        let verifying = std::iter::once(signing)
            .chain(also)
            .map(|key| Ok((key.id().to_owned(), verifier(key)?)))
            .collect::<Result<_, KeyFault>>()?;
        let (algorithm, signing) = signer(signing)?;
        Ok(Self { rules, header: base64url::encode(header), signing, algorithm, verifying })
    }
}

fn signer(key: &SigningKey) -> Result<(Algorithm, EncodingKey), KeyFault> {
    match key.algorithm() {
        KeyAlgorithm::Hs256 => Ok((Algorithm::HS256, EncodingKey::from_secret(key.secret()))),
        KeyAlgorithm::EdDsa => {
            let pair = Ed25519KeyPair::from_seed_unchecked(key.secret());
            let document = pair.ok().and_then(|pair| pair.to_pkcs8().ok()).ok_or_else(|| key.unusable())?;
            Ok((Algorithm::EdDSA, EncodingKey::from_ed_der(document.as_ref())))
        }
        KeyAlgorithm::V4Public | KeyAlgorithm::Refresh => Err(key.wrong_use("JWT")),
    }
}

fn verifier(key: &SigningKey) -> Result<Verifier, KeyFault> {
    let name = key.algorithm().as_str();
    match (key.algorithm(), key.public_key()) {
        (KeyAlgorithm::Hs256, _) => {
            Ok(Verifier { name, algorithm: Algorithm::HS256, key: DecodingKey::from_secret(key.secret()) })
        }
        (KeyAlgorithm::EdDsa, Some(public)) => {
            Ok(Verifier { name, algorithm: Algorithm::EdDSA, key: DecodingKey::from_ed_der(public) })
        }
        _ => Err(key.wrong_use("JWT")),
    }
}

/// RFC 9068 section 4: `at+jwt`, with or without `application/`, in any case.
fn is_access_token(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}

impl TokenCodec for JwtCodec {
    fn form(&self) -> TokenForm {
        TokenForm::Jwt
    }

    fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        let payload: Payload<NumericDate, OneOrListed> = Payload::write(claims, &self.rules)?;
        let payload = serde_json::to_vec(&payload).map_err(|fault| SealError(fault.to_string()))?;
        let mut token = format!("{}.{}", self.header, base64url::encode(payload));
        let signature = sign(token.as_bytes(), &self.signing, self.algorithm);
        let signature = signature.map_err(|fault| SealError(fault.to_string()))?;
        token.push('.');
        token.push_str(&signature);
        Ok(token)
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
        let verifier = self.verifying.get(&header.kid).ok_or(UNKNOWN_KEY)?;
        if header.alg != verifier.name {
            return Err(TokenFault::Invalid("names an algorithm that is not its key's"));
        }
        if !is_access_token(&header.typ) {
            return Err(TokenFault::Invalid("not an access token"));
        }
        if !verify(signature, message.as_bytes(), &verifier.key, verifier.algorithm).unwrap_or(false) {
            return Err(TokenFault::Invalid("has a wrong signature"));
        }
        let payload = base64url::decode(payload).and_then(|json| object(&json));
        let payload: Payload<NumericDate, OneOrListed> =
            payload.ok_or(TokenFault::Invalid("has claims that we do not write"))?;
        payload.read(&self.rules, now)
    }
}
