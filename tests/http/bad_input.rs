//! Input that no client of ours would send: each gets the problem of the contract, nothing is written, nothing panics.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{faults, post_raw, raw, registration, rows, try_login};
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse, User};

const JSON: &str = "application/json";

/// Routes with a JSON body, as (method, path, needs a token).
const WITH_BODY: [(&str, &str, bool); 7] = [
    ("POST", "/auth/register", false),
    ("POST", "/auth/login", false),
    ("POST", "/auth/refresh", false),
    ("PATCH", "/auth/me", true),
    ("DELETE", "/auth/me", true),
    ("POST", "/auth/password", true),
    ("POST", "/users", true),
];

/// Sends `body` to every route that reads one, as an administrator, and gives each answer to `check`.
fn everywhere(house: &TestHouse, admin: &User, body: &[u8], check: impl Fn(&str, crate::support::Answer)) {
    let before = rows(house);
    for (method, path, needs_token) in WITH_BODY {
        let mut request = house.request(method, path).header("content-type", JSON);
        if needs_token {
            request = request.header("authorization", format!("Bearer {}", admin.access));
        }
        check(path, house.send(request, body.to_vec()));
    }
    assert_eq!(rows(house), before, "nothing is written");
    assert_eq!(house.get_as(&admin.access, "/auth/me").status, 200);
}

#[test]
fn what_is_no_json_object_is_an_invalid_request_everywhere() {
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b" ".to_vec(),
        b"null".to_vec(),
        b"true".to_vec(),
        b"0".to_vec(),
        b"\"x\"".to_vec(),
        b"[]".to_vec(),
        b"{".to_vec(),
        b"{}x".to_vec(),
        b"{}{}".to_vec(),
        b"{'email':1}".to_vec(),
        b"{\"email\":\"a@example.org\",}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"email\":\"\xff\xfe\",\"password\":\"x\"}".to_vec(),
        b"{\"email\":\"\\ud800\",\"password\":\"x\"}".to_vec(),
        b"{\"email\":\"a\0b\",\"password\":\"x\"}".to_vec(),
        "{\"email\":\"a@example.org\",\"password\":\"Correct-horse-9\"}"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect(),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec(),
        b"email=a%40example.org&password=x".to_vec(),
        [b"{\"email\":".as_slice(), &b"[".repeat(7_000), b"}"].concat(),
        [b"{\"x\":".as_slice(), &b"{\"x\":".repeat(2_000)].concat(),
    ];
    let house = TestHouse::new();
    let admin = house.admin("root");
    for body in bodies {
        everywhere(&house, &admin, &body, |path, answer| {
            answer.is_problem(400, "invalid_request");
            assert!(answer.json["errors"].is_array(), "{path}: {answer:?}");
        });
    }
}

#[test]
fn a_hundred_thousand_brackets_are_too_large_and_do_no_harm() {
    let house = TestHouse::new();
    let body = [b"{\"email\":".as_slice(), &b"[".repeat(100_000)].concat();
    everywhere(&house, &house.admin("root"), &body, |_, answer| {
        answer.is_problem(413, "body_too_large");
    });
    // Where the operator allows such sizes the parser has its own bound.
    let house = TestHouse::on(Kind::Sqlite).set("server.body_limit", "1MiB").start();
    everywhere(&house, &house.admin("root"), &body, |_, answer| {
        answer.is_problem(400, "invalid_request");
    });
}

#[test]
fn an_array_is_no_object_even_if_its_elements_would_fit() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let before = rows(&house);
    let refused = |method: &str, path: &str, body: Value| {
        house.call(method, path, Some(&ada.access), Some(&body)).is_problem(400, "invalid_request");
    };
    refused("POST", "/auth/register", json!(["eve@example.org", PASSWORD, "Eve"]));
    refused("POST", "/auth/login", json!(["ada@example.org", PASSWORD]));
    refused("POST", "/auth/refresh", json!([ada.refresh]));
    refused("PATCH", "/auth/me", json!(["Eve"]));
    refused("POST", "/auth/password", json!([PASSWORD, "Another-horse-7-battery"]));
    refused("DELETE", "/auth/me", json!([PASSWORD]));
    assert_eq!(rows(&house), before);
}

#[test]
fn wrong_types_unknown_missing_and_double_fields_are_named_without_their_values() {
    let house = TestHouse::new();
    let before = rows(&house);
    let secret = "hunter2-hunter2";
    for (body, named) in [
        (json!({ "email": 1, "password": secret }).to_string(), "wrong type"),
        (json!({ "email": ["a@example.org"], "password": secret }).to_string(), "wrong type"),
        (json!({ "email": { "$gt": "" }, "password": { "$gt": "" } }).to_string(), "wrong type"),
        (json!({ "email": "a@example.org", "password": 12_345_678 }).to_string(), "wrong type"),
        (json!({ "email": null, "password": secret }).to_string(), "wrong type"),
        (json!({ "email": "a@example.org", "password": true, "name": secret }).to_string(), "wrong type"),
        (
            json!({ "email": "a@example.org", "password": secret, "admin": true }).to_string(),
            "unknown field `admin`",
        ),
        (
            json!({ "email": "a@example.org", "password": secret, "Email": "b@example.org" }).to_string(),
            "unknown field `Email`",
        ),
        (json!({ "email": "a@example.org" }).to_string(), "missing field `password`"),
        (json!({ "password": secret }).to_string(), "missing field `email`"),
        (
            format!("{{\"email\":\"a@example.org\",\"email\":\"b@example.org\",\"password\":\"{secret}\"}}"),
            "duplicate field `email`",
        ),
        (
            format!("{{\"email\":\"a@example.org\",\"password\":\"x\",\"password\":\"{secret}\"}}"),
            "duplicate field `password`",
        ),
        (
            format!(
                "{{\"email\":\"a@example.org\",\"password\":\"{secret}\",\"\\u0065mail\":\"b@example.org\"}}"
            ),
            "duplicate field `email`",
        ),
    ] {
        for path in ["/auth/register", "/auth/login"] {
            let answer = post_raw(&house, path, JSON, body.as_bytes());
            answer.is_problem(400, "invalid_request");
            // What login does not know is told as unknown there.
            if path == "/auth/register" {
                let detail = answer.json["detail"].as_str().unwrap();
                assert!(detail.contains(named), "{body}: {detail}");
                assert_eq!(faults(&answer), [(String::new(), "invalid_request".to_owned())]);
            }
            for value in [secret, "12345678", "$gt"] {
                assert!(!answer.text.contains(value), "a value is quoted: {answer:?}");
            }
        }
    }
    assert_eq!(rows(&house), before);
}

#[test]
fn a_body_of_another_kind_is_not_guessed_at() {
    let house = TestHouse::new();
    let before = rows(&house);
    let body = registration("ada").to_string();
    for kind in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "application/problem+json",
        "application/json, text/plain",
        "",
        "nonsense",
    ] {
        post_raw(&house, "/auth/register", kind, body.as_bytes()).is_problem(415, "unsupported_media_type");
    }
    house
        .send(house.request("POST", "/auth/register"), body.clone().into_bytes())
        .is_problem(415, "unsupported_media_type");
    for kind in ["gzip", "deflate", "br", "zstd", "gzip, identity", "x"] {
        let request = house
            .request("POST", "/auth/register")
            .header("content-type", JSON)
            .header("content-encoding", kind);
        house.send(request, body.clone().into_bytes()).is_problem(415, "unsupported_media_type");
    }
    assert_eq!(rows(&house), before);
    for (kind, name) in [("Application/JSON", "ada"), ("application/json; charset=utf-8", "bob")] {
        let answer = post_raw(&house, "/auth/register", kind, registration(name).to_string().as_bytes());
        assert_eq!(answer.status, 201, "{kind}: {answer:?}");
    }
}

#[test]
fn a_body_may_be_as_long_as_configured_and_not_an_octet_longer() {
    let house = TestHouse::on(Kind::Sqlite).set("server.body_limit", "2KiB").start();
    let padded = |name: &str, length: usize| {
        let mut body = registration(name).to_string();
        body.push_str(&" ".repeat(length - body.len()));
        body.into_bytes()
    };
    assert_eq!(post_raw(&house, "/auth/register", JSON, &padded("ada", 2_048)).status, 201);
    let before = rows(&house);
    let answer = post_raw(&house, "/auth/register", JSON, &padded("bob", 2_049));
    answer.is_problem(413, "body_too_large");
    assert_eq!(answer.json["detail"], "the body may have at most 2048 octets");
    // Without a length that could be looked at before.
    let mut chunked = b"POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in padded("bob", 4_096).chunks(512) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let exchange = raw(house.address(), &chunked, Duration::from_secs(5));
    assert_eq!(exchange.statuses(), [413], "{exchange:?}");
    assert!(exchange.body().contains("\"code\":\"body_too_large\""), "{exchange:?}");
    assert_eq!(rows(&house), before);
}

#[test]
fn a_password_of_a_mebibyte_costs_nobody_anything() {
    let house = TestHouse::on(Kind::Sqlite).set("server.body_limit", "1MiB").start();
    house.user("ada");
    let before = rows(&house);
    let long = "x".repeat((1 << 20) - 200);
    house
        .post("/auth/register", json!({ "email": "eve@example.org", "password": long }))
        .is_problem(422, "validation_failed");
    try_login(&house, "ada@example.org", &long).is_problem(401, "invalid_credentials");
    try_login(&house, &long, PASSWORD).is_problem(401, "invalid_credentials");
    let answer = house.post("/auth/refresh", json!({ "refresh_token": long }));
    answer.is_problem(401, "refresh_invalid");
    assert!(!answer.text.contains("xxxx"));
    assert_eq!(rows(&house), before);
    // As configured it does not even come in.
    let house = TestHouse::new();
    house
        .post("/auth/register", json!({ "email": "eve@example.org", "password": long }))
        .is_problem(413, "body_too_large");
}

#[test]
fn an_access_token_is_taken_from_one_well_formed_header_only() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let with = |credentials: &[&str]| {
        let mut request = house.request("GET", "/auth/me");
        for credential in credentials {
            request = request.header("authorization", *credential);
        }
        house.send(request, Vec::new())
    };
    let token = &ada.access;
    for good in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER {token}")] {
        assert_eq!(with(&[&good]).status, 200, "{good}");
    }
    for missing in ["Basic YWRhOng=", "Digest x", "Token x"] {
        with(&[missing]).is_problem(401, "token_missing");
    }
    let reversed: String = token.chars().rev().collect();
    for invalid in [
        "Bearer",
        "Bearer ",
        "x",
        token,
        &format!("Bearer  {token}"),
        &format!("Bearer {token} "),
        &format!("Bearer {token},"),
        &format!("Bearer {token} {token}"),
        &format!("Bearer {token}, Bearer {token}"),
        &format!("Bearer \"{token}\""),
        &format!("Bearer {token}."),
        &format!("Bearer {token}="),
        &format!("Bearer {}", &token[..token.len() - 1]),
        &format!("Bearer {reversed}"),
        "Bearer null",
        "Bearer ...",
        "Bearer v4.public.",
        &format!("Bearer {}", "x".repeat(16_000)),
        &format!("Bearer {}.{}.{}", "x".repeat(5_000), "x".repeat(5_000), "x".repeat(5_000)),
    ] {
        let answer = with(&[invalid]);
        // A trailing blank is no part of a field's value (RFC 9110 section 5.5).
        if invalid.ends_with(&format!("{token} ")) {
            assert_eq!(answer.status, 200);
        } else {
            answer.is_problem(401, "token_invalid");
        }
    }
    let bearer = format!("Bearer {token}");
    with(&[&bearer, &bearer]).is_problem(401, "token_invalid");
    with(&[&bearer, "Basic x"]).is_problem(401, "token_invalid");
    for path in [format!("/auth/me?access_token={token}"), format!("/auth/me?token={token}")] {
        house.get(&path).is_problem(401, "token_missing");
    }
    let cookie = house
        .request("GET", "/auth/me")
        .header("cookie", format!("access_token={token}; Authorization=Bearer {token}"));
    house.send(cookie, Vec::new()).is_problem(401, "token_missing");
}
