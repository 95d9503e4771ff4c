//! `profiles/stateless.toml`: one token of 24 hours that whoever has the key verifies, and no refresh.

use serde_json::{Value, json};

use super::attacks;
use super::forged::Genuine;
use super::houses::{self, Operated, SECRET, stateless, stateless_plan};
use super::steps::{self, ADDRESS, Limit, WRONG, person, register};
use crate::http::{login_from, rows};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse, User};

on_every_database!(
    register_opens_an_account,
    signup_is_register_by_its_other_name,
    login_by_json_and_by_the_oauth2_password_form,
    isolation_of_accounts,
    last_login_is_noted,
    errors_are_generic,
    audit_of_registration_login_and_logout,
    sql_injection_finds_only_texts,
    logout_refuses_the_token_at_once,
    clean_up_removes_sessions_whose_token_has_expired,
);

const DAY: u64 = 86_400;
const LOGIN: Limit = Limit { rule: "login.address", max: 5, window: 60 };
const REGISTER: Limit = Limit { rule: "register.address", max: 5, window: 60 };

fn register_opens_an_account(kind: Kind) {
    steps::registration(&stateless(kind), "/auth/register");
}

fn signup_is_register_by_its_other_name(kind: Kind) {
    steps::registration(&stateless(kind), "/auth/signup");
}

fn login_by_json_and_by_the_oauth2_password_form(kind: Kind) {
    steps::login(&stateless(kind));
}

#[test]
fn jwt_hs256_of_24_hours_and_no_refresh_token() {
    let house = stateless(Kind::Sqlite);
    let registered = register(&house, ADDRESS, "ada@example.org");
    let ada = User::from("ada@example.org".into(), &registered);
    let login = login_from(&house, ADDRESS, &ada.email, PASSWORD);
    for answer in [&registered, &login] {
        assert_eq!(answer.json["expires_in"], DAY, "{answer:?}");
        assert_eq!(answer.json["expires_at"], "2027-01-16T08:00:00Z");
        for member in ["refresh_token", "refresh_expires_in"] {
            assert_eq!(answer.json.get(member), None, "{answer:?}");
        }
    }
    let token = Genuine::new(&ada.access);
    assert_eq!(token.header["alg"], "HS256");
    assert!(token.is_signed_with(SECRET), "whoever has the key verifies it");
    assert!(!token.is_signed_with("nine-wizards-quietly-juggled-64-frozen-lampS"));
    assert_eq!((&token.payload["sub"], &token.payload["roles"]), (&json!(ada.id), &json!(["user"])));
    assert_eq!(house.get("/.well-known/jwks.json").ok(200)["keys"], json!([]), "the key is never told");
}

#[test]
fn bcrypt_at_cost_12() {
    houses::bcrypt_at_cost_12(&Operated::by("stateless.toml", None));
}

#[test]
fn password_policy_names_what_lacks() {
    steps::password_policy(&stateless(Kind::Sqlite));
}

#[test]
fn five_registrations_a_minute_for_an_address() {
    let house = stateless(Kind::Sqlite);
    steps::limit_holds(&house, &REGISTER, |address, n| {
        register(&house, address, &format!("user{n}@example.org"))
    });
}

#[test]
fn five_logins_a_minute_for_an_address() {
    let house = stateless(Kind::Sqlite);
    steps::limit_holds(&house, &LOGIN, |address, n| {
        login_from(&house, address, &format!("nobody{n}@example.org"), WRONG)
    });
}

fn isolation_of_accounts(kind: Kind) {
    steps::isolation(&stateless(kind));
}

fn last_login_is_noted(kind: Kind) {
    steps::last_login(&stateless(kind));
}

fn errors_are_generic(kind: Kind) {
    steps::generic_errors(&stateless(kind));
}

fn audit_of_registration_login_and_logout(kind: Kind) {
    steps::audit(&stateless(kind));
}

fn sql_injection_finds_only_texts(kind: Kind) {
    attacks::sql_injection(&stateless(kind));
}

#[test]
fn brute_force_gets_five_guesses_a_minute() {
    attacks::brute_force(&stateless(Kind::Sqlite), &LOGIN);
}

#[test]
fn brute_force_from_many_addresses_is_stopped_by_the_lists_that_the_profile_leaves_out() {
    let refused = |house: TestHouse| -> usize {
        let ada = person(&house, "ada");
        let guess = |n| login_from(&house, &format!("192.0.2.{n}"), &ada.email, WRONG).status;
        (1..=30).map(guess).filter(|status| *status == 429).count()
    };
    assert_eq!(refused(stateless(Kind::Sqlite)), 0, "as in the system before");
    let better = stateless_plan(Kind::Sqlite).set("limits.login.account", "10/15m,50/1d");
    assert!(refused(better.start()) >= 20);
}

#[test]
fn token_manipulation_is_noticed() {
    let house = stateless(Kind::Sqlite);
    let (ada, eve) = (person(&house, "ada"), person(&house, "eve"));
    let genuine = Genuine::new(&ada.access);
    let mut forged = genuine.without_algorithm();
    forged.extend(genuine.by_another_key());
    forged.extend(genuine.with_changed_payload(&eve.id));
    forged.extend(genuine.truncated());
    forged.extend(genuine.of_the_system_before(SECRET));
    attacks::are_refused(&house, &ada, forged);
}

#[test]
fn expiry_after_exactly_24_hours() {
    steps::expiry(&stateless(Kind::Sqlite), DAY, 5);
    let house = stateless_plan(Kind::Sqlite).set("tokens.leeway", "0s").start();
    let ada = steps::expiry(&house, DAY, 0);
    let again = login_from(&house, ADDRESS, &ada.email, PASSWORD).ok(200);
    assert_eq!(again["expires_at"], "2027-01-17T08:00:00Z", "a day from the new login");
}

fn logout_refuses_the_token_at_once(kind: Kind) {
    let house = stateless(kind);
    let ada = person(&house, "ada");
    let other = User::from(ada.email.clone(), &login_from(&house, ADDRESS, &ada.email, PASSWORD));
    assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    house.get_as(&ada.access, &format!("/users/{}", ada.id)).is_problem(401, "token_revoked");
    assert_eq!(house.get_as(&other.access, "/auth/me").status, 200, "the other device goes on");
    // Nobody forgets it before the token has run out.
    house.advance(DAY - 1);
    let house = house.restart();
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    assert_eq!(house.post_as(&other.access, "/auth/logout?scope=global", json!({})).status, 204);
    house.get_as(&other.access, "/auth/me").is_problem(401, "token_revoked");
}

fn clean_up_removes_sessions_whose_token_has_expired(kind: Kind) {
    let house = stateless(kind);
    let ada = person(&house, "ada");
    house.advance(DAY - 1);
    house.login(&ada.email);
    house.advance(1);
    // What the server does by itself once a minute.
    house.desk().sessions.sweep();
    crate::binary::process::until("the sweep", || rows(&house).sessions == 1);
    assert_eq!(house.get_as(&house.login(&ada.email).access, "/auth/me").ok(200)["name"], Value::Null);
}

#[test]
fn an_existing_user_base_moves_in_with_its_passwords() {
    houses::an_existing_user_base_moves_in(&Operated::by("stateless.toml", None));
}
