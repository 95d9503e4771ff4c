//! Signing out: here, everywhere else, or everywhere.

use super::ending::{change_and_void, end_sessions, remove_sessions};
use super::issue::ending;
use super::{Caller, Desk, Fault, Visit};
use crate::domain::audit::{Bound, BoundKind, Free, FreeKind, Subject};
use crate::store::users::Change;

/// Which sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The caller's.
    Local,
    /// Every session of the user but the caller's.
    Others,
    /// Every session of the user.
    Global,
}

/// Signs the caller out. When this returns, this node refuses the access tokens of the ended sessions, and every
/// other node does as soon as it has read the feed.
///
/// # Errors
///
/// [`Fault`]
pub async fn logout(desk: &Desk, caller: &Caller, scope: Scope, visit: &Visit) -> Result<(), Fault> {
    let subject = Subject::user(caller.user).session(caller.session);
    let detail = match scope {
        Scope::Local => {
            desk.sessions.revoke(caller.user, caller.session, ending(desk, visit.now)).await??;
            "local"
        }
        Scope::Others => {
            end_sessions(desk, visit, caller.user, Some(caller.session)).await?;
            "others"
        }
        Scope::Global => {
            // Raising the epoch also catches a session that is being opened at this moment.
            let event = Bound::new(visit.now, BoundKind::SessionsRevoked, subject.clone(), &visit.origin);
            change_and_void(desk, visit, caller.user, Change::EndSessions, event).await?;
            remove_sessions(desk, visit, caller.user, None).await;
            "global"
        }
    };
    let event = Free::new(visit.now, FreeKind::LoggedOut, subject.detail(detail), &visit.origin);
    Ok(desk.audit.record_done(event).await?)
}
