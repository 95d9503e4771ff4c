//! Rate limits: the exact numbers, and whom they count.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::http::{login_from, post_with, rows, try_login};
use crate::on_every_database;
use crate::support::house::{PASSWORD, Plan};
use crate::support::{Answer, Kind, TestHouse};

on_every_database!(
    an_address_has_so_many_attempts_and_not_one_more,
    who_proves_themselves_again_is_under_the_same_limit,
);

const WRONG: &str = "Wrong-horse-9-battery";

/// Limits as generous as possible but for those that the test sets, behind a proxy that names the client.
fn limited(kind: Kind) -> Plan {
    TestHouse::on(kind)
        .set("limits.enabled", true)
        .set("limits.login.address", "1000/1h")
        .set("limits.login.account", "1000/1h")
        .set("limits.login.network", "1000/1h")
        .set("limits.login.anywhere", "1000/1h")
        .set("limits.login.first_delay", "0s")
        .set("limits.register.address", "1000/1h")
        .set("server.trusted_proxies", "127.0.0.1")
}

#[track_caller]
fn is_limited(answer: &Answer, rule: &str, policy: (u32, u64), retry_after: u64) {
    answer.is_problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), retry_after.to_string());
    assert_eq!(answer.header("ratelimit"), format!("\"{rule}\";r=0;t={retry_after}"));
    assert_eq!(answer.header("ratelimit-policy"), format!("\"{rule}\";q={};w={}", policy.0, policy.1));
    assert_eq!(answer.json["detail"], format!("too many attempts; try again in {retry_after} s"));
}

fn an_address_has_so_many_attempts_and_not_one_more(kind: Kind) {
    let house = limited(kind).set("limits.login.address", "3/1m,5/1h").start();
    house.user("ada");
    let attempt = || login_from(&house, "192.0.2.1", "ada@example.org", WRONG);
    for _ in 0..3 {
        attempt().is_problem(401, "invalid_credentials");
        house.advance(10);
    }
    // The first attempt leaves the window after 60 s, of which 30 are over.
    is_limited(&attempt(), "login.address", (3, 60), 30);
    is_limited(&login_from(&house, "192.0.2.1", "ada@example.org", PASSWORD), "login.address", (3, 60), 30);
    house.advance(29);
    is_limited(&attempt(), "login.address", (3, 60), 1);
    house.advance(1);
    attempt().is_problem(401, "invalid_credentials");
    is_limited(&attempt(), "login.address", (3, 60), 10);
    house.advance(10);
    attempt().is_problem(401, "invalid_credentials");
    // Five in the hour: the shorter window would have room again at 80 s, the longer one at 3600 s.
    is_limited(&attempt(), "login.address", (5, 3_600), 3_530);
    house.advance(3_529);
    is_limited(&attempt(), "login.address", (5, 3_600), 1);
    house.advance(1);
    attempt().is_problem(401, "invalid_credentials");
    let limited = house.events("rate_limited");
    assert_eq!(limited.len(), 6);
    assert!(
        limited
            .iter()
            .all(|event| event.detail.as_deref() == Some("login.address") && event.address == "192.0.2.1")
    );
    assert_eq!(house.events("login_failed").len(), 6, "who is limited is not even looked at");
}

#[test]
fn a_refused_attempt_takes_no_place() {
    let house = limited(Kind::Sqlite).set("limits.login.address", "2/1m").start();
    let attempt = || login_from(&house, "192.0.2.1", "ada@example.org", WRONG).status;
    assert_eq!([attempt(), attempt()], [401, 401]);
    for _ in 0..50 {
        assert_eq!(attempt(), 429);
        house.advance(1);
    }
    house.advance(10);
    assert_eq!(attempt(), 401, "knocking did not make the wait longer");
}

#[test]
fn every_attempt_from_an_address_counts_whatever_came_of_it() {
    let house = limited(Kind::Sqlite).set("limits.login.address", "4/1m").start();
    house.user("ada");
    let attempt = |email: &str, password: &str| login_from(&house, "192.0.2.1", email, password).status;
    assert_eq!(attempt("ada@example.org", PASSWORD), 200);
    assert_eq!(attempt("nobody@example.org", PASSWORD), 401);
    assert_eq!(attempt("not an address", PASSWORD), 401);
    assert_eq!(attempt("ada@example.org", "\0"), 401);
    assert_eq!(
        attempt("ada@example.org", PASSWORD),
        429,
        "the address is not forgiven: it may try many accounts"
    );
    assert_eq!(login_from(&house, "192.0.2.2", "ada@example.org", PASSWORD).status, 200);
}

#[test]
fn an_address_is_not_chosen_by_the_client() {
    let house = limited(Kind::Sqlite).set("limits.login.address", "3/1m").start();
    for n in 0..3 {
        // What the client claimed stands left of what the proxy saw.
        let chain = format!("{}, 192.0.2.1", Ipv4Addr::new(198, 51, 100, n));
        login_from(&house, &chain, "ada@example.org", WRONG).is_problem(401, "invalid_credentials");
    }
    login_from(&house, "198.51.100.9, 192.0.2.1", "ada@example.org", WRONG).is_problem(429, "rate_limited");
    let forwarded = post_with(
        &house,
        "/auth/login",
        &[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=198.51.100.77")],
        &json!({ "email": "ada@example.org", "password": WRONG }),
    );
    assert_ne!(forwarded.status, 200);
    let events = house.events("login_failed");
    assert!(events.iter().all(|event| event.address != "198.51.100.77"), "{events:?}");

    // Without a trusted proxy the header means nothing at all.
    let house =
        TestHouse::on(Kind::Sqlite).set("limits.enabled", true).set("limits.login.address", "3/1m").start();
    let statuses: Vec<u16> = (0..5)
        .map(|n| login_from(&house, &format!("192.0.2.{n}"), "ada@example.org", WRONG).status)
        .collect();
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
}

#[test]
fn one_ipv6_network_is_one_address_and_mapped_ipv4_is_ipv4() {
    let house = limited(Kind::Sqlite).set("limits.login.address", "2/1m").start();
    let attempt = |address: &str| login_from(&house, address, "ada@example.org", WRONG).status;
    assert_eq!(attempt("2001:db8:1:2::1"), 401);
    assert_eq!(attempt("2001:db8:1:2:ffff:ffff:ffff:ffff"), 401);
    assert_eq!(attempt("2001:db8:1:2:3:4:5:6"), 429, "the same /64");
    assert_eq!(attempt("2001:db8:1:3::1"), 401, "the next one");
    assert_eq!(attempt("192.0.2.1"), 401);
    assert_eq!(attempt("::ffff:192.0.2.1"), 401);
    assert_eq!(attempt("192.0.2.1"), 429);
    assert_eq!(attempt("192.0.2.2"), 401, "an IPv4 address is one by itself");
}

#[test]
fn an_account_is_limited_from_each_network_by_itself() {
    let house = limited(Kind::Sqlite).set("limits.login.account", "3/15m").start();
    house.user("ada");
    let attempt = |address: &str, password: &str| login_from(&house, address, "ada@example.org", password);
    for n in 1..=3 {
        attempt(&format!("192.0.2.{n}"), WRONG).is_problem(401, "invalid_credentials");
    }
    is_limited(&attempt("192.0.2.4", PASSWORD), "login.account", (3, 900), 900);
    assert_eq!(login_from(&house, "192.0.2.4", "ADA@Example.ORG", PASSWORD).status, 429, "in every spelling");
    assert_eq!(attempt("198.51.100.1", PASSWORD).status, 200, "the owner, elsewhere, is not locked out");
    assert_eq!(
        login_from(&house, "192.0.2.4", "bob@example.org", WRONG).status,
        401,
        "another account is another count"
    );
    house.advance(900);
    assert_eq!(attempt("192.0.2.4", PASSWORD).status, 200);
    // An account that does not exist is limited in the same way.
    for n in 1..=3 {
        login_from(&house, &format!("203.0.113.{n}"), "nobody@example.org", WRONG)
            .is_problem(401, "invalid_credentials");
    }
    let refused = login_from(&house, "203.0.113.4", "nobody@example.org", WRONG);
    is_limited(&refused, "login.account", (3, 900), 900);
}

#[test]
fn a_right_password_does_not_count_against_the_account() {
    let house = limited(Kind::Sqlite).set("limits.login.account", "3/15m").start();
    house.user("ada");
    for _ in 0..10 {
        assert_eq!(try_login(&house, "ada@example.org", PASSWORD).status, 200);
    }
    for _ in 0..2 {
        try_login(&house, "ada@example.org", WRONG).is_problem(401, "invalid_credentials");
    }
    for _ in 0..10 {
        assert_eq!(try_login(&house, "ada@example.org", PASSWORD).status, 200);
    }
    try_login(&house, "ada@example.org", WRONG).is_problem(401, "invalid_credentials");
    try_login(&house, "ada@example.org", PASSWORD).is_problem(429, "rate_limited");
}

fn who_proves_themselves_again_is_under_the_same_limit(kind: Kind) {
    let house = limited(kind).set("limits.login.account", "3/15m").start();
    let ada = house.user("ada");
    let change = |current: &str, new: &str| {
        house.post_as(
            &ada.access,
            "/auth/password",
            json!({ "current_password": current, "new_password": new }),
        )
    };
    let delete = |password: &str| {
        let body: Value = json!({ "password": password });
        house.call("DELETE", "/auth/me", Some(&ada.access), Some(&body))
    };
    for _ in 0..5 {
        assert_eq!(change(PASSWORD, PASSWORD).status, 204, "a right one is no guess");
    }
    change(WRONG, "Another-horse-7-battery").is_problem(401, "invalid_credentials");
    delete(WRONG).is_problem(401, "invalid_credentials");
    try_login(&house, &ada.email, WRONG).is_problem(401, "invalid_credentials");
    let before = rows(&house);
    is_limited(&change(PASSWORD, "Another-horse-7-battery"), "login.account", (3, 900), 900);
    is_limited(&delete(PASSWORD), "login.account", (3, 900), 900);
    let by_id = house.call(
        "DELETE",
        &format!("/users/{}", ada.id),
        Some(&ada.access),
        Some(&json!({ "password": PASSWORD })),
    );
    is_limited(&by_id, "login.account", (3, 900), 900);
    try_login(&house, &ada.email, PASSWORD).is_problem(429, "rate_limited");
    assert_eq!(rows(&house), before);
    house.advance(895);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    house.advance(5);
    assert_eq!(try_login(&house, &ada.email, PASSWORD).status, 200);
}

#[test]
fn registrations_are_counted_for_each_address() {
    let house = limited(Kind::Sqlite).set("limits.register.address", "2/1h").start();
    let register = |address: &str, email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        post_with(&house, "/auth/signup", &[("x-forwarded-for", address)], &body)
    };
    assert_eq!(register("192.0.2.1", "a@example.org", PASSWORD).status, 201);
    register("192.0.2.1", "x", "y").is_problem(422, "validation_failed");
    register("192.0.2.1", "a@example.org", PASSWORD).is_problem(409, "email_taken");
    let refused = register("192.0.2.1", "b@example.org", PASSWORD);
    is_limited(&refused, "register.address", (2, 3_600), 3_600);
    assert_eq!(register("192.0.2.2", "b@example.org", PASSWORD).status, 201);
    assert_eq!(login_from(&house, "192.0.2.1", "a@example.org", PASSWORD).status, 200, "another limit");
    house.advance(3_600);
    assert_eq!(register("192.0.2.1", "c@example.org", PASSWORD).status, 201);
}

#[test]
fn a_hundred_attempts_at_once_get_exactly_the_places_there_are() {
    let house = limited(Kind::Sqlite).set("limits.login.account", "7/15m").start();
    house.user("ada");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..10)
            .map(|_| {
                scope.spawn(|| {
                    (0..10).map(|_| try_login(&house, "ada@example.org", WRONG).status).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 7);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 93);
}

#[test]
fn when_nothing_more_can_be_counted_new_addresses_wait_and_known_ones_stay_limited() {
    let house = limited(Kind::Sqlite)
        .set("limits.login.address", "2/1m")
        .set("limits.login.account", "")
        .set("limits.login.network", "")
        .set("limits.login.anywhere", "")
        .set("limits.memory", "1350B")
        .start();
    let attempt = |address: &str| login_from(&house, address, "ada@example.org", WRONG);
    for n in 1..=3 {
        attempt(&format!("192.0.2.{n}")).is_problem(401, "invalid_credentials");
    }
    let refused = attempt("192.0.2.4");
    refused.is_problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "60");
    attempt("192.0.2.1").is_problem(401, "invalid_credentials");
    attempt("192.0.2.1").is_problem(429, "rate_limited");
    house.advance(60);
    attempt("192.0.2.4").is_problem(401, "invalid_credentials");
}

#[test]
fn without_limits_nobody_is_counted() {
    let house =
        TestHouse::on(Kind::Sqlite).set("limits.enabled", false).set("limits.login.address", "1/1d").start();
    house.user("ada");
    for _ in 0..30 {
        assert_eq!(try_login(&house, "ada@example.org", PASSWORD).status, 200);
    }
    assert!(house.events("rate_limited").is_empty());
}
