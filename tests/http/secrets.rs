//! What must never be told: no password, token or hash in a log line, an audit event, a metric or an error.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::http::{audit_rows, post_raw, refresh, stored_hash, try_login};
use crate::support::{Kind, TestHouse};

/// Everything that this process logs below `guardhouse`, at every level, from the first call on.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Houses log on threads of their own, so the capture has to be the process's; tests that run at the same time
    /// write into it as well and do no harm.
    fn capture() -> Self {
        static LOGS: OnceLock<Logs> = OnceLock::new();
        LOGS.get_or_init(|| {
            let logs = Logs::default();
            let subscriber = tracing_subscriber::fmt()
                .with_env_filter(EnvFilter::new("guardhouse=trace"))
                .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(logs.clone())
                .finish();
            tracing::subscriber::set_global_default(subscriber).expect("no other test installs one");
            logs
        })
        .clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Logs {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const FIRST: &str = "First-secret-words-of-ada-1";
const SECOND: &str = "Second-secret-words-of-ada-2";
const WRONG: &str = "Wrong-secret-words-of-ada-3";
const OPS_TOKEN: &str = "ops-secret-words-of-at-least-32-characters";
const HS256_SECRET: &str = "hs256-secret-words-that-nobody-should-ever-see-48";

#[test]
fn a_whole_story_at_trace_level_tells_no_secret() {
    let logs = Logs::capture();
    let house = TestHouse::on(Kind::Sqlite)
        .set("tokens.algorithm", "HS256")
        .set("tokens.hs256_secret", HS256_SECRET)
        .set("server.ops_token", OPS_TOKEN)
        .set("sessions.refresh_grace", "0s")
        .start();
    let mut secrets: Vec<String> =
        [FIRST, SECOND, WRONG, OPS_TOKEN, HS256_SECRET].map(str::to_owned).to_vec();
    let mut bodies = Vec::new();
    let mut note = |body: &Value| {
        for member in ["access_token", "refresh_token"] {
            secrets.push(body[member].as_str().unwrap().to_owned());
        }
    };

    let registration = json!({ "email": "secretive@example.org", "password": FIRST });
    let first = house.post("/auth/register", registration.clone()).ok(201);
    note(&first);
    bodies.push(house.post("/auth/register", registration).text);
    bodies.push(try_login(&house, "secretive@example.org", WRONG).text);
    bodies.push(try_login(&house, WRONG, FIRST).text);
    let second = try_login(&house, "secretive@example.org", FIRST).ok(200);
    note(&second);
    let access = second["access_token"].as_str().unwrap();
    let id = second["user"]["id"].as_str().unwrap();
    let mut hashes = vec![stored_hash(&house, id)];
    let change = json!({ "current_password": FIRST, "new_password": SECOND });
    assert_eq!(house.post_as(access, "/auth/password", change.clone()).status, 204);
    bodies.push(house.post_as(access, "/auth/password", change).text);
    hashes.push(stored_hash(&house, id));
    let rotated = refresh(&house, second["refresh_token"].as_str().unwrap()).ok(200);
    note(&rotated);
    bodies.push(refresh(&house, second["refresh_token"].as_str().unwrap()).text);
    bodies.push(refresh(&house, rotated["access_token"].as_str().unwrap()).text);
    bodies.push(house.get_as(rotated["refresh_token"].as_str().unwrap(), "/auth/me").text);
    bodies.push(house.get_as(access, "/auth/me").text);
    bodies.push(house.get_as(&format!("{access}x"), "/auth/me").text);
    for body in [
        format!("{{\"email\":\"secretive@example.org\",\"password\":\"{WRONG}\""),
        format!("{{\"email\":\"secretive@example.org\",\"password\":[\"{WRONG}\"]}}"),
        format!("{{\"email\":1,\"password\":\"{WRONG}\"}}"),
    ] {
        bodies.push(post_raw(&house, "/auth/login", "application/json", body.as_bytes()).text);
    }
    bodies.push(house.ops("/admin/actors", Some(OPS_TOKEN)).text);
    bodies.push(house.ops("/admin/actors", Some(&OPS_TOKEN[1..])).text);
    bodies.push(house.ops("/metrics", None).text);
    for event in audit_rows(&house) {
        bodies.push(format!("{event:?}"));
    }
    let request = house.request("GET", "/health/live").header("x-request-id", "the-last-of-the-secretive");
    house.send(request, Vec::new());
    drop(house);

    let text = logs.text();
    for told in [
        "id=the-last-of-the-secretive",
        "guardhouse::access",
        "an access token was refused",
        "a refresh token was refused",
    ] {
        assert!(text.contains(told), "the capture works: {told}");
    }
    // The signature alone is what a token is worth; the hash without its salt is what a guess is checked against.
    let tails =
        secrets.iter().chain(&hashes).filter_map(|secret| secret.get(secret.len().saturating_sub(40)..));
    let needles: Vec<&str> =
        secrets.iter().map(String::as_str).chain(tails).chain(hashes.iter().map(String::as_str)).collect();
    for needle in needles {
        assert!(!text.contains(needle), "a secret is in the logs: {needle}");
        for body in &bodies {
            assert!(!body.contains(needle), "a secret is in {body}");
        }
    }
    for line in text.lines() {
        assert!(!line.contains("secretive@example.org"), "no full address in a log: {line}");
    }
}
