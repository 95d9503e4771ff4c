//! The access tokens of the house: one codec signs, several may verify, so that a change of format or key can
//! overlap without refusing a single valid token.
//!
//! Which codec reads a token is decided by the token's outer form, never by what its header claims.

use std::sync::Arc;

use super::proven::{Digest, Proven};
use super::{SealError, TokenCodec, TokenFault};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// What a token looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// Three segments divided by dots: the compact serialisation of RFC 7515 section 7.1.
    Jwt,
    /// Begins with `v4.public.`.
    PasetoV4Public,
}

impl TokenForm {
    /// The form of `token`, if it has one that we know.
    pub fn of(token: &str) -> Option<Self> {
        if token.starts_with("v4.public.") {
            Some(Self::PasetoV4Public)
        } else if token.bytes().filter(|&byte| byte == b'.').count() == 2 {
            Some(Self::Jwt)
        } else {
            None
        }
    }
}

/// Seals with one codec, opens with all of them.
#[derive(Clone)]
pub struct AccessTokens {
    /// The first one signs.
    codecs: Vec<Arc<dyn TokenCodec>>,
    /// What these codecs accepted lately. Other codecs, other keys: another [`AccessTokens`].
    proven: Arc<Proven>,
}

impl AccessTokens {
    /// `signing` makes every new token; tokens of `also` are still accepted.
    pub fn new(signing: Arc<dyn TokenCodec>, also: Vec<Arc<dyn TokenCodec>>) -> Self {
        let mut codecs = vec![signing];
        codecs.extend(also);
        Self { codecs, proven: Arc::default() }
    }

    /// The signed token that says `claims`.
    ///
    /// # Errors
    ///
    /// As [`TokenCodec::seal`].
    pub fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        self.codecs[0].seal(claims)
    }

    /// What `token` says, if one of the codecs of its form accepts it.
    ///
    /// # Errors
    ///
    /// As [`TokenCodec::open`]; of several refusals the one of the codec that got furthest.
    pub fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let digest = Digest::of(token);
        if let Some(claims) = self.proven.recall(&digest, now) {
            return Ok(claims);
        }
        let form = TokenForm::of(token).ok_or(TokenFault::Invalid("not in the form of any token"))?;
        let mut refusal = UNKNOWN_KEY;
        for codec in self.codecs.iter().filter(|codec| codec.form() == form) {
            match codec.open(token, now) {
                Err(fault) if fault == UNKNOWN_KEY => {}
                Err(fault) => refusal = fault,
                Ok(claims) => {
                    self.proven.remember(digest, &claims, now);
                    return Ok(claims);
                }
            }
        }
        Err(refusal)
    }
}

/// What a codec answers to a token that names none of its keys: another codec may know it.
pub(super) const UNKNOWN_KEY: TokenFault = TokenFault::Invalid("names a key that is not ours");
