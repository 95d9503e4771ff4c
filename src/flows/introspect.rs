//! What a configured client learns about a token (RFC 7662). Looking is not using: nothing is written, and a session
//! does not count as seen.

use super::authenticate::{AuthenticateError, is_stale, verify};
use super::{Desk, Fault};
use crate::domain::account::User;
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::{Presented, judge};
use crate::store::users;
use crate::tokens::refresh::PREFIX;

/// What a token is good for at this moment.
#[derive(Debug, Clone)]
pub enum Introspection {
    /// An access token that every endpoint would accept.
    Access(Box<Claims>),
    /// A refresh token that would be exchanged.
    Refresh {
        /// Whose.
        user: UserId,
        /// In which session.
        session: SessionId,
        /// When it is over, if it is not exchanged before.
        expires_at: Timestamp,
    },
    /// Nothing. Why is nobody's business (RFC 7662 section 2.2).
    Inactive,
}

/// What `token` is good for.
///
/// # Errors
///
/// [`Fault`] when a store has to be asked and does not answer: that is not the same as "not active".
pub async fn introspect(desk: &Desk, token: &str, now: Timestamp) -> Result<Introspection, Fault> {
    if token.starts_with(PREFIX) {
        return refresh_token(desk, token, now).await;
    }
    match verify(desk, token, now).await {
        Ok(claims) => Ok(Introspection::Access(Box::new(claims))),
        Err(AuthenticateError::Invalid | AuthenticateError::Expired | AuthenticateError::Revoked) => {
            Ok(Introspection::Inactive)
        }
        Err(AuthenticateError::Fault(fault)) => Err(fault),
    }
}

/// Whether [`introspect`] may have to ask a store about `token`.
pub fn may_ask_a_store(desk: &Desk, token: &str, now: Timestamp) -> bool {
    token.starts_with(PREFIX) || is_stale(desk, now)
}

/// The judgement of [`super::refresh::refresh`], without its consequences.
async fn refresh_token(desk: &Desk, token: &str, now: Timestamp) -> Result<Introspection, Fault> {
    let Ok(grant) = desk.refresh_tokens.read(token) else {
        return Ok(Introspection::Inactive);
    };
    if !desk.rules().refresh_tokens || desk.revocations.is_before_floor(grant.session) {
        return Ok(Introspection::Inactive);
    }
    let Some(session) = desk.sessions.find(grant.user, grant.session, now).await?? else {
        return Ok(Introspection::Inactive);
    };
    match judge(&session, grant.generation, now, desk.rules().refresh_grace) {
        Presented::Current | Presented::Superseded | Presented::Ahead => {}
        Presented::Replayed | Presented::Over => return Ok(Introspection::Inactive),
    }
    let user = users::by_id(desk.db.reader(), grant.user).await?;
    let admits = |user: &User| user.is_enabled() && user.security.admits_session(session.epoch);
    Ok(match user.filter(admits) {
        Some(user) => {
            Introspection::Refresh { user: user.id, session: session.id, expires_at: session.idle_expires_at }
        }
        None => Introspection::Inactive,
    })
}
