//! What the server prints.

use std::time::Duration;

use serde_json::{Value, json};

use super::process::{Installation, Server};
use crate::http::raw;
use crate::support::Kind;
use crate::support::house::PASSWORD;

/// A whole story. The secrets that occurred in it.
fn story(house: &Installation) -> (Vec<String>, String) {
    let server = house.serve();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut secrets =
        vec![PASSWORD.to_owned(), "Another-horse-7-battery".to_owned(), "a-wrong-guess-1".to_owned()];
    let mut keep = |reply: &Value| {
        secrets.extend([text(&reply["access_token"]), text(&reply["refresh_token"])]);
        text(&reply["access_token"])
    };
    let me = json!({ "email": "ada@example.org", "password": PASSWORD });
    keep(&server.post("/auth/register", &me).ok(201));
    let reply = server.post("/auth/login", &me).ok(200);
    let access = keep(&reply);
    keep(&server.post("/auth/refresh", &json!({ "refresh_token": reply["refresh_token"] })).ok(200));
    let wrong = json!({ "email": "ada@example.org", "password": "a-wrong-guess-1" });
    server.post("/auth/login", &wrong).is_problem(401, "invalid_credentials");
    server
        .post("/auth/login", &json!({ "email": "x", "passwrd": "a-wrong-guess-1" }))
        .is_problem(400, "invalid_request");
    server.get_as(&format!("{}x", access), "/auth/me").is_problem(401, "token_invalid");
    server
        .post("/auth/refresh", &json!({ "refresh_token": "ghr_a-wrong-guess-1" }))
        .is_problem(401, "refresh_invalid");
    let change = json!({ "current_password": PASSWORD, "new_password": "Another-horse-7-battery" });
    assert_eq!(server.call("POST", "/auth/password", Some(&access), Some(&change)).status, 204);
    assert_eq!(server.call("GET", &format!("/auth/me?token={access}"), Some(&access), None).status, 200);
    assert_eq!(server.call("POST", "/auth/logout", Some(&access), None).status, 204);
    (secrets, server.terminate())
}

#[test]
fn no_secret_is_ever_printed() {
    for filter in ["info", "debug"] {
        let house = Installation::on(Kind::Sqlite).set("log.filter", filter);
        let (secrets, output) = story(&house);
        assert!(
            output.contains("/auth/login") && output.contains("POST"),
            "{filter}: nothing was logged: {output}"
        );
        assert_eq!(output.contains(" DEBUG "), filter == "debug", "the filter does nothing: {output}");
        for secret in &secrets {
            assert!(!output.contains(secret.as_str()), "{filter}: {secret} is in the log:\n{output}");
        }
        assert!(!output.contains("$argon2"), "{filter}: a hash is in the log:\n{output}");
        let key = std::fs::read_to_string(house.data_dir().join("master.key")).unwrap();
        assert!(!output.contains(key.trim()), "{filter}: the master key is in the log");
    }
}

#[test]
fn as_json_every_line_is_one_object() {
    let house = Installation::on(Kind::Sqlite).set("log.format", "json");
    let (_, output) = story(&house);
    let lines: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field} is missing: {line}");
        }
    }
    let answered = lines.iter().find(|line| line["route"] == "/auth/login").expect("the login is logged");
    assert_eq!((&answered["method"], &answered["status"]), (&json!("POST"), &json!(200)), "{answered}");
    assert!(answered["span"]["id"].is_string(), "without the request's id: {answered}");
}

#[test]
fn the_lines_of_flows_and_actors_have_the_id_of_their_request() {
    let house = Installation::on(Kind::Sqlite).set("limits.enabled", true);
    let house = house.set("log.format", "json").set("log.filter", "guardhouse=debug");
    let server = house.serve();
    let me = json!({ "email": "ada@example.org", "password": PASSWORD });
    server.post("/auth/register", &me).ok(201);
    let answer = server.post("/auth/login", &me);
    let id = json!(answer.header("x-request-id"));
    answer.ok(200);
    let output = server.terminate();
    let lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mine: Vec<_> = lines.iter().filter(|line| line["span"]["id"] == id).collect();
    for (field, value) in [
        ("operation", "login"),
        ("gate", "hasher"),
        ("gate", "limiter"),
        ("gate", "sessions"),
        ("gate", "audit"),
    ] {
        assert!(mine.iter().any(|line| line[field] == value), "no {value} of {id}: {output}");
    }
}

#[test]
fn the_compact_form_has_one_line_an_event_and_off_is_silent() {
    let house = Installation::on(Kind::Sqlite).set("log.format", "compact");
    let (_, output) = story(&house);
    assert!(output.lines().all(|line| line.starts_with("20")), "{output}");
    let house = Installation::on(Kind::Sqlite).set("log.filter", "off");
    assert_eq!(story(&house).1, "");
}

#[test]
fn a_reader_of_the_log_who_leaves_does_not_end_the_server() {
    let house = Installation::on(Kind::Sqlite);
    let server = Server::start_unheard(&mut house.command(&["serve"]), &house.data_dir());
    for _ in 0..20 {
        assert_eq!(server.get("/health/live").status, 200);
    }
    server.terminate();
}

#[test]
fn whoever_sends_what_is_no_http_writes_no_error_into_the_log() {
    for (filter, told) in [("info", false), ("info,actix_http=error", true)] {
        let house = Installation::on(Kind::Sqlite).set("log.filter", filter);
        let server = house.serve();
        let answer = raw(server.address, b"GET / HTTP/1.1\r\nno header\r\n\r\n", Duration::from_secs(10));
        assert_eq!(answer.statuses(), [400], "{answer:?}");
        let output = server.terminate();
        assert_eq!(output.contains("ERROR"), told, "{filter}: {output}");
    }
}
