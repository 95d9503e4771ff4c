//! Health, the description of all this, and what operators ask.

use super::{Access, Code, Endpoint, Place, at, get, post};
use crate::config::Explanation;
use crate::flows::Fault;
use crate::flows::authenticate::AuthenticateError;
use crate::flows::keys::KeysError;
use crate::http::audit::{KeysReply as AuditKeys, Page, RecordView, keys as audit_keys, search};
use crate::http::health::{Answer as Readiness, Life, live, ready};
use crate::http::keys::{KeyView, KeysReply, list, rotate};
use crate::http::openapi::{HTML, page, problems_page, serve};
use crate::http::ops::{Actors, actors, config, metrics};

const HEALTH: &str = "Health";
const DOCS: &str = "This contract";
const OPERATIONS: &str = "Operations";

pub(super) fn health() -> Vec<Place> {
    vec![
        at(
            "/health/live",
            HEALTH,
            [get("live", "Whether the process answers", live).gives::<Life>(200, "It does.")],
        ),
        at(
            "/health/ready",
            HEALTH,
            [get("ready", "Whether this node should get requests", ready)
                .gives::<Readiness>(200, "It should.")
                .gives::<Readiness>(503, "It should not.")
                .may([Code::StorageUnavailable])],
        ),
    ]
}

pub(super) fn docs() -> Vec<Place> {
    vec![
        at(
            "/openapi.json",
            DOCS,
            [get("openapi", "This document", serve).gives::<serde_json::Value>(200, "OpenAPI 3.1.")],
        ),
        at(
            "/docs",
            DOCS,
            [get("docs", "This document as a page", page).gives_as::<String>(200, HTML, "The page.")],
        ),
        at(
            "/docs/problems",
            DOCS,
            [get("problems", "Every problem as a page", problems_page)
                .about("The `type` of a problem leads here.")
                .gives_as::<String>(200, HTML, "The page.")],
        ),
    ]
}

pub(super) fn places() -> Vec<Place> {
    vec![
        at(
            "/metrics",
            OPERATIONS,
            [get("metrics", "Figures for Prometheus", metrics).gives_as::<String>(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                "The text format.",
            )],
        ),
        at(
            "/admin/actors",
            OPERATIONS,
            [operator(get("actors", "What every actor says of itself", actors))
                .gives::<Actors>(200, "As it is now.")
                .fails::<Fault>()],
        ),
        at(
            "/admin/audit",
            OPERATIONS,
            [operator(get("searchAuditLog", "The audit log, the newest first", search))
                .gives::<Page<RecordView>>(200, "One page.")
                .fails::<Fault>()],
        ),
        at(
            "/admin/audit/keys",
            OPERATIONS,
            [operator(get("auditKeys", "What verifies the signatures under the audit log", audit_keys))
                .gives::<AuditKeys<'_>>(200, "The keys.")],
        ),
        at(
            "/admin/config",
            OPERATIONS,
            [get("configuration", "What is configured, and where that was set", config)
                .about("For administrators only: it tells where secrets lie, and none of them.")
                .access(Access::Bearer)
                .gives::<Explanation>(200, "The settings that hold.")
                .fails::<AuthenticateError>()
                .may([Code::TokenMissing, Code::RoleRequired])],
        ),
        at(
            "/admin/keys",
            OPERATIONS,
            [operator(get("keys", "Every key, and what it is good for now", list))
                .gives::<KeysReply>(200, "The keys, none of them secret.")],
        ),
        at(
            "/admin/keys/rotate",
            OPERATIONS,
            [operator(post("rotateKey", "Make a new key", rotate))
                .about("It signs after the announcement, or at once.")
                .gives::<KeyView>(201, "The new key.")
                .fails::<KeysError>()],
        ),
    ]
}

/// As `let_in` lets pass.
fn operator(endpoint: Endpoint) -> Endpoint {
    endpoint
        .access(Access::Operator)
        .fails::<AuthenticateError>()
        .may([Code::TokenMissing, Code::RoleRequired])
}
