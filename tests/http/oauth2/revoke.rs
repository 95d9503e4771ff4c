//! `POST /oauth2/revoke` (RFC 7009)

use super::{GUARD, introspect, is_error, post, revoke, with_clients};
use crate::http::{audit_rows, next_refresh, refresh, rows};
use crate::in_every_home;
use crate::proofs::home::Home;
use crate::support::{Kind, TestHouse, User};

in_every_home!(
    either_token_ends_its_session_with_all_its_tokens_and_no_other,
    a_superseded_refresh_token_ends_its_session_too,
    what_is_unknown_forged_or_over_is_answered_alike_and_changes_nothing,
    another_node_refuses_what_was_revoked,
);

#[track_caller]
fn is_dead(house: &TestHouse, user: &User) {
    house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
    refresh(house, &user.refresh).is_problem(401, "refresh_invalid");
}

#[track_caller]
fn lives(house: &TestHouse, user: &User) {
    assert_eq!(house.get_as(&user.access, "/auth/me").status, 200);
}

fn either_token_ends_its_session_with_all_its_tokens_and_no_other(home: Home) {
    let home = home.open();
    let house = with_clients(home.plan()).start();
    let (first, bob) = (house.user("ada"), house.user("bob"));
    let [second, third, stays] = [(); 3].map(|()| house.login(&first.email));
    revoke(&house, &first.refresh);
    is_dead(&house, &first);
    revoke(&house, &second.access);
    is_dead(&house, &second);
    let answer = post(&house, "/oauth2/revoke", Some(GUARD), &[("token", &third.refresh)]);
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    is_dead(&house, &third);
    lives(&house, &stays);
    lives(&house, &bob);
    assert_eq!(refresh(&house, &stays.refresh).status, 200);

    let events = house.events("logged_out");
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.session_id.unwrap().to_string(), event.detail.clone().unwrap()))
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for (user, detail) in [
        (first, "refresh token revoked"),
        (second, "access token revoked"),
        (third, "refresh token revoked by client guard"),
    ] {
        assert!(told.contains(&(user.session, detail.to_owned())), "{detail}: {told:?}");
    }
    assert!(events.iter().all(|event| event.user_id.unwrap().to_string() == stays.id));
}

fn a_superseded_refresh_token_ends_its_session_too(home: Home) {
    let home = home.open();
    let house = with_clients(home.plan()).start();
    let ada = house.user("ada");
    let second = next_refresh(&refresh(&house, &ada.refresh));
    house.advance(60);
    let third = next_refresh(&refresh(&house, &second));
    house.advance(60);
    revoke(&house, &ada.refresh);
    refresh(&house, &third).is_problem(401, "refresh_invalid");
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    assert_eq!(house.events("refresh_replayed").len(), 0, "to revoke is not to present for exchange");
}

fn what_is_unknown_forged_or_over_is_answered_alike_and_changes_nothing(home: Home) {
    let home = home.open();
    let house = with_clients(home.plan()).set("tokens.access_lifetime", "1m").start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    revoke(&house, &bob.access);
    let before = (rows(&house), audit_rows(&house).len());
    let forged = |token: &str| {
        let (start, end) = token.split_at(token.len() - 10);
        format!("{start}{}{}", if end.starts_with('A') { 'B' } else { 'A' }, &end[1..])
    };
    for token in ["x", "ghr_", "..", &forged(&ada.access), &forged(&ada.refresh), &bob.access, &bob.refresh] {
        revoke(&house, token);
        assert_eq!((rows(&house), audit_rows(&house).len()), before, "{token}");
    }
    lives(&house, &ada);
    house.advance(66);
    revoke(&house, &ada.access);
    assert_eq!((rows(&house), audit_rows(&house).len()), before, "an expired access token");
    assert_eq!(refresh(&house, &ada.refresh).status, 200, "and its session goes on");
}

fn another_node_refuses_what_was_revoked(home: Home) {
    if home == Home::Memory {
        return;
    }
    let home = home.open();
    let one = with_clients(home.plan()).start();
    let two = one.another_node();
    let (ada, bob) = (one.user("ada"), one.user("bob"));
    revoke(&two, &ada.access);
    revoke(&two, &bob.refresh);
    for user in [&ada, &bob] {
        refresh(&one, &user.refresh).is_problem(401, "refresh_invalid");
        crate::binary::process::until("the revocation is known", || {
            one.poll_revocations();
            one.get_as(&user.access, "/auth/me").status == 401
        });
    }
}

#[test]
fn wrong_credentials_end_nothing() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    for token in [&ada.access, &ada.refresh] {
        let answer = post(&house, "/oauth2/revoke", Some((GUARD.0, "ghc_wrong")), &[("token", token)]);
        is_error(&answer, 401, "invalid_client");
    }
    lives(&house, &ada);
    assert_eq!(refresh(&house, &ada.refresh).status, 200);
}

/// RFC 7009 section 2.1: where the hint misleads, the search goes on over all types.
#[test]
fn a_wrong_hint_does_not_save_a_token() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let (ada, bob) = (house.user(&format!("ada-{hint}")), house.user(&format!("bob-{hint}")));
        for token in [&ada.access, &bob.refresh] {
            let fields = [("token_type_hint", hint), ("token", token.as_str())];
            assert_eq!(post(&house, "/oauth2/revoke", None, &fields).status, 200);
        }
        is_dead(&house, &ada);
        is_dead(&house, &bob);
    }
}

#[test]
fn what_was_revoked_is_inactive_at_once() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    revoke(&house, &ada.refresh);
    for token in [&ada.access, &ada.refresh] {
        assert_eq!(introspect(&house, token), serde_json::json!({ "active": false }));
    }
}

#[test]
fn a_node_that_gives_out_no_refresh_tokens_still_ends_the_sessions_of_older_ones() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    let house = house.restart_with(&[("sessions.refresh_tokens", "false")]);
    revoke(&house, &ada.refresh);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
}

#[test]
fn a_form_of_very_many_fields_is_refused_before_it_costs_anything() {
    let house = TestHouse::on(Kind::Sqlite).set("server.body_limit", "1MiB").start();
    let ada = house.user("ada");
    let fields = |count: usize| (0..count).map(|field| format!("&f{field}=")).collect::<String>();
    let token = |count| format!("token={}{}", ada.access, fields(count));
    let answer = super::post_octets(&house, "/oauth2/revoke", None, &token(32));
    assert_eq!(answer.status, 400, "{answer:?}");
    let answer = super::post_octets(&house, "/oauth2/revoke", None, &token(100_000));
    assert_eq!(answer.status, 400, "{}", answer.status);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "it was ended all the same");
    assert_eq!(super::post_octets(&house, "/oauth2/revoke", None, &token(31)).status, 200);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
}
