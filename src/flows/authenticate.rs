//! Who presents an access token. No store is asked: the signature, and the view of what has been revoked.

use super::fault::carries_faults;
use super::{Desk, Fault};
use crate::config::OnStale;
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Roles;
use crate::store::{StoreError, users};
use crate::tokens::TokenFault;
use crate::tokens::rules::MAX_LEEWAY;

/// Somebody whose access token is valid now.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// With which roles.
    pub roles: Roles,
}

/// Why a token is refused.
#[derive(Debug)]
pub enum AuthenticateError {
    /// Not a token of ours, or not for us.
    Invalid,
    /// Its time is over.
    Expired,
    /// Ended before its time.
    Revoked,
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(AuthenticateError);

/// Verifies `token`, and notes that its session was used.
///
/// # Errors
///
/// [`AuthenticateError`]
pub async fn authenticate(desk: &Desk, token: &str, now: Timestamp) -> Result<Caller, AuthenticateError> {
    let claims = verify(desk, token, now).await?;
    desk.sessions.touch(claims.subject, claims.session, now);
    Ok(Caller { user: claims.subject, session: claims.session, roles: claims.roles })
}

/// What `token` says, if it is valid now.
///
/// # Errors
///
/// [`AuthenticateError`]
pub async fn verify(desk: &Desk, token: &str, now: Timestamp) -> Result<Claims, AuthenticateError> {
    let claims = verify_by_view(desk, token, now)?;
    if is_stale(desk, now) {
        match desk.rules().on_stale {
            OnStale::Allow => {}
            OnStale::Refuse => {
                return Err(StoreError::Unavailable("the revocation feed is stale".into()).into());
            }
            OnStale::CheckStore => check_store(desk, &claims, now).await?,
        }
    }
    Ok(claims)
}

/// What `token` says, if it is valid as far as this node knows, however long ago it heard.
pub(super) fn verify_by_view(desk: &Desk, token: &str, now: Timestamp) -> Result<Claims, AuthenticateError> {
    let claims = desk.access_tokens.open(token, now).map_err(|fault| match fault {
        TokenFault::Expired => AuthenticateError::Expired,
        TokenFault::Invalid(reason) => {
            tracing::debug!(reason, "an access token was refused");
            AuthenticateError::Invalid
        }
    })?;
    // Revocations are remembered for as long as tokens live today: one that was given a longer life ends with them.
    if now >= claims.issued_at.plus(desk.rules().access_lifetime).plus(MAX_LEEWAY) {
        return Err(AuthenticateError::Expired);
    }
    if desk.revocations.is_revoked(&claims) {
        return Err(AuthenticateError::Revoked);
    }
    Ok(claims)
}

/// Whether what is known of revocations is older than configured, so that [`verify`] may have to ask a store.
pub fn is_stale(desk: &Desk, now: Timestamp) -> bool {
    desk.revocations.staleness(now) > desk.rules().max_staleness
}

/// What the view would say if it were fresh, read from the stores.
async fn check_store(desk: &Desk, claims: &Claims, now: Timestamp) -> Result<(), AuthenticateError> {
    let session = desk.sessions.find(claims.subject, claims.session, now).await??;
    let user = users::by_id(desk.db.reader(), claims.subject).await?;
    let stands = session.zip(user).is_some_and(|(session, user)| {
        // A session that proved itself again under the newest epoch vouches for its older tokens.
        let current = session.epoch.max(claims.epoch) >= user.security.current;
        user.is_enabled() && current && claims.roles == user.roles
    });
    if stands { Ok(()) } else { Err(AuthenticateError::Revoked) }
}
