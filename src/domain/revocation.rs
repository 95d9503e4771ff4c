//! What has been ended before its time, as every node remembers it.

use super::claims::Claims;
use super::clock::Timestamp;
use super::id::{SessionId, UserId};

/// The access tokens that an entry of the revocation feed outlaws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Revoked {
    /// Every token of one session.
    Session(SessionId),
    /// Every token of one user made under an epoch below `below_epoch`.
    User {
        /// Whose tokens.
        user: UserId,
        /// The first epoch that is accepted again.
        below_epoch: u32,
        /// The one session whose tokens are spared: the one in which the user changed the password.
        spare: Option<SessionId>,
    },
}

/// One entry of the revocation feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// What is refused.
    pub what: Revoked,
    /// When it was decided.
    pub at: Timestamp,
    /// When the last token it outlaws has expired by itself.
    pub expires_at: Timestamp,
}

impl Revoked {
    /// Whether the token with these claims is refused.
    pub fn covers(&self, claims: &Claims) -> bool {
        match *self {
            Self::Session(session) => claims.session == session,
            Self::User { user, below_epoch, spare } => {
                claims.subject == user && claims.epoch < below_epoch && spare != Some(claims.session)
            }
        }
    }
}
