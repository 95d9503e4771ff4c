//! Every home of limits, and what the tests of their contract are made of.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::limit::{Cell, Place, Rule, Verdict};
use guardhouse::store::limit::{LimitStore, MemoryLimits, RedisLimits};
use guardhouse::store::redis::Redis;

use crate::proofs::groups::Group;
use crate::proofs::redis::{Admin, redis_is_available};
use crate::support::test_db::config;

pub type Store = Arc<dyn LimitStore>;

/// Where attempts are counted.
#[derive(Debug, Clone, Copy)]
pub enum Backend {
    Memory,
    Redis,
    /// As in Redis, but no script sees two cells.
    Cluster,
}

impl Backend {
    pub const MEMORY: Self = Self::Memory;
    pub const REDIS: Self = Self::Redis;
    pub const CLUSTER: Self = Self::Cluster;

    /// Runs `test` on an empty store, where there is one.
    pub fn run<T: Future<Output = ()>>(self, test: impl FnOnce(Store) -> T) {
        match self {
            Self::Memory => block_on(test(Arc::new(MemoryLimits::new(1 << 30)))),
            Self::Redis => on_redis(|redis, _| test(Arc::new(RedisLimits::new(redis)))),
            Self::Cluster if redis_is_available() => {
                let mut group = Group::new();
                let url = group.cluster_of_one();
                block_on(async { test(Arc::new(RedisLimits::new(connected(&url).await))).await });
            }
            Self::Cluster => {}
        }
    }
}

/// One test at a time, on a database number of its own that is emptied before.
pub fn on_redis<T: Future<Output = ()>>(test: impl FnOnce(Redis, Admin) -> T) {
    static ALONE: Mutex<()> = Mutex::new(());
    if !redis_is_available() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = std::env::var("GUARDHOUSE_TEST_REDIS_URL").expect("it is available");
    let mut admin = Admin::connect(&server);
    admin.tell(&["SELECT", "8"]);
    admin.tell(&["FLUSHDB"]);
    block_on(async { test(connected(&format!("{server}/8")).await, admin).await });
}

pub async fn connected(url: &str) -> Redis {
    let settings = config(&[("redis.url", url)]).redis.expect("an address");
    Redis::connect(&settings).await.expect("the test server answers")
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

/// Stamps tests of the form `async fn name(store: Store)` once for each home, as `memory::name`, `redis::name` …
#[macro_export]
macro_rules! limit_stores {
    ($($name:ident),* $(,)?) => {
        $crate::limit_stores!(@ memory MEMORY $($name)*);
        $crate::limit_stores!(@ redis REDIS $($name)*);
        $crate::limit_stores!(@ cluster CLUSTER $($name)*);
    };
    (@ $module:ident $backend:ident $($name:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    $crate::stores::limits_backends::Backend::$backend.run(super::$name);
                }
            )*
        }
    };
}

/// `seconds` after the beginning of every test.
pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
}

/// The moment before.
pub fn just_before(time: Timestamp) -> Timestamp {
    time.minus(Duration::from_micros(1))
}

/// Windows as in a configuration: `2/10s 5/1m`.
pub fn cell(rule: Rule, subject: &str, limit: &str) -> Cell {
    let windows: Vec<_> = limit.split_whitespace().map(|window| window.parse().expect("a window")).collect();
    Cell::new(rule, subject, windows)
}

pub fn address(subject: &str, limit: &str) -> Cell {
    cell(Rule::LoginAddress, subject, limit)
}

pub fn account(subject: &str, limit: &str) -> Cell {
    cell(Rule::LoginAccount, subject, limit)
}

/// The places of a granted attempt.
#[track_caller]
pub fn places(verdict: Verdict) -> Vec<Place> {
    match verdict {
        Verdict::Granted { places, .. } => places,
        other => panic!("not granted: {other:?}"),
    }
}

pub fn is_granted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Granted { .. })
}

/// Takes a place in one cell.
pub async fn take(store: &Store, cell: &Cell, now: Timestamp) -> Verdict {
    store.take(vec![cell.clone()], now).await.expect("the store answers")
}
