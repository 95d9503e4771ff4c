//! A user looks at their sessions and ends one.

use super::issue::ending;
use super::{Caller, Desk, Fault, Visit};
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::id::SessionId;
use crate::domain::session::Session;

/// The caller's sessions, the oldest first.
///
/// # Errors
///
/// [`Fault`]
pub async fn list(desk: &Desk, caller: &Caller, visit: &Visit) -> Result<Vec<Session>, Fault> {
    let mut sessions = desk.sessions.list(caller.user, visit.now).await??;
    sessions.retain(|session| !desk.revocations.is_before_floor(session.id));
    Ok(sessions)
}

/// Ends one of the caller's sessions. Whether there was one: somebody else's does not exist here.
///
/// # Errors
///
/// [`Fault`]
pub async fn end(desk: &Desk, caller: &Caller, session: SessionId, visit: &Visit) -> Result<bool, Fault> {
    // Looked at first: announcing somebody else's session as revoked would end it.
    if desk.sessions.find(caller.user, session, visit.now).await??.is_none() {
        return Ok(false);
    }
    desk.sessions.revoke(caller.user, session, ending(desk, visit.now)).await??;
    let subject = Subject::user(caller.user).session(session);
    desk.audit.record_done(Free::new(visit.now, FreeKind::SessionEnded, subject, &visit.origin)).await?;
    Ok(true)
}
