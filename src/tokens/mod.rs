//! SEALS AND OPENS: access tokens, refresh tokens, the keys behind both, and the view of what has been revoked.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | [`TokenCodec`], the trait that every format implements, and its two faults |
//! | [`access`] | [`AccessTokens`]: one codec that signs and all that still verify, chosen by the token's form |
//! | `proven` | the tokens that were accepted lately, so that each is verified once |
//! | [`rules`] | [`TokenRules`]: issuer, audience, leeway |
//! | [`jwt`], [`paseto`] | the formats |
//! | `payload`, `base64url` | what both formats share: the claims on the wire and the one accepted encoding |
//! | [`keys`], `kid`, [`master`] | signing keys, their public names, and the key under which they are stored |
//! | [`refresh`] | refresh tokens, which prove themselves without a look-up |
//! | [`revocations`] | what has been ended before its time, in memory |
//! | [`published`] | the public keys as JWKS and PASERK |
//!
//! Nothing here waits, reads a clock, asks for randomness by itself, or knows a database or HTTP: `now` and the
//! entropy are arguments. The only file that is touched is the master key's.
//!
//! **One more format**: a file with a type that implements [`TokenCodec`], a variant of [`TokenForm`] by which its
//! tokens are recognised, its algorithms in [`keys::KeyAlgorithm`] and their names in `kid`. The attack tables in
//! `tests/tokens` are then extended by its own.

pub mod access;
mod base64url;
pub mod jwt;
pub mod keys;
mod kid;
pub mod master;
pub mod paseto;
mod payload;
mod proven;
pub mod published;
pub mod refresh;
pub mod revocations;
pub mod rules;

pub use access::{AccessTokens, TokenForm};
pub use rules::TokenRules;

use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// The longest token that is looked at: 8 KiB. Ours have a few hundred bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// One format of access tokens with the keys it knows.
///
/// Implementations take the algorithm from their keys and never from the token (RFC 8725 section 3.1), and use no
/// content of a token before its signature is proven (OWASP ASVS 5.0 section 9.1.1).
pub trait TokenCodec: Send + Sync {
    /// By which form tokens of this codec are recognised.
    fn form(&self) -> TokenForm;

    /// The signed token that says `claims`.
    ///
    /// # Errors
    ///
    /// [`SealError`] when the library fails, or when the token would never be valid.
    fn seal(&self, claims: &Claims) -> Result<String, SealError>;

    /// What `token` says, if it is ours and its time is now.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Expired`] only for a token that is flawless but for its age; [`TokenFault::Invalid`] otherwise.
    fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault>;
}

/// An access token could not be made. Nothing the client did causes it: it is logged and answered as internal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the access token could not be sealed: {0}")]
pub struct SealError(pub(crate) String);

/// Why an access token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not ours, not intact, not for us, or not yet valid. The reason is for logs; clients are not told.
    #[error("the access token is not valid: {0}")]
    Invalid(&'static str),
    /// Ours and intact, but its time is over.
    #[error("the access token has expired")]
    Expired,
}

impl TokenFault {
    /// The reason, for logs only.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Invalid(reason) => reason,
            Self::Expired => "expired",
        }
    }
}
