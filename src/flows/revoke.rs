//! Ending a session by one of its tokens (RFC 7009): whoever holds a genuine token may throw it away, and everything
//! that was issued with it.

use super::authenticate::verify_by_view;
use super::issue::ending;
use super::{Desk, Fault, Visit};
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::id::{SessionId, UserId};
use crate::tokens::refresh::PREFIX;

/// Ends the session of `token`, if it is a genuine one and its session goes on. Nothing is written otherwise. `client`
/// is the configured client that asks, if one does.
///
/// # Errors
///
/// [`Fault`]; the token may then still be good.
pub async fn revoke(desk: &Desk, token: &str, client: Option<&str>, visit: &Visit) -> Result<(), Fault> {
    let (user, session, by) = if token.starts_with(PREFIX) {
        match refresh_token(desk, token, visit).await? {
            Some((user, session)) => (user, session, "refresh token"),
            None => return Ok(()),
        }
    } else {
        match access_token(desk, token, visit) {
            Some((user, session)) => (user, session, "access token"),
            None => return Ok(()),
        }
    };
    desk.sessions.revoke(user, session, ending(desk, visit.now)).await??;
    let detail = match client {
        Some(client) => format!("{by} revoked by client {client}"),
        None => format!("{by} revoked"),
    };
    let subject = Subject::user(user).session(session).detail(detail);
    Ok(desk.audit.record_done(Free::new(visit.now, FreeKind::LoggedOut, subject, &visit.origin)).await?)
}

/// The living session of a refresh token. Of which generation the token is does not matter: one that was exchanged long
/// ago has been in two hands, which is one more reason to end its session.
async fn refresh_token(
    desk: &Desk,
    token: &str,
    visit: &Visit,
) -> Result<Option<(UserId, SessionId)>, Fault> {
    let Ok(grant) = desk.refresh_tokens.read(token) else { return Ok(None) };
    if desk.revocations.is_before_floor(grant.session) {
        return Ok(None);
    }
    let session = desk.sessions.find(grant.user, grant.session, visit.now).await??;
    Ok(session.map(|session| (session.user, session.id)))
}

/// The session of an access token that is valid as far as this node knows. Its session is not looked up: even where the
/// store has lost it, the token would be accepted until the ending is announced.
fn access_token(desk: &Desk, token: &str, visit: &Visit) -> Option<(UserId, SessionId)> {
    let claims = verify_by_view(desk, token, visit.now).ok()?;
    Some((claims.subject, claims.session))
}
