//! `POST /auth/logout`

use serde_json::json;

use crate::http::{refresh, rows};
use crate::on_every_database;
use crate::support::{Answer, Kind, TestHouse, User};

on_every_database!(
    logout_ends_this_session_at_once_and_no_other,
    logout_elsewhere_ends_all_the_others,
    logout_everywhere_ends_every_session,
    another_node_refuses_as_soon_as_it_has_read_the_feed,
    what_was_ended_stays_ended_through_a_restart,
    a_logout_can_be_repeated_by_nobody,
);

fn logout(house: &TestHouse, user: &User, query: &str) -> Answer {
    house.call("POST", &format!("/auth/logout{query}"), Some(&user.access), None)
}

#[track_caller]
fn is_dead(house: &TestHouse, user: &User) {
    house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
    refresh(house, &user.refresh).is_problem(401, "refresh_invalid");
}

#[track_caller]
fn lives(house: &TestHouse, user: &User) {
    assert_eq!(house.get_as(&user.access, "/auth/me").status, 200);
}

fn logout_ends_this_session_at_once_and_no_other(kind: Kind) {
    for query in ["", "?scope=local"] {
        let house = TestHouse::on(kind).start();
        let (here, bob) = (house.user("ada"), house.user("bob"));
        let there = house.login(&here.email);
        let answer = logout(&house, &here, query);
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{answer:?}");
        is_dead(&house, &here);
        lives(&house, &there);
        lives(&house, &bob);
        assert_eq!(refresh(&house, &there.refresh).status, 200);
    }
}

fn logout_elsewhere_ends_all_the_others(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (first, bob) = (house.user("ada"), house.user("bob"));
    let (second, third) = (house.login(&first.email), house.login(&first.email));
    assert_eq!(logout(&house, &second, "?scope=others").status, 204);
    is_dead(&house, &first);
    is_dead(&house, &third);
    lives(&house, &second);
    lives(&house, &bob);
    assert_eq!(refresh(&house, &second.refresh).status, 200);
}

fn logout_everywhere_ends_every_session(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (first, bob) = (house.user("ada"), house.user("bob"));
    let second = house.login(&first.email);
    assert_eq!(logout(&house, &first, "?scope=global").status, 204);
    is_dead(&house, &first);
    is_dead(&house, &second);
    lives(&house, &bob);
    lives(&house, &house.login(&first.email));
    assert_eq!(rows(&house).sessions, 2);
}

fn another_node_refuses_as_soon_as_it_has_read_the_feed(kind: Kind) {
    // So slow a clockwork that only the poll of the test can have brought the news.
    let house = TestHouse::on(kind)
        .set("sessions.revocation.poll_interval", "50s")
        .set("sessions.revocation.max_staleness", "1h")
        .start();
    let other = house.another_node();
    let ada = house.user("ada");
    let (second, third) = (other.login(&ada.email), other.login(&ada.email));
    for user in [&ada, &second, &third] {
        lives(&house, user);
        lives(&other, user);
    }
    assert_eq!(logout(&house, &ada, "").status, 204);
    refresh(&other, &ada.refresh).is_problem(401, "refresh_invalid");
    other.poll_revocations();
    is_dead(&other, &ada);
    lives(&other, &second);

    assert_eq!(logout(&other, &second, "?scope=global").status, 204);
    house.poll_revocations();
    is_dead(&house, &second);
    is_dead(&house, &third);
    lives(&house, &house.login(&ada.email));
}

fn what_was_ended_stays_ended_through_a_restart(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    let other = house.login(&ada.email);
    assert_eq!(logout(&house, &ada, "").status, 204);
    let house = house.restart();
    is_dead(&house, &ada);
    lives(&house, &other);
    lives(&house, &bob);
}

fn a_logout_can_be_repeated_by_nobody(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, other) = (house.user("ada"), house.login("ada@example.org"));
    assert_eq!(logout(&house, &ada, "").status, 204);
    for query in ["", "?scope=others", "?scope=global"] {
        logout(&house, &ada, query).is_problem(401, "token_revoked");
    }
    lives(&house, &other);
    house.post("/auth/logout", json!({})).is_problem(401, "token_missing");
    for query in ["?scope=all", "?scope=", "?scop=local", "?scope=local&scope=global"] {
        logout(&house, &other, query).is_problem(400, "invalid_request");
    }
    lives(&house, &other);
}
