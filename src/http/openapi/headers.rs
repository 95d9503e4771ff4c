//! The headers of answers.

use serde_json::{Map, Value, json};

/// Name, meaning, pattern.
const ALL: [(&str, &str, &str); 9] = [
    (
        "X-Request-Id",
        "The client's own id of the request if it is harmless, otherwise a fresh one.",
        "^[A-Za-z0-9._-]{1,128}$",
    ),
    ("Cache-Control", "`no-store`, except for what is published.", ""),
    (
        "WWW-Authenticate",
        "How to say who asks (RFC 9110 section 11.6.1).",
        "^(Bearer|Basic) realm=\"guardhouse\"",
    ),
    ("Retry-After", "In how many seconds to come back.", "^[1-9][0-9]*$"),
    (
        "RateLimit",
        "Which limit it was, and in how many seconds there is room again.",
        "^\"[a-z0-9_.]+\";r=0;t=[0-9]+$",
    ),
    (
        "RateLimit-Policy",
        "How many of these requests there may be in how many seconds.",
        "^\"[a-z0-9_.]+\";q=[0-9]+;w=[0-9]+$",
    ),
    ("Server-Timing", "Where the time went, where `server.server_timing` is `true`.", ""),
    ("Guardhouse-Refresh", "Whether the token was exchanged now, or just before.", "^(rotated|replayed)$"),
    (
        "Set-Cookie",
        "Where `sessions.transport` is `cookie`: the refresh token, or what takes it back.",
        "^__Host-guardhouse-refresh=",
    ),
];

/// Those that go with an error of this status.
pub(super) fn of_errors(status: u16) -> &'static [&'static str] {
    match status {
        401 => &["WWW-Authenticate"],
        429 => &["Retry-After", "RateLimit", "RateLimit-Policy"],
        503 => &["Retry-After"],
        _ => &[],
    }
}

/// The components.
pub(super) fn all() -> Map<String, Value> {
    ALL.iter().map(|header| (header.0.to_owned(), render(header, header.0 != "Server-Timing"))).collect()
}

/// One that need not be there.
pub(super) fn optional(name: &str) -> Value {
    ALL.iter().find(|header| header.0 == name).map(|header| render(header, false)).unwrap_or_default()
}

fn render((_, about, pattern): &(&str, &str, &str), required: bool) -> Value {
    let schema = if pattern.is_empty() {
        json!({ "type": "string" })
    } else {
        json!({ "type": "string", "pattern": pattern })
    };
    json!({ "description": about, "required": required, "schema": schema })
}
