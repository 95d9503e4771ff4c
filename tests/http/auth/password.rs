//! `POST /auth/password`

use serde_json::{Value, json};

use crate::http::{faults, next_refresh, refresh, rows, stored_hash, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse, User};

on_every_database!(
    a_new_password_ends_every_other_session_and_spares_this_one,
    another_node_refuses_the_other_sessions_and_spares_this_one,
    the_old_password_is_refused_and_the_new_one_works,
    a_wrong_current_password_changes_nothing,
    a_poor_password_is_told_every_fault,
    of_changes_made_at_once_one_wins,
);

const NEW: &str = "Another-horse-7-battery";

fn change(house: &TestHouse, user: &User, current: &str, new: &str) -> Answer {
    house.post_as(&user.access, "/auth/password", json!({ "current_password": current, "new_password": new }))
}

fn a_new_password_ends_every_other_session_and_spares_this_one(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (first, bob) = (house.user("ada"), house.user("bob"));
    let (own, third) = (house.login(&first.email), house.login(&first.email));
    let answer = change(&house, &own, PASSWORD, NEW);
    assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{answer:?}");
    for other in [&first, &third] {
        house.get_as(&other.access, "/auth/me").is_problem(401, "token_revoked");
        refresh(&house, &other.refresh).is_problem(401, "refresh_invalid");
    }
    assert_eq!(house.get_as(&own.access, "/auth/me").status, 200, "the access token at hand lives on");
    let sessions = house.get_as(&own.access, "/auth/sessions").ok(200);
    assert_eq!(sessions.as_array().map(Vec::len), Some(1));
    let refreshed = refresh(&house, &own.refresh);
    assert_eq!(refresh(&house, &next_refresh(&refreshed)).status, 200, "and so does the session");
    assert_eq!(house.get_as(&bob.access, "/auth/me").status, 200);
}

fn another_node_refuses_the_other_sessions_and_spares_this_one(kind: Kind) {
    let house = TestHouse::on(kind)
        .set("sessions.revocation.poll_interval", "50s")
        .set("sessions.revocation.max_staleness", "1h")
        .start();
    let other = house.another_node();
    let (first, own) = (house.user("ada"), house.login("ada@example.org"));
    assert_eq!(change(&house, &own, PASSWORD, NEW).status, 204);
    refresh(&other, &first.refresh).is_problem(401, "refresh_invalid");
    other.poll_revocations();
    other.get_as(&first.access, "/auth/me").is_problem(401, "token_revoked");
    assert_eq!(other.get_as(&own.access, "/auth/me").status, 200);
    assert_eq!(refresh(&other, &own.refresh).status, 200);
    drop(other);
    let house = house.restart();
    house.get_as(&first.access, "/auth/me").is_problem(401, "token_revoked");
    assert_eq!(house.get_as(&own.access, "/auth/me").status, 200);
}

fn the_old_password_is_refused_and_the_new_one_works(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let before = stored_hash(&house, &ada.id);
    assert_eq!(change(&house, &ada, PASSWORD, NEW).status, 204);
    assert_ne!(stored_hash(&house, &ada.id), before);
    try_login(&house, &ada.email, PASSWORD).is_problem(401, "invalid_credentials");
    assert_eq!(try_login(&house, &ada.email, NEW).status, 200);
    assert_eq!(change(&house, &ada, NEW, PASSWORD).status, 204, "and back again, with the same token");
    assert_eq!(try_login(&house, &ada.email, PASSWORD).status, 200);
}

fn a_wrong_current_password_changes_nothing(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, other) = (house.user("ada"), house.login("ada@example.org"));
    let before = (rows(&house), stored_hash(&house, &ada.id));
    for wrong in ["Wrong-horse-9-battery", "", NEW, "\0", &"x".repeat(2_000)] {
        let answer = change(&house, &ada, wrong, NEW);
        answer.is_problem(401, "invalid_credentials");
        assert_eq!(faults(&answer), [("/current_password".to_owned(), "password_wrong".to_owned())]);
    }
    assert_eq!((rows(&house), stored_hash(&house, &ada.id)), before);
    assert_eq!(house.get_as(&other.access, "/auth/me").status, 200);
    let events = house.events("reauthentication_failed");
    assert_eq!(events.len(), 5);
    assert_eq!(events[0].session_id.map(|id| id.to_string()), Some(ada.session));
    house
        .post("/auth/password", json!({ "current_password": PASSWORD, "new_password": NEW }))
        .is_problem(401, "token_missing");
}

fn a_poor_password_is_told_every_fault(kind: Kind) {
    let house = TestHouse::on(kind)
        .set("passwords.require_upper", true)
        .set("passwords.require_lower", true)
        .set("passwords.require_digit", true)
        .start();
    let ada = house.user("ada");
    let before = stored_hash(&house, &ada.id);
    let codes = |new: &str| {
        let answer = change(&house, &ada, PASSWORD, new);
        answer.is_problem(422, "validation_failed");
        let faults = faults(&answer);
        assert!(faults.iter().all(|(pointer, _)| pointer == "/new_password"), "{faults:?}");
        faults.into_iter().map(|(_, code)| code).collect::<Vec<_>>()
    };
    assert_eq!(
        codes("???"),
        ["password_too_short", "password_needs_upper", "password_needs_lower", "password_needs_digit"]
    );
    assert_eq!(codes("alllowercase1"), ["password_needs_upper"]);
    assert_eq!(codes("ALLUPPERCASE1"), ["password_needs_lower"]);
    assert_eq!(codes("NoDigitAtAll"), ["password_needs_digit"]);
    assert_eq!(codes(&"Aa1".repeat(342)), ["password_too_long"]);
    assert_eq!(stored_hash(&house, &ada.id), before);
    assert_eq!(change(&house, &ada, PASSWORD, &"Aa1-".repeat(256)).status, 204, "1024 octets are still fine");
}

fn of_changes_made_at_once_one_wins(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let passwords: Vec<String> = (0..8).map(|n| format!("Another-horse-{n}-battery")).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let (house, ada) = (&house, &ada);
        let threads: Vec<_> = passwords
            .iter()
            .map(|new| scope.spawn(move || change(house, ada, PASSWORD, new).status))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let won: Vec<_> = passwords.iter().zip(&statuses).filter(|(_, status)| **status == 204).collect();
    assert_eq!(won.len(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [204, 401].contains(status)), "{statuses:?}");
    let works: Vec<_> =
        passwords.iter().filter(|new| try_login(&house, &ada.email, new).status == 200).collect();
    assert_eq!(works, [won[0].0]);
    assert_eq!(house.events("password_changed").len(), 1);
    let me: Value = house.get_as(&ada.access, "/auth/me").ok(200);
    assert_eq!(me["id"], ada.id);
}
