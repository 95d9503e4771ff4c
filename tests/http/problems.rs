//! Errors as clients see them: every code there is, whole, and never anything but a problem.

use std::collections::BTreeSet;

use guardhouse::http::problem::Code;
use serde_json::{Value, json};

use crate::http::{
    login_from, post_raw, post_with, raw, refresh, registration, sql, try_login, while_hashing,
};
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse};

#[test]
fn every_code_is_answered_with_its_status_and_nothing_else_is() {
    let mut seen = BTreeSet::new();
    let mut note = |answer: &Answer, code: Code| {
        answer.is_problem(code.status().as_u16(), code.as_str());
        assert_eq!(answer.json["title"], code.title());
        assert_eq!(answer.json["type"], format!("/docs/problems#{}", code.as_str()));
        seen.insert(code.as_str());
    };
    for (answer, code) in
        [of_input(), of_browsers(), of_tokens(), of_accounts(), of_faults()].into_iter().flatten()
    {
        note(&answer, code);
    }
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !seen.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "no request of this test provokes {missing:?}");
    assert_eq!(seen.len(), Code::ALL.len());
}

fn of_input() -> Vec<(Answer, Code)> {
    let house = TestHouse::on(Kind::Sqlite).set("server.body_limit", "1KiB").start();
    house.user("ada");
    vec![
        (post_raw(&house, "/auth/login", "application/json", b"{"), Code::InvalidRequest),
        (house.post("/auth/register", json!({ "email": "x", "password": "y" })), Code::ValidationFailed),
        (post_raw(&house, "/auth/login", "application/json", &[b' '; 1_025]), Code::BodyTooLarge),
        (post_raw(&house, "/auth/login", "text/plain", b"{}"), Code::UnsupportedMediaType),
        (house.get("/nowhere"), Code::NotFound),
        (house.get("/auth/login"), Code::MethodNotAllowed),
        (
            house.send(house.request("GET", "/health/live").header("accept", "text/html"), Vec::new()),
            Code::NotAcceptable,
        ),
        (house.post("/auth/register", registration("ada")), Code::EmailTaken),
    ]
}

fn of_browsers() -> Vec<(Answer, Code)> {
    let house = TestHouse::on(Kind::Sqlite)
        .set("sessions.transport", "cookie")
        .set("server.allowed_hosts", "auth.example.org")
        .start();
    let refresh = |host: &str| {
        let headers = [("host", host), ("origin", "https://evil.example")];
        post_with(&house, "/auth/refresh", &headers, &json!({}))
    };
    vec![(refresh("auth.example.org"), Code::CrossSite), (refresh("evil.example"), Code::MisdirectedRequest)]
}

fn of_tokens() -> Vec<(Answer, Code)> {
    let house = TestHouse::on(Kind::Sqlite).set("sessions.refresh_grace", "0s").start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    assert_eq!(refresh(&house, &bob.refresh).status, 200);
    let mut answers = vec![
        (house.get("/auth/me"), Code::TokenMissing),
        (house.get_as("x", "/auth/me"), Code::TokenInvalid),
        (refresh(&house, "x"), Code::RefreshInvalid),
        (refresh(&house, &bob.refresh), Code::RefreshReplayed),
        (house.get_as(&bob.access, "/auth/me"), Code::TokenRevoked),
        (try_login(&house, "ada@example.org", "x"), Code::InvalidCredentials),
    ];
    house.advance(905);
    answers.push((house.get_as(&ada.access, "/auth/me"), Code::TokenExpired));
    answers
}

fn of_accounts() -> Vec<(Answer, Code)> {
    let house = TestHouse::on(Kind::Sqlite)
        .set("limits.enabled", true)
        .set("limits.login.address", "2/1m")
        .set("server.trusted_proxies", "127.0.0.1")
        .start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    let attempt = || login_from(&house, "192.0.2.1", "ada@example.org", "x");
    assert_eq!([attempt().status, attempt().status], [401, 401]);
    let limited = attempt();
    let mut answers = vec![
        (house.get_as(&ada.access, &format!("/users/{}", bob.id)), Code::NotYours),
        (house.get_as(&ada.access, "/users"), Code::RoleRequired),
        (limited, Code::RateLimited),
    ];
    let house = house.restart_with(&[("registration.mode", "closed")]);
    answers.push((house.post("/auth/register", registration("eve")), Code::RegistrationClosed));
    answers
}

fn of_faults() -> Vec<(Answer, Code)> {
    let mut house =
        TestHouse::on(Kind::Sqlite).set("hashing.queue", 0).set("server.client_timeout", "1s").start();
    house.expect_disorder = true;
    let ada = house.user("ada");
    let mut answers = Vec::new();

    let busy = while_hashing(&house, || try_login(&house, "ada@example.org", PASSWORD));
    assert!(busy.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{busy:?}");
    answers.push((busy, Code::Overloaded));

    let head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    let slow = raw(house.address(), head.as_bytes(), std::time::Duration::from_secs(5));
    assert_eq!(slow.statuses(), [408], "{slow:?}");
    let body: Value = serde_json::from_str(slow.body()).unwrap_or_else(|error| panic!("{error}: {slow:?}"));
    assert_eq!(body["code"], "request_timeout");
    answers.push((from_raw(&slow.text, body), Code::RequestTimeout));

    sql(&house, "UPDATE users SET roles = 'nonsense'");
    let broken = house.get_as(&ada.access, "/auth/me");
    assert!(
        !broken.text.contains("roles") && !broken.text.contains("users"),
        "an inner fault stays inside: {broken:?}"
    );
    assert_eq!(broken.json["detail"], broken.json["title"], "a request id and nothing else");
    answers.push((broken, Code::Internal));

    let desk = house.desk();
    house.io(async move { desk.db.close().await });
    answers.push((house.get_as(&ada.access, "/auth/me"), Code::StorageUnavailable));
    answers
}

/// A raw answer in the form of the client's.
fn from_raw(text: &str, json: Value) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut headers = ureq::http::HeaderMap::new();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap()[9..12].parse().unwrap();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.insert(ureq::http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    Answer { status, headers, text: body.to_owned(), json }
}

#[test]
fn the_words_of_a_problem_are_these() {
    let house = TestHouse::new();
    let request = house.request("GET", "/auth/me?x=1").header("x-request-id", "me-1");
    let answer = house.send(request, Vec::new());
    assert_eq!(
        answer.text,
        "{\"type\":\"/docs/problems#token_missing\",\"title\":\"An access token is needed\",\"status\":401,\
         \"detail\":\"An access token is needed\",\"instance\":\"/auth/me\",\"code\":\"token_missing\",\
         \"request_id\":\"me-1\"}"
    );
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"guardhouse\"");
    let answer = house.get_as("x", "/auth/me");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"guardhouse\", error=\"invalid_token\"");
}

#[test]
fn every_answer_wears_the_same_headers() {
    let house = TestHouse::new();
    for answer in
        [house.get("/health/live"), house.get("/auth/me"), house.get("/nowhere"), house.ops("/metrics", None)]
    {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name}: {answer:?}");
        }
        for absent in ["server", "x-powered-by", "set-cookie", "access-control-allow-origin"] {
            assert_eq!(answer.header(absent), "", "{absent}: {answer:?}");
        }
    }
}

#[test]
fn a_path_or_method_that_there_is_not_is_a_problem_too() {
    let house = TestHouse::new();
    for path in [
        "/",
        "/auth",
        "/auth/",
        "/auth/me/",
        "//auth/me",
        "/auth/me/x",
        "/Auth/Me",
        "/auth/%6de/x",
        "/favicon.ico",
        "/auth/login/../me/x",
    ] {
        house.get(path).is_problem(404, "not_found");
    }
    for (path, allowed) in [
        ("/auth/register", "POST"),
        ("/auth/login", "POST"),
        ("/auth/me", "GET, HEAD, PATCH, DELETE"),
        ("/users", "GET, HEAD, POST"),
        ("/health/live", "GET, HEAD"),
        ("/.well-known/jwks.json", "GET, HEAD"),
    ] {
        for method in ["PUT", "OPTIONS", "TRACE"] {
            let answer = house.call(method, path, None, None);
            answer.is_problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        }
    }
    assert_eq!(house.ops("/nowhere", None).is_problem(404, "not_found").json["instance"], "/nowhere");
}

#[test]
fn everything_public_can_be_mounted_below_a_prefix() {
    let house = TestHouse::on(Kind::Sqlite).set("server.base_path", "/identity/v1").start();
    let registered = house.post("/identity/v1/auth/register", registration("ada"));
    assert_eq!(registered.status, 201, "{registered:?}");
    let access = registered.json["access_token"].as_str().unwrap();
    assert_eq!(house.get_as(access, "/identity/v1/auth/me").status, 200);
    assert_eq!(house.get("/identity/v1/health/live").status, 200);
    assert_eq!(house.get("/identity/v1/.well-known/jwks.json").status, 200);
    for path in ["/auth/me", "/identity/auth/me", "/identity/v1/nowhere", "/identity/v1x/auth/me"] {
        house.get_as(access, path).is_problem(404, "not_found");
    }
    assert_eq!(house.ops("/metrics", None).status, 200, "the operators' listener is not moved");
}

#[test]
fn a_client_that_accepts_no_json_is_told_so_in_json() {
    let house = TestHouse::new();
    let ask =
        |accept: &str| house.send(house.request("GET", "/health/live").header("accept", accept), Vec::new());
    for accept in ["application/json", "*/*", "application/*", "text/html, */*;q=0.1"] {
        let answer = ask(accept);
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{accept}");
    }
    for accept in ["text/html", "image/png;q=0.1, video/mp4"] {
        ask(accept).is_problem(406, "not_acceptable");
    }
}

#[test]
fn what_answers_get_answers_head_without_a_body() {
    let house = TestHouse::new();
    for (path, status) in [("/health/live", 200), ("/auth/me", 401), ("/nowhere", 404)] {
        let (get, head) = (house.get(path), house.call("HEAD", path, None, None));
        assert_eq!((get.status, head.status, head.text.as_str()), (status, status, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}
