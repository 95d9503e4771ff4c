//! Rotation for stores whose sessions change by compare-and-set: in one go where nothing is to be judged, else by
//! reading first.

use async_trait::async_trait;

use super::{Ending, Rotation, RotationTerms, SessionStore};
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::{Presented, RefreshGrant, judge, rotated};
use crate::domain::session::Session;
use crate::store::StoreError;

/// A store whose sessions are changed only where they still are as they were read.
#[async_trait]
pub(super) trait CompareAndSet: SessionStore {
    /// What is compared: whatever tells one state of a session from every other.
    type Seen: Send + Sync;

    /// The session and what to compare it by. One whose time is over at `now` need not be found: where the store can
    /// leave it out, being refused takes as long as for one that is gone.
    async fn read(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<(Self::Seen, Session)>, StoreError>;

    /// Changes the session to `next`, unless it is no longer as it was `seen`. Whether it was.
    async fn exchange(&self, seen: &Self::Seen, next: &Session, now: Timestamp) -> Result<bool, StoreError>;

    /// The session after the step, if the presented token was the current one: all in one round trip. `None` where
    /// it was not, or where the store cannot do that.
    async fn step(&self, _: &RefreshGrant, _: &RotationTerms) -> Result<Option<Session>, StoreError> {
        Ok(None)
    }
}

/// Exchanges a refresh token at `store`: of any number of callers with the same token, one makes the step, and the
/// others see that it is made.
pub(super) async fn rotate(
    store: &impl CompareAndSet,
    grant: &RefreshGrant,
    terms: &RotationTerms,
) -> Result<Rotation, StoreError> {
    if let Some(session) = store.step(grant, terms).await? {
        return Ok(Rotation::Rotated(session));
    }
    loop {
        let Some((seen, session)) = store.read(grant.user, grant.session, terms.now).await? else {
            return Ok(Rotation::Gone);
        };
        match judge(&session, grant.generation, terms.now, terms.grace) {
            Presented::Over => return Ok(Rotation::Gone),
            Presented::Superseded => return Ok(Rotation::Superseded(session)),
            Presented::Replayed => {
                let ending = Ending { at: terms.now, tokens_until: terms.tokens_until };
                let ended = store.revoke(grant.user, grant.session, ending).await?;
                return Ok(if ended { Rotation::Replayed } else { Rotation::Gone });
            }
            Presented::Current | Presented::Ahead => {
                let next = rotated(&session, grant.generation, terms.now, terms.idle);
                if store.exchange(&seen, &next, terms.now).await? {
                    return Ok(Rotation::Rotated(next));
                }
                // Somebody else was faster, so the same token means something else now.
            }
        }
    }
}
