//! The shipped profiles at work: what the two systems that Guardhouse takes over from promise.

use serde_json::{Value, json};

use crate::http::{faults, login_from, post_with, refresh, rows, stored_hash, text, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::house::Plan;
use crate::support::{Answer, Kind, TestHouse, User};

on_every_database!(the_stateless_profile_works, the_hybrid_profile_works_with_sessions_in_the_database);

/// Only what a test needs is different: a cheap cost, a proxy for many addresses, a session store that is there.
fn with_test_costs(plan: Plan) -> Plan {
    plan.set("limits.enabled", true).set("hashing.bcrypt.cost", 4).set("server.trusted_proxies", "127.0.0.1")
}

fn stateless(kind: Kind) -> TestHouse {
    let plan = TestHouse::on(kind).file("profiles/stateless.toml");
    with_test_costs(plan).set("tokens.hs256_secret", "nine-wizards-quietly-juggled-64-frozen-lamps").start()
}

fn hybrid(kind: Kind) -> TestHouse {
    with_test_costs(TestHouse::on(kind).file("profiles/hybrid-redis.toml"))
        .set("sessions.store", "database")
        .set("limits.store", "memory")
        .start()
}

fn register_from(house: &TestHouse, address: &str, email: &str) -> Answer {
    post_with(
        house,
        "/auth/register",
        &[("x-forwarded-for", address)],
        &json!({ "email": email, "password": PASSWORD }),
    )
}

fn the_stateless_profile_works(kind: Kind) {
    let house = stateless(kind);
    let registered = register_from(&house, "192.0.2.1", "ada@example.org");
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(registered.json["expires_in"], 86_400);
    assert!(registered.json.get("refresh_token").is_none(), "{registered:?}");
    let ada = User::from("ada@example.org".into(), &registered);
    assert!(stored_hash(&house, &ada.id).starts_with("$2b$04$"));
    assert!(ada.access.starts_with("eyJ"));
    poor_passwords_are_refused(&house);
    only_the_owner_reaches_an_account(&house, &ada);

    let login = login_from(&house, "192.0.2.2", "ada@example.org", PASSWORD);
    let access = text(&login, "/access_token");
    assert_eq!(login.json["user"]["last_login_at"], "2027-01-15T08:00:00Z");
    house.advance(86_399);
    assert_eq!(house.get_as(access, "/auth/me").status, 200);
    assert_eq!(house.post_as(access, "/auth/logout", json!({})).status, 204);
    house.get_as(access, "/auth/me").is_problem(401, "token_revoked");
    house.advance(6);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_expired");
    for (kind, address) in
        [("registered", "192.0.2.1"), ("login_succeeded", "192.0.2.2"), ("logged_out", "127.0.0.1")]
    {
        let events = house.events(kind);
        let event = events
            .iter()
            .find(|event| event.address == address)
            .unwrap_or_else(|| panic!("{kind}: {events:?}"));
        assert!(event.user_agent.is_some());
    }
}

fn the_hybrid_profile_works_with_sessions_in_the_database(kind: Kind) {
    let house = hybrid(kind);
    let registered = register_from(&house, "192.0.2.1", "ada@example.org");
    assert_eq!((registered.status, &registered.json["expires_in"]), (201, &json!(900)), "{registered:?}");
    let ada = User::from("ada@example.org".into(), &registered);
    assert!(stored_hash(&house, &ada.id).starts_with("$2b$04$"));
    poor_passwords_are_refused(&house);
    only_the_owner_reaches_an_account(&house, &ada);
    house.advance(899);
    let rotated = refresh(&house, &ada.refresh);
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_eq!(house.post_as(text(&rotated, "/access_token"), "/auth/logout", json!({})).status, 204);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    refresh(&house, text(&rotated, "/refresh_token")).is_problem(401, "refresh_invalid");
    assert_eq!(house.events("token_refreshed").len(), 1);
    assert_eq!(rows(&house).sessions, 1, "that of the isolation check");
}

fn poor_passwords_are_refused(house: &TestHouse) {
    let body = json!({ "email": "poor@example.org", "password": "???" });
    let answer = post_with(house, "/auth/register", &[("x-forwarded-for", "203.0.113.1")], &body);
    let codes: Vec<_> =
        faults(answer.is_problem(422, "validation_failed")).into_iter().map(|(_, code)| code).collect();
    assert_eq!(
        codes,
        ["password_too_short", "password_needs_upper", "password_needs_lower", "password_needs_digit"]
    );
}

fn only_the_owner_reaches_an_account(house: &TestHouse, ada: &User) {
    let eve = register_from(house, "203.0.113.7", "eve@example.org");
    let access = text(&eve, "/access_token");
    house.get_as(access, &format!("/users/{}", ada.id)).is_problem(403, "not_yours");
    assert_eq!(house.get_as(&ada.access, &format!("/users/{}", ada.id)).status, 200);
}

/// Uses the limit of `max` up from one address, looks at the refusal, and that `window` seconds later there is room.
fn holds(house: &TestHouse, rule: &str, max: usize, window: u64, attempt: impl Fn(usize) -> Answer) {
    let granted: Vec<u16> = (0..max).map(|n| attempt(n).status).collect();
    assert!(granted.iter().all(|status| [201, 401].contains(status)), "{rule}: {granted:?}");
    let refused = attempt(max);
    refused.is_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), format!("\"{rule}\";q={max};w={window}"));
    assert_eq!(refused.header("retry-after"), window.to_string());
    house.advance(window - 1);
    attempt(max + 1).is_problem(429, "rate_limited");
    house.advance(1);
    assert_ne!(attempt(max + 2).status, 429);
}

#[test]
fn the_stateless_profile_allows_five_a_minute_on_register_and_login() {
    let house = stateless(Kind::Sqlite);
    holds(&house, "register.address", 5, 60, |n| {
        register_from(&house, "192.0.2.9", &format!("user{n}@example.org"))
    });
    holds(&house, "login.address", 5, 60, |n| {
        login_from(&house, "192.0.2.9", &format!("nobody{n}@example.org"), "x")
    });
}

#[test]
fn the_hybrid_profile_allows_five_logins_in_fifteen_minutes_and_three_registrations_an_hour() {
    let house = hybrid(Kind::Sqlite);
    holds(&house, "login.address", 5, 900, |n| {
        login_from(&house, "192.0.2.9", &format!("nobody{n}@example.org"), "x")
    });
    holds(&house, "register.address", 3, 3_600, |n| {
        register_from(&house, "192.0.2.9", &format!("user{n}@example.org"))
    });
    assert!(house.events("rate_limited").len() == 4, "violations are on record");
    let body: Value = try_login(&house, "user0@example.org", PASSWORD).ok(200);
    assert_eq!(body["user"]["email"], "user0@example.org");
}
