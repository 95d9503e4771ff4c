//! Where sessions live. One trait, because there really are several homes: memory, a database, Redis.
//!
//! The memory store is the specification: the contract suite and the model test hold every other store to it. What
//! presenting a refresh token means is not decided here but in [`crate::domain::refresh`]; a store only has to make
//! the step from one generation to the next atomic.

mod database;
mod memory;
mod redis;
mod rotation;

use std::time::Duration;

use async_trait::async_trait;

pub use database::{DatabaseSessions, insert_many};
pub use memory::MemorySessions;
pub use redis::RedisSessions;

use super::StoreError;
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::RefreshGrant;
use crate::domain::revocation::Revocation;
use crate::domain::session::Session;

/// The terms on which a refresh token is exchanged.
#[derive(Debug, Clone, Copy)]
pub struct RotationTerms {
    /// The request's time.
    pub now: Timestamp,
    /// How long the token before the current one still gets the same successor.
    pub grace: Duration,
    /// How long a session lives unused.
    pub idle: Duration,
    /// When access tokens made until now have all expired: how long an ended session must be remembered.
    pub tokens_until: Timestamp,
}

/// What became of a presented refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was exchanged; the session is as it is now.
    Rotated(Session),
    /// It had just been exchanged; nothing changed, the session's current generation is its successor.
    Superseded(Session),
    /// It had been exchanged before: the session was ended by this call.
    Replayed,
    /// There is no such session, or its time is over.
    Gone,
}

/// The ending of a session.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// When the last access token of the session has expired by itself.
    pub tokens_until: Timestamp,
}

/// A use of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// Whose session.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
    /// When it was used.
    pub at: Timestamp,
    /// When it ends if it is not used again.
    pub idle_expires_at: Timestamp,
}

/// A home for sessions. Every method is atomic by itself and may be called from every node at once.
///
/// A session whose time is over does not exist for any method, whether it was swept or not.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds `session`. When its user then has more than `most`, the oldest are ended; those are returned.
    async fn open(
        &self,
        session: &Session,
        most: usize,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Exchanges a refresh token: one compare-and-set on the generation.
    async fn rotate(&self, grant: &RefreshGrant, terms: &RotationTerms) -> Result<Rotation, StoreError>;

    /// The session, if it lives at `now`.
    async fn find(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError>;

    /// The user's sessions that live at `now`, the oldest first.
    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends a session of `user`. Whether there was one.
    async fn revoke(&self, user: UserId, session: SessionId, ending: Ending) -> Result<bool, StoreError>;

    /// Ends the sessions of `user` except `spare`; those that were ended are returned.
    async fn revoke_all(
        &self,
        user: UserId,
        spare: Option<SessionId>,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Notes that the user proved again who they are, under `epoch`. Whether there is such a session.
    async fn reauthenticate(
        &self,
        user: UserId,
        session: SessionId,
        epoch: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Notes uses; a session that is gone stays gone.
    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError>;

    /// Removes at most `most` sessions whose time was over at `now`. How many there were.
    async fn sweep(&self, now: Timestamp, most: u64) -> Result<u64, StoreError>;

    /// The earliest end of all stored sessions, over or not: how far the sweep lags behind. `None` where there are no
    /// sessions, or where the store forgets by itself.
    async fn earliest_end(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The store's own feed of ended sessions, from its beginning, where it has one. The others announce theirs in
    /// the database's table (`store::revocations`), or, living in one process, need no announcement.
    async fn feed(&self) -> Result<Option<Box<dyn RevocationFeed>>, StoreError> {
        Ok(None)
    }
}

/// A feed of ended sessions. What the nodes have heard of they hear again after a restart, never less.
#[async_trait]
pub trait RevocationFeed: Send {
    /// What was announced since the last call; the first call returns everything that still counts, at once, later
    /// ones wait a moment for news. An error loses nothing: the next call continues where this one began.
    async fn next(&mut self) -> Result<Vec<Revocation>, StoreError>;
}
