//! PASETO access tokens, version 4: `public` (Ed25519) and `local` (XChaCha20 and BLAKE2b), nothing to choose.
//!
//! * **Claims**: the names of the JWT format. `exp`, `nbf`, `iat` are RFC 3339 text, as PASETO's registered claims
//!   want it (its specification, Implementation Guide, chapter 4), `auth_time` is a number of seconds as in OpenID
//!   Connect, `aud` is one text.
//! * **Footer**: `{"kid":"k4.pid.…"}` or `{"kid":"k4.lid.…"}`, the PASERK id of the key. It is never parsed: it has to
//!   be, byte for byte, the footer that we write for one of our keys, and the signature or tag covers it. The key says
//!   the purpose; a token that claims another one is refused.
//! * **Implicit assertion**: the JSON object `{"typ":"at+paseto","iss":"…","aud":"…"}` in this order and without white
//!   space. It is authenticated but not sent: a token of another issuer, for another audience, or of another kind does
//!   not verify even under the same key. Whoever verifies our tokens elsewhere has to supply it.

use std::collections::HashMap;

use ::paseto::keys::{AsymmetricPublicKey, AsymmetricSecretKey, SymmetricKey};
use ::paseto::token::UntrustedToken;
use ::paseto::version4::{LocalToken, PublicToken, V4};
use serde::Serialize;
use zeroize::Zeroizing;

use super::algorithm::KeyAlgorithm;
use super::keys::{KeyFault, Proof, SigningKey, VerifyingKey};
use super::material::PublicKey;
use super::payload::{DateText, OneAudience, Payload};
use super::reader::UNKNOWN_KEY;
use super::rules::TokenRules;
use super::{MAX_TOKEN_BYTES, Opener, SealError, Sealer, TokenFault, TokenForm, base64url};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// Makes tokens of one purpose with a key that was prepared once.
pub struct PasetoSealer {
    rules: TokenRules,
    implicit: Vec<u8>,
    footer: String,
    key: SealingKey,
}

enum SealingKey {
    Public(AsymmetricSecretKey<V4>),
    Local(SymmetricKey<V4>),
}

/// Reads tokens of both purposes with keys that were prepared once.
pub struct PasetoOpener {
    rules: TokenRules,
    implicit: Vec<u8>,
    /// By the encoded footer.
    keys: HashMap<String, OpeningKey>,
}

enum OpeningKey {
    Public(AsymmetricPublicKey<V4>),
    Local(SymmetricKey<V4>),
}

/// The bytes that issuer and reader both know and that are not in the token.
///
/// # Panics
///
/// Never.
pub fn implicit_assertion(rules: &TokenRules) -> Vec<u8> {
    #[derive(Serialize)]
    struct Implicit<'a> {
        typ: &'a str,
        iss: &'a str,
        aud: &'a str,
    }
    let implicit = Implicit { typ: "at+paseto", iss: rules.issuer(), aud: rules.audience() };
    serde_json::to_vec(&implicit).expect("three strings are always JSON")
}

fn footer(kid: &str) -> String {
    #[derive(Serialize)]
    struct Footer<'a> {
        kid: &'a str,
    }
    serde_json::to_string(&Footer { kid }).expect("a string is always JSON")
}

impl PasetoSealer {
    /// Makes tokens with `key`.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not for PASETO, [`KeyFault::Unusable`] for one that the library refuses.
    pub fn new(rules: TokenRules, key: &SigningKey) -> Result<Self, KeyFault> {
        let implicit = implicit_assertion(&rules);
        Ok(Self { rules, implicit, footer: footer(key.id()), key: SealingKey::new(key)? })
    }
}

impl SealingKey {
    fn new(key: &SigningKey) -> Result<Self, KeyFault> {
        match (key.algorithm(), key.public_key()) {
            (KeyAlgorithm::V4Public, Some(PublicKey::Ed25519(public))) => {
                let both = Zeroizing::new([key.secret(), public].concat());
                AsymmetricSecretKey::from(&both).map(Self::Public).map_err(|_| key.unusable())
            }
            (KeyAlgorithm::V4Local, _) => {
                SymmetricKey::from(key.secret()).map(Self::Local).map_err(|_| key.unusable())
            }
            _ => Err(key.wrong_use("PASETO")),
        }
    }
}

impl Sealer for PasetoSealer {
    fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        let payload = Payload::<DateText, OneAudience>::write(claims, &self.rules)?;
        let (footer, implicit) = (Some(self.footer.as_bytes()), Some(self.implicit.as_slice()));
        let sealed = match &self.key {
            SealingKey::Public(key) => PublicToken::sign(key, &payload, footer, implicit),
            SealingKey::Local(key) => LocalToken::encrypt(key, &payload, footer, implicit),
        };
        sealed.map_err(|fault| SealError(fault.to_string()))
    }
}

impl PasetoOpener {
    /// Reads with every key of `keys`.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not for PASETO, [`KeyFault::Unusable`] for one that the library refuses.
    pub fn new<'a>(
        rules: TokenRules,
        keys: impl IntoIterator<Item = &'a VerifyingKey>,
    ) -> Result<Self, KeyFault> {
        let keys = keys.into_iter().map(|key| {
            let opening = OpeningKey::new(key)?;
            Ok((base64url::encode(footer(key.id())), opening))
        });
        let keys = keys.collect::<Result<_, KeyFault>>()?;
        Ok(Self { implicit: implicit_assertion(&rules), rules, keys })
    }
}

impl OpeningKey {
    fn new(key: &VerifyingKey) -> Result<Self, KeyFault> {
        match (key.algorithm(), &key.proof) {
            (KeyAlgorithm::V4Public, Proof::Public(PublicKey::Ed25519(public))) => {
                AsymmetricPublicKey::from(public).map(Self::Public).map_err(|_| key.unusable())
            }
            (KeyAlgorithm::V4Local, Proof::Shared(secret)) => {
                SymmetricKey::from(secret).map(Self::Local).map_err(|_| key.unusable())
            }
            _ => Err(key.wrong_use("PASETO")),
        }
    }
}

impl Opener for PasetoOpener {
    fn form(&self) -> TokenForm {
        TokenForm::Paseto
    }

    fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        const FORM: TokenFault = TokenFault::Invalid("not a token of PASETO version 4");
        const SPELLING: TokenFault = TokenFault::Invalid("not canonical base64url");
        const PURPOSE: TokenFault = TokenFault::Invalid("claims a purpose that is not its key's");
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Invalid("longer than any token"));
        }
        let body = token.strip_prefix("v4.").ok_or(FORM)?;
        let (purpose, body) = body.split_once('.').ok_or(FORM)?;
        if !["public", "local"].contains(&purpose) {
            return Err(FORM);
        }
        let (_, footer) = body.split_once('.').ok_or(TokenFault::Invalid("has no footer"))?;
        let implicit = Some(self.implicit.as_slice());
        let proven = match self.keys.get(footer).ok_or(UNKNOWN_KEY)? {
            OpeningKey::Public(key) if purpose == "public" => {
                let token = UntrustedToken::try_from(token).map_err(|_| SPELLING)?;
                PublicToken::verify(key, &token, None, implicit)
                    .map_err(|_| TokenFault::Invalid("has a wrong signature"))?
            }
            OpeningKey::Local(key) if purpose == "local" => {
                let token = UntrustedToken::try_from(token).map_err(|_| SPELLING)?;
                LocalToken::decrypt(key, &token, None, implicit)
                    .map_err(|_| TokenFault::Invalid("has a wrong tag"))?
            }
            OpeningKey::Public(_) | OpeningKey::Local(_) => return Err(PURPOSE),
        };
        let payload = Payload::<DateText, OneAudience>::parse(proven.payload().as_bytes(), &self.rules);
        payload.ok_or(TokenFault::Invalid("has claims that we do not write"))?.read(&self.rules, now)
    }
}
