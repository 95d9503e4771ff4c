//! Where sessions live and attempts are counted, as configured; what is in Redis shares one connection.

use std::sync::Arc;

use tokio::runtime::Handle as Runtime;

use super::{Foundations, StartError};
use crate::actors::limiter::SharedCounters;
use crate::config::{Config, LimitStoreKind, SessionStoreKind};
use crate::domain::id::uuid_v7;
use crate::store::installation::{self, MADE_UP, UNFINISHED_COPY};
use crate::store::limit::RedisLimits;
use crate::store::redis::Redis;
use crate::store::session::{DatabaseSessions, MemorySessions, RedisSessions, SessionStore};
use crate::store::{Db, StoreError};

/// Refuses a database that is half filled, and warns of one whose passwords everybody knows.
pub(super) async fn look_at_marks(db: &Db) -> Result<(), StartError> {
    let read = async |mark| match installation::read(db.reader(), mark).await {
        // There is no schema: whoever asks for the keys next says what to do.
        Err(StoreError::Other(_)) | Ok(None) => None,
        Err(error) => {
            tracing::debug!(%error, mark, "a mark could not be read");
            None
        }
        Ok(found) => found,
    };
    if read(UNFINISHED_COPY).await.is_some() {
        return Err(StartError::UnfinishedCopy);
    }
    if let Some(what) = read(MADE_UP).await {
        tracing::warn!(%what, "the database was made up to measure with: whoever knows its accounts can sign in to them");
    }
    Ok(())
}

/// Where sessions live, and under which name: it changes when what was in there is gone.
pub(super) async fn sessions(
    Foundations { config, clock, entropy, .. }: &Foundations,
    db: &Db,
    redis: Option<&Redis>,
) -> Result<(Arc<dyn SessionStore>, String), StartError> {
    let kind = config.sessions.store;
    Ok(match kind {
        SessionStoreKind::Database => (Arc::new(DatabaseSessions::new(db.clone())), kind.to_string()),
        SessionStoreKind::Memory => (Arc::new(MemorySessions::default()), kind.to_string()),
        SessionStoreKind::Redis => {
            let store = RedisSessions::new(redis.expect("it was connected for the sessions").clone());
            let offered = uuid_v7(clock.now(), &**entropy).to_string();
            let contents = store.name(offered).await.map_err(StartError::Redis)?;
            (Arc::new(store), format!("{kind}:{contents}"))
        }
    })
}

/// One connection for all that lives in Redis, if anything does.
pub(super) async fn redis(config: &Config) -> Result<Option<Redis>, StartError> {
    let Config { sessions, limits, .. } = config;
    let holds_sessions = sessions.store == SessionStoreKind::Redis;
    let counts = limits.enabled && limits.store == LimitStoreKind::Redis;
    if !holds_sessions && !counts {
        return Ok(None);
    }
    let settings = config.redis.as_ref().expect("the configuration was checked: these stores need redis.url");
    let redis = Redis::connect(settings).await.map_err(StartError::Redis)?;
    if holds_sessions && !sessions.danger_allow_evicting_redis {
        redis.refuse_eviction("sessions.danger_allow_evicting_redis").await.map_err(StartError::Redis)?;
    }
    if counts && !limits.danger_allow_evicting_redis {
        redis.refuse_eviction("limits.danger_allow_evicting_redis").await.map_err(StartError::Redis)?;
    }
    Ok(Some(redis))
}

/// The counters that all nodes share, where limits are counted in Redis.
pub(super) fn counters(config: &Config, redis: Redis, runtime: &Runtime) -> Option<SharedCounters> {
    let timeout = config.redis.as_ref()?.timeout;
    (config.limits.store == LimitStoreKind::Redis).then(|| SharedCounters {
        store: Arc::new(RedisLimits::new(redis)),
        runtime: runtime.clone(),
        timeout,
        on_failure: config.limits.on_backend_failure,
    })
}
