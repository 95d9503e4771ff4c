//! `/auth/me`

use serde_json::{Value, json};

use crate::http::{faults, refresh, rows, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

on_every_database!(
    me_is_the_user_and_never_a_hash,
    a_name_can_be_set_and_removed,
    nothing_but_the_name_can_be_changed,
    deleting_oneself_takes_the_password_and_ends_everything,
    a_deleted_address_is_free_again_for_somebody_else,
);

fn me_is_the_user_and_never_a_hash(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let answer = house.get_as(&ada.access, "/auth/me");
    assert_eq!(
        answer.json,
        json!({
            "id": ada.id,
            "email": "ada@example.org",
            "email_verified": false,
            "name": "ada",
            "roles": ["user"],
            "created_at": "2027-01-15T08:00:00Z",
            "updated_at": "2027-01-15T08:00:00Z",
            "last_login_at": null,
        })
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.text.contains("argon2"));
    house.get("/auth/me").is_problem(401, "token_missing");
}

fn a_name_can_be_set_and_removed(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    house.advance(5);
    let patch = |body: Value| house.call("PATCH", "/auth/me", Some(&ada.access), Some(&body));
    let changed = patch(json!({ "name": "  Zoe\u{308} 🦉 " })).ok(200);
    assert_eq!(
        (&changed["name"], &changed["updated_at"]),
        (&json!("Zoë 🦉"), &json!("2027-01-15T08:00:05Z"))
    );
    assert_eq!(house.get_as(&ada.access, "/auth/me").ok(200), changed);
    house.advance(5);
    assert_eq!(patch(json!({})).ok(200), changed, "what is absent stays");
    assert_eq!(patch(json!({ "name": null })).ok(200)["name"], Value::Null);
    let longest = "ä".repeat(200);
    assert_eq!(patch(json!({ "name": longest })).ok(200)["name"], longest);
    for bad in ["", "   ", "line\nbreak", "nul\0", &"x".repeat(201)] {
        let answer = patch(json!({ "name": bad }));
        answer.is_problem(422, "validation_failed");
        assert_eq!(faults(&answer), [("/name".to_owned(), "name_invalid".to_owned())]);
    }
    assert_eq!(house.get_as(&ada.access, "/auth/me").ok(200)["name"], longest);
    assert_eq!(house.events("profile_changed").len(), 3);
}

fn nothing_but_the_name_can_be_changed(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let before = house.get_as(&ada.access, "/auth/me").ok(200);
    for body in [
        json!({ "roles": ["admin"] }),
        json!({ "name": "x", "roles": ["admin"] }),
        json!({ "email": "root@example.org" }),
        json!({ "email_verified": true }),
        json!({ "id": "00000000-0000-7000-8000-000000000000" }),
        json!({ "disabled_at": null }),
        json!({ "password": PASSWORD }),
    ] {
        house.call("PATCH", "/auth/me", Some(&ada.access), Some(&body)).is_problem(400, "invalid_request");
    }
    assert_eq!(house.get_as(&ada.access, "/auth/me").ok(200), before);
}

fn deleting_oneself_takes_the_password_and_ends_everything(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    let other = house.login(&ada.email);
    let delete = |body: Value| house.call("DELETE", "/auth/me", Some(&ada.access), Some(&body));
    let before = rows(&house);
    let wrong = delete(json!({ "password": "Wrong-horse-9-battery" }));
    wrong.is_problem(401, "invalid_credentials");
    assert_eq!(faults(&wrong), [("/password".to_owned(), "password_wrong".to_owned())]);
    delete(json!({})).is_problem(400, "invalid_request");
    house.call("DELETE", "/auth/me", Some(&ada.access), None).is_problem(415, "unsupported_media_type");
    assert_eq!(rows(&house), before);

    assert_eq!(delete(json!({ "password": PASSWORD })).status, 204);
    for user in [&ada, &other] {
        house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
        refresh(&house, &user.refresh).is_problem(401, "refresh_invalid");
    }
    try_login(&house, &ada.email, PASSWORD).is_problem(401, "invalid_credentials");
    assert_eq!(house.get_as(&bob.access, "/auth/me").status, 200);
    let rows = rows(&house);
    assert_eq!((rows.users, rows.credentials, rows.sessions), (1, 1, 1), "only the other user is left");
    assert_eq!(house.events("user_deleted").len(), 1);
    let house = house.restart();
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
}

fn a_deleted_address_is_free_again_for_somebody_else(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let body = json!({ "password": PASSWORD });
    assert_eq!(house.call("DELETE", "/auth/me", Some(&ada.access), Some(&body)).status, 204);
    let next = house.user("ada");
    assert_ne!(next.id, ada.id);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    refresh(&house, &ada.refresh).is_problem(401, "refresh_invalid");
    assert_eq!(house.get_as(&next.access, "/auth/me").status, 200);
}
