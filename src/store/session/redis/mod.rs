//! Sessions in Redis.
//!
//! All sessions of a user are the fields of one hash, so that every change of them is one atomic script in one hash
//! slot of a cluster. Users are spread over [`BUCKETS`] slots; each slot has a stream into which the script that
//! ends a session writes the announcement, in the same step. The nodes read the streams from the last id they saw:
//! what a node misses while it is away it reads when it is back.
//!
//! ```text
//! guardhouse:{b07}:user:<user id>   hash    session id → record (JSON); lives as long as its longest session
//! guardhouse:{b07}:ended            stream  s, at, until; trimmed and expiring with the tokens it outlaws
//! guardhouse:{b00}:contents         text    drawn when Redis was empty: another one means that everything was lost
//! ```

mod feed;

use std::time::Duration;

use async_trait::async_trait;
use fred::interfaces::HashesInterface;
use fred::types::scripts::Script;
use futures_util::future::try_join_all;

use super::rotation::{self, CompareAndSet};
use super::{Ending, RevocationFeed, Rotation, RotationTerms, SessionStore, Touch};
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::RefreshGrant;
use crate::domain::session::Session;
use crate::store::StoreError;
use crate::store::redis::Redis;

/// Hash slots in use. Few enough that one read asks all of them, many enough to spread over a cluster.
const BUCKETS: u8 = 16;

/// How much longer than its sessions a key lives: clocks differ, and a key that is gone too early ends a session.
const SLACK: Duration = Duration::from_secs(3_600);

/// Sessions in one Redis.
#[derive(Clone)]
pub struct RedisSessions {
    redis: Redis,
    open: Script,
    rotate: Script,
    exchange: Script,
    revoke: Script,
    name: Script,
}

impl RedisSessions {
    /// Over a connected Redis.
    pub fn new(redis: Redis) -> Self {
        let script = |body| Script::from_lua(format!("{}{body}", include_str!("common.lua")));
        Self {
            redis,
            open: script(include_str!("open.lua")),
            rotate: script(include_str!("rotate.lua")),
            exchange: script(include_str!("exchange.lua")),
            revoke: script(include_str!("revoke.lua")),
            name: script(include_str!("name.lua")),
        }
    }

    /// The name of what this Redis holds: `offered` where it held nothing yet, the same on every node from then on,
    /// and another one once everything was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]
    pub async fn name(&self, offered: String) -> Result<String, StoreError> {
        let key = "guardhouse:{b00}:contents";
        Ok(self.name.evalsha_with_reload(self.redis.client(), key, offered).await?)
    }

    /// Applies `change` to the session until no other change comes between. `None` when it does not live.
    async fn update(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
        change: impl Fn(&Session) -> Option<Session>,
    ) -> Result<bool, StoreError> {
        loop {
            let Some((seen, session)) = self.read(user, session, now).await? else { return Ok(false) };
            if session.is_over(now) {
                return Ok(false);
            }
            match change(&session) {
                None => return Ok(true),
                Some(next) if self.exchange(&seen, &next, now).await? => return Ok(true),
                Some(_) => {}
            }
        }
    }

    async fn end(
        &self,
        user: UserId,
        which: [String; 2],
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError> {
        let [only, spare] = which;
        let mut args = vec![only, spare];
        args.extend(ending_args(ending));
        let keys = vec![user_key(user), feed_key(bucket(user))];
        let ended: Vec<String> = self.revoke.evalsha_with_reload(self.redis.client(), keys, args).await?;
        ids(ended)
    }
}

#[async_trait]
impl SessionStore for RedisSessions {
    async fn open(
        &self,
        session: &Session,
        most: usize,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut args = vec![session.id.to_string(), text(session), most.to_string()];
        args.extend(ending_args(ending));
        args.push(ttl(session, ending.at));
        let keys = vec![user_key(session.user), feed_key(bucket(session.user))];
        let ended: Vec<String> = self.open.evalsha_with_reload(self.redis.client(), keys, args).await?;
        ids(ended)
    }

    async fn rotate(&self, grant: &RefreshGrant, terms: &RotationTerms) -> Result<Rotation, StoreError> {
        rotation::rotate(self, grant, terms).await
    }

    async fn find(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let found = self.read(user, session, now).await?.map(|(_, session)| session);
        Ok(found.filter(|session| !session.is_over(now)))
    }

    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let all: Vec<String> = self.redis.client().hvals(user_key(user)).await?;
        let mut sessions = all
            .iter()
            .map(|text| record(text, SessionId(uuid::Uuid::nil())))
            .collect::<Result<Vec<_>, _>>()?;
        sessions.retain(|session| !session.is_over(now));
        sessions.sort_by_key(|session| session.id);
        Ok(sessions)
    }

    async fn revoke(&self, user: UserId, session: SessionId, ending: Ending) -> Result<bool, StoreError> {
        Ok(!self.end(user, [session.to_string(), String::new()], ending).await?.is_empty())
    }

    async fn revoke_all(
        &self,
        user: UserId,
        spare: Option<SessionId>,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError> {
        let spare = spare.map(|session| session.to_string()).unwrap_or_default();
        self.end(user, [String::new(), spare], ending).await
    }

    async fn reauthenticate(
        &self,
        user: UserId,
        session: SessionId,
        epoch: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.update(user, session, now, |session| {
            Some(Session { authenticated_at: now, epoch: session.epoch.max(epoch), ..session.clone() })
        })
        .await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        // A hundred at a time: enough to fill the pipeline, few enough not to fill the memory.
        for group in touches.chunks(100) {
            try_join_all(group.iter().map(|touch| {
                self.update(touch.user, touch.session, touch.at, |session| {
                    (session.last_seen_at < touch.at).then(|| Session {
                        last_seen_at: touch.at,
                        idle_expires_at: touch.idle_expires_at.min(session.expires_at),
                        ..session.clone()
                    })
                })
            }))
            .await?;
        }
        Ok(())
    }

    /// Redis drops a user's sessions with the last of them, and opening one forgets those that are over.
    async fn sweep(&self, _: Timestamp, _: u64) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn earliest_end(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.redis.ping().await
    }

    async fn feed(&self) -> Result<Option<Box<dyn RevocationFeed>>, StoreError> {
        Ok(Some(Box::new(feed::StreamFeed::new(&self.redis).await?)))
    }
}

#[async_trait]
impl CompareAndSet for RedisSessions {
    /// The whole record as it was read.
    type Seen = String;

    async fn read(
        &self,
        user: UserId,
        session: SessionId,
        _: Timestamp,
    ) -> Result<Option<(String, Session)>, StoreError> {
        let text: Option<String> = self.redis.client().hget(user_key(user), session.to_string()).await?;
        text.map(|text| record(&text, session).map(|record| (text, record))).transpose()
    }

    async fn exchange(&self, seen: &String, next: &Session, now: Timestamp) -> Result<bool, StoreError> {
        let args = vec![next.id.to_string(), seen.clone(), text(next), ttl(next, now)];
        let done: u8 =
            self.exchange.evalsha_with_reload(self.redis.client(), user_key(next.user), args).await?;
        Ok(done == 1)
    }

    async fn step(&self, grant: &RefreshGrant, terms: &RotationTerms) -> Result<Option<Session>, StoreError> {
        let args = vec![
            grant.session.to_string(),
            grant.generation.to_string(),
            terms.now.micros().to_string(),
            terms.now.plus(terms.idle).micros().to_string(),
        ];
        let key = user_key(grant.user);
        let text: Option<String> = self.rotate.evalsha_with_reload(self.redis.client(), key, args).await?;
        text.map(|text| record(&text, grant.session)).transpose()
    }
}

/// now (µs), tokens until (µs), retention (ms): what the scripts need to announce an ending.
fn ending_args(ending: Ending) -> [String; 3] {
    let retention = ending.tokens_until.since(ending.at) + SLACK;
    [
        ending.at.micros().to_string(),
        ending.tokens_until.micros().to_string(),
        retention.as_millis().to_string(),
    ]
}

/// How long the user's key must live for this session, in milliseconds.
fn ttl(session: &Session, now: Timestamp) -> String {
    (session.expires_at.since(now) + SLACK).as_millis().to_string()
}

fn bucket(user: UserId) -> u8 {
    // The last octet of a UUIDv7 is random.
    user.0.as_bytes()[15] % BUCKETS
}

fn user_key(user: UserId) -> String {
    format!("guardhouse:{{b{:02}}}:user:{user}", bucket(user))
}

fn feed_key(bucket: u8) -> String {
    format!("guardhouse:{{b{bucket:02}}}:ended")
}

fn text(session: &Session) -> String {
    serde_json::to_string(session).expect("a session of numbers and texts is always JSON")
}

fn record(text: &str, session: SessionId) -> Result<Session, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt {
        table: "redis sessions",
        column: "record",
        id: session.to_string(),
    })
}

fn ids(texts: Vec<String>) -> Result<Vec<SessionId>, StoreError> {
    let parse = |text: String| {
        text.parse().map_err(|_| StoreError::Corrupt {
            table: "redis sessions",
            column: "id",
            id: text.clone(),
        })
    };
    texts.into_iter().map(parse).collect()
}
