//! `profiles/hybrid-redis.toml`: short access tokens, and sessions, refresh tokens and limits in Redis, for several nodes.

use std::thread;

use serde_json::json;

use super::attacks;
use super::forged::Genuine;
use super::houses::{self, Operated, hybrid, hybrid_plan, in_redis};
use super::steps::{self, ADDRESS, Limit, WRONG, is_on_record, person, post, register};
use crate::binary::process::{agent, request, until};
use crate::http::{login_from, next_refresh, refresh, rows, text};
use crate::on_every_database;
use crate::proofs::redis::redis_is_available;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, PrivateServer, TestHouse, User};

on_every_database!(
    several_instances_count_attempts_together,
    several_instances_end_sessions_together,
    several_instances_refresh_each_others_tokens,
);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const MONTH: u64 = 30 * 24 * HOUR;
const LOGIN: Limit = Limit { rule: "login.address", max: 5, window: 15 * MINUTE };
const REGISTER: Limit = Limit { rule: "register.address", max: 3, window: HOUR };

/// How many sessions there are in Redis.
fn sessions(redis: &PrivateServer) -> usize {
    let count = "local n = 0 for _, k in ipairs(redis.call('KEYS', 'guardhouse:*:user:*')) do \
        n = n + redis.call('HLEN', k) end return n";
    in_redis(redis, count).parse().expect("a number")
}

/// In how many milliseconds Redis has dropped all keys of this pattern by itself.
fn lives_for(redis: &PrivateServer, pattern: &str) -> u64 {
    let ask = format!(
        "local longest = 'no key' for _, k in ipairs(redis.call('KEYS', '{pattern}')) do local t = redis.call('PTTL', k) \
         if t < 0 then return k .. ' stays' end \
         if longest == 'no key' or t > longest then longest = t end end return tostring(longest)"
    );
    let told = in_redis(redis, &ask);
    told.parse().unwrap_or_else(|_| panic!("{pattern}: {told}"))
}

/// Signs `email` in from an address that no limit has seen yet.
fn another_device(house: &TestHouse, email: &str, address: &str) -> User {
    User::from(email.to_owned(), &login_from(house, address, email, PASSWORD))
}

#[test]
fn register_opens_an_account() {
    hybrid(Kind::Sqlite, |house, _| steps::registration(house, "/auth/register"));
}

#[test]
fn signup_is_register_by_its_other_name() {
    hybrid(Kind::Sqlite, |house, _| steps::registration(house, "/auth/signup"));
}

#[test]
fn login_by_json_and_by_the_oauth2_password_form() {
    hybrid(Kind::Sqlite, |house, _| steps::login(house));
}

#[test]
fn jwt_of_15_minutes() {
    hybrid(Kind::Sqlite, |house, _| {
        let answer = register(house, ADDRESS, "ada@example.org");
        assert_eq!(answer.json["expires_in"], 15 * MINUTE, "{answer:?}");
        assert_eq!(answer.json["expires_at"], "2027-01-15T08:15:00Z");
        let token = Genuine::new(text(&answer, "/access_token"));
        assert_eq!(token.header["alg"], "EdDSA");
        let keys = house.get("/.well-known/jwks.json").ok(200)["keys"].clone();
        assert_eq!(keys[0]["kid"], token.header["kid"], "anybody verifies it: {keys}");
    });
}

#[test]
fn refresh_tokens_of_30_days_rotate_in_redis() {
    hybrid(Kind::Sqlite, |house, redis| {
        let registered = register(house, ADDRESS, "ada@example.org");
        assert_eq!(registered.json["refresh_expires_in"], MONTH, "{registered:?}");
        let (mut token, mut seen) = (text(&registered, "/refresh_token").to_owned(), Vec::new());
        for _ in 0..3 {
            house.advance(15 * MINUTE);
            let answer = refresh(house, &token);
            assert_eq!((answer.status, answer.header("guardhouse-refresh")), (200, "rotated"), "{answer:?}");
            assert_eq!(answer.json["expires_in"], 15 * MINUTE);
            assert_eq!(house.get_as(text(&answer, "/access_token"), "/auth/me").status, 200);
            seen.push(std::mem::replace(&mut token, next_refresh(&answer)));
            assert!(!seen.contains(&token), "each is a new one");
        }
        assert_eq!((rows(house).sessions, sessions(redis)), (0, 1), "the database has none of them");
        // Not used once, it is good until the last second, and no rotation makes the session longer.
        house.advance(MONTH - 45 * MINUTE - 1);
        let answer = refresh(house, &token);
        assert_eq!((answer.status, &answer.json["refresh_expires_in"]), (200, &json!(1)), "{answer:?}");
        house.advance(1);
        refresh(house, &next_refresh(&answer)).is_problem(401, "refresh_invalid");
    });
}

#[test]
fn reuse_of_a_refresh_token_ends_the_session() {
    hybrid(Kind::Sqlite, |house, redis| {
        let ada = person(house, "ada");
        let phone = another_device(house, &ada.email, ADDRESS);
        let rotated = refresh(house, &ada.refresh);
        let stolen = ada.refresh;
        house.advance(10);
        refresh(house, &stolen).is_problem(401, "refresh_replayed");
        refresh(house, &next_refresh(&rotated)).is_problem(401, "refresh_invalid");
        for access in [&*ada.access, text(&rotated, "/access_token")] {
            house.get_as(access, "/auth/me").is_problem(401, "token_revoked");
        }
        assert_eq!(house.events("refresh_replayed").len(), 1);
        assert_eq!((sessions(redis), refresh(house, &phone.refresh).status), (1, 200), "the phone goes on");
    });
}

#[test]
fn concurrent_refresh_within_the_grace_signs_nobody_out() {
    hybrid(Kind::Sqlite, |house, _| {
        let ada = person(house, "ada");
        let answers: Vec<Answer> = thread::scope(|scope| {
            let tabs: Vec<_> = (0..12).map(|_| scope.spawn(|| refresh(house, &ada.refresh))).collect();
            tabs.into_iter().map(|tab| tab.join().expect("no tab panics")).collect()
        });
        let next = next_refresh(&answers[0]);
        let mut rotated = 0;
        for answer in &answers {
            assert_eq!(next_refresh(answer), next);
            assert_eq!(house.get_as(text(answer, "/access_token"), "/auth/me").status, 200);
            rotated += usize::from(answer.header("guardhouse-refresh") == "rotated");
        }
        assert_eq!(rotated, 1, "one of them made the step");
        house.advance(9);
        assert_eq!(refresh(house, &ada.refresh).header("guardhouse-refresh"), "replayed");
        assert_eq!(refresh(house, &next).header("guardhouse-refresh"), "rotated");
    });
}

#[test]
fn bcrypt_at_cost_12() {
    if redis_is_available() {
        let redis = PrivateServer::start("redis");
        houses::bcrypt_at_cost_12(&Operated::by("hybrid-redis.toml", Some(&redis)));
    }
}

#[test]
fn password_policy_names_what_lacks() {
    hybrid(Kind::Sqlite, |house, _| steps::password_policy(house));
}

#[test]
fn five_logins_in_fifteen_minutes_for_an_address() {
    hybrid(Kind::Sqlite, |house, _| {
        steps::limit_holds(house, &LOGIN, |address, n| {
            login_from(house, address, &format!("nobody{n}@example.org"), WRONG)
        });
    });
}

#[test]
fn three_registrations_an_hour_for_an_address() {
    hybrid(Kind::Sqlite, |house, _| {
        steps::limit_holds(house, &REGISTER, |address, n| {
            register(house, address, &format!("user{n}@example.org"))
        });
    });
}

#[test]
fn isolation_of_accounts() {
    hybrid(Kind::Sqlite, |house, _| steps::isolation(house));
}

#[test]
fn audit_of_refresh_and_rate_limit_violations_too() {
    hybrid(Kind::Sqlite, |house, _| {
        let ada = steps::audit(house);
        let exchange =
            |token: &str| post(house, ADDRESS, "/auth/refresh", &json!({ "refresh_token": token }));
        assert_eq!(exchange(&ada.refresh).status, 200);
        is_on_record(house, "token_refreshed", "success", Some(&ada));
        house.advance(10);
        exchange(&ada.refresh).is_problem(401, "refresh_replayed");
        is_on_record(house, "refresh_replayed", "failure", Some(&ada));
        exchange(&ada.refresh).is_problem(401, "refresh_invalid");
        is_on_record(house, "refresh_refused", "failure", Some(&ada));

        let login = json!({ "email": ada.email, "password": WRONG });
        // Two of the five went into the steps above.
        let statuses: Vec<u16> = (0..4).map(|_| post(house, ADDRESS, "/auth/login", &login).status).collect();
        assert_eq!(statuses, [401, 401, 401, 429]);
        is_on_record(house, "rate_limited", "failure", None);
        assert_eq!(house.events("rate_limited")[0].detail.as_deref(), Some("login.address"));
    });
}

#[test]
fn metrics_by_their_exact_names() {
    if !redis_is_available() {
        return;
    }
    // A process of its own: there the numbers are exact.
    let redis = PrivateServer::start("redis");
    let mut house = Operated::by("hybrid-redis.toml", Some(&redis));
    house.installation.change("hashing.bcrypt.cost", 4);
    house.installation.change("hashing.danger_allow_weak", true);
    let server = house.serve();
    let ada = server.user("ada");
    for _ in 0..2 {
        server.login(&ada.email);
    }
    let wrong = json!({ "email": ada.email, "password": WRONG });
    for _ in 0..3 {
        server.post("/auth/login", &wrong).is_problem(401, "invalid_credentials");
    }
    server.post("/auth/login", &wrong).is_problem(429, "rate_limited");
    let token = json!({ "refresh_token": ada.refresh });
    assert_eq!(server.post("/auth/refresh", &token).status, 200);
    server.post("/auth/refresh", &json!({ "refresh_token": "no token" })).is_problem(401, "refresh_invalid");

    let metrics =
        request(&agent(), server.ops_address, "GET", "/metrics", None, None).expect("an answer").text;
    for line in [
        "# TYPE auth_login_success_total counter",
        "auth_login_success_total 2",
        "# TYPE auth_login_failure_total counter",
        "auth_login_failure_total 3",
        "# TYPE auth_token_refresh_total counter",
        "auth_token_refresh_total 1",
        "# TYPE auth_operation_duration_seconds histogram",
        "auth_operation_duration_seconds_count{operation=\"register\",outcome=\"success\"} 1",
        "auth_operation_duration_seconds_count{operation=\"login\",outcome=\"success\"} 2",
        // The one beyond the limit among them.
        "auth_operation_duration_seconds_count{operation=\"login\",outcome=\"failure\"} 4",
        "auth_operation_duration_seconds_count{operation=\"refresh\",outcome=\"success\"} 1",
        "auth_operation_duration_seconds_count{operation=\"refresh\",outcome=\"failure\"} 1",
        "guardhouse_rate_limited_total{rule=\"login.address\"} 1",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line} is missing:\n{metrics}");
    }
    server.terminate();
}

#[test]
fn logout_ends_the_session_at_once() {
    hybrid(Kind::Sqlite, |house, redis| {
        let here = person(house, "ada");
        let [phone, tablet] = ["203.0.113.1", "203.0.113.2"].map(|at| another_device(house, &here.email, at));
        let is_over = |user: &User| {
            house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
            refresh(house, &user.refresh).is_problem(401, "refresh_invalid");
        };
        assert_eq!(sessions(redis), 3);
        assert_eq!(house.post_as(&here.access, "/auth/logout", json!({})).status, 204);
        is_over(&here);
        assert_eq!(sessions(redis), 2, "it is gone from Redis, not only refused");
        assert_eq!(house.get_as(&phone.access, "/auth/me").status, 200, "the other devices go on");
        assert_eq!(house.post_as(&phone.access, "/auth/logout?scope=global", json!({})).status, 204);
        is_over(&phone);
        is_over(&tablet);
        assert_eq!(sessions(redis), 0);
    });
}

#[test]
fn session_clean_up_leaves_nothing_in_redis() {
    const MILLIS: u64 = 1_000;
    hybrid(Kind::Sqlite, |house, redis| {
        let ada = person(house, "ada");
        another_device(house, &ada.email, "203.0.113.1");
        assert_eq!(sessions(redis), 2);
        // Redis drops the person with the last of their sessions, an hour later for clocks that differ …
        let lives = lives_for(redis, &format!("guardhouse:*:user:{}", ada.id));
        let longest = (MONTH + HOUR) * MILLIS;
        assert!((longest - 10 * MINUTE * MILLIS..=longest).contains(&lives), "{lives} ms");
        // … and forgets those that are over as soon as they come again.
        house.advance(MONTH);
        let again = another_device(house, &ada.email, "203.0.113.2");
        assert_eq!(sessions(redis), 1, "the two from a month ago are gone");
        assert_eq!(refresh(house, &again.refresh).status, 200);
        // What says that a session was ended lives no longer than the token that it outlaws, and an hour for the clocks.
        assert_eq!(house.post_as(&again.access, "/auth/logout", json!({})).status, 204);
        assert_eq!(sessions(redis), 0);
        let lives = lives_for(redis, "guardhouse:*:ended");
        assert!(lives <= (15 * MINUTE + 2 * MINUTE + HOUR) * MILLIS, "{lives} ms");
        // Counters end with their window, and five minutes.
        let lives = lives_for(redis, "guardhouse:limit:{la:*");
        assert!(lives <= (15 + 5) * MINUTE * MILLIS, "{lives} ms");
    });
}

/// Two nodes on one database and one Redis, behind one proxy.
fn two_nodes(kind: Kind, test: impl FnOnce(&TestHouse, &TestHouse)) {
    hybrid(kind, |one, _| test(one, &one.another_node()));
}

fn several_instances_count_attempts_together(kind: Kind) {
    two_nodes(kind, |one, other| {
        let login = |node: &TestHouse| login_from(node, ADDRESS, "nobody@example.org", WRONG).status;
        assert_eq!([one, other, one, other, one].map(login), [401; 5]);
        assert_eq!([one, other].map(login), [429; 2]);
        let person =
            |(node, n): (&TestHouse, u8)| register(node, ADDRESS, &format!("{n}@example.org")).status;
        assert_eq!([(one, 1), (other, 2), (one, 3)].map(person), [201; 3]);
        assert_eq!([(one, 4), (other, 5)].map(person), [429; 2]);
        one.advance(15 * MINUTE);
        assert_eq!([other, one].map(login), [401; 2]);
    });
}

fn several_instances_end_sessions_together(kind: Kind) {
    two_nodes(kind, |one, other| {
        let ada = person(one, "ada");
        assert_eq!(other.get_as(&ada.access, "/auth/me").status, 200, "what one signs the other verifies");
        assert_eq!(one.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
        refresh(other, &ada.refresh).is_problem(401, "refresh_invalid");
        until("the news of the logout", || other.get_as(&ada.access, "/auth/me").status == 401);
        other.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    });
}

fn several_instances_refresh_each_others_tokens(kind: Kind) {
    two_nodes(kind, |one, other| {
        let ada = person(one, "ada");
        let first = refresh(other, &ada.refresh);
        assert_eq!(first.header("guardhouse-refresh"), "rotated", "{first:?}");
        let second = refresh(one, &next_refresh(&first));
        assert_eq!(second.header("guardhouse-refresh"), "rotated", "{second:?}");
        for access in [&*ada.access, text(&first, "/access_token"), text(&second, "/access_token")] {
            assert_eq!([one, other].map(|node| node.get_as(access, "/auth/me").status), [200; 2]);
        }
        // What was exchanged on one is not good on the other.
        one.advance(10);
        refresh(other, &next_refresh(&first)).is_problem(401, "refresh_replayed");
        refresh(one, &next_refresh(&second)).is_problem(401, "refresh_invalid");
    });
}

#[test]
fn sql_injection_finds_only_texts() {
    hybrid(Kind::Sqlite, |house, _| attacks::sql_injection(house));
}

#[test]
fn brute_force_gets_five_guesses_in_fifteen_minutes() {
    hybrid(Kind::Sqlite, |house, _| attacks::brute_force(house, &LOGIN));
}

#[test]
fn token_manipulation_is_noticed() {
    hybrid(Kind::Sqlite, |house, _| {
        let (ada, eve) = (person(house, "ada"), person(house, "eve"));
        let genuine = Genuine::new(&ada.access);
        let keys = house.get("/.well-known/jwks.json").ok(200)["keys"].clone();
        let mut forged = genuine.without_algorithm();
        forged.extend(genuine.by_another_key());
        forged.extend(genuine.by_public_key(&keys[0]));
        forged.extend(genuine.with_changed_payload(&eve.id));
        forged.extend(genuine.truncated());
        forged.push(("a refresh token".into(), ada.refresh.clone()));
        attacks::are_refused(house, &ada, forged);
        for altered in [&ada.access, &ada.refresh[1..], &format!("{}A", ada.refresh), &eve.refresh[..40], ""]
        {
            refresh(house, altered).is_problem(401, "refresh_invalid");
        }
        assert_eq!(refresh(house, &ada.refresh).status, 200, "none of that did it any harm");
    });
}

#[test]
fn expiry_after_exactly_15_minutes() {
    if redis_is_available() {
        let redis = PrivateServer::start("redis");
        steps::expiry(&hybrid_plan(Kind::Sqlite, &redis).start(), 15 * MINUTE, 5);
        let house = hybrid_plan(Kind::Sqlite, &redis).set("tokens.leeway", "0s").start();
        let ada = steps::expiry(&house, 15 * MINUTE, 0);
        let access = refresh(&house, &ada.refresh).ok(200)["access_token"].clone();
        let access = access.as_str().expect("a token");
        assert_eq!(house.get_as(access, "/auth/me").status, 200, "the session goes on");
    }
}

#[test]
fn an_existing_user_base_moves_in_with_its_passwords() {
    if redis_is_available() {
        let redis = PrivateServer::start("redis");
        houses::an_existing_user_base_moves_in(&Operated::by("hybrid-redis.toml", Some(&redis)));
    }
}
