//! `POST /auth/refresh`

use serde_json::json;

use crate::http::{next_refresh, refresh, rows, text};
use crate::on_every_database;
use crate::support::{Answer, Kind, TestHouse};

on_every_database!(
    refreshing_rotates_the_token_and_keeps_the_session,
    within_the_grace_a_repetition_gets_the_same_successor,
    after_the_grace_a_repetition_ends_the_session,
    an_older_ancestor_ends_the_session_even_within_the_grace,
    a_strict_house_takes_every_repetition_for_theft,
    twenty_at_once_all_succeed_with_one_successor,
    a_session_ends_at_its_absolute_end_however_busy_it_is,
    a_session_that_is_idle_for_too_long_is_over,
    a_refresh_token_is_good_on_every_node_and_after_a_restart,
    a_token_that_is_not_ours_is_refused,
);

fn how(answer: &Answer) -> &str {
    answer.header("guardhouse-refresh")
}

fn refreshing_rotates_the_token_and_keeps_the_session(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    house.advance(100);
    let answer = refresh(&house, &ada.refresh);
    assert_eq!((answer.status, how(&answer)), (200, "rotated"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.json,
        json!({
            "access_token": text(&answer, "/access_token"),
            "token_type": "Bearer",
            "expires_in": 900,
            "expires_at": "2027-01-15T08:16:40Z",
            "refresh_token": text(&answer, "/refresh_token"),
            "refresh_expires_in": 14 * 86_400,
            "session_id": ada.session,
            "user": house.get_as(&ada.access, "/auth/me").ok(200),
        })
    );
    let (access, next) = (text(&answer, "/access_token"), text(&answer, "/refresh_token"));
    assert!(next != ada.refresh && access != ada.access);
    assert!(next.starts_with("ghr_"), "secret scanners recognise it");
    assert_eq!(house.get_as(access, "/auth/me").status, 200);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "the older access token has its own end");
    assert_eq!(rows(&house).sessions, 1);
}

fn within_the_grace_a_repetition_gets_the_same_successor(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let first = refresh(&house, &ada.refresh);
    let successor = next_refresh(&first);
    house.advance(9);
    let again = refresh(&house, &ada.refresh);
    assert_eq!((again.status, how(&again)), (200, "replayed"), "{again:?}");
    assert_eq!(next_refresh(&again), successor, "no second chain");
    assert_eq!(text(&again, "/session_id"), ada.session);
    let next = refresh(&house, &successor);
    assert_eq!((next.status, how(&next)), (200, "rotated"), "{next:?}");
    assert_ne!(next_refresh(&next), successor);
}

fn after_the_grace_a_repetition_ends_the_session(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, other) = (house.user("ada"), house.login("ada@example.org"));
    let first = refresh(&house, &ada.refresh);
    let (access, successor) = (text(&first, "/access_token").to_owned(), next_refresh(&first));
    house.advance(10);
    refresh(&house, &ada.refresh).is_problem(401, "refresh_replayed");
    for token in [&ada.access, &access] {
        house.get_as(token, "/auth/me").is_problem(401, "token_revoked");
    }
    refresh(&house, &successor).is_problem(401, "refresh_invalid");
    refresh(&house, &ada.refresh).is_problem(401, "refresh_invalid");
    assert_eq!(
        house.get_as(&other.access, "/auth/me").status,
        200,
        "another session of the same user lives on"
    );
    let events = house.events("refresh_replayed");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].session_id.map(|id| id.to_string()), Some(ada.session));
}

fn an_older_ancestor_ends_the_session_even_within_the_grace(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let second = next_refresh(&refresh(&house, &ada.refresh));
    let third = next_refresh(&refresh(&house, &second));
    refresh(&house, &ada.refresh).is_problem(401, "refresh_replayed");
    refresh(&house, &third).is_problem(401, "refresh_invalid");
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
}

fn a_strict_house_takes_every_repetition_for_theft(kind: Kind) {
    let house = TestHouse::on(kind).set("sessions.refresh_grace", "0s").start();
    let ada = house.user("ada");
    let successor = next_refresh(&refresh(&house, &ada.refresh));
    refresh(&house, &ada.refresh).is_problem(401, "refresh_replayed");
    refresh(&house, &successor).is_problem(401, "refresh_invalid");
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
}

fn twenty_at_once_all_succeed_with_one_successor(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| refresh(&house, &ada.refresh))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let successor = next_refresh(&answers[0]);
    assert!(answers.iter().all(|answer| next_refresh(answer) == successor));
    let rotated = answers.iter().filter(|answer| how(answer) == "rotated").count();
    let replayed = answers.iter().filter(|answer| how(answer) == "replayed").count();
    assert_eq!((rotated, replayed), (1, 19));
    assert_eq!(refresh(&house, &successor).status, 200, "and nobody was logged out");
    assert_eq!(rows(&house).sessions, 1);
}

fn a_session_ends_at_its_absolute_end_however_busy_it_is(kind: Kind) {
    let house =
        TestHouse::on(kind).set("sessions.refresh_lifetime", "2h").set("sessions.idle_timeout", "1h").start();
    let ada = house.user("ada");
    let mut token = ada.refresh;
    for (step, remaining) in [(1, 3_600), (2, 3_600), (3, 1_800)] {
        house.advance(30 * 60);
        let answer = refresh(&house, &token);
        token = next_refresh(&answer);
        assert_eq!(answer.json["refresh_expires_in"], remaining, "after {step} half hours");
    }
    house.advance(30 * 60 - 1);
    let last = refresh(&house, &token);
    assert_eq!(last.json["refresh_expires_in"], 1, "{last:?}");
    house.advance(1);
    refresh(&house, &next_refresh(&last)).is_problem(401, "refresh_invalid");
    assert!(
        house
            .get_as(&house.login("ada@example.org").access, "/auth/sessions")
            .ok(200)
            .as_array()
            .unwrap()
            .len()
            == 1
    );
}

fn a_session_that_is_idle_for_too_long_is_over(kind: Kind) {
    let house = TestHouse::on(kind).set("sessions.idle_timeout", "1h").start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    house.advance(3_599);
    let alive = refresh(&house, &ada.refresh);
    assert_eq!(alive.json["refresh_expires_in"], 3_600, "{alive:?}");
    house.advance(1);
    refresh(&house, &bob.refresh).is_problem(401, "refresh_invalid");
    house.advance(3_598);
    assert_eq!(refresh(&house, &next_refresh(&alive)).status, 200, "its use has prolonged it");
}

fn a_refresh_token_is_good_on_every_node_and_after_a_restart(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let other = house.another_node();
    let there = refresh(&other, &ada.refresh);
    assert_eq!((there.status, how(&there)), (200, "rotated"), "{there:?}");
    let here = refresh(&house, &ada.refresh);
    assert_eq!((here.status, how(&here)), (200, "replayed"), "{here:?}");
    assert_eq!(next_refresh(&here), next_refresh(&there));
    assert_eq!(house.get_as(text(&there, "/access_token"), "/auth/me").status, 200);
    drop(other);
    let house = house.restart();
    assert_eq!(refresh(&house, &next_refresh(&there)).status, 200);
}

fn a_token_that_is_not_ours_is_refused(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let stranger = TestHouse::on(kind).start().user("ada");
    let before = rows(&house);
    let mut flipped = ada.refresh.clone().into_bytes();
    let middle = flipped.len() / 2;
    flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
    let forged = [
        String::from_utf8(flipped).unwrap(),
        ada.refresh.trim_start_matches("ghr_").to_owned(),
        ada.refresh.to_uppercase(),
        format!("{}=", ada.refresh),
        format!(" {}", ada.refresh),
        ada.refresh[..ada.refresh.len() - 1].to_owned(),
        ada.access.clone(),
        stranger.refresh,
        String::new(),
        "\0".into(),
        "ghr_".into(),
        "ghr_é".into(),
    ];
    for token in forged {
        refresh(&house, &token).is_problem(401, "refresh_invalid");
    }
    house.get_as(&ada.refresh, "/auth/me").is_problem(401, "token_invalid");
    assert_eq!(rows(&house), before);
    assert_eq!(refresh(&house, &ada.refresh).status, 200, "the genuine one still works");
}
