//! Exchanging a refresh token.

use secrecy::{ExposeSecret, SecretString};

use super::fault::carries_faults;
use super::issue::{self, SignedIn, tokens_until};
use super::limited::{self, may_be_limited};
use super::{Desk, Fault, Limited, Visit};
use crate::domain::account::User;
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::refresh::RefreshGrant;
use crate::store::session::{Rotation, RotationTerms};
use crate::store::users;

/// What came of it.
#[derive(Debug)]
pub struct Refreshed {
    /// The new tokens.
    pub signed_in: SignedIn,
    /// Whether the presented token had just been exchanged before: these tokens are then of the same successor.
    pub replayed: bool,
}

/// Why there are no new tokens.
#[derive(Debug)]
pub enum RefreshError {
    /// Not a refresh token of ours, or its session is over.
    Invalid,
    /// It had been exchanged before; the session is ended.
    Replayed,
    /// Too many exchanges; the token is as good as before.
    Limited(Limited),
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(RefreshError);
may_be_limited!(RefreshError);

/// Exchanges `token`.
///
/// # Errors
///
/// [`RefreshError`]; a forged token is refused before any store is asked.
pub async fn refresh(desk: &Desk, token: &SecretString, visit: &Visit) -> Result<Refreshed, RefreshError> {
    if !desk.rules().refresh_tokens {
        return Err(RefreshError::Invalid);
    }
    let grant = desk.refresh_tokens.read(token.expose_secret()).map_err(|fault| {
        tracing::debug!(%fault, "a refresh token was refused");
        RefreshError::Invalid
    })?;
    if desk.revocations.is_before_floor(grant.session) {
        return Err(RefreshError::Invalid);
    }
    limited::take(desk, visit, desk.rules().limits.refresh(grant.user, visit.origin.address)).await?;
    // Before the step that cannot be taken back: a client that is refused after it would come back with a token that
    // looks stolen.
    desk.audit.accepts()?;
    let terms = RotationTerms {
        now: visit.now,
        grace: desk.rules().refresh_grace,
        idle: desk.rules().lifetimes.idle,
        tokens_until: tokens_until(desk, visit.now),
    };
    let subject = Subject::user(grant.user).session(grant.session);
    // At once: whatever ends sessions after the user was read also ends the tokens that are made from this reading.
    let (rotation, user) =
        tokio::join!(desk.sessions.rotate(grant, terms), users::by_id(desk.db.reader(), grant.user));
    let (session, replayed) = match rotation?? {
        Rotation::Rotated(session) => (session, false),
        Rotation::Superseded(session) => (session, true),
        Rotation::Gone => return refuse(desk, visit, subject, "session is over"),
        Rotation::Replayed => {
            metrics::counter!("guardhouse_refresh_replays_total").increment(1);
            let event = Free::new(visit.now, FreeKind::RefreshReplayed, subject, &visit.origin);
            desk.audit.record_done(event).await?;
            return Err(RefreshError::Replayed);
        }
    };
    let Some(user) = user?.filter(User::is_enabled) else {
        end(desk, visit, grant).await?;
        return refuse(desk, visit, subject, "account is gone or disabled");
    };
    if !user.security.admits_session(session.epoch) {
        // Not ended here: in the moment of a password change the caller's own session is on its way to the new epoch.
        return refuse(desk, visit, subject, "session is older than the account's last change");
    }
    let signed_in = issue::tokens(desk, user, &session, visit.now)?;
    desk.audit.record_done(Free::new(visit.now, FreeKind::TokenRefreshed, subject, &visit.origin)).await?;
    metrics::counter!("auth_token_refresh_total").increment(1);
    Ok(Refreshed { signed_in, replayed })
}

async fn end(desk: &Desk, visit: &Visit, grant: RefreshGrant) -> Result<(), Fault> {
    desk.sessions.revoke(grant.user, grant.session, issue::ending(desk, visit.now)).await??;
    Ok(())
}

/// Not waited for: whoever holds one genuine token that is over could otherwise keep the log busy with it.
fn refuse(
    desk: &Desk,
    visit: &Visit,
    subject: Subject,
    reason: &'static str,
) -> Result<Refreshed, RefreshError> {
    desk.audit.note(Free::new(visit.now, FreeKind::RefreshRefused, subject.detail(reason), &visit.origin));
    Err(RefreshError::Invalid)
}
