//! The streams of ended sessions, followed from the last id that was seen: never pub/sub, which loses.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use fred::clients::Client;
use fred::interfaces::StreamsInterface;
use fred::types::Value;
use fred::types::streams::XReadResponse;
use futures_util::future::try_join_all;

use super::{BUCKETS, feed_key};
use crate::domain::clock::Timestamp;
use crate::domain::revocation::{Revocation, Revoked};
use crate::store::StoreError;
use crate::store::redis::Redis;
use crate::store::session::RevocationFeed;

/// How long one read waits for news. The view is as fresh as the beginning of the last read, so this bounds its age.
const WAIT: Duration = Duration::from_millis(250);

/// Streams of a cluster live on several servers, and no command waits on several: they are asked in turn.
const PAUSE_IN_A_CLUSTER: Duration = Duration::from_millis(20);

/// Most entries that one read returns for each stream.
const BATCH: u64 = 1_000;

type Entries = XReadResponse<String, String, String, String>;

/// One node's place in every stream.
pub(super) struct StreamFeed {
    client: Client,
    clustered: bool,
    last_seen: Vec<(String, String)>,
    caught_up: bool,
}

impl StreamFeed {
    /// From the beginning: the streams hold no more than what still counts.
    pub(super) async fn new(redis: &Redis) -> Result<Self, StoreError> {
        let last_seen = (0..BUCKETS).map(|bucket| (feed_key(bucket), "0-0".to_owned())).collect();
        let client = redis.waiting_client(WAIT).await?;
        Ok(Self { client, clustered: redis.is_clustered(), last_seen, caught_up: false })
    }

    /// What stands behind `places`.
    async fn read(&self, places: &[(String, String)]) -> Result<Entries, StoreError> {
        if self.clustered {
            if self.caught_up {
                tokio::time::sleep(PAUSE_IN_A_CLUSTER).await;
            }
            let reads = places.iter().map(|(key, id)| self.ask(None, vec![key.as_str()], vec![id.as_str()]));
            return Ok(try_join_all(reads).await?.into_iter().flatten().collect());
        }
        // The first read must not wait: the house is not ready before it is done.
        let wait = self.caught_up.then_some(WAIT);
        let (keys, ids) = places.iter().map(|(key, id)| (key.as_str(), id.as_str())).unzip();
        self.ask(wait, keys, ids).await
    }

    async fn ask(
        &self,
        wait: Option<Duration>,
        keys: Vec<&str>,
        ids: Vec<&str>,
    ) -> Result<Entries, StoreError> {
        let wait = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let answer: Value = self.client.xread(Some(BATCH), wait, keys, ids).await?;
        // No news is no empty map but no map at all.
        if answer.is_null() { Ok(Entries::new()) } else { Ok(answer.into_xread_response()?) }
    }
}

#[async_trait]
impl RevocationFeed for StreamFeed {
    async fn next(&mut self) -> Result<Vec<Revocation>, StoreError> {
        let (mut news, mut last_seen) = (Vec::new(), self.last_seen.clone());
        loop {
            let mut entries = self.read(&last_seen).await?;
            let mut more = false;
            for (key, last_seen) in &mut last_seen {
                let Some(entries) = entries.remove(key.as_str()) else { continue };
                more |= entries.len() as u64 >= BATCH;
                for (id, fields) in entries {
                    news.push(revocation(&id, &fields)?);
                    *last_seen = id;
                }
            }
            self.caught_up = !more;
            if !more {
                self.last_seen = last_seen;
                return Ok(news);
            }
        }
    }
}

fn revocation(id: &str, fields: &HashMap<String, String>) -> Result<Revocation, StoreError> {
    let corrupt = |column| StoreError::Corrupt { table: "redis feed", column, id: id.to_owned() };
    let time = |name: &'static str| {
        let micros = fields.get(name).and_then(|text| text.parse().ok()).ok_or_else(|| corrupt(name))?;
        Ok::<_, StoreError>(Timestamp::from_micros(micros))
    };
    let session = fields.get("s").and_then(|text| text.parse().ok()).ok_or_else(|| corrupt("s"))?;
    Ok(Revocation { what: Revoked::Session(session), at: time("at")?, expires_at: time("until")? })
}
