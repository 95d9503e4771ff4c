//! The entries themselves, and in which order each became what it is: what a follower has not seen yet is what stands
//! behind its place in that order.
//!
//! An entry stands in the log once, at its last change. So the log is never longer than the view, and whoever reads it
//! from any place to its end knows every live entry that changed since, however long they were away.

use std::collections::{BTreeMap, HashMap};

use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::revocation::Revoked;

#[derive(Debug, Default)]
pub(super) struct Entries {
    sessions: HashMap<SessionId, SessionEntry>,
    users: HashMap<UserId, Vec<UserEntry>>,
    log: BTreeMap<u64, Key>,
    /// The number of the last change.
    last: u64,
}

/// Where the entry of a change is found.
#[derive(Debug, Clone, Copy)]
enum Key {
    Session(SessionId),
    User(UserId),
}

#[derive(Debug, Clone, Copy)]
struct SessionEntry {
    expires_at: Timestamp,
    changed: u64,
}

/// [`Revoked::User`] of one user.
#[derive(Debug, Clone, Copy)]
struct UserEntry {
    below_epoch: u32,
    spare: Option<SessionId>,
    expires_at: Timestamp,
    changed: u64,
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

impl Entries {
    pub(super) fn insert(&mut self, what: Revoked, expires_at: Timestamp) {
        match what {
            Revoked::Session(session) => self.insert_session(session, expires_at),
            Revoked::User { user, below_epoch, spare } => {
                let changed = self.last + 1;
                self.insert_user(user, UserEntry { below_epoch, spare, expires_at, changed });
            }
        }
    }

    fn insert_session(&mut self, session: SessionId, expires_at: Timestamp) {
        let changed = self.last + 1;
        let entry = SessionEntry { expires_at, changed };
        match self.sessions.get_mut(&session) {
            Some(kept) if kept.expires_at >= expires_at => return,
            Some(kept) => {
                self.log.remove(&kept.changed);
                *kept = entry;
            }
            None => {
                self.sessions.insert(session, entry);
            }
        }
        self.log.insert(changed, Key::Session(session));
        self.last = changed;
    }

    fn insert_user(&mut self, user: UserId, entry: UserEntry) {
        let of_user = self.users.entry(user).or_default();
        // Somebody who changes their password over and over must not make their own look-ups slow.
        if of_user.iter().any(|kept| kept.includes(&entry)) {
            return;
        }
        of_user.retain(|kept| {
            let stays = !entry.includes(kept);
            if !stays {
                self.log.remove(&kept.changed);
            }
            stays
        });
        of_user.push(entry);
        self.log.insert(entry.changed, Key::User(user));
        self.last = entry.changed;
    }

    pub(super) fn covers(&self, claims: &Claims) -> bool {
        self.sessions.contains_key(&claims.session)
            || self
                .users
                .get(&claims.subject)
                .is_some_and(|of_user| of_user.iter().any(|entry| entry.covers(claims)))
    }

    /// Drops the entries that are not `live` any more, by their end.
    pub(super) fn retain(&mut self, live: impl Fn(Timestamp) -> bool) {
        let Self { sessions, users, log, .. } = self;
        let mut keep = |expires_at, changed| {
            let keep = live(expires_at);
            if !keep {
                log.remove(&changed);
            }
            keep
        };
        sessions.retain(|_, entry| keep(entry.expires_at, entry.changed));
        users.retain(|_, of_user| {
            of_user.retain(|entry| keep(entry.expires_at, entry.changed));
            !of_user.is_empty()
        });
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.log.len()
    }

    /// The number of the last change.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// What changed after number `after`, in order, each with the number of its change.
    pub(super) fn after(&self, after: u64) -> impl Iterator<Item = (u64, Revoked, Timestamp)> {
        let later = after.checked_add(1).map(|first| self.log.range(first..));
        later.into_iter().flatten().filter_map(|(number, key)| {
            let (what, expires_at) = self.find(*key, *number)?;
            Some((*number, what, expires_at))
        })
    }

    fn find(&self, key: Key, number: u64) -> Option<(Revoked, Timestamp)> {
        match key {
            Key::Session(session) => {
                let entry = self.sessions.get(&session)?;
                Some((Revoked::Session(session), entry.expires_at))
            }
            Key::User(user) => {
                let UserEntry { below_epoch, spare, expires_at, .. } =
                    *self.users.get(&user)?.iter().find(|entry| entry.changed == number)?;
                Some((Revoked::User { user, below_epoch, spare }, expires_at))
            }
        }
    }
}
