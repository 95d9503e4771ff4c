//! What a new password must be, wherever one is set.

use std::path::Path;

use guardhouse::breach::build::{InputKind, Recipe, build};
use serde_json::json;

use crate::http::{faults, registration, try_login};
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

const STOLEN: [&str; 2] = ["our dog is called rex", "Tr0ub4dor&3"];

/// A filter of [`STOLEN`] in `directory`.
pub fn stolen(directory: &Path) -> String {
    let (list, filter) = (directory.join("stolen.txt"), directory.join("stolen.gcs"));
    std::fs::write(&list, STOLEN.join("\n")).unwrap();
    let recipe =
        Recipe { input: &list, kind: InputKind::Passwords, bits: 20, output: &filter, source: "a test" };
    build(&recipe, &mut |_| ()).unwrap();
    filter.display().to_string()
}

fn codes(answer: &crate::support::Answer) -> Vec<String> {
    faults(answer.is_problem(422, "validation_failed")).into_iter().map(|(_, code)| code).collect()
}

fn register(house: &TestHouse, password: &str) -> crate::support::Answer {
    house.post("/auth/register", json!({ "email": "ada.lovelace@example.org", "password": password }))
}

#[test]
fn a_new_password_is_held_to_every_rule_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let house = TestHouse::on(Kind::Sqlite)
        .set("passwords.breach_filter", stolen(directory.path()))
        .set("passwords.min_strength", 3)
        .set("passwords.require_digit", true)
        .start();
    for (password, expected) in [
        ("password", vec!["password_needs_digit", "password_too_weak", "password_common"]),
        ("PassWord1", vec!["password_too_weak", "password_common"]),
        ("lovelace 1", vec!["password_too_weak", "password_similar_to_email"]),
        (STOLEN[0], vec!["password_needs_digit", "password_breached"]),
        (STOLEN[1], vec!["password_breached"]),
        ("lovelace", vec!["password_needs_digit", "password_too_weak", "password_similar_to_email"]),
    ] {
        assert_eq!(codes(&register(&house, password)), expected, "{password}");
    }
    assert_eq!(register(&house, "two geese & 1 staple").status, 201);
}

#[test]
fn the_rules_hold_wherever_a_password_is_set_and_never_for_a_login() {
    let directory = tempfile::tempdir().unwrap();
    let filter = stolen(directory.path());
    let house = TestHouse::new();
    let ada = house.user("ada");
    let house = house.restart_with(&[("passwords.breach_filter", &filter)]);
    let access = house.login(&ada.email).access;
    let change = |new: &str| {
        house.post_as(&access, "/auth/password", json!({ "current_password": PASSWORD, "new_password": new }))
    };
    assert_eq!(codes(&change(STOLEN[0])), ["password_breached"]);
    assert_eq!(codes(&change("iloveyou")), ["password_common"]);
    assert_eq!(codes(&change("ada@example")), ["password_similar_to_email"]);

    // What was good enough once goes on opening the account.
    assert_eq!(change("exactly seven geese").status, 204);
    std::fs::write(directory.path().join("stolen.txt"), "exactly seven geese\n").unwrap();
    let (list, output) = (directory.path().join("stolen.txt"), directory.path().join("more.gcs"));
    let recipe = Recipe { input: &list, kind: InputKind::Passwords, bits: 20, output: &output, source: "" };
    build(&recipe, &mut |_| ()).unwrap();
    let house = house.restart_with(&[("passwords.breach_filter", &output.display().to_string())]);
    assert_eq!(try_login(&house, &ada.email, "exactly seven geese").status, 200);
}

#[test]
fn each_rule_can_be_switched_off() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("passwords.refuse_common", false)
        .set("passwords.refuse_similar", false)
        .start();
    assert_eq!(register(&house, "password").status, 201);
    let similar = json!({ "email": "bob.builder@example.org", "password": "bob.builder" });
    assert_eq!(house.post("/auth/register", similar).status, 201);
}

#[test]
fn while_a_list_cannot_be_read_no_password_is_set_and_logins_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let filter = stolen(directory.path());
    let house = TestHouse::on(Kind::Sqlite).set("passwords.breach_filter", &filter).start();
    let ada = house.user("ada");
    let whole = std::fs::read(&filter).unwrap();
    std::fs::OpenOptions::new().write(true).open(&filter).unwrap().set_len(64).unwrap();
    house.post("/auth/register", registration("bob")).is_problem(503, "storage_unavailable");
    assert_eq!(try_login(&house, &ada.email, PASSWORD).status, 200);
    std::fs::write(&filter, whole).unwrap();
    assert_eq!(house.post("/auth/register", registration("bob")).status, 201);
}
