//! Where a guard's knowledge comes from.

use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::revocation::{Revocation, Revoked};
use crate::tokens::published::{JwkSet, PaserkSet};
use crate::tokens::rules::MAX_LEEWAY;

/// Where published keys and endings are fetched from. Calls may take a while: only the guard's own thread makes them.
pub trait Source: Send + Sync + 'static {
    /// The published keys.
    ///
    /// # Errors
    ///
    /// [`SourceFault`]
    fn keys(&self) -> Result<PublishedKeys, SourceFault>;

    /// What was ended since `after`; without it everything that still counts.
    ///
    /// # Errors
    ///
    /// [`SourceFault`]
    fn endings(&self, after: Option<&str>) -> Result<EndingsPage, SourceFault>;
}

/// The server could not be asked, or its answer could not be used; with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceFault(pub String);

/// The published keys, and for how long they may be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishedKeys {
    /// For JWTs.
    pub jwks: JwkSet,
    /// For `v4.public`.
    pub paserks: PaserkSet,
    /// As `Cache-Control` says; zero if it must be asked each time.
    pub max_age: Duration,
}

/// A page of `GET /oauth2/revocations`; see `docs/api.md`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EndingsPage {
    /// What to ask with the next time.
    pub cursor: String,
    /// Whether there is more right now.
    pub more: bool,
    /// Up to when the server has heard of everything; none if it has not yet.
    pub fresh_at: Option<Timestamp>,
    /// Sessions opened earlier are over, in milliseconds since 1970.
    floor: u64,
    /// How long access tokens live, in seconds.
    pub access_lifetime: u64,
    revocations: Vec<Entry>,
}

/// One ending as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Entry {
    session: Option<Uuid>,
    user: Option<Uuid>,
    below_epoch: Option<u32>,
    spare: Option<Uuid>,
    expires_at: Timestamp,
}

impl EndingsPage {
    /// Sessions opened earlier are over.
    pub fn floor(&self) -> Timestamp {
        Timestamp::from_micros(i64::try_from(self.floor).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000))
    }

    /// What was ended. Of what is neither a session nor a user, nothing is known.
    pub fn revocations(&self) -> impl Iterator<Item = Revocation> {
        self.revocations.iter().filter_map(|entry| {
            let what = match (entry.session, entry.user, entry.below_epoch) {
                (Some(session), None, None) => Revoked::Session(SessionId(session)),
                (None, Some(user), Some(below_epoch)) => {
                    Revoked::User { user: UserId(user), below_epoch, spare: entry.spare.map(SessionId) }
                }
                _ => return None,
            };
            // The view adds the leeway that the server has told already.
            let expires_at = entry.expires_at.minus(MAX_LEEWAY);
            Some(Revocation { what, at: expires_at, expires_at })
        })
    }
}
