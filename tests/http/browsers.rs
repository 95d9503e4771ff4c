//! Browsers: which sites may call, under which names, and the refresh token in a cookie.

use serde_json::{Value, json};

use crate::http::{post_with, registration, rows};
use crate::support::house::{PASSWORD, Plan};
use crate::support::{Answer, Kind, TestHouse};

const APP: &str = "https://app.example.org";

fn call(
    house: &TestHouse,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    let mut request = house.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    house.send(request, body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
}

#[test]
fn without_origins_no_script_of_another_site_reads_anything() {
    let house = TestHouse::new();
    let preflight = [("origin", APP), ("access-control-request-method", "POST")];
    for answer in [
        call(&house, "OPTIONS", "/auth/login", &preflight, None),
        call(&house, "GET", "/auth/whereami", &[("origin", APP)], None),
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), "", "{answer:?}");
        let names: Vec<_> = answer.headers.keys().map(|name| name.as_str()).collect();
        assert!(!names.iter().any(|name| name.starts_with("access-control-")), "{names:?}");
    }
}

#[test]
fn scripts_of_configured_origins_may_call_and_read_answers_and_problems_alike() {
    let house =
        TestHouse::on(Kind::Sqlite).set("server.cors_origins", format!("{APP}, https://b.example")).start();
    let preflight = call(
        &house,
        "OPTIONS",
        "/auth/login",
        &[
            ("origin", APP),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type, authorization, traceparent"),
        ],
        None,
    );
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (200, APP),
        "{preflight:?}"
    );
    for method in ["POST", "PATCH", "DELETE"] {
        assert!(preflight.header("access-control-allow-methods").contains(method), "{preflight:?}");
    }
    assert_eq!(preflight.header("access-control-max-age"), "600");
    let problem = call(&house, "POST", "/auth/login", &[("origin", APP)], Some(json!({})));
    problem.is_problem(400, "invalid_request");
    let answer = call(&house, "GET", "/auth/whereami", &[("origin", APP)], None);
    for answer in [&problem, &answer] {
        assert_eq!(answer.header("access-control-allow-origin"), APP, "{answer:?}");
        assert!(answer.header("access-control-expose-headers").contains("retry-after"), "{answer:?}");
        assert!(answer.header("vary").to_lowercase().contains("origin"), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "", "nobody has a cookie here");
    }
    for other in
        ["https://evil.example", "https://app.example.org.evil.example", "http://app.example.org", "null"]
    {
        let preflight = [("origin", other), ("access-control-request-method", "POST")];
        for answer in [
            call(&house, "OPTIONS", "/auth/login", &preflight, None),
            call(&house, "GET", "/auth/whereami", &[("origin", other)], None),
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), "", "{other}: {answer:?}");
        }
    }
}

#[test]
fn under_a_name_that_is_not_its_own_the_server_does_nothing() {
    let house = TestHouse::on(Kind::Sqlite).set("server.allowed_hosts", "auth.example.org").start();
    let register = |host: &str| post_with(&house, "/auth/register", &[("host", host)], &registration("ada"));
    for other in ["evil.example", "127.0.0.1", "auth.example.org.evil.example", "evil.auth.example.org"] {
        register(other).is_problem(421, "misdirected_request");
    }
    assert_eq!(rows(&house).users, 0);
    for name in ["auth.example.org", "AUTH.example.org:8443"] {
        assert_eq!(call(&house, "GET", "/auth/whereami", &[("host", name)], None).status, 200, "{name}");
    }
    assert_eq!(register("auth.example.org").status, 201);
    for probe in ["/health/live", "/health/ready"] {
        assert_eq!(call(&house, "GET", probe, &[("host", "10.1.2.3:8080")], None).status, 200);
    }
}

fn in_cookies() -> Plan {
    TestHouse::on(Kind::Sqlite).set("sessions.transport", "cookie").set("server.cors_origins", APP)
}

/// The cookie of an answer, as a browser would send it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    let (pair, attributes) = set.split_once("; ").unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    assert!(pair.starts_with("__Host-guardhouse-refresh="), "{set}");
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert!(attributes[1].starts_with("Max-Age="), "{set}");
    attributes.remove(1);
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"], "{set}");
    pair.to_owned()
}

#[test]
fn a_browser_gets_its_refresh_token_in_a_cookie_and_nowhere_else() {
    let house = in_cookies().start();
    let registered = house.post("/auth/register", registration("ada"));
    assert_eq!(registered.status, 201);
    let first = cookie(&registered);
    assert!(registered.json.get("refresh_token").is_none(), "{registered:?}");
    assert_eq!(registered.json["refresh_expires_in"], 14 * 86_400);
    assert!(!registered.text.contains("ghr_"));

    let refresh = |cookie: &str| call(&house, "POST", "/auth/refresh", &[("cookie", cookie)], None);
    let refreshed = refresh(&format!("theme=dark; {first}"));
    assert_eq!((refreshed.status, refreshed.header("guardhouse-refresh")), (200, "rotated"), "{refreshed:?}");
    let second = cookie(&refreshed);
    assert_ne!(first, second);
    assert!(!refreshed.text.contains("ghr_"));

    // In a body it is not looked for: a script that got hold of one could not use it.
    let token = second.split_once('=').expect("a pair").1;
    house.post("/auth/refresh", json!({ "refresh_token": token })).is_problem(401, "refresh_invalid");
    refresh("").is_problem(401, "refresh_invalid");
    // Two of them: somebody planted one.
    refresh(&format!("{second}; __Host-guardhouse-refresh=ghr_planted")).is_problem(401, "refresh_invalid");
    assert_eq!(refresh(&second).status, 200, "the genuine one is as good as before");

    let access = refreshed.json["access_token"].as_str().expect("a token");
    let out = house.post_as(access, "/auth/logout", json!({}));
    assert_eq!(out.status, 204);
    assert_eq!(cookie(&out), "__Host-guardhouse-refresh=");
    assert!(out.header("set-cookie").contains("Max-Age=0;"));
}

#[test]
fn another_site_cannot_make_a_browser_use_the_cookie() {
    let house = in_cookies().start();
    let registered = house.post("/auth/register", registration("ada"));
    let cookie = cookie(&registered);
    let with = |headers: &[(&str, &str)]| {
        let mut all = vec![("cookie", cookie.as_str())];
        all.extend_from_slice(headers);
        call(&house, "POST", "/auth/refresh", &all, None)
    };
    for bad in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site"), ("origin", "https://sibling.example.org")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        with(bad).is_problem(403, "cross_site_request");
    }
    // Signing somebody in as the attacker is an attack as well.
    let login = json!({ "email": "ada@example.org", "password": PASSWORD });
    let headers = [("origin", "https://evil.example")];
    call(&house, "POST", "/auth/login", &headers, Some(login)).is_problem(403, "cross_site_request");
    let own = with(&[("sec-fetch-site", "same-origin")]);
    assert_eq!(own.status, 200);
    let app = with(&[("sec-fetch-site", "same-site"), ("origin", APP)]);
    assert_eq!(app.status, 200, "within the grace, the same successor");
    assert_eq!(app.header("access-control-allow-credentials"), "true");
    assert_eq!(app.header("access-control-allow-origin"), APP);
    // Reading is for browsers to restrict, and changes nothing.
    assert_eq!(call(&house, "GET", "/auth/whereami", &[("sec-fetch-site", "cross-site")], None).status, 200);
}

#[test]
fn without_cookies_the_site_of_a_request_does_not_matter() {
    let house = TestHouse::new();
    let answer =
        post_with(&house, "/auth/register", &[("origin", "https://evil.example")], &registration("ada"));
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("set-cookie"), "");
}
