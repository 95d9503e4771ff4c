//! Guessing: who guesses is kept out of the account and then the network, its owner never.

use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;
use serde_json::json;

use crate::http::oauth2::{SHOP, basic, form, with_clients};
use crate::http::{login_from, post_with, refresh, try_login};
use crate::on_every_database;
use crate::support::house::{PASSWORD, Plan};
use crate::support::{Kind, TestHouse};

on_every_database!(an_administrator_unlocks_an_account);

const WRONG: &str = "Wrong-horse-9-battery";

/// Behind a proxy that names the client, limits wide but for those that the test sets.
fn guarded(kind: Kind) -> Plan {
    TestHouse::on(kind)
        .set("limits.enabled", true)
        .set("limits.login.address", "1000/1h")
        .set("limits.login.network", "1000/1h")
        .set("limits.login.account", "1000/1h")
        .set("limits.login.anywhere", "1000/1h")
        .set("limits.login.first_delay", "0s")
        .set("limits.register.address", "1000/1h")
        .set("server.trusted_proxies", "127.0.0.1")
}

#[test]
fn delays_grow_until_the_account_is_locked_for_the_network_and_for_nobody_else() {
    let house = guarded(Kind::Sqlite)
        .set("limits.login.account", "8/15m")
        .set("limits.login.first_delay", "3s")
        .set("limits.login.longest_delay", "10s")
        .start();
    let ada = house.user("ada");
    let guess = || login_from(&house, "192.0.2.1", &ada.email, WRONG);
    for _ in 0..5 {
        guess().is_problem(401, "invalid_credentials");
    }
    for delay in [3, 6, 10] {
        assert_eq!(guess().header("retry-after"), delay.to_string());
        house.advance(delay - 1);
        guess().is_problem(429, "rate_limited");
        house.advance(1);
        guess().is_problem(401, "invalid_credentials");
    }
    // Eight failures within nineteen seconds: locked until the first leaves the window.
    let locked = login_from(&house, "192.0.2.9", &ada.email, PASSWORD);
    locked.is_problem(429, "rate_limited");
    assert_eq!(locked.header("retry-after"), (900 - 19).to_string());
    let events = house.events("account_locked");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].user_id.map(|id| id.to_string()), Some(ada.id.clone()));
    assert_eq!(events[0].detail.as_deref(), Some("for the network of 192.0.2.0"));
    assert_eq!(login_from(&house, "198.51.100.1", &ada.email, PASSWORD).status, 200, "the owner, elsewhere");
    house.advance(900 - 19);
    assert_eq!(login_from(&house, "192.0.2.9", &ada.email, PASSWORD).status, 200, "unlocked by time");
}

fn an_administrator_unlocks_an_account(kind: Kind) {
    let house = guarded(kind).set("limits.login.account", "2/1h").start();
    let (ada, root) = (house.user("ada"), house.admin("root"));
    let lock = || {
        for _ in 0..2 {
            try_login(&house, &ada.email, WRONG).is_problem(401, "invalid_credentials");
        }
        try_login(&house, &ada.email, PASSWORD).is_problem(429, "rate_limited");
    };
    lock();
    let unlock = format!("/users/{}/unlock", ada.id);
    house.post_as(&ada.access, &unlock, json!({})).is_problem(403, "role_required");
    try_login(&house, &ada.email, PASSWORD).is_problem(429, "rate_limited");
    house.advance(1);
    assert_eq!(house.post_as(&root.access, &unlock, json!({})).status, 204);
    assert_eq!(try_login(&house, &ada.email, PASSWORD).status, 200);
    let events = house.events("user_unlocked");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_id.map(|id| id.to_string()), Some(root.id));
    // It is no free pass: from then on wrong ones count as ever.
    lock();
    house.advance(1);
    assert_eq!(house.post_as(&root.access, &unlock, json!({})).status, 204);
    assert_eq!(try_login(&house, &ada.email, PASSWORD).status, 200);
    house.advance(3_601);
    lock();
}

#[test]
fn one_password_tried_on_many_accounts_is_caught_whichever_hosts_of_the_network_try_it() {
    let house = guarded(Kind::Sqlite).set("limits.login.network", "6/15m").start();
    let ada = house.user("ada");
    for number in 0..6 {
        let answer =
            login_from(&house, &format!("192.0.2.{number}"), &format!("user{number}@example.org"), WRONG);
        answer.is_problem(401, "invalid_credentials");
        // Right passwords from the same network are no spraying.
        assert_eq!(login_from(&house, "192.0.2.200", &ada.email, PASSWORD).status, [200, 429][number / 5]);
    }
    let refused = login_from(&house, "192.0.2.77", "user99@example.org", WRONG);
    refused.is_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"login.network\";q=6;w=900");
    let events = house.events("spraying_suspected");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].detail.as_deref(), Some("from the network of 192.0.2.0"));
    assert_eq!(login_from(&house, "198.51.100.1", &ada.email, PASSWORD).status, 200);
    // An IPv6 network is a /48, which is what providers hand out.
    for number in 0..6 {
        let from = format!("2001:db8:1:{number:x}::1");
        login_from(&house, &from, &format!("user{number}@example.org"), WRONG)
            .is_problem(401, "invalid_credentials");
    }
    login_from(&house, "2001:db8:1:ffff::1", "x@example.org", WRONG).is_problem(429, "rate_limited");
    login_from(&house, "2001:db8:2::1", "x@example.org", WRONG).is_problem(401, "invalid_credentials");
}

#[test]
fn an_account_that_all_the_world_guesses_at_is_slowed_down_and_never_denied() {
    let house = guarded(Kind::Sqlite)
        .set("limits.login.anywhere", "3/1h")
        .set("limits.login.longest_hold", "120ms")
        .start();
    let ada = house.user("ada");
    for number in 0..3 {
        login_from(&house, &format!("192.0.{number}.1"), &ada.email, WRONG)
            .is_problem(401, "invalid_credentials");
    }
    assert!(house.events("login_slowed").is_empty());
    let held = |password: &str, status: u16| {
        let started = Stopwatch::start();
        assert_eq!(login_from(&house, "198.51.100.1", &ada.email, password).status, status);
        assert!(started.elapsed() >= Duration::from_millis(120), "{:?}", started.elapsed());
    };
    for _ in 0..4 {
        held(WRONG, 401);
    }
    held(PASSWORD, 200);
    assert_eq!(house.events("login_slowed").len(), 5);
    house.advance(3_600);
    assert_eq!(login_from(&house, "198.51.100.1", &ada.email, PASSWORD).status, 200);
    assert_eq!(house.events("login_slowed").len(), 5, "nobody waits once they have stopped");
}

#[test]
fn a_client_gone_wild_with_refreshing_is_stopped_and_not_signed_out() {
    let house = guarded(Kind::Sqlite)
        .set("limits.refresh.user", "2/1m")
        .set("limits.refresh.address", "3/1m")
        .start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    let mut token = ada.refresh.clone();
    for _ in 0..2 {
        token = refresh(&house, &token).ok(200)["refresh_token"].as_str().expect("a token").to_owned();
    }
    let refused = refresh(&house, &token);
    refused.is_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"refresh.user\";q=2;w=60");
    assert_eq!(refresh(&house, &bob.refresh).status, 200);
    assert_eq!(refresh(&house, &bob.refresh).header("ratelimit-policy"), "\"refresh.address\";q=3;w=60");
    refresh(&house, "ghr_garbage").is_problem(401, "refresh_invalid");
    house.advance(60);
    assert_eq!(refresh(&house, &token).status, 200, "the token is as good as before");
}

#[test]
fn wrong_passwords_inside_a_session_can_be_limited_for_the_user_wherever_they_come_from() {
    let house = guarded(Kind::Sqlite).set("limits.proof.user", "2/1h").start();
    let ada = house.user("ada");
    let change = |current: &str| {
        let body = json!({ "current_password": current, "new_password": PASSWORD });
        house.post_as(&ada.access, "/auth/password", body)
    };
    for _ in 0..3 {
        assert_eq!(change(PASSWORD).status, 204, "a right one is no guess");
    }
    change(WRONG).is_problem(401, "invalid_credentials");
    change(WRONG).is_problem(401, "invalid_credentials");
    let refused = change(PASSWORD);
    refused.is_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"proof.user\";q=2;w=3600");
    assert_eq!(try_login(&house, &ada.email, PASSWORD).status, 200, "signing in is another matter");
}

#[test]
fn questions_about_tokens_are_limited_for_the_client_and_for_the_address() {
    let plan = guarded(Kind::Sqlite).set("limits.oauth2.client", "2/1m").set("limits.oauth2.address", "4/1m");
    let house = with_clients(plan).start();
    let ask = |address: &str, who| {
        let request = house
            .request("POST", "/oauth2/introspect")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", address)
            .header("authorization", basic(who));
        house.send(request, form(&[("token", "x")]).into_bytes())
    };
    assert_eq!([ask("192.0.2.1", SHOP).status, ask("192.0.2.2", SHOP).status], [200, 200]);
    let refused = ask("192.0.2.3", SHOP);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("ratelimit-policy"), "\"oauth2.client\";q=2;w=60");
    for _ in 0..4 {
        assert_eq!(ask("192.0.2.9", (SHOP.0, "guessed")).status, 401);
    }
    assert_eq!(ask("192.0.2.9", (SHOP.0, "guessed")).status, 429, "who guesses secrets is stopped too");
}

#[test]
fn an_address_that_tries_everything_is_counted_over_all_of_it() {
    let house = guarded(Kind::Sqlite).set("limits.register.network", "2/1h").start();
    let register = |address: &str, email: &str| {
        let body = json!({ "email": email, "password": PASSWORD });
        post_with(&house, "/auth/register", &[("x-forwarded-for", address)], &body)
    };
    assert_eq!(register("192.0.2.1", "a@example.org").status, 201);
    assert_eq!(register("192.0.2.2", "b@example.org").status, 201);
    register("192.0.2.3", "c@example.org").is_problem(429, "rate_limited");
    assert_eq!(register("198.51.100.1", "c@example.org").status, 201);
}
