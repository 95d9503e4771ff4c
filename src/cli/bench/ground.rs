//! The databases and the Redis that a matrix was given: each cell finds them empty, as each on SQLite finds a file of its own.
//!
//! What one cell left, people, sessions, rows of the audit log, would be a burden of the next one that is not in the
//! figures of the first. So all of it is lost each time, and nothing is used but what was empty or is marked as ours.

use anyhow::{Context, bail, ensure};
use futures_util::FutureExt;
use tokio::runtime::Runtime;

use super::matrix::Named;
use crate::cli::{complain, runtime};
use crate::config::{self, Config, Sources};
use crate::store::installation::{self, MADE_UP};
use crate::store::redis::Redis;
use crate::store::{Db, copy};

/// Stands in whatever a matrix has filled.
const MARK: &str = "guardhouse bench matrix";

/// What was given, looked at and found free.
pub(super) struct Ground {
    runtime: Runtime,
    databases: Vec<(String, config::Database)>,
    redis: Option<config::Redis>,
}

impl Ground {
    /// Refuses whatever holds anything that no matrix has made.
    pub(super) fn of(databases: &[Named], redis: Option<&str>) -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let mut found = Vec::new();
        for Named(name, url) in databases {
            let config = configured("database.url", url).with_context(|| format!("--database-url {name}"))?;
            found.push((name.clone(), config.database));
        }
        let redis = redis.map(|url| configured("redis.url", url).context("--redis-url")).transpose()?;
        let redis = redis.and_then(|config| config.redis);
        runtime.block_on(async {
            for (name, settings) in &found {
                let db = Db::connect_unhurried(settings).await.with_context(|| format!("database {name}"))?;
                let free = require_free(&db, settings).await;
                db.close().await;
                free?;
            }
            match &redis {
                Some(settings) => require_free_redis(&Redis::connect(settings).await?).await,
                None => Ok(()),
            }
        })?;
        Ok(Self { runtime, databases: found, redis })
    }

    /// Leaves the database called `name` with its schema and our mark, and nothing else.
    pub(super) fn make_anew(&self, name: &str) -> anyhow::Result<()> {
        let Some((_, settings)) = self.databases.iter().find(|(known, _)| known == name) else {
            return Ok(());
        };
        self.runtime.block_on(async {
            let db = Db::connect_unhurried(settings).await?;
            require_free(&db, settings).await?;
            let applied = db.migrations().await?.iter().filter(|change| change.applied).count();
            db.migrate_down(u32::try_from(applied)?).await?;
            db.migrate_up().await?;
            db.atomically((), |txn, ()| installation::write(txn, MADE_UP, MARK).boxed()).await?;
            db.close().await;
            Ok(())
        })
    }

    /// Leaves the Redis with our mark, and nothing else.
    pub(super) fn make_redis_anew(&self) -> anyhow::Result<()> {
        let Some(settings) = &self.redis else { return Ok(()) };
        self.runtime.block_on(async {
            let redis = Redis::connect(settings).await?;
            require_free_redis(&redis).await?;
            Ok(redis.make_anew(MARK).await?)
        })
    }
}

impl Drop for Ground {
    /// A Redis without our mark may be used for anything, so it is left without: a later matrix must not take what is in
    /// it then for its own. A database keeps the mark, and each server that starts on it warns of it.
    fn drop(&mut self) {
        let Some(settings) = &self.redis else { return };
        let left: anyhow::Result<()> = self.runtime.block_on(async {
            let redis = Redis::connect(settings).await?;
            require_free_redis(&redis).await?;
            Ok(redis.empty().await?)
        });
        if let Err(why) = left {
            complain(format_args!("the Redis keeps what the last server left: {why:#}"));
        }
    }
}

/// The configuration that has `url` and is otherwise as ever: what was given for the servers is their business.
fn configured(key: &str, url: &str) -> anyhow::Result<Config> {
    let flags = vec![(key.to_owned(), url.to_owned())];
    Ok(Config::load(&Sources { flags, ..Sources::default() })?)
}

async fn require_free(db: &Db, settings: &config::Database) -> anyhow::Result<()> {
    // Nothing is changed before it is known whose it is, not even a schema that is behind.
    if db.migrations().await?.iter().all(|change| !change.applied) {
        return Ok(());
    }
    let place = settings.place();
    match installation::read(db.reader(), MADE_UP).await? {
        Some(mark) if mark == MARK => Ok(()),
        Some(what) => {
            bail!("{place} was filled by `guardhouse seed` ({what}); a matrix needs a database of its own")
        }
        None => {
            let there = copy::occupied(db).await?;
            ensure!(
                there.is_empty(),
                "{place} is in use: there are rows in {}. A matrix makes its databases anew for each cell, so they have to \
                 be empty, or of an earlier matrix",
                there.join(", ")
            );
            Ok(())
        }
    }
}

async fn require_free_redis(redis: &Redis) -> anyhow::Result<()> {
    ensure!(
        redis.is_free_for(MARK).await?,
        "the Redis of --redis-url is in use: a matrix empties it for each cell, so it has to be empty, or of an earlier \
         matrix; another number of a database at its end, such as redis://127.0.0.1:6379/7, is a place of its own"
    );
    Ok(())
}
