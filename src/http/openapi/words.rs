//! What the document says in words, and what is the same for every operation.

use serde_json::{Value, json};

pub(super) const ABOUT: &str = "An authentication server: registers people, checks passwords, opens sessions, issues tokens, and \
ends any of it at once.\n\n\
Ids are UUIDs, times RFC 3339 in UTC, bodies JSON in UTF-8. The contract may grow: ignore members that you do not know. A request with \
a member that is unknown here is refused. What answers `GET` answers `HEAD` too, and a method that a path does not have \
gets 405 `method_not_allowed` with `Allow`.\n\n\
Errors are problem details (RFC 9457); decide by `code`. Below `/oauth2` they have the form of OAuth 2.0 (RFC 6749 section 5.2).\n\n\
Requests are bounded: the body by `server.body_limit` (16 KiB), its arrival by twice `server.client_timeout`, the head by \
`server.client_timeout` (5 s).";

pub(super) const BODY: &str = "At most `server.body_limit` (16 KiB), not compressed.";

/// The operators' listener is another one, and where it is depends on the configuration.
pub(super) fn operators_servers() -> Value {
    json!([{
        "url": "http://{address}",
        "description": "The operators' listener, never public.",
        "variables": { "address": { "default": "127.0.0.1:9090", "description": "`server.ops_bind`" } },
    }])
}

/// Headers that every request may have.
pub(super) fn parameters() -> Value {
    json!({
        "requestId": {
            "name": "X-Request-Id", "in": "header", "schema": { "type": "string" },
            "description": "An id of the client's own: 1 to 128 letters, digits, `.`, `_`, `-`. Any other is replaced.",
        },
        "traceparent": {
            "name": "traceparent", "in": "header", "schema": { "type": "string" },
            "description": "W3C Trace Context. The trace id goes into the log; what is malformed is ignored.",
        },
    })
}

pub(super) fn security_schemes() -> Value {
    json!({
        "accessToken": {
            "type": "http", "scheme": "bearer",
            "description": "An access token, of a login or a refresh. An administrator's has the role `admin`.",
        },
        "opsToken": { "type": "http", "scheme": "bearer", "description": "`server.ops_token`, on the operators' listener only." },
        "client": {
            "type": "http", "scheme": "basic",
            "description": "A client of the configuration, by name and secret; both form-encoded first (RFC 6749 section 2.3.1).",
        },
        "refreshCookie": {
            "type": "apiKey", "in": "cookie", "name": "__Host-guardhouse-refresh",
            "description": "With `sessions.transport = \"cookie\"`; otherwise the refresh token is in the body.",
        },
    })
}
