//! Passwords at rest, by configuration, and how a change of it reaches the stored hashes.

use std::time::Duration;

use guardhouse::domain::clock::{Stopwatch, Timestamp};
use guardhouse::domain::id::UserId;
use guardhouse::store::{credentials, users};
use serde_json::json;

use crate::http::{faults, raw, registration, stored_hash, try_login, while_hashing};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

on_every_database!(
    a_hash_is_renewed_at_login_when_the_scheme_has_changed,
    a_hash_is_renewed_at_login_when_the_cost_has_changed_and_only_then,
    two_logins_at_once_renew_a_hash_once_and_both_succeed,
    a_hash_of_another_system_signs_in_and_is_renewed,
);

const OPS_TOKEN: &str = "an-ops-token-of-at-least-32-characters";

const BCRYPT: [(&str, &str); 2] = [("hashing.algorithm", "bcrypt"), ("hashing.bcrypt.cost", "4")];
const ARGON2: [(&str, &str); 1] = [("hashing.algorithm", "argon2id")];

fn bcrypt_house(kind: Kind) -> TestHouse {
    BCRYPT.iter().fold(TestHouse::on(kind), |plan, (key, value)| plan.set(key, value)).start()
}

fn a_hash_is_renewed_at_login_when_the_scheme_has_changed(kind: Kind) {
    let house = bcrypt_house(kind);
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    assert!(stored_hash(&house, &ada.id).starts_with("$2b$04$"));
    let house = house.restart_with(&ARGON2);
    try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");
    assert!(stored_hash(&house, &ada.id).starts_with("$2b$04$"), "a wrong password renews nothing");
    house.login(&ada.email);
    let renewed = stored_hash(&house, &ada.id);
    assert!(renewed.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{renewed}");
    assert!(stored_hash(&house, &bob.id).starts_with("$2b$04$"), "who does not log in keeps the old one");
    house.login(&ada.email);
    assert_eq!(stored_hash(&house, &ada.id), renewed, "once is enough");
    try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");

    let house = house.restart_with(&BCRYPT);
    house.login(&ada.email);
    assert!(stored_hash(&house, &ada.id).starts_with("$2b$04$"), "and back again");
    house.login(&ada.email);
    house.login(&bob.email);
}

fn a_hash_is_renewed_at_login_when_the_cost_has_changed_and_only_then(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let first = stored_hash(&house, &ada.id);
    house.login(&ada.email);
    assert_eq!(stored_hash(&house, &ada.id), first);
    let house = house.restart_with(&[("hashing.argon2.iterations", "2")]);
    house.login(&ada.email);
    let second = stored_hash(&house, &ada.id);
    assert!(second.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{second}");
    house.login(&ada.email);
    assert_eq!(stored_hash(&house, &ada.id), second);
}

fn two_logins_at_once_renew_a_hash_once_and_both_succeed(kind: Kind) {
    let house = bcrypt_house(kind);
    let ada = house.user("ada");
    let house = house.restart_with(&[("hashing.algorithm", "argon2id"), ("hashing.threads", "2")]);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| house.login(&ada.email));
        }
    });
    let renewed = stored_hash(&house, &ada.id);
    assert!(renewed.starts_with("$argon2id$"), "{renewed}");
    house.login(&ada.email);
    assert_eq!(stored_hash(&house, &ada.id), renewed);
}

/// Stores `hash` for the user `id`, as an import would.
fn import(house: &TestHouse, id: &str, hash: &'static str) {
    let (desk, user) = (house.desk(), UserId(uuid::Uuid::parse_str(id).unwrap()));
    let old = stored_hash(house, id);
    let now = Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(1));
    let replaced =
        house.io(async move { credentials::replace(desk.db.writer(), user, &old, hash, now).await.unwrap() });
    assert!(replaced);
}

fn a_hash_of_another_system_signs_in_and_is_renewed(kind: Kind) {
    const DJANGO: &str = "pbkdf2_sha256$1000$seasalt2foreign$2AqIqUoY1E81U+A1x+vKAGsjwTZTlaZjT1e+tLL4PyQ=";
    const TOO_DEAR: &str =
        "pbkdf2_sha256$1000000000$seasalt2foreign$2AqIqUoY1E81U+A1x+vKAGsjwTZTlaZjT1e+tLL4PyQ=";
    let house = TestHouse::on(kind).start();
    let (ada, bob, eve) = (house.user("ada"), house.user("bob"), house.user("eve"));
    import(&house, &ada.id, DJANGO);
    import(&house, &bob.id, TOO_DEAR);
    import(&house, &eve.id, PASSWORD);
    try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");
    assert_eq!(stored_hash(&house, &ada.id), DJANGO, "a wrong password renews nothing");
    house.login(&ada.email);
    let renewed = stored_hash(&house, &ada.id);
    assert!(renewed.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{renewed}");
    house.login(&ada.email);
    assert_eq!(stored_hash(&house, &ada.id), renewed, "once is enough");
    try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");
    for (user, hash) in [(&bob, TOO_DEAR), (&eve, PASSWORD)] {
        try_login(&house, &user.email, PASSWORD).is_problem(401, "invalid_credentials");
        assert_eq!(stored_hash(&house, &user.id), hash, "what does not verify stays as it is");
    }
}

#[test]
fn every_failed_login_takes_as_long_as_the_dearest_and_at_least_as_configured() {
    const LEAST: Duration = Duration::from_millis(150);
    const DEAR: &str = "$2b$09$abcdefghijklmnopqrstuu5Q0sH9PDbLiwSV1zLW5TtgrBlcIsRSa";
    let house = TestHouse::on(Kind::Sqlite).set("hashing.failure_time", "150ms").start();
    let users = ["ada", "bob", "eve", "joe"].map(|name| house.user(name));
    let [known, dear, broken, disabled] = &users;
    import(&house, &dear.id, DEAR);
    import(&house, &broken.id, "!");
    disable(&house, &disabled.id);
    let stranger = "nobody@example.org";
    for (email, password) in [
        (known.email.as_str(), "Wrong-horse-9-battery"),
        (&dear.email, "Wrong-horse-9-battery"),
        (&broken.email, "Wrong-horse-9-battery"),
        (&disabled.email, PASSWORD),
        (&disabled.email, "Wrong-horse-9-battery"),
        (stranger, PASSWORD),
    ] {
        let stopwatch = Stopwatch::start();
        try_login(&house, email, password).is_problem(401, "invalid_credentials");
        assert!(stopwatch.elapsed() >= LEAST, "{email}: {:?}", stopwatch.elapsed());
    }
}

#[test]
fn who_comes_back_at_once_gets_the_next_refusal_later_and_nobody_else_does() {
    let house =
        TestHouse::on(Kind::Sqlite).set("hashing.queue", 0).set("server.ops_token", OPS_TOKEN).start();
    house.user("ada");
    let body = json!({ "email": "ada@example.org", "password": PASSWORD }).to_string();
    let request = |connection: &str| {
        format!(
            "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: {connection}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let send = |requests: &str| {
        let stopwatch = Stopwatch::start();
        let answers = raw(house.address(), requests.as_bytes(), Duration::from_secs(5)).statuses();
        (answers, stopwatch.elapsed())
    };
    let held = || {
        let metrics = house.ops("/metrics", Some(OPS_TOKEN)).text;
        let line = metrics.lines().find_map(|line| line.strip_prefix("guardhouse_refusals_held_total "));
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    while_hashing(&house, || {
        let before = held();
        for _ in 0..3 {
            assert_eq!(send(&request("close")).0, [503]);
        }
        assert_eq!(held(), before, "three clients, told once each");
        let (answers, took) = send(&[request("keep-alive"), request("close")].concat());
        assert_eq!(answers, [503, 503]);
        assert!(took >= Duration::from_millis(500), "{took:?}");
        assert_eq!(held(), before + 1);
    });
}

fn disable(house: &TestHouse, id: &str) {
    let (desk, user) = (house.desk(), UserId(uuid::Uuid::parse_str(id).unwrap()));
    let now = Timestamp::from_seconds(1_800_000_000);
    house.io(async move {
        users::change(desk.db.writer(), user, &users::Change::Disable, now).await.unwrap();
    });
}

#[test]
fn bcrypt_reads_72_octets_so_longer_passwords_are_refused_and_never_cut() {
    let house = bcrypt_house(Kind::Sqlite);
    let longest = "Aa1-".repeat(18);
    assert_eq!(longest.len(), 72);
    let register = |email: &str, password: &str| {
        house.post("/auth/register", json!({ "email": email, "password": password }))
    };
    let ada = register("ada@example.org", &longest).ok(201);
    let too_long = register("bob@example.org", &format!("{longest}x"));
    assert_eq!(
        faults(too_long.is_problem(422, "validation_failed")),
        [("/password".to_owned(), "password_too_long".to_owned())]
    );
    let wide = register("bob@example.org", &format!("Aa1{}", "ä".repeat(35)));
    wide.is_problem(422, "validation_failed");
    assert_eq!(try_login(&house, "ada@example.org", &longest).status, 200);
    for tail in ["x", " ", "Aa1-", &"y".repeat(900)] {
        try_login(&house, "ada@example.org", &format!("{longest}{tail}"))
            .is_problem(401, "invalid_credentials");
    }
    let access = ada["access_token"].as_str().unwrap();
    let change = json!({ "current_password": format!("{longest}x"), "new_password": PASSWORD });
    house.post_as(access, "/auth/password", change).is_problem(401, "invalid_credentials");
    let change = json!({ "current_password": longest, "new_password": format!("{longest}x") });
    house.post_as(access, "/auth/password", change).is_problem(422, "validation_failed");
}

#[test]
fn a_password_that_bcrypt_could_not_read_whole_keeps_its_older_hash() {
    let house = TestHouse::new();
    let long = "Aa1-".repeat(25);
    let ada = house.post("/auth/register", json!({ "email": "ada@example.org", "password": long })).ok(201);
    let house = house.restart_with(&BCRYPT);
    for _ in 0..2 {
        assert_eq!(try_login(&house, "ada@example.org", &long).status, 200);
        try_login(&house, "ada@example.org", &long[..72]).is_problem(401, "invalid_credentials");
        try_login(&house, "ada@example.org", &format!("{}x", &long[..99]))
            .is_problem(401, "invalid_credentials");
    }
    assert!(stored_hash(&house, ada["user"]["id"].as_str().unwrap()).starts_with("$argon2id$"));
}

#[test]
fn every_hash_has_a_salt_of_its_own() {
    let house = TestHouse::new();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    assert_ne!(stored_hash(&house, &ada.id), stored_hash(&house, &bob.id));
    assert_eq!(house.post("/auth/register", registration("eve")).status, 201);
}

#[test]
fn while_the_pool_is_full_who_is_over_a_limit_is_told_to_wait_like_everybody() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("hashing.queue", 0)
        .set("limits.enabled", true)
        .set("limits.login.address", "1/1h")
        .start();
    let attempt = || try_login(&house, "ada@example.org", "x");
    attempt().is_problem(401, "invalid_credentials");
    attempt().is_problem(429, "rate_limited");
    // A place in the pool is taken before anything is counted or asked: a refusal then costs next to nothing.
    while_hashing(&house, || {
        attempt().is_problem(503, "overloaded");
    });
    attempt().is_problem(429, "rate_limited");
}
