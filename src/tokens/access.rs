//! The access tokens of the house as they are made and read at the moment. Keys come and go while requests are
//! answered: all of it is replaced at once.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::jwt::JwtSealer;
use super::keys::{KeyFault, SigningKey, VerifyingKey};
use super::paseto::PasetoSealer;
use super::reader::TokenReader;
use super::rules::TokenRules;
use super::{SealError, Sealer, TokenFault};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// Seals with one key, opens with all that are not retired. Clones are the same.
#[derive(Clone)]
pub struct AccessTokens(Arc<ArcSwap<InUse>>);

struct InUse {
    sealer: Box<dyn Sealer>,
    reader: TokenReader,
}

impl InUse {
    fn new(rules: &TokenRules, signing: &SigningKey, verifying: &[VerifyingKey]) -> Result<Self, KeyFault> {
        let sealer: Box<dyn Sealer> = if signing.algorithm().is_jwt() {
            Box::new(JwtSealer::new(rules.clone(), signing)?)
        } else {
            Box::new(PasetoSealer::new(rules.clone(), signing)?)
        };
        Ok(Self { sealer, reader: TokenReader::of_keys(rules, verifying)? })
    }
}

impl AccessTokens {
    /// `signing` makes every new token; tokens of `verifying` are accepted, where `signing` has to be again.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not for access tokens, [`KeyFault::Unusable`].
    pub fn new(
        rules: &TokenRules,
        signing: &SigningKey,
        verifying: &[VerifyingKey],
    ) -> Result<Self, KeyFault> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(InUse::new(rules, signing, verifying)?))))
    }

    /// From now on these keys, as for [`Self::new`]. What was proven with others is proven anew.
    ///
    /// # Errors
    ///
    /// As [`Self::new`]; everything is then as before.
    pub fn replace(
        &self,
        rules: &TokenRules,
        signing: &SigningKey,
        verifying: &[VerifyingKey],
    ) -> Result<(), KeyFault> {
        self.0.store(Arc::new(InUse::new(rules, signing, verifying)?));
        Ok(())
    }

    /// The signed token that says `claims`.
    ///
    /// # Errors
    ///
    /// As [`Sealer::seal`].
    pub fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        self.0.load().sealer.seal(claims)
    }

    /// What `token` says, if it is ours and its time is now.
    ///
    /// # Errors
    ///
    /// As [`TokenReader::open`].
    pub fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        self.0.load().reader.open(token, now)
    }
}
