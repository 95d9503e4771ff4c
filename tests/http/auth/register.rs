//! `POST /auth/register`, `POST /auth/signup`

use serde_json::{Value, json};

use crate::http::{faults, registration, rows};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse};

on_every_database!(
    registering_signs_in_and_tells_everything_a_client_needs,
    signup_is_the_same_as_register,
    an_address_is_taken_in_every_spelling,
    an_international_domain_is_the_same_in_both_alphabets,
    without_sign_in_there_is_an_account_and_no_session,
    a_closed_house_registers_nobody,
    every_fault_is_told_at_once_and_nothing_is_written,
    twenty_registrations_of_one_address_at_once_make_one_account,
    a_taken_address_need_not_show,
    a_taken_address_is_on_record,
);

/// The token reply as it must be, with only what is random taken from the reply itself.
fn expected_reply(answer: &Answer, email: &str, name: Value) -> Value {
    let body = &answer.json;
    for member in ["access_token", "refresh_token", "session_id"] {
        assert!(body[member].as_str().is_some_and(|text| text.len() >= 36), "{member}: {answer:?}");
    }
    json!({
        "access_token": body["access_token"],
        "token_type": "Bearer",
        "expires_in": 900,
        "expires_at": "2027-01-15T08:15:00Z",
        "refresh_token": body["refresh_token"],
        "refresh_expires_in": 14 * 86_400,
        "session_id": body["session_id"],
        "user": {
            "id": body["user"]["id"],
            "email": email,
            "email_verified": false,
            "name": name,
            "roles": ["user"],
            "created_at": "2027-01-15T08:00:00Z",
            "updated_at": "2027-01-15T08:00:00Z",
            "last_login_at": null,
        },
    })
}

fn registering_signs_in_and_tells_everything_a_client_needs(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let body = json!({ "email": "Ada@Example.ORG", "password": PASSWORD, "name": " Ada Lovelace " });
    let answer = house.post("/auth/register", body);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json, expected_reply(&answer, "ada@example.org", json!("Ada Lovelace")));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");

    let access = answer.json["access_token"].as_str().unwrap();
    let me = house.get_as(access, "/auth/me").ok(200);
    assert_eq!(me, answer.json["user"], "the same user, wherever it is shown");
    let refreshed = house.post("/auth/refresh", json!({ "refresh_token": answer.json["refresh_token"] }));
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
}

fn signup_is_the_same_as_register(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let answer = house.post("/auth/signup", registration("ada"));
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json, expected_reply(&answer, "ada@example.org", Value::Null));
    house.post("/auth/register", registration("ada")).is_problem(409, "email_taken");
    house.post("/auth/signup", registration("ada")).is_problem(409, "email_taken");
}

fn an_address_is_taken_in_every_spelling(kind: Kind) {
    let house = TestHouse::on(kind).start();
    house.user("ada");
    let before = rows(&house);
    for spelling in
        ["ada@example.org", "ADA@example.org", "Ada@EXAMPLE.org", "aDa@exAmple.oRG", "ada@ｅｘａｍｐｌｅ.org"]
    {
        house
            .post("/auth/register", json!({ "email": spelling, "password": PASSWORD }))
            .is_problem(409, "email_taken");
    }
    assert_eq!(rows(&house), before);
    // The password of somebody who tries is not looked at: it tells nothing about the account.
    assert_eq!(house.login("ADA@EXAMPLE.ORG").id, house.login("ada@example.org").id);
}

fn an_international_domain_is_the_same_in_both_alphabets(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let register =
        |email: &str| house.post("/auth/register", json!({ "email": email, "password": PASSWORD }));
    let first = register("grace@Bücher.example");
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.json["user"]["email"], "grace@xn--bcher-kva.example");
    for spelling in [
        "grace@bücher.example",
        "GRACE@BÜCHER.example",
        "grace@xn--bcher-kva.example",
        "grace@bu\u{308}cher.example",
    ] {
        register(spelling).is_problem(409, "email_taken");
    }
    // Close, and another domain: no collation may take one for the other.
    assert_eq!(register("grace@bucher.example").status, 201);
}

fn without_sign_in_there_is_an_account_and_no_session(kind: Kind) {
    let house = TestHouse::on(kind).set("registration.sign_in", false).start();
    let answer = house.post("/auth/register", registration("ada"));
    assert_eq!(answer.status, 201, "{answer:?}");
    let user = &answer.json["user"];
    assert_eq!(answer.json, json!({ "user": user }), "nothing but the user");
    assert_eq!(user["email"], "ada@example.org");
    assert_eq!(rows(&house).sessions, 0);
    assert!(house.events("login_succeeded").is_empty());
    assert_eq!(house.login("ada@example.org").id, user["id"]);
}

fn a_closed_house_registers_nobody(kind: Kind) {
    let house = TestHouse::on(kind).set("registration.mode", "closed").start();
    let before = rows(&house);
    for path in ["/auth/register", "/auth/signup"] {
        house.post(path, registration("ada")).is_problem(403, "registration_closed");
    }
    assert_eq!(rows(&house), before);
}

fn every_fault_is_told_at_once_and_nothing_is_written(kind: Kind) {
    let house = TestHouse::on(kind)
        .set("passwords.min_length", 10)
        .set("passwords.require_upper", true)
        .set("passwords.require_lower", true)
        .set("passwords.require_digit", true)
        .start();
    let before = rows(&house);
    let answer =
        house.post("/auth/register", json!({ "email": "not an address", "password": "", "name": "a\u{7}b" }));
    answer.is_problem(422, "validation_failed");
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        faults(&answer),
        [
            pair("/email", "email_invalid"),
            pair("/password", "password_too_short"),
            pair("/password", "password_needs_upper"),
            pair("/password", "password_needs_lower"),
            pair("/password", "password_needs_digit"),
            pair("/name", "name_invalid"),
        ]
    );
    let detail = answer.json["errors"][1]["detail"].as_str().unwrap();
    assert_eq!(detail, "the password needs at least 10 characters");
    let too_long =
        house.post("/auth/register", json!({ "email": "a@b.example", "password": "Aa1".repeat(400) }));
    assert_eq!(
        faults(too_long.is_problem(422, "validation_failed")),
        [pair("/password", "password_too_long")]
    );
    let nul =
        house.post("/auth/register", json!({ "email": "a@b.example", "password": "Correct-horse\u{0}9" }));
    assert_eq!(faults(nul.is_problem(422, "validation_failed")), [pair("/password", "password_invalid")]);
    assert_eq!(rows(&house), before);
    assert!(house.events("registered").is_empty());
}

fn twenty_registrations_of_one_address_at_once_make_one_account(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| house.post("/auth/register", registration("ada")).status))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 19, "{statuses:?}");
    let rows = rows(&house);
    assert_eq!((rows.users, rows.credentials, rows.sessions), (1, 1, 1));
    assert_eq!(house.events("registered").len(), 1);
}

fn a_taken_address_need_not_show(kind: Kind) {
    let house = TestHouse::on(kind).set("registration.reveal_taken", false).start();
    let first = house.post("/auth/register", registration("ada"));
    let second = house.post("/auth/register", registration("ada"));
    for answer in [&first, &second] {
        assert_eq!((answer.status, answer.text.as_str()), (202, "{}"), "{answer:?}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    let names = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(|name| name.to_string()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&first), names(&second));
    assert_eq!((rows(&house).users, rows(&house).sessions), (1, 0), "nobody is signed in by it");
    assert_eq!(house.events("registered").len(), 1);
    let refused = house.events("registration_refused");
    assert_eq!(refused.len(), 1, "the operator sees it");
    // What is wrong with the input shows as ever: it says nothing about others.
    house
        .post("/auth/register", json!({ "email": "x", "password": "y" }))
        .is_problem(422, "validation_failed");
    assert_eq!(crate::http::try_login(&house, "ada@example.org", PASSWORD).status, 200);
}

fn a_taken_address_is_on_record(kind: Kind) {
    let house = TestHouse::on(kind).start();
    house.post("/auth/register", registration("ada"));
    house.post("/auth/register", registration("ada")).is_problem(409, "email_taken");
    assert_eq!(house.events("registration_refused").len(), 1);
}
