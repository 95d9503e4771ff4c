//! Sessions in the memory of one process: gone when it ends, and the specification for the other stores.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::{Ending, Rotation, RotationTerms, SessionStore, Touch};
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::{Presented, RefreshGrant, judge, rotated};
use crate::domain::session::Session;
use crate::store::StoreError;

/// The sessions of each user, by id, which is the order of their opening.
type Table = HashMap<UserId, BTreeMap<SessionId, Session>>;

/// Sessions behind one lock, which is never held across an await.
#[derive(Debug, Default)]
pub struct MemorySessions(Mutex<Table>);

impl MemorySessions {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().expect("no code panics while it holds the table")
    }
}

/// The session in `table` that lives at `now`.
fn alive(table: &mut Table, user: UserId, session: SessionId, now: Timestamp) -> Option<&mut Session> {
    table.get_mut(&user)?.get_mut(&session).filter(|session| !session.is_over(now))
}

fn remove(table: &mut Table, user: UserId, session: SessionId) -> Option<Session> {
    let sessions = table.get_mut(&user)?;
    let removed = sessions.remove(&session);
    if sessions.is_empty() {
        table.remove(&user);
    }
    removed
}

#[async_trait]
impl SessionStore for MemorySessions {
    async fn open(
        &self,
        session: &Session,
        most: usize,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut table = self.table();
        let sessions = table.entry(session.user).or_default();
        sessions.insert(session.id, session.clone());
        let living = sessions.values().filter(|other| !other.is_over(ending.at) && other.id != session.id);
        let others: Vec<SessionId> = living.map(|other| other.id).collect();
        let surplus = (others.len() + 1).saturating_sub(most).min(others.len());
        let ended = others[..surplus].to_vec();
        sessions.retain(|id, _| !ended.contains(id));
        Ok(ended)
    }

    async fn rotate(&self, grant: &RefreshGrant, terms: &RotationTerms) -> Result<Rotation, StoreError> {
        let mut table = self.table();
        let Some(session) = alive(&mut table, grant.user, grant.session, terms.now) else {
            return Ok(Rotation::Gone);
        };
        Ok(match judge(session, grant.generation, terms.now, terms.grace) {
            Presented::Current | Presented::Ahead => {
                *session = rotated(session, grant.generation, terms.now, terms.idle);
                Rotation::Rotated(session.clone())
            }
            Presented::Superseded => Rotation::Superseded(session.clone()),
            Presented::Replayed => {
                remove(&mut table, grant.user, grant.session);
                Rotation::Replayed
            }
            Presented::Over => Rotation::Gone,
        })
    }

    async fn find(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        Ok(alive(&mut self.table(), user, session, now).cloned())
    }

    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let table = self.table();
        let sessions = table.get(&user).into_iter().flat_map(BTreeMap::values);
        Ok(sessions.filter(|session| !session.is_over(now)).cloned().collect())
    }

    async fn revoke(&self, user: UserId, session: SessionId, ending: Ending) -> Result<bool, StoreError> {
        let mut table = self.table();
        let lives = alive(&mut table, user, session, ending.at).is_some();
        Ok(lives && remove(&mut table, user, session).is_some())
    }

    async fn revoke_all(
        &self,
        user: UserId,
        spare: Option<SessionId>,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut table = self.table();
        let sessions = table.get(&user).into_iter().flat_map(BTreeMap::values);
        let living = sessions.filter(|session| !session.is_over(ending.at) && Some(session.id) != spare);
        let ended: Vec<SessionId> = living.map(|session| session.id).collect();
        for session in &ended {
            remove(&mut table, user, *session);
        }
        Ok(ended)
    }

    async fn reauthenticate(
        &self,
        user: UserId,
        session: SessionId,
        epoch: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut table = self.table();
        let Some(session) = alive(&mut table, user, session, now) else {
            return Ok(false);
        };
        session.authenticated_at = now;
        session.epoch = session.epoch.max(epoch);
        Ok(true)
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        let mut table = self.table();
        for touch in touches {
            let session = alive(&mut table, touch.user, touch.session, touch.at);
            if let Some(session) = session.filter(|session| session.last_seen_at < touch.at) {
                session.last_seen_at = touch.at;
                session.idle_expires_at = touch.idle_expires_at.min(session.expires_at);
            }
        }
        Ok(())
    }

    async fn sweep(&self, now: Timestamp, most: u64) -> Result<u64, StoreError> {
        let mut table = self.table();
        let over = table.values().flat_map(BTreeMap::values).filter(|session| session.is_over(now));
        let over: Vec<_> =
            over.take(usize::try_from(most).unwrap_or(usize::MAX)).map(|s| (s.user, s.id)).collect();
        for (user, session) in &over {
            remove(&mut table, *user, *session);
        }
        Ok(over.len() as u64)
    }

    async fn earliest_end(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.table().values().flat_map(BTreeMap::values).map(|session| session.idle_expires_at).min())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
