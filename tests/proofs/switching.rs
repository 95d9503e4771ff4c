//! Another `sessions.store` after a restart: people sign in again, and nothing else changes. In particular nobody who
//! was signed out is in again.

use serde_json::json;

use super::home::Home;
use crate::support::{Kind, PrivateServer, TestHouse, User};

const STORES: [&str; 3] = ["database", "redis", "memory"];

fn house(redis: &PrivateServer, store: &str) -> TestHouse {
    let plan = TestHouse::on(Kind::Sqlite).set("sessions.store", store).set("redis.url", &redis.url);
    plan.set("sessions.revocation.max_staleness", "1h").start()
}

fn moved(house: TestHouse, store: &str) -> TestHouse {
    house.advance(60);
    house.restart_with(&[("sessions.store", store)])
}

/// Every way from one store to another.
fn ways() -> impl Iterator<Item = (&'static str, &'static str)> {
    STORES.into_iter().flat_map(|from| STORES.map(|to| (from, to))).filter(|(from, to)| from != to)
}

#[track_caller]
fn is_out(house: &TestHouse, person: &User, told: &str) {
    let me = house.get_as(&person.access, "/auth/me");
    assert_eq!(me.status, 401, "{told}: {me:?}");
    let refresh = house.post("/auth/refresh", json!({ "refresh_token": person.refresh }));
    assert_eq!(refresh.status, 401, "{told}: {refresh:?}");
}

#[test]
fn people_sign_in_again_and_find_everything_as_it_was() {
    if !Home::Redis.is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let mut house = house(&redis, "database");
    let admin = house.admin("root");
    let mut ada = house.user("ada");
    for store in ["redis", "memory", "database", "memory", "redis", "database"] {
        house = moved(house, store);
        let answer = house.post("/auth/refresh", json!({ "refresh_token": ada.refresh }));
        answer.is_problem(401, "refresh_invalid");
        let again = house.login(&ada.email);
        assert_eq!(again.id, ada.id);
        let sessions = house.get_as(&again.access, "/auth/sessions").ok(200);
        assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{store}: {sessions}");
        let answer = house.post("/auth/refresh", json!({ "refresh_token": again.refresh }));
        assert_eq!((answer.status, answer.header("guardhouse-refresh")), (200, "rotated"), "{store}");
        ada = User::from(ada.email, &answer);
        let root = house.login(&admin.email);
        let me = house.get_as(&root.access, "/auth/me").ok(200);
        assert!(me["roles"].as_array().is_some_and(|roles| roles.contains(&"admin".into())), "{store}: {me}");
        house.get_as(&root.access, &format!("/users/{}", ada.id)).ok(200);
    }
}

#[test]
fn who_was_signed_out_in_one_store_is_not_in_again_in_another() {
    if !Home::Redis.is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    for (from, to) in ways() {
        let house = house(&redis, from);
        let local = house.user("ada");
        let (other, all) = (house.login(&local.email), house.user("bob"));
        assert_eq!(house.post_as(&local.access, "/auth/logout", json!({})).status, 204);
        let path = format!("/auth/sessions/{}", other.session);
        assert_eq!(house.call("DELETE", &path, Some(&other.access), None).status, 204);
        assert_eq!(house.post_as(&all.access, "/auth/logout?scope=global", json!({})).status, 204);
        let out = [(&local, "logout"), (&other, "session ended"), (&all, "global logout")];
        // These two stay signed in, in a store that is about to be left.
        let (stolen, left) = (house.user("eve"), house.user("mallory"));

        let house = moved(house, to);
        for (person, how) in out {
            is_out(&house, person, &format!("{how} on {from}, then {to}"));
        }
        // Whoever signs out everything else may believe it, and so may who signs out with what is left of a session.
        let again = house.login(&stolen.email);
        assert_eq!(house.post_as(&again.access, "/auth/logout?scope=others", json!({})).status, 204);
        let answer = house.post_as(&left.access, "/auth/logout", json!({}));
        assert!(answer.status == 204 || answer.status == 401, "{answer:?}");

        let house = moved(house, from);
        for (person, how) in out.into_iter().chain([(&stolen, "out from elsewhere"), (&left, "left behind")])
        {
            is_out(&house, person, &format!("{how} on {from}, then {to}, then {from}"));
        }
    }
}

#[test]
fn who_was_signed_out_is_not_in_again_after_redis_lost_everything_and_a_node_started() {
    if !Home::Redis.is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let house = house(&redis, "redis");
    let (out, stayed) = (house.user("ada"), house.user("bob"));
    assert_eq!(house.post_as(&out.access, "/auth/logout", json!({})).status, 204);
    house.advance(1);
    let house = house.restart();
    is_out(&house, &out, "before");
    house.get_as(&stayed.access, "/auth/me").ok(200);

    redis.stop();
    redis.wipe();
    redis.start_again();
    house.advance(1);
    let house = house.restart();
    is_out(&house, &out, "after everything was lost");
    // Its session is gone, so the access token must not outlive it either.
    is_out(&house, &stayed, "after everything was lost");
    let again = house.login(&stayed.email);
    house.advance(1);
    let house = house.restart();
    house.get_as(&again.access, "/auth/me").ok(200);
}
