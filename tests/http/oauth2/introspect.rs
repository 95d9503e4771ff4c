//! `POST /oauth2/introspect` (RFC 7662)

use serde_json::{Value, json};

use super::{SHOP, introspect, post, with_clients};
use crate::http::{audit_rows, next_refresh, refresh, rows, sql, text};
use crate::in_every_home;
use crate::proofs::home::Home;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse, User};

in_every_home!(
    an_access_token_is_active_until_its_session_or_its_account_ends,
    a_refresh_token_is_active_exactly_as_long_as_it_would_be_exchanged,
    another_node_says_the_same,
);

fn inactive() -> Value {
    json!({ "active": false })
}

fn active_for(house: &TestHouse, user: &User) {
    let answer = introspect(house, &user.access);
    assert_eq!(
        (&answer["active"], &answer["sub"], &answer["sid"]),
        (&json!(true), &json!(user.id), &json!(user.session))
    );
}

fn an_access_token_is_active_until_its_session_or_its_account_ends(home: Home) {
    let home = home.open();
    let house = with_clients(home.plan()).start();
    let (root, bob) = (house.admin("root"), house.user("bob"));
    let as_root =
        |path: &str| assert_eq!(house.call("POST", path, Some(&root.access), None).status, 204, "{path}");

    let ada = house.user("ada");
    active_for(&house, &ada);
    assert_eq!(house.call("POST", "/auth/logout", Some(&ada.access), None).status, 204);
    assert_eq!(introspect(&house, &ada.access), inactive(), "signed out");

    let ada = house.login(&ada.email);
    as_root(&format!("/users/{}/sessions/revoke", ada.id));
    assert_eq!(introspect(&house, &ada.access), inactive(), "ended by an administrator");

    let ada = house.login(&ada.email);
    as_root(&format!("/users/{}/disable", ada.id));
    assert_eq!(introspect(&house, &ada.access), inactive(), "disabled");
    as_root(&format!("/users/{}/enable", ada.id));
    assert_eq!(introspect(&house, &ada.access), inactive(), "what was ended stays so");

    let (here, there) = (house.login(&ada.email), house.login(&ada.email));
    let body = json!({ "current_password": PASSWORD, "new_password": format!("{PASSWORD}!") });
    assert_eq!(house.post_as(&here.access, "/auth/password", body).status, 204);
    active_for(&house, &here);
    assert_eq!(introspect(&house, &there.access), inactive(), "the password was changed elsewhere");

    let roles = json!({ "roles": ["user", "admin"] });
    let path = format!("/users/{}", here.id);
    assert_eq!(house.call("PATCH", &path, Some(&root.access), Some(&roles)).status, 200);
    assert_eq!(introspect(&house, &here.access), inactive(), "the roles in it are not those of the account");

    active_for(&house, &bob);
    assert_eq!(house.call("DELETE", &format!("/users/{}", bob.id), Some(&root.access), None).status, 204);
    assert_eq!(introspect(&house, &bob.access), inactive(), "deleted");
}

fn a_refresh_token_is_active_exactly_as_long_as_it_would_be_exchanged(home: Home) {
    let home = home.open();
    let plan =
        with_clients(home.plan()).set("sessions.idle_timeout", "1h").set("sessions.refresh_lifetime", "90m");
    let house = plan.start();
    let ada = house.user("ada");
    let of = |user: &User, exp: i64| json!({ "active": true, "token_type": "refresh_token", "sub": user.id, "sid": user.session, "exp": exp });
    assert_eq!(introspect(&house, &ada.refresh), of(&ada, 1_800_003_600));

    house.advance(1_000);
    let second = next_refresh(&refresh(&house, &ada.refresh));
    assert_eq!(introspect(&house, &second), of(&ada, 1_800_004_600));
    assert_eq!(introspect(&house, &ada.refresh), of(&ada, 1_800_004_600), "within the grace");
    house.advance(10);
    let before = (rows(&house), audit_rows(&house).len());
    assert_eq!(introspect(&house, &ada.refresh), inactive(), "beyond the grace");
    assert_eq!((rows(&house), audit_rows(&house).len()), before, "looking is not presenting");
    assert_eq!(introspect(&house, &second), of(&ada, 1_800_004_600), "so the session goes on");
    let third = next_refresh(&refresh(&house, &second));

    house.advance(3_000);
    let last = next_refresh(&refresh(&house, &third));
    assert_eq!(introspect(&house, &last), of(&ada, 1_800_005_400), "never beyond the session's own end");
    house.advance(1_389);
    assert_eq!(introspect(&house, &last)["active"], true);
    house.advance(1);
    assert_eq!(introspect(&house, &last), inactive(), "over");
    refresh(&house, &last).is_problem(401, "refresh_invalid");

    let ada = house.login(&ada.email);
    assert_eq!(introspect(&house, &ada.refresh)["active"], true);
    assert_eq!(house.call("POST", "/auth/logout", Some(&ada.access), None).status, 204);
    assert_eq!(introspect(&house, &ada.refresh), inactive(), "signed out");

    let (ada, root) = (house.login(&ada.email), house.admin("root"));
    let disable = format!("/users/{}/disable", ada.id);
    assert_eq!(house.call("POST", &disable, Some(&root.access), None).status, 204);
    assert_eq!(introspect(&house, &ada.refresh), inactive(), "disabled");
}

fn another_node_says_the_same(home: Home) {
    if home == Home::Memory {
        return;
    }
    let home = home.open();
    let one = with_clients(home.plan()).start();
    let two = one.another_node();
    let ada = one.user("ada");
    active_for(&two, &ada);
    assert_eq!(introspect(&two, &ada.refresh)["active"], true);
    assert_eq!(one.call("POST", "/auth/logout", Some(&ada.access), None).status, 204);
    assert_eq!(introspect(&two, &ada.refresh), inactive(), "the store is asked");
    crate::binary::process::until("the logout is known", || {
        two.poll_revocations();
        introspect(&two, &ada.access) == inactive()
    });
}

#[test]
fn an_access_token_of_any_format_says_everything_that_it_says_itself() {
    const SECRET: &str = "nine-wizards-quietly-juggled-64-frozen-lamps";
    for settings in [
        &[][..],
        &[("tokens.algorithm", "HS256"), ("tokens.hs256_secret", SECRET)],
        &[("tokens.format", "paseto"), ("tokens.algorithm", "v4.public")],
    ] {
        let plan = with_clients(TestHouse::on(Kind::Sqlite))
            .set("tokens.issuer", "https://id.example.org")
            .set("tokens.audience", "shop");
        let house = settings.iter().fold(plan, |plan, (key, value)| plan.set(key, value)).start();
        let ada = house.user("ada");
        house.advance(60);
        let later = refresh(&house, &ada.refresh);
        let token = text(&later, "/access_token");
        let answer = introspect(&house, token);
        let desk = house.desk();
        let now = guardhouse::domain::clock::Clock::now(&*house.clock);
        let claims = desk.access_tokens.open(token, now).unwrap();
        assert_eq!(
            answer,
            json!({
                "active": true,
                "token_type": "Bearer",
                "client_id": "guardhouse",
                "sub": ada.id,
                "sid": ada.session,
                "iss": "https://id.example.org",
                "aud": "shop",
                "iat": 1_800_000_060,
                "nbf": 1_800_000_060,
                "exp": 1_800_000_960,
                "jti": claims.token,
                "auth_time": 1_800_000_000,
                "amr": ["pwd"],
                "roles": ["user"],
            })
        );
        house.advance(904);
        assert_eq!(introspect(&house, token)["active"], true, "within the leeway, as every endpoint has it");
        house.advance(1);
        assert_eq!(introspect(&house, token), inactive());
    }
}

#[test]
fn whatever_is_no_token_of_ours_is_inactive_and_nothing_more_is_said() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    let flip = |token: &str, at: usize| {
        let mut octets = token.as_bytes().to_vec();
        octets[at] = if octets[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(octets).unwrap()
    };
    let elsewhere = with_clients(TestHouse::on(Kind::Sqlite)).start().user("ada");
    let audience = house.another_node_with(&[("tokens.audience", "another")]).login(&ada.email);
    for token in [
        "x".to_owned(),
        "..".to_owned(),
        "ghr_".to_owned(),
        "v4.public.".to_owned(),
        " ".to_owned(),
        format!(" {}", ada.access),
        "a".repeat(16_000),
        SHOP.1.to_owned(),
        flip(&ada.access, ada.access.len() - 10),
        flip(&ada.access, 3),
        flip(&ada.refresh, 20),
        flip(&ada.refresh, ada.refresh.len() - 10),
        elsewhere.access,
        elsewhere.refresh,
        audience.access,
    ] {
        assert_eq!(introspect(&house, &token), inactive(), "{token}");
    }
    active_for(&house, &ada);
}

/// RFC 7662 section 2.1: an authorization server may ignore the hint.
#[test]
fn a_wrong_hint_does_not_hide_a_token() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    for token in [&ada.access, &ada.refresh] {
        for hint in ["access_token", "refresh_token", "id_token", "nonsense"] {
            let answer = post(
                &house,
                "/oauth2/introspect",
                Some(SHOP),
                &[("token", token), ("token_type_hint", hint)],
            );
            assert_eq!(answer.ok(200)["active"], true, "{hint}");
        }
    }
}

#[test]
fn looking_at_a_token_is_no_use_of_its_session() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    let session = || {
        let (desk, ada) = (house.desk(), ada.clone());
        let now = guardhouse::domain::clock::Clock::now(&*house.clock);
        house.io(async move {
            desk.sessions.drain().await;
            let found = desk.sessions.find(ada.id.parse().unwrap(), ada.session.parse().unwrap(), now).await;
            found.unwrap().unwrap().unwrap()
        })
    };
    let opened = session();
    house.advance(600);
    active_for(&house, &ada);
    assert_eq!(introspect(&house, &ada.refresh)["active"], true);
    assert_eq!(session(), opened);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    assert_ne!(session().last_seen_at, opened.last_seen_at, "a use would have been seen");
}

#[test]
fn where_no_refresh_tokens_are_given_out_none_is_active() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    let house = house.restart_with(&[("sessions.refresh_tokens", "false")]);
    assert_eq!(introspect(&house, &ada.refresh), inactive());
    active_for(&house, &ada);
}

/// The account decides even where the session is still stored: its removal comes after the change and may fail.
#[test]
fn a_refresh_token_is_inactive_when_its_account_says_so_whatever_is_left_of_the_session() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    for (change, back) in [
        ("disabled_at = 1", "disabled_at = NULL"),
        ("sessions_from = 1, epoch = 1", "sessions_from = 0, epoch = 0"),
    ] {
        sql(&house, format!("UPDATE users SET {change}"));
        assert_eq!(introspect(&house, &ada.refresh), inactive(), "{change}");
        sql(&house, format!("UPDATE users SET {back}"));
        assert_eq!(introspect(&house, &ada.refresh)["active"], true, "{back}");
    }
}

#[test]
fn a_token_that_was_given_a_longer_life_is_inactive_with_the_configured_one() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    let house = house.restart_with(&[("tokens.access_lifetime", "1m")]);
    active_for(&house, &ada);
    house.advance(120);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_expired");
    assert_eq!(introspect(&house, &ada.access), inactive());
}

#[test]
fn a_service_that_was_sent_a_refresh_token_does_not_take_it_for_an_access_token() {
    const NOTES: super::Credentials = ("notes", "ghc_the-secret-of-the-notes");
    let house = super::with_client(TestHouse::on(Kind::Sqlite), NOTES, "introspect").start();
    let ada = house.user("ada");
    let asked = |token| super::post(&house, "/oauth2/introspect", Some(NOTES), &[("token", token)]).ok(200);
    assert_eq!(asked(&ada.access)["active"], true);
    assert_eq!(asked(&ada.refresh), inactive());
}
