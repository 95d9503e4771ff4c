//! PASETO access tokens, version 4, purpose `public`: Ed25519 and nothing to choose.
//!
//! * **Claims**: the names of the JWT format. `exp`, `nbf`, `iat` are RFC 3339 text, as PASETO's registered claims
//!   want it (its specification, Implementation Guide, chapter 4), `auth_time` is a number of seconds as in OpenID
//!   Connect, `aud` is one text.
//! * **Footer**: `{"kid":"k4.pid.…"}`, the PASERK id of the key. It is never parsed: it has to be, byte for byte, the
//!   footer that we write for one of our keys, and the signature covers it.
//! * **Implicit assertion**: the JSON object `{"typ":"at+paseto","iss":"…","aud":"…"}` in this order and without white
//!   space. It is signed but not sent: a token of another issuer, for another audience, or of another kind does not
//!   verify even under the same key. Whoever verifies our tokens elsewhere has to supply it.

use std::collections::HashMap;

use ::paseto::keys::{AsymmetricPublicKey, AsymmetricSecretKey};
use ::paseto::token::UntrustedToken;
use ::paseto::version4::{PublicToken, V4};
use serde::Serialize;
use zeroize::Zeroizing;

use super::access::UNKNOWN_KEY;
use super::keys::{KeyAlgorithm, KeyFault, SigningKey};
use super::payload::{DateText, OneAudience, Payload, object};
use super::rules::TokenRules;
use super::{MAX_TOKEN_BYTES, SealError, TokenCodec, TokenFault, TokenForm, base64url};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// Signs and verifies `v4.public` tokens with keys that were prepared once.
pub struct PasetoCodec {
    rules: TokenRules,
    implicit: Vec<u8>,
    footer: String,
    signing: AsymmetricSecretKey<V4>,
    /// By the encoded footer.
    verifying: HashMap<String, AsymmetricPublicKey<V4>>,
}

#[derive(Serialize)]
struct Implicit<'a> {
    typ: &'a str,
    iss: &'a str,
    aud: &'a str,
}

#[derive(Serialize)]
struct Footer<'a> {
    kid: &'a str,
}

impl PasetoCodec {
    /// Signs with `signing`, and verifies with it and with every key of `also`.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not [`KeyAlgorithm::V4Public`], [`KeyFault::Unusable`] for one that
    /// the library refuses.
    pub fn new(rules: TokenRules, signing: &SigningKey, also: &[SigningKey]) -> Result<Self, KeyFault> {
        let verifying = std::iter::once(signing)
            .chain(also)
            .map(|key| Ok((base64url::encode(footer(key)), public(key)?)))
            .collect::<Result<_, KeyFault>>()?;
        let implicit = Implicit { typ: "at+paseto", iss: rules.issuer(), aud: rules.audience() };
        let implicit = serde_json::to_vec(&implicit).expect("three strings are always JSON");
        Ok(Self { rules, implicit, footer: footer(signing), signing: secret(signing)?, verifying })
    }
}

fn footer(key: &SigningKey) -> String {
    serde_json::to_string(&Footer { kid: key.id() }).expect("a string is always JSON")
}

fn public(key: &SigningKey) -> Result<AsymmetricPublicKey<V4>, KeyFault> {
    match (key.algorithm(), key.public_key()) {
        (KeyAlgorithm::V4Public, Some(public)) => {
            AsymmetricPublicKey::from(public).map_err(|_| key.unusable())
        }
        _ => Err(key.wrong_use("PASETO")),
    }
}

fn secret(key: &SigningKey) -> Result<AsymmetricSecretKey<V4>, KeyFault> {
    let public = key.public_key().ok_or_else(|| key.wrong_use("PASETO"))?;
    // The library panics on this one seed instead of refusing it.
    if key.secret().iter().all(|&byte| byte == 0) {
        return Err(key.unusable());
    }
    let both = Zeroizing::new([key.secret(), public].concat());
    AsymmetricSecretKey::from(&both).map_err(|_| key.unusable())
}

impl TokenCodec for PasetoCodec {
    fn form(&self) -> TokenForm {
        TokenForm::PasetoV4Public
    }

    fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        let payload: Payload<DateText, OneAudience> = Payload::write(claims, &self.rules)?;
        let payload = serde_json::to_vec(&payload).map_err(|fault| SealError(fault.to_string()))?;
        let (footer, implicit) = (Some(self.footer.as_bytes()), Some(self.implicit.as_slice()));
        PublicToken::sign(&self.signing, &payload, footer, implicit)
            .map_err(|fault| SealError(fault.to_string()))
    }

    fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Invalid("longer than any token"));
        }
        let body =
            token.strip_prefix(PublicToken::HEADER).ok_or(TokenFault::Invalid("not a v4.public token"))?;
        let (_, footer) = body.split_once('.').ok_or(TokenFault::Invalid("has no footer"))?;
        let key = self.verifying.get(footer).ok_or(UNKNOWN_KEY)?;
        let token =
            UntrustedToken::try_from(token).map_err(|_| TokenFault::Invalid("not canonical base64url"))?;
        let proven = PublicToken::verify(key, &token, None, Some(&self.implicit))
            .map_err(|_| TokenFault::Invalid("has a wrong signature"))?;
        let payload: Option<Payload<DateText, OneAudience>> = object(proven.payload().as_bytes());
        payload.ok_or(TokenFault::Invalid("has claims that we do not write"))?.read(&self.rules, now)
    }
}
