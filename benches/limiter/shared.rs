//! Attempts counted in Redis, against a script that counts in two keys and knows no windows.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use fred::clients::Client;
use fred::interfaces::{ClientLike, LuaInterface};
use fred::types::config::Config as RedisConfig;
use fred::types::scripts::Script;
use guardhouse::actors::Limits;
use guardhouse::actors::keeper::Lifeline;
use guardhouse::actors::limiter::SharedCounters;
use guardhouse::config::{self, Config, OnBackendFailure, Sources};
use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::limit::{Cell, Rule};
use guardhouse::store::limit::{LimitStore, RedisLimits};
use guardhouse::store::redis::Redis;

use super::Attempts;
use crate::support::{Contest, concurrently, is_named, is_trial, note, world};

/// A database of its own, which is emptied.
const DATABASE: &str = "7";

const COUNT: &str = "local most = 0 for _, key in ipairs(KEYS) do local n = redis.call('INCR', key) \
                     if n == 1 then redis.call('PEXPIRE', key, ARGV[1]) end most = math.max(most, n) end return most";

/// One decision, one by one and 64 at once; and what a key takes.
pub(super) fn bench(criterion: &mut Criterion, settings: &config::Limits) {
    let Ok(server) = std::env::var("GUARDHOUSE_TEST_REDIS_URL") else {
        return note("skipped: limiter/redis, because GUARDHOUSE_TEST_REDIS_URL is not set".into());
    };
    let runtime = world().runtime.handle();
    let flags = vec![("redis.url".to_owned(), format!("{server}/{DATABASE}"))];
    let config = Config::load(&Sources { flags, ..Sources::default() }).expect("an address is enough");
    let redis = config.redis.expect("an address was given");
    let (client, store) = runtime.block_on(async {
        let client = Client::new(
            RedisConfig::from_url(&format!("{server}/{DATABASE}")).expect("an address"),
            None,
            None,
            None,
        );
        client.init().await.expect("Redis answers");
        ask(&client, "redis.call('FLUSHDB') return '0'", &[]).await;
        (client, RedisLimits::new(Redis::connect(&redis).await.expect("Redis answers")))
    });
    if is_named("limiter") && !is_trial() {
        runtime.block_on(weigh(&client, &store, settings));
    }
    for lanes in [1, 64] {
        decide(criterion, settings, (&client, &store), redis.timeout, lanes);
    }
}

async fn ask(client: &Client, script: &str, keys: &[&str]) -> String {
    client.eval(script, keys.to_vec(), Vec::<String>::new()).await.expect("Redis obeys")
}

fn decide(
    criterion: &mut Criterion,
    settings: &config::Limits,
    (client, store): (&Client, &RedisLimits),
    timeout: Duration,
    lanes: usize,
) {
    let runtime = world().runtime.handle();
    let script = Script::from_lua(COUNT);
    let plain = Arc::new(Attempts::new(settings));
    let by_script = |iterations| {
        let (attempts, client, script) = (plain.clone(), client.clone(), script.clone());
        concurrently(runtime, iterations, lanes, move |_| {
            let (cells, _) = attempts.next();
            let (client, script) = (client.clone(), script.clone());
            async move {
                let keys: Vec<String> = cells
                    .into_iter()
                    .map(|cell| format!("bare:{}:{}", cell.rule.as_str(), cell.subject))
                    .collect();
                let count: u64 =
                    script.evalsha_with_reload(&client, keys, "86400000").await.expect("Redis obeys");
                black_box(count);
            }
        })
    };
    let shared = SharedCounters {
        store: Arc::new(store.clone()),
        runtime: runtime.clone(),
        timeout,
        on_failure: OnBackendFailure::Deny,
    };
    let limits = Limits::start(settings, Some(shared), &world().arbiter, Lifeline::default());
    let attempts = Arc::new(Attempts::new(settings));
    let by_actor = |iterations| {
        let (limits, attempts) = (limits.clone(), attempts.clone());
        concurrently(runtime, iterations, lanes, move |_| {
            let (cells, now) = attempts.next();
            let limits = limits.clone();
            async move {
                black_box(limits.take(cells, now).await.expect("the gate has room"));
            }
        })
    };
    Contest::new(format!("limiter/redis/{lanes}"), "a bare script that counts", by_script)
        .against("through the actor", by_actor)
        .hold(criterion);
}

/// What a key takes in Redis, after one attempt and when it is full.
async fn weigh(client: &Client, store: &RedisLimits, settings: &config::Limits) {
    let windows: Arc<[_]> = settings.login.address.clone().into();
    let mut weights = Vec::new();
    for grants in [1_u64, 20, 200] {
        let cell = Cell::new(Rule::LoginAddress, grants.to_string(), windows.clone());
        for grant in 0..grants {
            let now = Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(grant * 400));
            store.take(vec![cell.clone()], now).await.expect("Redis answers");
        }
        let weight = "local key = redis.call('KEYS', 'guardhouse:limit:*')[1] \
                      local weight = redis.call('MEMORY', 'USAGE', key) redis.call('DEL', key) return tostring(weight)";
        weights.push(format!("{} octets with {grants}", ask(client, weight, &[]).await));
    }
    note(format!("limiter: a key takes in Redis {} grants", weights.join(", ")));
}
