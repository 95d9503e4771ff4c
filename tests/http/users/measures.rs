//! What an administrator may do to an account, and that it holds at once.

use serde_json::{Value, json};

use crate::http::{refresh, rows, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse, User};

on_every_database!(
    a_disabled_user_is_out_at_once_and_can_come_back,
    a_deleted_user_is_gone_at_once,
    revoking_sessions_ends_them_and_nothing_else,
    a_role_that_was_taken_away_is_gone_from_living_tokens,
    a_role_that_was_given_is_in_the_next_token,
    an_administrator_cannot_lock_themselves_out_by_accident,
    measures_against_nobody_are_not_found,
);

fn measure(house: &TestHouse, admin: &User, id: &str, measure: &str) -> Answer {
    house.call("POST", &format!("/users/{id}/{measure}"), Some(&admin.access), None)
}

#[track_caller]
fn is_out(house: &TestHouse, user: &User) {
    house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
    refresh(house, &user.refresh).is_problem(401, "refresh_invalid");
}

fn a_disabled_user_is_out_at_once_and_can_come_back(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, first) = (house.admin("root"), house.user("ada"));
    let other_node = house.another_node();
    let second = house.login(&first.email);
    house.advance(5);
    assert_eq!(measure(&house, &admin, &first.id, "disable").status, 204);
    other_node.poll_revocations();
    for user in [&first, &second] {
        is_out(&house, user);
        is_out(&other_node, user);
    }
    try_login(&house, &first.email, PASSWORD).is_problem(401, "invalid_credentials");
    let shown = house.get_as(&admin.access, &format!("/users/{}", first.id)).ok(200);
    assert_eq!(shown["disabled_at"], "2027-01-15T08:00:05Z");
    assert_eq!(measure(&house, &admin, &first.id, "disable").status, 204, "twice is no mistake");

    assert_eq!(measure(&house, &admin, &first.id, "enable").status, 204);
    assert!(
        house.get_as(&admin.access, &format!("/users/{}", first.id)).ok(200).get("disabled_at").is_none()
    );
    for user in [&first, &second] {
        is_out(&house, user);
    }
    let back = house.login(&first.email);
    assert_eq!(back.id, first.id);
    assert_eq!(house.get_as(&back.access, "/auth/me").status, 200);
    assert_eq!(refresh(&house, &back.refresh).status, 200);
}

fn a_deleted_user_is_gone_at_once(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, first) = (house.admin("root"), house.user("ada"));
    let other_node = house.another_node();
    let second = house.login(&first.email);
    let delete = |id: &str| house.call("DELETE", &format!("/users/{id}"), Some(&admin.access), None);
    assert_eq!(delete(&first.id).status, 204);
    other_node.poll_revocations();
    for user in [&first, &second] {
        is_out(&house, user);
        is_out(&other_node, user);
    }
    try_login(&house, &first.email, PASSWORD).is_problem(401, "invalid_credentials");
    house.get_as(&admin.access, &format!("/users/{}", first.id)).is_problem(404, "not_found");
    delete(&first.id).is_problem(404, "not_found");
    let rows = rows(&house);
    assert_eq!((rows.users, rows.credentials), (1, 1));
    let events = house.events("user_deleted");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_id.map(|id| id.to_string()), Some(admin.id));
}

fn revoking_sessions_ends_them_and_nothing_else(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, ada, bob) = (house.admin("root"), house.user("ada"), house.user("bob"));
    assert_eq!(measure(&house, &admin, &ada.id, "sessions/revoke").status, 204);
    is_out(&house, &ada);
    assert_eq!(house.get_as(&bob.access, "/auth/me").status, 200);
    let again = house.login(&ada.email);
    assert_eq!(house.get_as(&again.access, "/auth/me").status, 200, "the account itself is as it was");
    assert_eq!(measure(&house, &admin, &admin.id, "sessions/revoke").status, 204);
    is_out(&house, &admin);
}

fn a_role_that_was_taken_away_is_gone_from_living_tokens(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, deputy) = (house.admin("root"), house.admin("deputy"));
    let other_node = house.another_node();
    assert_eq!(house.get_as(&deputy.access, "/users").status, 200);
    let body = json!({ "roles": ["user"] });
    let patched =
        house.call("PATCH", &format!("/users/{}", deputy.id), Some(&admin.access), Some(&body)).ok(200);
    assert_eq!(patched["roles"], json!(["user"]));
    other_node.poll_revocations();
    for node in [&house, &other_node] {
        node.get_as(&deputy.access, "/users").is_problem(401, "token_revoked");
    }
    let refreshed = refresh(&house, &deputy.refresh);
    assert_eq!(refreshed.status, 200, "the session goes on: {refreshed:?}");
    assert_eq!(refreshed.json["user"]["roles"], json!(["user"]));
    let access = refreshed.json["access_token"].as_str().unwrap();
    house.get_as(access, "/users").is_problem(403, "role_required");
    assert_eq!(house.get_as(access, "/auth/me").status, 200);
}

fn a_role_that_was_given_is_in_the_next_token(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, ada) = (house.admin("root"), house.user("ada"));
    let body = json!({ "roles": ["user", "admin"] });
    house.call("PATCH", &format!("/users/{}", ada.id), Some(&admin.access), Some(&body)).ok(200);
    let refreshed = refresh(&house, &ada.refresh).ok(200);
    let list: Value = house.get_as(refreshed["access_token"].as_str().unwrap(), "/users").ok(200);
    assert_eq!(list["users"].as_array().map(Vec::len), Some(2));
}

fn an_administrator_cannot_lock_themselves_out_by_accident(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let admin = house.admin("root");
    let answer = measure(&house, &admin, &admin.id, "disable");
    answer.is_problem(422, "validation_failed");
    assert_eq!(answer.json["errors"][0]["code"], "own_account");
    assert_eq!(house.get_as(&admin.access, "/auth/me").status, 200);
}

fn measures_against_nobody_are_not_found(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let admin = house.admin("root");
    let before = rows(&house);
    for name in ["disable", "enable", "sessions/revoke"] {
        measure(&house, &admin, "01944000-0000-7000-8000-000000000000", name).is_problem(404, "not_found");
        measure(&house, &admin, "x", name).is_problem(404, "not_found");
    }
    assert_eq!(rows(&house), before);
    assert!(house.events("user_disabled").is_empty());
}
