//! Sessions that should be over, and refresh tokens used twice. The stories are in `tests/http`.

use serde_json::json;

use crate::http::{audit_rows, next_refresh, refresh, rows, stored_hash, try_login};
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

pub(super) fn s10_disabled_and_deleted_users_are_out_at_once() {
    let house = TestHouse::new();
    let (admin, ada, bob) = (house.admin("root"), house.user("ada"), house.user("bob"));
    assert_eq!(house.post_as(&admin.access, &format!("/users/{}/disable", ada.id), json!({})).status, 204);
    assert_eq!(house.call("DELETE", &format!("/users/{}", bob.id), Some(&admin.access), None).status, 204);
    for user in [&ada, &bob] {
        house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
        refresh(&house, &user.refresh).is_problem(401, "refresh_invalid");
        try_login(&house, &user.email, PASSWORD).is_problem(401, "invalid_credentials");
    }
}

pub(super) fn s11_a_role_removed_while_a_token_lives() {
    let house = TestHouse::new();
    let (admin, deputy) = (house.admin("root"), house.admin("deputy"));
    let path = format!("/users/{}", deputy.id);
    house.call("PATCH", &path, Some(&admin.access), Some(&json!({ "roles": ["user"] }))).ok(200);
    house.get_as(&deputy.access, "/users").is_problem(401, "token_revoked");
    let fresh = refresh(&house, &deputy.refresh).ok(200);
    house.get_as(fresh["access_token"].as_str().unwrap(), "/users").is_problem(403, "role_required");
}

pub(super) fn s12_a_stale_view_of_revocations_never_says_not_revoked() {
    for (mode, revoked, living) in
        [("check_store", "token_revoked", 200), ("refuse", "storage_unavailable", 503)]
    {
        let house = TestHouse::on(Kind::Sqlite)
            .set("sessions.revocation.poll_interval", "50s")
            .set("sessions.revocation.max_staleness", "51s")
            .set("sessions.revocation.on_stale", mode)
            .start();
        let other = house.another_node();
        let (ada, bob) = (house.user("ada"), house.user("bob"));
        assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
        // The other node has not read the feed since, and its view is too old to be believed.
        house.advance(60);
        let answer = other.get_as(&ada.access, "/auth/me");
        assert_eq!(answer.json["code"], revoked, "{mode}: {answer:?}");
        assert_eq!(other.get_as(&bob.access, "/auth/me").status, living, "{mode}");
        other.poll_revocations();
        other.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
        assert_eq!(other.get_as(&bob.access, "/auth/me").status, 200, "{mode}");
    }
}

pub(super) fn s13_a_second_instance_learns_of_a_revocation_in_time() {
    let house = TestHouse::on(Kind::Sqlite).set("sessions.revocation.poll_interval", "20ms").start();
    let other = house.another_node();
    let ada = house.user("ada");
    assert_eq!(other.get_as(&ada.access, "/auth/me").status, 200);
    assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
    // By the clockwork alone; the promise is one interval and the time of a read, here generously two seconds.
    let started = guardhouse::domain::clock::Stopwatch::start();
    while other.get_as(&ada.access, "/auth/me").status == 200 {
        assert!(started.elapsed().as_secs() < 2, "the other node has not heard of it");
    }
    other.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
}

pub(super) fn r7_a_client_that_lost_the_answer_gets_no_second_chain() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let lost = next_refresh(&refresh(&house, &ada.refresh));
    let again = refresh(&house, &ada.refresh);
    assert_eq!(again.header("guardhouse-refresh"), "replayed");
    assert_eq!(next_refresh(&again), lost);
    house.advance(10);
    refresh(&house, &ada.refresh).is_problem(401, "refresh_replayed");
    refresh(&house, &lost).is_problem(401, "refresh_invalid");
}

pub(super) fn r9_sliding_refresh_ends_at_the_absolute_end() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("sessions.refresh_lifetime", "1h")
        .set("sessions.idle_timeout", "1h")
        .start();
    let mut token = house.user("ada").refresh;
    for _ in 0..5 {
        house.advance(600);
        token = next_refresh(&refresh(&house, &token));
    }
    house.advance(600);
    refresh(&house, &token).is_problem(401, "refresh_invalid");
}

pub(super) fn r10_the_database_holds_no_token_and_no_password() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let next = next_refresh(&refresh(&house, &ada.refresh));
    let hash = stored_hash(&house, &ada.id);
    assert!(hash.starts_with("$argon2id$") && !hash.contains(PASSWORD));
    assert!(!audit_rows(&house).is_empty());
    let directory = house.data_dir().to_owned();
    let house = house.restart();
    let (mut files, mut read) = (vec![directory], 0);
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let octets = std::fs::read(&path).unwrap();
        read += octets.len();
        for secret in [PASSWORD, &ada.refresh, &next, &ada.access, &next[20..]] {
            let found = octets.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
    assert!(read > 10_000, "there was something to look at");
    assert_eq!(refresh(&house, &next).status, 200);
}

pub(super) fn r11_two_hundred_sessions_for_one_user() {
    let house = TestHouse::on(Kind::Sqlite).set("sessions.max_per_user", 5).start();
    let first = house.user("ada");
    house.advance(1);
    let mut last = None;
    for _ in 0..200 {
        last = Some(house.login(&first.email));
    }
    assert_eq!(rows(&house).sessions, 5);
    house.get_as(&first.access, "/auth/me").is_problem(401, "token_revoked");
    assert_eq!(house.get_as(&last.unwrap().access, "/auth/me").status, 200);
}

pub(super) fn r12_refresh_races_on_every_database() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::MySql] {
        if !kind.is_available() {
            continue;
        }
        let house = TestHouse::on(kind).start();
        let ada = house.user("ada");
        let successors: std::collections::HashSet<String> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..10).map(|_| scope.spawn(|| next_refresh(&refresh(&house, &ada.refresh)))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(successors.len(), 1, "{kind:?}");
    }
}
