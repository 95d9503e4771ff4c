//! What has been ended before its time, in memory: the read side of the revocation feed.
//!
//! Every verified request asks [`Revocations::is_revoked`]; one task feeds the view and says when it last did. What
//! to do when the view is stale is not decided here. Other services follow the view by [`Revocations::page`].

mod entries;
mod page;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use uuid::Uuid;

use entries::Entries;
pub use page::{Cursor, Page};

use super::rules::MAX_LEEWAY;
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;
use crate::domain::id::SessionId;
use crate::domain::revocation::Revocation;

/// The live entries of the feed; shared by reference.
#[derive(Debug)]
pub struct Revocations {
    /// In the cursors of followers, so that those of another view are recognised.
    id: Uuid,
    entries: RwLock<Entries>,
    /// Milliseconds since the epoch; 0 refuses nothing.
    floor: AtomicU64,
    /// Microseconds since the epoch; [`NEVER`] before the first reading.
    fresh_at: AtomicI64,
}

const NEVER: i64 = -1;

/// When an entry may be forgotten whose last token expires at `expires_at`: [`MAX_LEEWAY`] later, because for so long
/// an expired token may still be accepted.
pub fn forgotten_at(expires_at: Timestamp) -> Timestamp {
    expires_at.plus(MAX_LEEWAY)
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            id: Uuid::nil(),
            entries: RwLock::default(),
            floor: AtomicU64::new(0),
            fresh_at: AtomicI64::new(NEVER),
        }
    }
}

impl Revocations {
    /// A view that refuses nothing yet and has never been fresh.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for followers: `id` must differ from that of every other view, of other processes too.
    #[must_use]
    pub fn with_id(self, id: Uuid) -> Self {
        Self { id, ..self }
    }

    /// Takes an entry in. The order of entries does not matter, nor does getting one twice.
    pub fn insert(&self, revocation: &Revocation) {
        self.write().insert(revocation.what, revocation.expires_at);
    }

    /// Whether the token with these claims was ended before its time.
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        self.is_before_floor(claims.session) || self.read().covers(claims)
    }

    /// Drops the entries whose last token is refused for its age by now, as [`forgotten_at`] says.
    pub fn forget_expired(&self, now: Timestamp) {
        self.write().retain(|expires_at| now < forgotten_at(expires_at));
    }

    /// How many entries are held; one that another includes is not counted.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether no entry is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most `most` of the changes after `after`, the oldest first. A cursor of another view, or none, begins with
    /// everything that is live.
    ///
    /// Whoever inserts page after page into a view of their own, and forgets what is over as this view does, refuses
    /// what this view refused when there was no `more`.
    pub fn page(&self, after: Option<Cursor>, most: usize) -> Page {
        // Read first: what the view learns meanwhile may be in the page, but must not be missing from it.
        let (fresh_at, floor) = (self.fresh_at(), self.floor.load(Ordering::Acquire));
        Page { fresh_at, floor, ..self.read().page(self.id, after, most) }
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
