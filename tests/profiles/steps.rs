//! What both systems ask for, once: the profiles' own files say which numbers they expect.

use std::cell::Cell;

use serde_json::{Value, json};

use super::forged::Genuine;
use crate::http::{anonymous, faults, login_from, post_with, rows, stored_hash, text};
use crate::support::house::PASSWORD;
use crate::support::{Answer, TestHouse, User};

/// What the people of these tests come with.
pub(super) const AGENT: &str = "Tasks/1.0 (one line after another)";
pub(super) const ADDRESS: &str = "192.0.2.44";
pub(super) const WRONG: &str = "Wrong-horse-9-battery";
const NOBODY: &str = "01944000-0000-7000-8000-000000000000";
const FORM: &str = "application/x-www-form-urlencoded";

/// `POST` from `address`.
pub(super) fn post(house: &TestHouse, address: &str, path: &str, body: &Value) -> Answer {
    post_with(house, path, &[("x-forwarded-for", address), ("user-agent", AGENT)], body)
}

/// As [`post`], from [`ADDRESS`] and signed in.
pub(super) fn post_signed_in(house: &TestHouse, access: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {access}");
    let headers = [("x-forwarded-for", ADDRESS), ("user-agent", AGENT), ("authorization", &bearer)];
    post_with(house, path, &headers, &json!({}))
}

pub(super) fn register(house: &TestHouse, address: &str, email: &str) -> Answer {
    post(house, address, "/auth/register", &json!({ "email": email, "password": PASSWORD }))
}

/// Somebody who registers from an address of their own, which no limit has seen yet.
pub(super) fn person(house: &TestHouse, name: &str) -> User {
    let email = format!("{name}@example.org");
    let number = name.bytes().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let [high, low] = number.to_be_bytes();
    let answer = register(house, &format!("10.7.{high}.{low}"), &email);
    assert_eq!(answer.status, 201, "{answer:?}");
    User::from(email, &answer)
}

/// Registration at `path`: an account, a token, and nothing of what must not be.
pub(super) fn registration(house: &TestHouse, path: &str) {
    let body = json!({ "email": "Ada@Example.org", "password": PASSWORD, "name": "Ada" });
    let answer = post(house, ADDRESS, path, &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let user = &answer.json["user"];
    assert_eq!((&user["email"], &user["name"]), (&json!("ada@example.org"), &json!("Ada")));
    assert_eq!(user["roles"], json!(["user"]));
    assert!(!answer.text.contains(PASSWORD) && !answer.text.contains("$2"), "{answer:?}");
    assert_eq!(house.get_as(text(&answer, "/access_token"), "/auth/me").ok(200), *user);
    assert!(stored_hash(house, text(&answer, "/user/id")).starts_with("$2b$04$"));

    post(house, ADDRESS, path, &body).is_problem(409, "email_taken");
    let no_address = json!({ "email": "no address", "password": PASSWORD });
    let refused = post(house, ADDRESS, path, &no_address);
    let told = faults(refused.is_problem(422, "validation_failed"));
    assert_eq!(told, [("/email".to_owned(), "email_invalid".to_owned())]);
    let greedy = json!({ "email": "eve@example.org", "password": PASSWORD, "roles": ["admin"] });
    post(house, ADDRESS, path, &greedy).is_problem(400, "invalid_request");
    assert_eq!(rows(house).users, 1);
}

/// Login by JSON and by the OAuth 2.0 password form, each of which opens a session of its own.
pub(super) fn login(house: &TestHouse) {
    let ada = person(house, "ada");
    let json = login_from(house, ADDRESS, &ada.email, PASSWORD);
    let form = form_login(house, ADDRESS, "ADA%40example.org", PASSWORD);
    for answer in [&json, &form] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            (&answer.json["token_type"], &answer.json["user"]["id"]),
            (&json!("Bearer"), &json!(ada.id))
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(house.get_as(text(answer, "/access_token"), "/auth/me").status, 200);
    }
    assert_ne!(json.json["session_id"], form.json["session_id"]);
    form_login(house, ADDRESS, "ada%40example.org", WRONG).is_problem(401, "invalid_credentials");
}

/// The values go into the form as they are.
pub(super) fn form_login(house: &TestHouse, address: &str, username: &str, password: &str) -> Answer {
    let form = format!("grant_type=password&username={username}&password={password}");
    let request = house.request("POST", "/auth/login").header("content-type", FORM);
    house.send(request.header("x-forwarded-for", address), form.into_bytes())
}

/// Eight characters, an upper and a lower case letter, a digit: each that lacks is named, and nothing more is asked for.
pub(super) fn password_policy(house: &TestHouse) {
    let try_password = |email: &str, password: &str| {
        post(house, ADDRESS, "/auth/register", &json!({ "email": email, "password": password }))
    };
    let all = ["password_too_short", "password_needs_upper", "password_needs_lower", "password_needs_digit"];
    let too_long = "Aa1".repeat(25);
    for (password, expected) in [
        ("Abcde-7", &all[..1]),
        ("only-lower-9", &all[1..2]),
        ("ONLY-UPPER-9", &all[2..3]),
        ("No-digit-here", &all[3..]),
        ("???", &all),
        ("", &all),
        (&too_long, &["password_too_long"]),
    ] {
        let refused = try_password("poor@example.org", password);
        let told = faults(refused.is_problem(422, "validation_failed"));
        assert!(told.iter().all(|(pointer, _)| pointer == "/password"), "{told:?}");
        assert_eq!(told.into_iter().map(|(_, code)| code).collect::<Vec<_>>(), expected, "{password:?}");
    }
    assert_eq!(rows(house).users, 0);

    assert_eq!(try_password("ada@example.org", "Abcdef-7").status, 201, "eight are enough");
    let known = try_password("bob@example.org", "Password1");
    assert_eq!(known.status, 201, "such systems do not mind: {known:?}");
    // The same wherever a password is set.
    let change = json!({ "current_password": "Password1", "new_password": "password1" });
    let refused = house.post_as(text(&known, "/access_token"), "/auth/password", change);
    let told = faults(refused.is_problem(422, "validation_failed"));
    assert_eq!(told, [("/new_password".to_owned(), "password_needs_upper".to_owned())]);
}

/// A limit for one address.
pub(super) struct Limit {
    pub(super) rule: &'static str,
    pub(super) max: usize,
    /// In seconds.
    pub(super) window: u64,
}

/// Window after window, an address has exactly so many attempts, whoever else comes; and they come back one by one.
pub(super) fn limit_holds(house: &TestHouse, limit: &Limit, attempt: impl Fn(&str, usize) -> Answer) {
    let Limit { rule, max, window } = *limit;
    let number = Cell::new(0);
    let from = |address: &str| attempt(address, number.replace(number.get() + 1));
    let is_granted = |answer: &Answer| [201, 401].contains(&answer.status);
    for round in 0..5 {
        for n in 0..max {
            let answer = from(ADDRESS);
            assert!(is_granted(&answer), "{rule}, window {round}, attempt {n}: {answer:?}");
        }
        for _ in 0..3 {
            let refused = from(ADDRESS);
            refused.is_problem(429, "rate_limited");
            assert_eq!(refused.header("ratelimit-policy"), format!("\"{rule}\";q={max};w={window}"));
            assert_eq!(refused.header("retry-after"), window.to_string());
        }
        assert!(is_granted(&from(&format!("203.0.113.{round}"))), "{rule}: one address is not another");
        house.advance(window - 1);
        from(ADDRESS).is_problem(429, "rate_limited");
        house.advance(1);
    }
    // The window slides: whoever keeps to the pace is never refused, and nobody has twice as many around its end.
    let pace = window / max as u64;
    for n in 0..3 * max {
        assert!(is_granted(&from(ADDRESS)), "{rule}, at its pace, attempt {n}");
        house.advance(pace);
    }
    assert!(is_granted(&from(ADDRESS)));
    from(ADDRESS).is_problem(429, "rate_limited");
}

/// An account is its owner's, and an administrator's; whether somebody else's exists does not show.
pub(super) fn isolation(house: &TestHouse) {
    let (ada, eve, root) = (person(house, "ada"), person(house, "eve"), house.admin("root"));
    let before = rows(house);
    let path = format!("/users/{}", ada.id);
    for (method, body) in [
        ("GET", None),
        ("PATCH", Some(json!({ "name": "Eve was here" }))),
        ("DELETE", Some(json!({ "password": PASSWORD }))),
    ] {
        let ask = |path: &str, token: Option<&str>| house.call(method, path, token, body.as_ref());
        ask(&path, Some(&eve.access)).is_problem(403, "not_yours");
        ask(&format!("/users/{NOBODY}"), Some(&eve.access)).is_problem(403, "not_yours");
        ask(&path, None).is_problem(401, "token_missing");
    }
    house.get_as(&eve.access, "/users").is_problem(403, "role_required");
    let session = format!("/auth/sessions/{}", ada.session);
    house.call("DELETE", &session, Some(&eve.access), None).is_problem(404, "not_found");
    assert_eq!(rows(house), before);
    let own = house.get_as(&ada.access, &path).ok(200);
    assert_eq!((&own["email"], &own["name"]), (&json!(ada.email), &Value::Null));
    assert_eq!(house.get_as(&root.access, &path).ok(200), own);
    let renamed = house.call("PATCH", &path, Some(&root.access), Some(&json!({ "name": "Ada" })));
    assert_eq!(renamed.ok(200)["name"], "Ada");
}

/// When somebody signed in last; a failed attempt is no login.
pub(super) fn last_login(house: &TestHouse) {
    let ada = person(house, "ada");
    let last = || house.get_as(&ada.access, "/auth/me").ok(200)["last_login_at"].clone();
    assert_eq!(last(), Value::Null, "so far they have only registered");
    for expected in ["2027-01-15T08:00:10Z", "2027-01-15T08:00:30Z"] {
        house.advance(10);
        let login = login_from(house, ADDRESS, &ada.email, PASSWORD);
        assert_eq!(login.json["user"]["last_login_at"], expected, "{login:?}");
        house.advance(10);
        login_from(house, ADDRESS, &ada.email, WRONG).is_problem(401, "invalid_credentials");
        assert_eq!(last(), expected);
    }
}

/// Whoever is refused cannot tell why; the operator can.
pub(super) fn generic_errors(house: &TestHouse) {
    let (ada, bob, root) = (person(house, "ada"), person(house, "bob"), house.admin("root"));
    let disable = format!("/users/{}/disable", bob.id);
    assert_eq!(house.post_as(&root.access, &disable, json!({})).status, 204);
    let tries = [
        (ada.email.as_str(), WRONG, "wrong password"),
        ("nobody@example.org", PASSWORD, "unknown user"),
        (&bob.email, PASSWORD, "account disabled"),
        ("no address", PASSWORD, "unknown user"),
        (&ada.email, "", "wrong password"),
    ];
    let told: Vec<String> = tries
        .iter()
        .zip(1..)
        .map(|((email, password, _), n)| {
            let refused = login_from(house, &format!("203.0.113.{n}"), email, password);
            refused.is_problem(401, "invalid_credentials");
            anonymous(&refused)
        })
        .collect();
    assert!(told.iter().all(|one| *one == told[0]), "{told:#?}");
    let events = house.events("login_failed");
    for ((_, _, why), n) in tries.iter().zip(1..) {
        let address = format!("203.0.113.{n}");
        let event = events.iter().find(|event| event.address == address).expect("it is on record");
        assert_eq!(event.detail.as_deref(), Some(*why));
    }
}

/// That this happened is in the audit log, with address and user agent of whom it was.
#[track_caller]
pub(super) fn is_on_record(house: &TestHouse, kind: &str, outcome: &str, user: Option<&User>) {
    let events = house.events(kind);
    let event = events.iter().find(|event| event.address == ADDRESS);
    let event = event.unwrap_or_else(|| panic!("{kind} from {ADDRESS} is missing: {events:?}"));
    assert_eq!((event.outcome.as_str(), event.user_agent.as_deref()), (outcome, Some(AGENT)), "{event:?}");
    assert_eq!(event.user_id.map(|id| id.to_string()), user.map(|user| user.id.clone()), "{event:?}");
    assert!(!event.request_id.is_empty());
}

/// Registration, logins that succeed and fail, logout.
pub(super) fn audit(house: &TestHouse) -> User {
    let email = "ada@example.org";
    let ada = User::from(email.into(), &register(house, ADDRESS, email));
    let login = |password: &str| {
        post(house, ADDRESS, "/auth/login", &json!({ "email": email, "password": password }))
    };
    login(WRONG).is_problem(401, "invalid_credentials");
    let signed_in = login(PASSWORD);
    assert_eq!(post_signed_in(house, text(&signed_in, "/access_token"), "/auth/logout").status, 204);
    is_on_record(house, "registered", "success", Some(&ada));
    is_on_record(house, "login_failed", "failure", Some(&ada));
    is_on_record(house, "login_succeeded", "success", Some(&ada));
    is_on_record(house, "logged_out", "success", Some(&ada));
    ada
}

/// An access token holds for `lifetime` seconds, and `leeway` more on this server, for clocks that differ.
pub(super) fn expiry(house: &TestHouse, lifetime: u64, leeway: u64) -> User {
    let ada = person(house, "ada");
    let claims = Genuine::new(&ada.access).payload;
    let time = |claim: &str| claims[claim].as_u64().expect("a time");
    assert_eq!((time("iat"), time("exp")), (1_800_000_000, 1_800_000_000 + lifetime));
    house.advance(lifetime - 1);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    house.advance(leeway);
    // After such a leap the server would ask its store, where the session has no leeway.
    house.poll_revocations();
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    house.advance(1);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_expired");
    ada
}
