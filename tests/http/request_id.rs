//! `X-Request-Id`: given or made, the same in the header, the problem and the audit log.

use crate::http::post_with;
use crate::on_every_database;
use crate::support::{Kind, TestHouse};
use serde_json::json;

on_every_database!(a_clients_own_id_is_kept_where_it_is_harmless);

fn a_clients_own_id_is_kept_where_it_is_harmless(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let body = json!({ "email": "nobody@example.org", "password": "x" });
    let longest = "x".repeat(128);
    for good in ["a", "trace-1.2_3", "0190e0a2-7b7a-7c1e-8a53-0242ac120002", &longest] {
        let answer = post_with(&house, "/auth/login", &[("x-request-id", good)], &body);
        answer.is_problem(401, "invalid_credentials");
        assert_eq!(answer.header("x-request-id"), good);
        let event = house.events("login_failed").into_iter().find(|event| event.request_id == good);
        assert!(event.is_some(), "{good} is in the audit log");
    }
    let too_long = "x".repeat(129);
    for bad in ["", "a b", "a;b", "<script>", "a\u{e9}", "../../etc", "%0d%0aSet-Cookie:x", &too_long] {
        let answer = post_with(&house, "/auth/login", &[("x-request-id", bad)], &body);
        let made = answer.header("x-request-id");
        assert_ne!(made, bad);
        assert_eq!(uuid::Uuid::try_parse(made).map(|id| id.get_version_num()), Ok(7), "{made}");
        answer.is_problem(401, "invalid_credentials");
    }
}

#[test]
fn every_answer_has_one_also_where_nothing_is_found() {
    let house = TestHouse::new();
    let mut seen = std::collections::HashSet::new();
    for path in ["/health/live", "/auth/me", "/nowhere", "/.well-known/jwks.json", "/users/x"] {
        let answer = house.get(path);
        assert!(seen.insert(answer.header("x-request-id").to_owned()), "each has its own");
        assert!(!answer.header("x-request-id").is_empty());
    }
}
