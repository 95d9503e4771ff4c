//! What is Redis's own about limits: its keys, how long they live, and what happens when it was emptied.

use std::time::Duration;

use guardhouse::domain::clock::Timestamp;
use guardhouse::store::StoreError;
use guardhouse::store::limit::{LimitStore, RedisLimits};

use super::limits_backends::{account, address, at, block_on, connected, is_granted, on_redis, places};
use crate::proofs::groups::Group;
use crate::proofs::redis::{Admin, redis_is_available};

#[test]
fn a_key_has_a_slot_of_its_own_and_does_not_tell_whose_it_is() {
    on_redis(|redis, mut admin| async move {
        let store = RedisLimits::new(redis);
        let cells = vec![address("192.0.2.1", "2/1m"), account("ada@example.org {}*\n 192.0.2.0/24", "2/1m")];
        places(store.take(cells, at(0)).await.unwrap());
        for pattern in ["guardhouse:limit:{la:*}", "guardhouse:limit:{lc:*}"] {
            let key = admin.tell(&["EVAL", "return redis.call('KEYS', ARGV[1])[1]", "0", pattern]);
            assert_eq!(key.len(), 44, "{key}");
            assert!(!key.contains("192") && !key.contains("ada"), "{key}");
        }
        assert_eq!(admin.tell(&["DBSIZE"]), "2");
    });
}

#[test]
fn a_key_lives_for_its_longest_window_and_five_minutes() {
    on_redis(|redis, mut admin| async move {
        let store = RedisLimits::new(redis);
        let mut millis = |pattern: &str| -> u64 {
            let script = "return redis.call('PTTL', redis.call('KEYS', ARGV[1])[1])";
            admin.tell(&["EVAL", script, "0", pattern]).parse().expect("a time to live")
        };
        let short = address("a", "5/1m 9/10m");
        places(store.take(vec![short.clone()], at(0)).await.unwrap());
        let ttl = millis("*{la:*");
        assert!((890_000..=900_000).contains(&ttl), "{ttl}");
        // Noted ten seconds ahead of this node's clock, it has to be there for so much longer.
        places(store.take(vec![short.clone()], at(0).minus(Duration::from_secs(10))).await.unwrap());
        let ttl = millis("*{la:*");
        assert!((900_001..=910_000).contains(&ttl), "{ttl}");
        // A clock that was far ahead once fills nobody's memory for ever.
        places(store.take(vec![short], Timestamp::from_seconds(1)).await.unwrap());
        let ttl = millis("*{la:*");
        assert!((1_790_000..=1_800_000).contains(&ttl), "{ttl}");
        places(store.take(vec![account("b", "1/3000000d")], at(0)).await.unwrap());
        assert!(millis("*{lc:*") > 3_000_000_000_000, "about a century is for ever");
    });
}

#[test]
fn a_log_holds_no_more_than_it_has_to() {
    on_redis(|redis, mut admin| async move {
        let store = RedisLimits::new(redis);
        for second in 0..50 {
            places(store.take(vec![address("a", "2/1s 3/2s")], at(second * 10)).await.unwrap());
        }
        let length = admin.tell(&["EVAL", "return redis.call('LLEN', redis.call('KEYS', '*')[1])", "0"]);
        assert_eq!(length, "3");
        // The last place that is given back takes the key with it.
        let taken = places(store.take(vec![account("b", "2/1s")], at(0)).await.unwrap());
        assert_eq!(admin.tell(&["DBSIZE"]), "2");
        store.forgive(&taken).await.unwrap();
        assert_eq!(admin.tell(&["DBSIZE"]), "1");
    });
}

#[test]
fn a_redis_that_was_emptied_counts_anew_and_knows_its_script_again() {
    on_redis(|redis, mut admin| async move {
        let store = RedisLimits::new(redis);
        let cells = || vec![address("a", "1/1m")];
        let taken = places(store.take(cells(), at(0)).await.unwrap());
        assert!(!is_granted(&store.take(cells(), at(0)).await.unwrap()));
        admin.tell(&["FLUSHDB"]);
        admin.tell(&["SCRIPT", "FLUSH"]);
        store.forgive(&taken).await.unwrap();
        assert!(is_granted(&store.take(cells(), at(0)).await.unwrap()));
        assert!(!is_granted(&store.take(cells(), at(0)).await.unwrap()));
    });
}

#[test]
fn a_log_that_nobody_here_has_written_grants_nothing() {
    on_redis(|redis, mut admin| async move {
        let store = RedisLimits::new(redis);
        let cells = || vec![address("a", "2/1m"), account("b", "2/1m")];
        places(store.take(cells(), at(0)).await.unwrap());
        admin.tell(&["EVAL", "return redis.call('LSET', redis.call('KEYS', '*{lc:*')[1], 0, 'x').ok", "0"]);
        let fault = store.take(cells(), at(1)).await.expect_err("a log that cannot be read");
        assert!(!matches!(fault, StoreError::Unavailable(_)), "{fault}");
        // All or nothing: the log that can be read has no more than before.
        let length = admin.tell(&["EVAL", "return redis.call('LLEN', redis.call('KEYS', '*{la:*')[1])", "0"]);
        assert_eq!(length, "1");
    });
}

#[test]
fn a_redis_without_memory_is_out_of_reach_and_takes_half_of_nothing() {
    if !redis_is_available() {
        return;
    }
    // The common server's memory is others' too.
    let mut group = Group::new();
    let url = format!("redis://127.0.0.1:{}", group.add(&[]));
    let mut admin = Admin::connect(&url);
    block_on(async {
        let store = RedisLimits::new(connected(&url).await);
        let cells = || vec![address("a", "9/1m"), account("b", "9/1m")];
        places(store.take(cells(), at(0)).await.unwrap());
        admin.tell(&["CONFIG", "SET", "maxmemory", "1"]);
        let (take, probe) = (store.take(cells(), at(1)).await, store.probe(at(1)).await);
        admin.tell(&["CONFIG", "SET", "maxmemory", "0"]);
        assert!(matches!(take, Err(StoreError::Unavailable(_))), "{take:?}");
        assert!(matches!(probe, Err(StoreError::Unavailable(_))), "{probe:?}");
        let script = "local n = 0 for _, k in ipairs(redis.call('KEYS', '*')) do n = n + redis.call('LLEN', k) end return n";
        assert_eq!(admin.tell(&["EVAL", script, "0"]), "2");
        store.probe(at(1)).await.unwrap();
    });
}
