//! Limits that all nodes count together, in a Redis that works, is emptied, hangs, or is gone.

use std::thread;

use crate::binary::process::until;
use crate::http::{login_from, try_login};
use crate::proofs::redis::{Admin, redis_is_available};
use crate::support::house::{PASSWORD, Plan};
use crate::support::{Kind, PrivateServer, TestHouse};

const WRONG: &str = "Wrong-horse-9-battery";

/// A node that counts in the Redis at `url`, behind a proxy that names the client.
fn counting_in(url: &str) -> Plan {
    TestHouse::on(Kind::Sqlite)
        .set("redis.url", url)
        // A machine that is busy with other tests must not look like a Redis that is gone.
        .set("redis.timeout", "30s")
        .set("server.trusted_proxies", "127.0.0.1")
        .set("limits.enabled", true)
        .set("limits.store", "redis")
        .set("limits.login.address", "1000/1h")
        .set("limits.login.account", "1000/1h")
        .set("limits.register.address", "1000/1h")
}

fn attempt(house: &TestHouse) -> u16 {
    login_from(house, "192.0.2.1", "ada@example.org", WRONG).status
}

fn is_in_reach(house: &TestHouse) -> bool {
    let desk = house.desk();
    let seen = house.io(async move { desk.limits.observe().await });
    seen.expect("the limiter answers").and_then(|seen| seen.shared_in_reach).expect("it counts in Redis")
}

/// Moves the clock to the next look at Redis, and waits for what it finds.
fn look_again(house: &TestHouse) {
    house.advance(1);
    until("Redis is in reach", || {
        let _ = attempt(house);
        is_in_reach(house)
    });
}

#[test]
fn three_nodes_grant_five_of_a_thousand_attempts_at_once_whatever_the_client_claims() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    // An attempt that could not be counted would show as 503.
    let one = counting_in(&redis.url)
        .set("limits.login.address", "5/15m")
        .set("limits.on_backend_failure", "deny")
        .start();
    let nodes = [&one, &one.another_node(), &one.another_node()];
    let thousand = || -> Vec<u16> {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..20_usize)
                .map(|client| {
                    scope.spawn(move || {
                        let spoofed = |n| format!("198.51.100.{client}, 203.0.113.{n}, 192.0.2.1");
                        let email = |n| format!("user-{client}-{n}@example.org");
                        let attempt =
                            |n| login_from(nodes[(client + n) % 3], &spoofed(n), &email(n), WRONG).status;
                        (0..50).map(attempt).collect::<Vec<_>>()
                    })
                })
                .collect();
            clients.into_iter().flat_map(|client| client.join().expect("no client panics")).collect()
        })
    };
    let count = |statuses: &[u16], wanted| statuses.iter().filter(|status| **status == wanted).count();
    let statuses = thousand();
    assert_eq!((count(&statuses, 401), count(&statuses, 429)), (5, 995));
    one.advance(899);
    assert_eq!(attempt(nodes[1]), 429);
    one.advance(1);
    let statuses = thousand();
    assert_eq!((count(&statuses, 401), count(&statuses, 429)), (5, 995));
    assert_eq!(one.events("login_failed").len(), 10, "who is limited is not even looked at");
}

#[test]
fn a_right_password_is_given_back_on_whichever_node() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let one = counting_in(&redis.url).set("limits.login.account", "3/15m").start();
    let other = one.another_node();
    one.user("ada");
    for node in [&one, &other].repeat(5) {
        assert_eq!(try_login(node, "ada@example.org", PASSWORD).status, 200);
    }
    for node in [&one, &other, &one] {
        try_login(node, "ada@example.org", WRONG).is_problem(401, "invalid_credentials");
    }
    for node in [&one, &other] {
        try_login(node, "ada@example.org", PASSWORD).is_problem(429, "rate_limited");
    }
    one.advance(900);
    assert_eq!(try_login(&other, "ada@example.org", PASSWORD).status, 200);
}

#[test]
fn names_full_of_braces_stars_and_line_feeds_are_limited_like_any() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let house = counting_in(&redis.url).set("limits.login.account", "2/15m").start();
    let other = house.another_node();
    for (number, name) in ["{a}@example.org", "*@example.org", "a{}b*@example.org"].iter().enumerate() {
        let address = format!("192.0.{number}.1");
        let attempt = |node| login_from(node, &address, name, WRONG).status;
        let statuses = [attempt(&house), attempt(&other), attempt(&house), attempt(&other)];
        assert_eq!(statuses, [401, 401, 429, 429], "{name:?}");
    }
    // What is no address counts as one account.
    let broken = ["a\nb@example.org", "\r\nDEL x\r\n", "*\n{}"];
    let statuses = broken.map(|name| login_from(&house, "192.0.9.1", name, WRONG).status);
    assert_eq!(statuses, [401, 401, 429]);
    assert_eq!(
        Admin::connect(&redis.url).tell(&["EVAL", "return #redis.call('KEYS', 'guardhouse:limit:*')", "0"]),
        "16",
        "the network, the account there and anywhere for each name, and the addresses"
    );
}

#[test]
fn a_node_holds_to_what_it_granted_when_redis_was_emptied() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let one = counting_in(&redis.url).set("limits.login.address", "3/15m").start();
    let other = one.another_node();
    assert_eq!([attempt(&one), attempt(&one), attempt(&one), attempt(&one)], [401, 401, 401, 429]);
    assert_eq!(attempt(&other), 429);
    Admin::connect(&redis.url).tell(&["FLUSHALL"]);
    assert_eq!(attempt(&one), 429);
    // A node that granted none of them cannot know; from here on all count together again.
    assert_eq!([attempt(&other), attempt(&other), attempt(&other), attempt(&other)], [401, 401, 401, 429]);
    assert_eq!(attempt(&one.another_node()), 429);
}

#[test]
fn without_redis_each_node_counts_for_itself_until_it_is_back() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let one =
        counting_in(&redis.url).set("redis.timeout", "300ms").set("limits.login.address", "4/15m").start();
    let other = one.another_node();
    assert_eq!([attempt(&one), attempt(&other)], [401, 401]);
    redis.kill();
    // Each knows of one already, its own.
    for node in [&one, &other] {
        let statuses: Vec<u16> = (0..20).map(|_| attempt(node)).collect();
        assert_eq!(statuses[..3], [401, 401, 401]);
        assert!(statuses[3..].iter().all(|status| *status == 429), "{statuses:?}");
        assert!(!is_in_reach(node));
    }
    // Nobody else waits for it either.
    let began = guardhouse::domain::clock::Stopwatch::start();
    for n in 0..20 {
        assert_eq!(login_from(&one, &format!("203.0.113.{n}"), "bob@example.org", WRONG).status, 401);
    }
    assert!(began.elapsed().as_secs() < 3, "twenty attempts took {:?}", began.elapsed());
    redis.start_again();
    look_again(&one);
    look_again(&other);
    one.advance(900);
    assert_eq!([attempt(&one), attempt(&other), attempt(&one), attempt(&other)], [401; 4]);
    assert_eq!([attempt(&one), attempt(&other)], [429, 429]);
}

#[test]
fn a_redis_that_hangs_costs_three_attempts_a_wait() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let house = counting_in(&redis.url).set("redis.timeout", "1s").start();
    let mut admin = Admin::connect(&redis.url);
    admin.tell(&["CLIENT", "PAUSE", "60000", "ALL"]);
    let began = guardhouse::domain::clock::Stopwatch::start();
    for _ in 0..30 {
        assert_eq!(attempt(&house), 401);
    }
    let took = began.elapsed().as_secs_f64();
    assert!(
        (3.0..8.0).contains(&took),
        "three waits of a second were expected, and thirty attempts took {took} s"
    );
    assert!(!is_in_reach(&house));
    redis.kill();
    redis.start_again();
    look_again(&house);
}

#[test]
fn deny_answers_503_while_redis_is_gone() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let house = counting_in(&redis.url)
        .set("redis.timeout", "300ms")
        .set("limits.on_backend_failure", "deny")
        .start();
    let ada = house.user("ada");
    redis.stop();
    for _ in 0..6 {
        let refused = try_login(&house, &ada.email, PASSWORD);
        refused.is_problem(503, "storage_unavailable");
        assert!(!refused.header("retry-after").is_empty());
    }
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "who is signed in goes on");
    let metrics = house.ops("/metrics", None).text;
    assert!(metrics.contains("guardhouse_limits_uncounted_total{then=\"deny\"}"), "{metrics}");
    assert!(metrics.contains("guardhouse_limits_store_up "), "{metrics}");
    redis.start_again();
    look_again(&house);
    house.login(&ada.email);
}

#[test]
fn allow_lets_everybody_try_while_redis_is_gone() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let house = counting_in(&redis.url)
        .set("redis.timeout", "300ms")
        .set("limits.on_backend_failure", "allow")
        .set("limits.login.address", "2/15m")
        .start();
    assert_eq!([attempt(&house), attempt(&house), attempt(&house)], [401, 401, 429]);
    redis.stop();
    house.advance(900);
    let statuses: Vec<u16> = (0..10).map(|_| attempt(&house)).collect();
    assert_eq!(statuses, [401; 10]);
    redis.start_again();
    house.advance(1);
    until("it is limited again", || attempt(&house) == 429);
}

#[test]
fn a_redis_that_evicts_is_refused_at_the_start() {
    if !redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    Admin::connect(&redis.url).tell(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let house = TestHouse::new();
    let refused = |changes: &[(&str, &str)]| {
        let start = || drop(house.another_node_with(changes));
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(start)).err()?;
        Some(panic.downcast_ref::<String>().cloned().unwrap_or_default())
    };
    let url = ("redis.url", redis.url.as_str());
    let limits = [url, ("limits.enabled", "true"), ("limits.store", "redis")];
    let says = refused(&limits).expect("it does not start");
    assert!(says.contains("allkeys-lru") && says.contains("limits.danger_allow_evicting_redis"), "{says}");
    let says = refused(&[url, ("sessions.store", "redis")]).expect("it does not start");
    assert!(says.contains("sessions.danger_allow_evicting_redis"), "{says}");
    let mut accepted = limits.to_vec();
    accepted.push(("limits.danger_allow_evicting_redis", "true"));
    assert_eq!(refused(&accepted), None);
    // Limits that are off, or counted elsewhere, need no Redis at all.
    assert_eq!(refused(&[url, ("limits.store", "redis")]), None);
    assert_eq!(refused(&[url, ("limits.enabled", "true")]), None);
}
