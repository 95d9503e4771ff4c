//! The operators' listener.

use serde_json::{Value, json};

use crate::http::{raw, refresh, try_login};
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
const OPS_TOKEN: &str = "an-ops-token-of-at-least-32-characters";

#[test]
fn the_actors_are_shown_to_the_ops_token_and_to_administrators_only() {
    let house =
        TestHouse::on(Kind::Sqlite).set("server.ops_token", OPS_TOKEN).set("limits.enabled", true).start();
    let (ada, admin) = (house.user("ada"), house.admin("root"));
    house.ops("/admin/actors", None).is_problem(401, "token_missing");
    for wrong in ["an-ops-token-of-at-least-32-characterS", &OPS_TOKEN[..37], "x"] {
        house.ops("/admin/actors", Some(wrong)).is_problem(401, "token_invalid");
    }
    house.ops("/admin/actors", Some(&ada.access)).is_problem(403, "role_required");
    assert_eq!(house.events("access_denied").len(), 1, "who was turned away is on record");

    let mut seen = house.ops("/admin/actors", Some(OPS_TOKEN)).ok(200);
    assert_eq!(house.ops("/admin/actors", Some(&admin.access)).status, 200);
    let failure = seen["hasher"].as_object_mut().and_then(|hasher| hasher.remove("failure_millis"));
    assert!(failure.is_some_and(|millis| millis.is_u64()), "it depends on the machine");
    assert_eq!(
        seen["hasher"],
        json!({ "threads": 1, "inside": 0, "capacity": 129, "scheme": "argon2id m=64 KiB t=1 p=1" })
    );
    assert_eq!(seen["limiter"]["budget"], 512 << 20);
    assert_eq!(seen["limiter"]["shared_in_reach"], Value::Null, "it counts for itself");
    assert_eq!(
        seen["limiter"]["keys"], 2,
        "the address, for logins and for registrations; the account was forgiven"
    );
    assert!(seen["sessions"]["revocations"].as_u64().is_some_and(|count| count >= 1), "{seen}");
    assert_eq!(seen["sessions"]["feed_age_seconds"], json!(0.0));
    assert_eq!((&seen["audit"]["pending"], &seen["audit"]["failures"]), (&json!(0), &json!(0)), "{seen}");

    assert_eq!(house.post_as(&admin.access, "/auth/logout", json!({})).status, 204);
    house.ops("/admin/actors", Some(&admin.access)).is_problem(401, "token_revoked");
}

#[test]
fn without_an_ops_token_only_administrators_are_let_in() {
    let house = TestHouse::new();
    let admin = house.admin("root");
    house.ops("/admin/actors", Some(OPS_TOKEN)).is_problem(401, "token_invalid");
    let seen = house.ops("/admin/actors", Some(&admin.access)).ok(200);
    assert_eq!(seen["limiter"], Value::Null, "it is switched off");
}

#[test]
fn what_is_for_operators_is_not_public_and_the_other_way_round() {
    let house = TestHouse::new();
    let admin = house.admin("root");
    for path in ["/metrics", "/admin/actors"] {
        house.get_as(&admin.access, path).is_problem(404, "not_found");
    }
    for path in ["/auth/me", "/users", "/auth/whereami", "/.well-known/jwks.json"] {
        house.ops(path, Some(&admin.access)).is_problem(404, "not_found");
    }
}

/// Every metric of the catalogue that this release can be made to write in a test.
const METRICS: [&str; 20] = [
    "auth_login_success_total",
    "auth_login_failure_total",
    "auth_token_refresh_total",
    "auth_operation_duration_seconds_bucket",
    "guardhouse_registrations_total",
    "guardhouse_http_requests_total",
    "guardhouse_http_request_duration_seconds_bucket",
    "guardhouse_gate_refused_total",
    "guardhouse_gate_depth",
    "guardhouse_gate_wait_seconds_bucket",
    "guardhouse_gate_work_seconds_bucket",
    "guardhouse_rate_limited_total",
    "guardhouse_refresh_replays_total",
    "guardhouse_sessions_opened_total",
    "guardhouse_sessions_ended_total",
    "guardhouse_audit_written_total",
    "guardhouse_audit_pending",
    "guardhouse_audit_batch_size_bucket",
    "guardhouse_revocations",
    "guardhouse_revocation_lag_seconds_bucket",
];

#[test]
fn metrics_tell_what_happened_under_stable_names_and_nothing_personal() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("limits.enabled", true)
        .set("limits.login.account", "3/1h")
        .set("sessions.refresh_grace", "0s")
        .start();
    let ada = house.user("metric-ada");
    for _ in 0..3 {
        try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");
    }
    try_login(&house, &ada.email, PASSWORD).is_problem(429, "rate_limited");
    let bob = house.user("metric-bob");
    let bob = house.login(&bob.email);
    assert_eq!(refresh(&house, &bob.refresh).status, 200);
    refresh(&house, &bob.refresh).is_problem(401, "refresh_replayed");
    assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
    house.get("/nowhere/metric-ada").is_problem(404, "not_found");
    let brew =
        raw(house.address(), b"BREW /auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", PATIENCE);
    assert_eq!(brew.statuses(), [405], "{brew:?}");
    house.poll_revocations();
    house.events("login_failed");

    let answer = house.ops("/metrics", None);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    for name in METRICS {
        let line = |line: &str| line.starts_with(name) && line[name.len()..].starts_with(['{', ' ']);
        assert!(answer.text.lines().any(line), "{name} is missing");
        let family = name.trim_end_matches("_bucket");
        assert!(answer.text.contains(&format!("# HELP {family} ")), "{family} is not described");
    }
    for series in [
        "guardhouse_http_requests_total{method=\"POST\",route=\"/auth/login\",status=\"401\"}",
        "guardhouse_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"}",
        "guardhouse_http_requests_total{method=\"other\",route=\"/auth/me\",status=\"405\"}",
        "auth_operation_duration_seconds_bucket{operation=\"login\",outcome=\"success\",le=",
        "auth_operation_duration_seconds_bucket{operation=\"login\",outcome=\"failure\",le=",
        "guardhouse_rate_limited_total{rule=\"login.account\"}",
        "guardhouse_sessions_ended_total{why=\"replay\"}",
        "guardhouse_sessions_ended_total{why=\"revoked\"}",
    ] {
        assert!(answer.text.contains(series), "{series} is missing:\n{}", answer.text);
    }
    for personal in [ada.email.as_str(), &ada.id, &ada.session, &ada.access, "metric-ada", "BREW"] {
        assert!(!answer.text.contains(personal), "{personal} is in the metrics");
    }
}

#[test]
fn an_answer_says_where_its_time_went_only_where_that_is_wanted() {
    let quiet = TestHouse::new();
    let ada = quiet.user("ada");
    assert!(quiet.get_as(&ada.access, "/auth/me").headers.get("server-timing").is_none());
    let house = TestHouse::on(Kind::Sqlite).set("server.server_timing", true).start();
    house.user("ada");
    let login = json!({ "email": "ada@example.org", "password": PASSWORD });
    let answer = house.post("/auth/login", login);
    let told = answer.header("server-timing").to_owned();
    let stage = |name: &str| {
        let value = told.split(", ").find_map(|stage| stage.strip_prefix(&format!("{name};dur=")));
        value.unwrap_or_else(|| panic!("no {name} in {told}")).parse::<f64>().unwrap()
    };
    for name in ["queue", "hash", "sessions", "db", "sign", "audit"] {
        assert!(stage(name) > 0.0, "{told}");
    }
    // Each request has its own.
    let next = house.get("/health/live");
    assert_eq!(next.header("server-timing"), "");
}
