//! A session: one sign-in on one device, from opening to its end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::id::{SessionId, UserId};

/// How a user proved who they are; the values of `amr` (RFC 8176 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    /// By password.
    #[serde(rename = "pwd")]
    Password,
}

impl AuthMethod {
    /// The value in `amr`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
    }

    /// The method with this `amr` value.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Password].into_iter().find(|method| method.as_str() == text)
    }
}

/// One small record per sign-in; the whole of what a store remembers of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Identifier, in access tokens as `sid`.
    pub id: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// How many refresh tokens came before the one that is current now. The first has generation 0.
    pub generation: u32,
    /// The user's security epoch when the session was opened or last re-authenticated.
    pub epoch: u32,
    /// When it was opened.
    #[serde(with = "micros")]
    pub created_at: Timestamp,
    /// When the user last proved who they are in it; `auth_time` in access tokens.
    #[serde(with = "micros")]
    pub authenticated_at: Timestamp,
    /// When it was last used, within the precision of the keeper's batches.
    #[serde(with = "micros")]
    pub last_seen_at: Timestamp,
    /// When the current generation replaced the one before; the opening, at first.
    #[serde(with = "micros")]
    pub rotated_at: Timestamp,
    /// When it ends if it is not used before.
    #[serde(with = "micros")]
    pub idle_expires_at: Timestamp,
    /// When it ends however much it is used.
    #[serde(with = "micros")]
    pub expires_at: Timestamp,
    /// Where it was opened from.
    pub address: String,
    /// What the client called itself, shortened.
    pub user_agent: Option<String>,
    /// How the user proved who they are.
    pub methods: Vec<AuthMethod>,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// From opening to the end, however much the session is used.
    pub absolute: Duration,
    /// From the last use to the end.
    pub idle: Duration,
}

impl Session {
    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at || now >= self.idle_expires_at
    }

    /// When it ends if nobody uses it from `now` on.
    pub fn idle_end(&self, now: Timestamp, idle: Duration) -> Timestamp {
        now.plus(idle).min(self.expires_at)
    }
}

/// Times as integers inside a stored record.
mod micros {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Timestamp;

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_micros)
    }
}
