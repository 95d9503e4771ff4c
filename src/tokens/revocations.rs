//! What has been ended before its time, in memory: the read side of the revocation feed.
//!
//! Every verified request asks [`Revocations::is_revoked`]; one task feeds the view and says when it last did. What
//! to do when the view is stale is not decided here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::rules::MAX_LEEWAY;
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::revocation::{Revocation, Revoked};

/// The live entries of the feed; shared by reference.
#[derive(Debug)]
pub struct Revocations {
    entries: RwLock<Entries>,
    /// Milliseconds since the epoch; 0 refuses nothing.
    floor: AtomicU64,
    /// Microseconds since the epoch; [`NEVER`] before the first reading.
    fresh_at: AtomicI64,
}

const NEVER: i64 = -1;

#[derive(Debug, Default)]
struct Entries {
    sessions: HashMap<SessionId, Timestamp>,
    users: HashMap<UserId, Vec<UserEntry>>,
}

/// [`Revoked::User`] of one user.
#[derive(Debug, Clone, Copy)]
struct UserEntry {
    below_epoch: u32,
    spare: Option<SessionId>,
    expires_at: Timestamp,
}

impl UserEntry {
    /// Whether every token that `other` refuses is refused by this entry too, for at least as long.
    fn includes(&self, other: &Self) -> bool {
        self.below_epoch >= other.below_epoch
            && self.expires_at >= other.expires_at
            && (self.spare.is_none() || self.spare == other.spare)
    }

    fn covers(&self, claims: &Claims) -> bool {
        claims.epoch < self.below_epoch && self.spare != Some(claims.session)
    }
}

impl Default for Revocations {
    fn default() -> Self {
        Self { entries: RwLock::default(), floor: AtomicU64::new(0), fresh_at: AtomicI64::new(NEVER) }
    }
}

impl Revocations {
    /// A view that refuses nothing yet and has never been fresh.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an entry in. The order of entries does not matter, nor does getting one twice.
    pub fn insert(&self, revocation: &Revocation) {
        let expires_at = revocation.expires_at;
        let mut entries = self.write();
        match revocation.what {
            Revoked::Session(session) => {
                let kept = entries.sessions.entry(session).or_insert(expires_at);
                *kept = expires_at.max(*kept);
            }
            Revoked::User { user, below_epoch, spare } => {
                let entry = UserEntry { below_epoch, spare, expires_at };
                let of_user = entries.users.entry(user).or_default();
                // Somebody who changes their password over and over must not make their own look-ups slow.
                if !of_user.iter().any(|kept| kept.includes(&entry)) {
                    of_user.retain(|kept| !entry.includes(kept));
                    of_user.push(entry);
                }
            }
        }
    }

    /// Whether the token with these claims was ended before its time.
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        if self.is_before_floor(claims.session) {
            return true;
        }
        let entries = self.read();
        entries.sessions.contains_key(&claims.session)
            || entries
                .users
                .get(&claims.subject)
                .is_some_and(|of_user| of_user.iter().any(|entry| entry.covers(claims)))
    }

    /// Drops the entries whose last token is refused for its age by now. That is [`MAX_LEEWAY`] after the entry's
    /// own end, because for so long an expired token may still be accepted.
    pub fn forget_expired(&self, now: Timestamp) {
        let live = |expires_at: Timestamp| now < expires_at.plus(MAX_LEEWAY);
        let mut entries = self.write();
        entries.sessions.retain(|_, expires_at| live(*expires_at));
        entries.users.retain(|_, of_user| {
            of_user.retain(|entry| live(entry.expires_at));
            !of_user.is_empty()
        });
    }

    /// How many entries are held; one that another includes is not counted.
    pub fn len(&self) -> usize {
        let entries = self.read();
        entries.sessions.len() + entries.users.values().map(Vec::len).sum::<usize>()
    }

    /// Whether no entry is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses the tokens of every session opened before `time` (in whole milliseconds, as the session's id says it):
    /// they are of a session store that is not in use any more, where nobody here could end them. The floor only rises.
    pub fn refuse_sessions_opened_before(&self, time: Timestamp) {
        self.floor.fetch_max(time.millis(), Ordering::AcqRel);
    }

    /// Whether `session` was opened before that.
    pub fn is_before_floor(&self, session: SessionId) -> bool {
        session.opened_at_millis() < self.floor.load(Ordering::Acquire)
    }

    /// Everything that was written to the feed before `now` has been taken in.
    pub fn mark_fresh(&self, now: Timestamp) {
        self.fresh_at.store(now.micros(), Ordering::Release);
    }

    /// When the feed was last read to its end; `None` before the first time.
    pub fn fresh_at(&self) -> Option<Timestamp> {
        match self.fresh_at.load(Ordering::Acquire) {
            NEVER => None,
            micros => Some(Timestamp::from_micros(micros)),
        }
    }

    /// How long ago the feed was last read to its end; [`Duration::MAX`] before the first time.
    pub fn staleness(&self, now: Timestamp) -> Duration {
        self.fresh_at().map_or(Duration::MAX, |fresh_at| now.since(fresh_at))
    }

    /// Entries are whole at every moment: a writer that panicked has not half-written any.
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}
