//! Counters in a Redis that all nodes share.
//!
//! ```text
//! guardhouse:limit:{la:<hash>}   list   the times of grants (µs), oldest first; expires with the longest window
//! ```
//!
//! A subject is hashed: whatever an account name holds, its key is short, without braces, and does not tell who it is.
//! On one server all logs of an attempt are seen and changed by one script. In a cluster they lie in different slots,
//! and no script sees two: see [`RedisLimits::spread`] and decision 0017.

mod reply;

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fred::interfaces::{KeysInterface, ListInterface};
use fred::types::Expiration;
use fred::types::scripts::Script;
use futures_util::future::{join_all, try_join_all};

use super::LimitStore;
use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Delays, Home, Manner, Outlook, Place, Verdict, Window};
use crate::store::StoreError;
use crate::store::redis::Redis;
use reply::Reply;

/// How much longer than its grants count a log is kept: Redis measures this time, the nodes' clocks decide, and a log
/// that is gone too early would free its places. A clock may be set back by so much.
const SLACK: Duration = Duration::from_secs(300);

/// Longer is for ever.
const CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 3_600);

/// Octets of the hash in a key: nobody finds two subjects that share one by chance.
const HASH_OCTETS: usize = 16;

/// Counters in one Redis.
#[derive(Clone)]
pub struct RedisLimits {
    redis: Redis,
    take: Script,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Take,
    Peek,
}

impl RedisLimits {
    /// Over a connected Redis.
    pub fn new(redis: Redis) -> Self {
        Self { redis, take: Script::from_lua(include_str!("take.lua")) }
    }

    /// One call of the script, over logs that are on one server.
    async fn run(&self, mode: Mode, cells: &[Cell], now: Timestamp) -> Result<Reply, StoreError> {
        let keys: Vec<String> = cells.iter().map(key).collect();
        let verb = if mode == Mode::Take { "take" } else { "peek" };
        let mut args = vec![verb.to_owned(), now.micros().to_string()];
        for Cell { windows, manner, .. } in cells {
            let longest = windows.iter().map(|window| window.per).max().unwrap_or_default();
            let most = windows.iter().map(|window| window.max).max().unwrap_or_default();
            let keep = longest.min(CENTURY) + SLACK;
            let refuses = !matches!(manner, Manner::Slow { .. });
            args.extend([keep.as_millis().to_string(), most.to_string(), u8::from(refuses).to_string()]);
            args.extend(delays(windows, *manner));
            args.push(windows.len().to_string());
            for window in windows.iter() {
                let per = i64::try_from(window.per.as_micros()).unwrap_or(i64::MAX);
                args.extend([window.max.to_string(), now.micros().saturating_sub(per).to_string()]);
            }
        }
        let answer: Vec<String> = self.take.evalsha_with_reload(self.redis.client(), keys, args).await?;
        Reply::read(&answer, cells, now)
    }

    /// Several slots: first all of them are looked at, which is where nearly every refusal ends; then a place is taken
    /// in each, and if one was lost to somebody else in between, the others are given back. So never more than the
    /// maximum is granted, and a refused attempt takes nothing; but while one is being given back, an attempt at
    /// just that moment may find a place taken that is free a moment later.
    async fn spread(&self, cells: Vec<Cell>, now: Timestamp) -> Result<Verdict, StoreError> {
        let outlook = self.peek(&cells, now).await?;
        if !matches!(outlook, Outlook::Room { .. }) {
            return Ok(Verdict::of(outlook, Vec::new()));
        }
        let takes = cells.iter().map(|cell| self.run(Mode::Take, std::slice::from_ref(cell), now));
        let (mut places, mut standings, mut fault) = (Vec::new(), Vec::new(), None);
        for (cell, taken) in cells.iter().zip(join_all(takes).await) {
            match taken {
                Ok(reply) => {
                    places.extend(reply.places(vec![cell.clone()]));
                    standings.extend(reply.standings);
                }
                Err(error) => fault = Some(error),
            }
        }
        let outlook = Outlook::of(standings);
        if fault.is_none() && matches!(outlook, Outlook::Room { .. }) {
            return Ok(Verdict::of(outlook, places));
        }
        let given_back = self.forgive(&places).await;
        match fault {
            Some(fault) => Err(fault),
            None => given_back.map(|()| Verdict::of(outlook, Vec::new())),
        }
    }
}

#[async_trait]
impl LimitStore for RedisLimits {
    async fn take(&self, cells: Vec<Cell>, now: Timestamp) -> Result<Verdict, StoreError> {
        let cells = limited(cells);
        if cells.is_empty() {
            return Ok(Verdict::Unlimited);
        }
        if self.redis.is_clustered() && cells.len() > 1 {
            return self.spread(cells, now).await;
        }
        let reply = self.run(Mode::Take, &cells, now).await?;
        Ok(Verdict::of(Outlook::of(reply.standings.iter().copied()), reply.places(cells)))
    }

    async fn peek(&self, cells: &[Cell], now: Timestamp) -> Result<Outlook, StoreError> {
        let cells = limited(cells.to_vec());
        let apart = if self.redis.is_clustered() { 1 } else { cells.len().max(1) };
        let peeks = cells.chunks(apart).map(|cells| self.run(Mode::Peek, cells, now));
        Ok(Outlook::of(try_join_all(peeks).await?.into_iter().flat_map(|reply| reply.standings)))
    }

    async fn forgive(&self, places: &[Place]) -> Result<(), StoreError> {
        let shared = places.iter().filter(|place| place.home == Home::Shared);
        // Of equal times any one: they count alike.
        try_join_all(shared.map(|Place { cell, at, .. }| async move {
            self.redis.client().lrem::<u64, _, _>(key(cell), -1, at.micros().to_string()).await
        }))
        .await?;
        Ok(())
    }

    /// Writes: a replica, or a Redis without memory, answers and takes nothing.
    async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        let soon = Some(Expiration::EX(60));
        Ok(self.redis.client().set("guardhouse:limit:probe", now.micros(), soon, None, false).await?)
    }
}

fn limited(mut cells: Vec<Cell>) -> Vec<Cell> {
    cells.retain(|cell| !cell.windows.is_empty());
    cells
}

/// For the script: which window counts for the delays (from 1), how many attempts are free, the first distance and the
/// longest (µs); zeros where there are none.
fn delays(windows: &[Window], manner: Manner) -> [String; 4] {
    let shortest = windows.iter().enumerate().min_by_key(|(_, window)| window.per);
    let (Manner::Delay(Delays { first, longest }), Some((index, window))) = (manner, shortest) else {
        return ["0", "0", "0", "0"].map(str::to_owned);
    };
    let micros = |time: Duration| time.as_micros().to_string();
    [(index + 1).to_string(), window.undelayed().to_string(), micros(first), micros(longest)]
}

fn key(cell: &Cell) -> String {
    let hash = digest(&SHA256, cell.subject.as_bytes());
    let hash = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..HASH_OCTETS]);
    format!("guardhouse:limit:{{{}:{hash}}}", cell.rule.short())
}
