//! Redis, where something lives in it.

use std::collections::BTreeMap;

use super::{Finding, clock};
use crate::config::{Config, LimitStoreKind, SessionStoreKind};
use crate::domain::clock::{Clock, Timestamp};
use crate::store::redis::Redis;

/// The oldest that knows all commands in use.
const OLDEST: [u32; 2] = [6, 2];

pub(super) async fn findings(config: &Config, now: &dyn Clock) -> Vec<Finding> {
    const REACHED: &str = "redis.reached";
    let sessions = config.sessions.store == SessionStoreKind::Redis;
    let limits = config.limits.enabled && config.limits.store == LimitStoreKind::Redis;
    let Some(settings) = config.redis.as_ref().filter(|_| sessions || limits) else { return Vec::new() };
    let asked = async {
        let redis = Redis::connect(settings).await?;
        let before = now.now();
        let vitals = redis.vitals().await?;
        Ok::<_, crate::store::StoreError>((vitals, before, now.now()))
    };
    let (vitals, before, after) = match asked.await {
        Ok(asked) => asked,
        Err(error) => {
            let advice = "check redis.url, that Redis runs, and that it lets this machine in";
            return vec![Finding::fail(REACHED, error.to_string(), advice)];
        }
    };
    let mut found =
        vec![Finding::ok(REACHED, "it answers"), version(&vitals), policy(&vitals), memory(&vitals)];
    found.extend(sessions.then(|| persistence(&vitals)));
    let micros = vitals.get("server_time_usec").and_then(|micros| micros.parse().ok());
    let there = micros.map(Timestamp::from_micros);
    found.extend(there.map(|there| clock::finding("redis.clock", config, [before, there, after])));
    found
}

type Vitals = BTreeMap<String, String>;

fn of<'a>(vitals: &'a Vitals, name: &str) -> &'a str {
    vitals.get(name).map_or("unknown", String::as_str)
}

pub(super) fn version(vitals: &Vitals) -> Finding {
    const WHAT: &str = "redis.version";
    let version = of(vitals, "redis_version");
    let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).take(2).collect();
    if numbers.is_empty() {
        return Finding::warn(WHAT, version, "it does not say what it is; nobody has tried this one");
    }
    if numbers.as_slice() < OLDEST.as_slice() {
        return Finding::fail(WHAT, version, "upgrade it: 6.2 is the oldest that is supported");
    }
    Finding::ok(WHAT, version)
}

pub(super) fn policy(vitals: &Vitals) -> Finding {
    const WHAT: &str = "redis.maxmemory_policy";
    match of(vitals, "maxmemory_policy") {
        "noeviction" => Finding::ok(WHAT, "noeviction"),
        other => Finding::fail(
            WHAT,
            other,
            "set maxmemory-policy to noeviction: a Redis that evicts forgets sessions, revocations and attempts",
        ),
    }
}

pub(super) fn memory(vitals: &Vitals) -> Finding {
    const WHAT: &str = "redis.memory";
    let number = |name| vitals.get(name).and_then(|value| value.parse::<u64>().ok());
    match (number("used_memory"), number("maxmemory")) {
        (Some(used), Some(most)) if most > 0 => {
            let percent = used.saturating_mul(100) / most;
            let value = format!("{percent} % of {} MiB are in use", most >> 20);
            if percent < 80 {
                return Finding::ok(WHAT, value);
            }
            Finding::warn(WHAT, value, "raise maxmemory: when it is full, nobody can sign in")
        }
        _ => Finding::warn(
            WHAT,
            "no maxmemory is set",
            "set one below what the machine has, or the system ends Redis instead",
        ),
    }
}

pub(super) fn persistence(vitals: &Vitals) -> Finding {
    const WHAT: &str = "redis.persistence";
    match (of(vitals, "aof_enabled"), of(vitals, "aof_last_write_status")) {
        ("1", "ok" | "unknown") => Finding::ok(WHAT, "appendonly yes"),
        ("1", status) => Finding::fail(
            WHAT,
            format!("the last write of the AOF: {status}"),
            "look at its disk and its log",
        ),
        _ => Finding::warn(
            WHAT,
            "appendonly no",
            "everybody signs in again when it restarts; set appendonly yes, and appendfsync always if a logout must be final",
        ),
    }
}
