//! An operator changes a setting; what was made under the old one neither lingers nor locks anybody out.

use serde_json::json;

use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

#[test]
fn a_token_that_was_given_a_longer_life_ends_with_the_lifetime_of_today() {
    let house = TestHouse::on(Kind::Sqlite).set("tokens.access_lifetime", "1d").start();
    let ada = house.user("ada");
    let house = house.restart_with(&[("tokens.access_lifetime", "15m")]);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    // Revocations are forgotten after the lifetime of today, so no token may be accepted for longer.
    house.advance(17 * 60);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_expired");
    assert_eq!(house.post("/auth/refresh", json!({ "refresh_token": ada.refresh })).status, 200);
}

#[test]
fn who_was_hashed_dearer_than_today_still_signs_in() {
    let dear = [("hashing.argon2.memory", "8MiB"), ("hashing.memory_budget", "8MiB")];
    let mut plan = TestHouse::on(Kind::Sqlite);
    for (key, value) in dear {
        plan = plan.set(key, value);
    }
    let house = plan.start();
    let ada = house.user("ada");
    // Eight threads share the budget now, and each has an eighth of what the stored hash needs.
    let cheap =
        [("hashing.argon2.memory", "64KiB"), ("hashing.threads", "8"), ("hashing.memory_budget", "9MiB")];
    let house = house.restart_with(&cheap);
    let together: Vec<_> = std::thread::scope(|scope| {
        let logins: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| house.post("/auth/login", json!({ "email": ada.email, "password": PASSWORD })))
            })
            .collect();
        logins.into_iter().map(|login| login.join().expect("no panic").status).collect()
    });
    assert_eq!(together, [200; 8]);
}

#[test]
fn an_unused_session_takes_its_refresh_tokens_along_when_they_are_switched_off() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let house = house.restart_with(&[("sessions.refresh_tokens", "false")]);
    house.post("/auth/refresh", json!({ "refresh_token": ada.refresh })).is_problem(401, "refresh_invalid");
    let again = house.post("/auth/login", json!({ "email": ada.email, "password": PASSWORD })).ok(200);
    assert!(again.get("refresh_token").is_none(), "{again}");
}
