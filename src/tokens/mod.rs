//! SEALS AND OPENS: access tokens, refresh tokens, the keys behind both, and the view of what has been revoked.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | [`Sealer`] and [`Opener`], which every format implements, and their faults |
//! | [`access`] | [`AccessTokens`]: what signs and verifies at the moment, replaced as a whole when keys change |
//! | [`reader`] | [`TokenReader`]: all openers together, each token to the one of its form |
//! | `proven` | the tokens that were accepted lately, so that each is verified once |
//! | [`rules`] | [`TokenRules`]: issuer, audience, leeway, claims of the operator's own |
//! | [`jwt`], [`paseto`] | the formats |
//! | `payload`, `base64url` | what both formats share: the claims on the wire and the one accepted encoding |
//! | [`algorithm`], `material` | what keys are for, and what they are made of |
//! | [`keys`], `kid`, [`master`] | keys, their public names, and the key under which they are stored |
//! | [`import`] | keys that were made elsewhere: PEM, JWK, PASERK |
//! | [`refresh`] | refresh tokens, which prove themselves without a look-up |
//! | [`revocations`] | what has been ended before its time, in memory |
//! | [`published`] | the public keys as JWKS and PASERK |
//!
//! Nothing here waits, reads a clock, asks for randomness by itself, or knows a database or HTTP: `now` and the
//! entropy are arguments. (The libraries draw their own for RSA keys, ECDSA and `v4.local`.) The only file that is
//! touched is the master key's.
//!
//! **One more algorithm**: a variant of [`KeyAlgorithm`](algorithm::KeyAlgorithm), its secret in `material`, its name in
//! `kid`, its half of the format's file; a new format is a file that implements both traits, and a form of
//! [`TokenForm`]. The attack tables in `tests/tokens` are then extended by its own.

pub mod access;
pub mod algorithm;
mod base64url;
#[cfg(feature = "server")]
pub mod import;
pub mod jwt;
pub mod keys;
mod kid;
pub mod master;
mod material;
pub mod paseto;
mod payload;
mod proven;
pub mod published;
pub mod reader;
pub mod refresh;
pub mod revocations;
pub mod rules;

pub use access::AccessTokens;
pub use payload::CLIENT_ID;
pub use reader::{TokenForm, TokenReader};
pub use rules::TokenRules;

use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// The longest token that is looked at: 8 KiB. Ours have a few hundred bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Makes access tokens of one format with one key.
pub trait Sealer: Send + Sync {
    /// The signed or encrypted token that says `claims`.
    ///
    /// # Errors
    ///
    /// [`SealError`] when the library fails, or when the token would never be valid.
    fn seal(&self, claims: &Claims) -> Result<String, SealError>;
}

/// Reads access tokens of one format with the keys it knows.
///
/// Implementations take the algorithm from their keys and never from the token (RFC 8725 section 3.1), and use no
/// content of a token before its signature is proven (OWASP ASVS 5.0 section 9.1.1).
pub trait Opener: Send + Sync {
    /// By which form its tokens are recognised.
    fn form(&self) -> TokenForm;

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
