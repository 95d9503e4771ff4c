//! The attacks that both lists name.

use std::cell::Cell;
use std::thread;

use serde_json::json;

use super::forged::Forged;
use super::steps::{ADDRESS, Limit, WRONG, form_login, person, post, register};
use crate::http::{login_from, post_with, refresh, rows, stored_hash};
use crate::support::house::PASSWORD;
use crate::support::{TestHouse, User};

const INJECTIONS: [&str; 11] = [
    "' OR '1'='1",
    "' OR 1=1 --",
    "\" OR \"\"=\"",
    "ada@example.org' --",
    "ada@example.org'/*",
    "'; DROP TABLE users; --",
    "'; UPDATE credentials SET hash = ''; --",
    "' UNION SELECT id, hash FROM credentials --",
    "\\' OR 1=1 #",
    "%' OR email LIKE '%",
    "$1; DELETE FROM sessions",
];

/// Wherever a text is taken, it stays a text.
pub(super) fn sql_injection(house: &TestHouse) {
    let (ada, root) = (person(house, "ada"), house.admin("root"));
    let (before, hash) = (rows(house), stored_hash(house, &ada.id));
    let number = Cell::new(0_u16);
    let visitor = || {
        let [high, low] = number.replace(number.get() + 1).to_be_bytes();
        format!("198.18.{high}.{low}")
    };
    for injection in INJECTIONS {
        let encoded: String = injection.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for (email, password) in [
            (injection, PASSWORD),
            (&*format!("{}{injection}", ada.email), PASSWORD),
            (&ada.email, injection),
        ] {
            login_from(house, &visitor(), email, password).is_problem(401, "invalid_credentials");
        }
        form_login(house, &visitor(), &encoded, &encoded).is_problem(401, "invalid_credentials");
        register(house, &visitor(), injection).is_problem(422, "validation_failed");
        house.get_as(injection, "/auth/me").is_problem(401, "token_invalid");
        refresh(house, injection).is_problem(401, "refresh_invalid");
        let session = format!("/auth/sessions/{encoded}");
        house.call("DELETE", &session, Some(&ada.access), None).is_problem(404, "not_found");
        for (token, path) in
            [(&ada.access, format!("/users/{encoded}")), (&root.access, format!("/users/{encoded}"))]
        {
            let refused = house.get_as(token, &path);
            assert!([403, 404].contains(&refused.status), "{injection}: {refused:?}");
        }
        let found = house.get_as(&root.access, &format!("/users?email={encoded}"));
        assert!(found.status == 400 || found.json["users"] == json!([]), "{injection}: {found:?}");
        let page = house.get_as(&root.access, &format!("/users?after={encoded}"));
        assert_eq!(page.status, 400, "{injection}: {page:?}");
    }
    assert_eq!(rows(house), before);
    assert_eq!(stored_hash(house, &ada.id), hash);

    // Where any text is welcome it is kept as it was given.
    for injection in INJECTIONS {
        let name = json!({ "name": injection });
        let me = house.call("PATCH", "/auth/me", Some(&ada.access), Some(&name)).ok(200);
        assert_eq!(me["name"], injection);
        let address = visitor();
        let headers = [("x-forwarded-for", &*address), ("user-agent", injection)];
        let body = json!({ "email": ada.email, "password": WRONG });
        post_with(house, "/auth/login", &headers, &body).is_problem(401, "invalid_credentials");
        let events = house.events("login_failed");
        let event = events.iter().find(|event| event.address == address).expect("it is on record");
        assert_eq!(event.user_agent.as_deref(), Some(injection));
    }
    assert_eq!(login_from(house, &visitor(), &ada.email, PASSWORD).status, 200);
}

/// Forty guesses at once, window after window: exactly those of the limit are looked at, and a right one among the others
/// opens nothing.
pub(super) fn brute_force(house: &TestHouse, limit: &Limit) {
    const ROUNDS: usize = 4;
    let ada = person(house, "ada");
    let guess = |n: usize| {
        let body = json!({ "email": ada.email, "password": format!("Guess-{n}-at-random") });
        post(house, ADDRESS, "/auth/login", &body).status
    };
    let guess = &guess;
    for round in 0..ROUNDS {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let guessers: Vec<_> = (0..4)
                .map(|one| scope.spawn(move || (0..10).map(|n| guess(10 * one + n)).collect::<Vec<_>>()))
                .collect();
            guessers.into_iter().flat_map(|guesser| guesser.join().expect("no guesser panics")).collect()
        });
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((count(401), count(429)), (limit.max, 40 - limit.max), "window {round}: {statuses:?}");
        login_from(house, ADDRESS, &ada.email, PASSWORD).is_problem(429, "rate_limited");
        assert_eq!(
            login_from(house, "203.0.113.1", &ada.email, PASSWORD).status,
            200,
            "the owner, elsewhere"
        );
        house.advance(limit.window);
    }
    assert_eq!(house.events("login_failed").len(), ROUNDS * limit.max, "the others were not even looked at");
    assert_eq!(house.events("rate_limited").len(), ROUNDS * (41 - limit.max));
    assert_eq!(login_from(house, ADDRESS, &ada.email, PASSWORD).status, 200, "and then it is over");
}

/// Each is refused as any bad token is, and the genuine one still works.
pub(super) fn are_refused(house: &TestHouse, genuine: &User, forged: Vec<Forged>) {
    assert!(forged.len() > 20, "only {}", forged.len());
    for (what, token) in forged {
        let refused = house.get_as(&token, "/auth/me");
        let told = (refused.status, refused.json["code"].as_str());
        assert_eq!(told, (401, Some("token_invalid")), "{what}: {token}: {refused:?}");
    }
    assert_eq!(house.get_as(&genuine.access, "/auth/me").status, 200);
}
