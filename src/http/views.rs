//! Answers as clients see them; see the contract in `docs/`.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{Front, refresh_cookie};
use crate::domain::account::{DisplayName, User};
use crate::domain::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Roles;
use crate::domain::session::Session;
use crate::flows::SignedIn;

/// A user, as the user and administrators see them. Never a hash.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(super) struct UserView {
    id: UserId,
    email: Email,
    /// Always `false` in this release.
    email_verified: bool,
    name: Option<DisplayName>,
    roles: Roles,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// When the account was disabled; absent where it is not.
    disabled_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified,
            name: user.name,
            roles: user.roles,
            disabled_at: user.disabled_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// A session, as its user sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(super) struct SessionView {
    id: SessionId,
    created_at: Timestamp,
    /// To about a minute.
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    ip: String,
    user_agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionView {
    /// `session`, seen from within `current`.
    pub(super) fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            ip: session.address,
            user_agent: session.user_agent,
            current: session.id == current,
        }
    }
}

/// The answer to whoever has just signed in or refreshed (RFC 6749 section 5.1, and more).
#[derive(Serialize, JsonSchema)]
pub(super) struct TokenReply<'a> {
    /// For `Authorization: Bearer …`.
    access_token: &'a str,
    #[schemars(extend("const" = "Bearer"))]
    token_type: &'static str,
    /// When the access token expires, in seconds.
    expires_in: u64,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Absent where there are none, and where it is in a cookie.
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// When the refresh token expires if it is not used before, in seconds.
    refresh_expires_in: Option<u64>,
    session_id: SessionId,
    user: UserView,
}

/// The token reply for `signed_in`. Where browsers keep the refresh token it is in a cookie and not in the body.
pub(super) fn token_reply(front: &Front, status: StatusCode, signed_in: SignedIn) -> HttpResponse {
    let now = signed_in.now;
    let refresh = signed_in.refresh.as_ref();
    let cookie = refresh
        .filter(|_| front.sites.cookies)
        .and_then(|(token, expires_at)| refresh_cookie::set(token, expires_at.since(now).as_secs()));
    let shown = refresh.filter(|_| !front.sites.cookies);
    let mut response = HttpResponse::build(status);
    if let Some(cookie) = cookie {
        response.append_header((header::SET_COOKIE, cookie));
    }
    response.json(TokenReply {
        access_token: signed_in.access_token.expose_secret(),
        token_type: "Bearer",
        expires_in: signed_in.access_expires_at.since(now).as_secs(),
        expires_at: signed_in.access_expires_at,
        refresh_token: shown.map(|(token, _)| token.expose_secret()),
        refresh_expires_in: refresh.map(|(_, expires_at)| expires_at.since(now).as_secs()),
        session_id: signed_in.session,
        user: signed_in.user.into(),
    })
}
