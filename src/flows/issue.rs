//! Opening a session and making the tokens of one.

use std::time::Duration;

use secrecy::SecretString;

use super::{Desk, Fault, Visit};
use crate::domain::account::User;
use crate::domain::claims::Claims;
use crate::domain::clock::{Stopwatch, Timestamp};
use crate::domain::id::{SessionId, uuid_v7};
use crate::domain::refresh::RefreshGrant;
use crate::domain::session::{AuthMethod, Session};
use crate::store::session::Ending;
use crate::telemetry::spans;
use crate::telemetry::stages::{self, Stage};

/// The shortest life of an access token: its times are whole seconds.
const SHORTEST: Duration = Duration::from_secs(1);

/// Somebody who is signed in now, with what they need to stay so.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The access token.
    pub access_token: SecretString,
    /// When it expires.
    pub access_expires_at: Timestamp,
    /// The refresh token and when it expires unused, where refresh tokens are given out.
    pub refresh: Option<(SecretString, Timestamp)>,
    /// The session of both.
    pub session: SessionId,
    /// Who it is.
    pub user: User,
    /// When.
    pub now: Timestamp,
}

/// Opens a session for `user`, who has just proved who they are by `method`.
pub(super) async fn open_session(
    desk: &Desk,
    visit: &Visit,
    user: &User,
    method: AuthMethod,
) -> Result<Session, Fault> {
    let (now, lifetimes) = (visit.now, desk.rules().lifetimes);
    let expires_at = now.plus(lifetimes.absolute);
    let session = Session {
        id: SessionId::generate(now, &*desk.entropy),
        user: user.id,
        generation: 0,
        epoch: user.security.current,
        created_at: now,
        authenticated_at: now,
        last_seen_at: now,
        rotated_at: now,
        idle_expires_at: now.plus(lifetimes.idle).min(expires_at),
        expires_at,
        address: visit.origin.address.to_string(),
        user_agent: visit.origin.user_agent.clone(),
        methods: vec![method],
    };
    desk.sessions.open(session.clone(), desk.rules().most_sessions, ending(desk, now)).await??;
    Ok(session)
}

/// The tokens of `session` as it is now.
pub(super) fn tokens(desk: &Desk, user: User, session: &Session, now: Timestamp) -> Result<SignedIn, Fault> {
    let claims = Claims {
        subject: user.id,
        session: session.id,
        token: uuid_v7(now, &*desk.entropy),
        issued_at: now,
        // A token never outlives its session; it needs a second of life to be one.
        expires_at: now.plus(desk.rules().access_lifetime).min(session.expires_at.max(now.plus(SHORTEST))),
        authenticated_at: session.authenticated_at,
        methods: session.methods.clone(),
        roles: user.roles.clone(),
        epoch: user.security.current,
    };
    let refresh = desk.rules().refresh_tokens.then(|| {
        let grant = RefreshGrant { user: user.id, session: session.id, generation: session.generation };
        (desk.refresh_tokens.mint(&grant), session.idle_expires_at)
    });
    Ok(SignedIn {
        access_token: signed(desk, &claims)?.into(),
        access_expires_at: claims.expires_at,
        refresh,
        session: session.id,
        user,
        now,
    })
}

fn signed(desk: &Desk, claims: &Claims) -> Result<String, Fault> {
    let started = Stopwatch::start();
    let token = desk.access_tokens.seal(claims)?;
    let time = started.elapsed();
    stages::note(Stage::Sign, time);
    spans::note("sign", time);
    Ok(token)
}

/// An ending now: remembered until every access token made so far has expired, with room for clocks that differ.
pub(super) fn ending(desk: &Desk, now: Timestamp) -> Ending {
    Ending { at: now, tokens_until: tokens_until(desk, now) }
}

/// When the access tokens made until `now` have all expired, on the slowest of clocks we tolerate.
pub(super) fn tokens_until(desk: &Desk, now: Timestamp) -> Timestamp {
    const CLOCKS_DIFFER_BY: Duration = Duration::from_secs(120);
    now.plus(desk.rules().access_lifetime).plus(CLOCKS_DIFFER_BY)
}
