//! Who reads access tokens: several openers, so that a change of format or key can overlap without refusing a single
//! valid token.
//!
//! Which opener reads a token is decided by the token's outer form, never by what its header claims.

use std::sync::Arc;

use super::jwt::JwtOpener;
use super::keys::{KeyFault, VerifyingKey};
use super::paseto::PasetoOpener;
use super::proven::{Digest, Proven};
use super::rules::TokenRules;
use super::{Opener, TokenFault};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// What a token looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// Three segments divided by dots: the compact serialisation of RFC 7515 section 7.1.
    Jwt,
    /// Begins with `v4.public.` or `v4.local.`.
    Paseto,
}

impl TokenForm {
    /// The form of `token`, if it has one that we know.
    pub fn of(token: &str) -> Option<Self> {
        if token.starts_with("v4.public.") || token.starts_with("v4.local.") {
            Some(Self::Paseto)
        } else if token.bytes().filter(|&byte| byte == b'.').count() == 2 {
            Some(Self::Jwt)
        } else {
            None
        }
    }
}

/// What an opener answers to a token that names none of its keys: another one may know it.
pub(crate) const UNKNOWN_KEY: TokenFault = TokenFault::Invalid("names a key that is not ours");

/// Opens tokens of every key it was given.
pub struct TokenReader {
    openers: Vec<Arc<dyn Opener>>,
    /// What these openers accepted lately. Other keys: another reader.
    proven: Proven,
}

impl TokenReader {
    /// Reads with `openers`.
    pub fn new(openers: Vec<Arc<dyn Opener>>) -> Self {
        Self { openers, proven: Proven::default() }
    }

    /// Reads with `keys`, whatever their formats.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not for access tokens, [`KeyFault::Unusable`].
    pub fn of_keys(rules: &TokenRules, keys: &[VerifyingKey]) -> Result<Self, KeyFault> {
        let (jwt, paseto): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.algorithm().is_jwt());
        let mut openers: Vec<Arc<dyn Opener>> = Vec::new();
        if !jwt.is_empty() {
            openers.push(Arc::new(JwtOpener::new(rules.clone(), jwt)?));
        }
        if !paseto.is_empty() {
            openers.push(Arc::new(PasetoOpener::new(rules.clone(), paseto)?));
        }
        Ok(Self::new(openers))
    }

    /// What `token` says, if one of the openers of its form accepts it.
    ///
    /// # Errors
    ///
    /// As [`Opener::open`]; of several refusals the one of the opener that got furthest.
    pub fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let digest = Digest::of(token);
        if let Some(claims) = self.proven.recall(&digest, now) {
            return Ok(claims);
        }
        let form = TokenForm::of(token).ok_or(TokenFault::Invalid("not in the form of any token"))?;
        let mut refusal = UNKNOWN_KEY;
        for opener in self.openers.iter().filter(|opener| opener.form() == form) {
            match opener.open(token, now) {
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
