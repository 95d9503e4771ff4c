//! A user sets a new password.

use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};

use super::ending::{announce, remove_sessions};
use super::fault::carries_faults;
use super::prove::{account, needs_proof, prove};
use super::validation::{Checks, Invalid};
use super::{Caller, Desk, Fault, Limited, Visit};
use crate::domain::audit::{Bound, BoundKind, Subject};
use crate::store::users::Change;
use crate::store::{StoreError, credentials, users};

/// What the client says.
#[derive(Debug)]
pub struct ChangePassword {
    /// The password as it is.
    pub current: SecretString,
    /// As it shall be.
    pub new: SecretString,
}

/// Why the password is still the old one.
#[derive(Debug)]
pub enum ChangePasswordError {
    /// The current password is another, or was changed by somebody else meanwhile.
    WrongPassword,
    /// The new one is not acceptable.
    Invalid(Vec<Invalid>),
    /// Too many guesses.
    Limited(Limited),
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(ChangePasswordError);
needs_proof!(ChangePasswordError);

/// What a change conflicts with that came while the passwords were hashed.
const OVERTAKEN: &str = "security epoch";

/// Changes the caller's password. Every other session ends; the caller's own goes on.
///
/// # Errors
///
/// [`ChangePasswordError`]; nothing is changed then.
pub async fn change_password(
    desk: &Desk,
    caller: &Caller,
    request: ChangePassword,
    visit: &Visit,
) -> Result<(), ChangePasswordError> {
    let Some(user) = account(desk, caller).await? else { return Err(ChangePasswordError::WrongPassword) };
    let mut checks = Checks::default();
    let new = checks.new_password(desk, "/new_password", &request.new, Some(&user.email)).await?;
    let new = checks.passed(new).map_err(ChangePasswordError::Invalid)?;

    let old = prove(desk, visit, caller, &user, &request.current).await?;
    let new = desk.hashers.hash(new).await?;
    let subject = Subject::user(user.id).session(caller.session);
    let event = Bound::new(visit.now, BoundKind::PasswordChanged, subject, &visit.origin);
    let proved_under = user.security.current;
    let context = (desk.clone(), visit.clone(), caller.clone(), (old, new), proved_under, event);
    let changed = desk
        .db
        .atomically(context, |txn, (desk, visit, caller, (old, new), proved_under, event)| {
            async move {
                let (old, new) = (old.expose_secret(), new.expose_secret());
                if !credentials::replace(txn, caller.user, old, new, visit.now).await? {
                    return Ok(None);
                }
                let Some(user) = users::change(txn, caller.user, &Change::EndSessions, visit.now).await?
                else {
                    return Ok(None);
                };
                // Somebody ended the caller's sessions while the passwords were hashed: that stands.
                if !user.is_enabled() || user.security.current != *proved_under + 1 {
                    return Err(StoreError::Conflict(OVERTAKEN));
                }
                let revocation = announce(txn, desk, visit, &user, Some(caller.session)).await?;
                desk.audit.bind(txn, event).await?;
                Ok(Some((user, revocation)))
            }
            .boxed()
        })
        .await;
    let (user, revocation) = match changed {
        Ok(Some(changed)) => changed,
        Ok(None) | Err(StoreError::Conflict(OVERTAKEN)) => return Err(ChangePasswordError::WrongPassword),
        Err(error) => return Err(error.into()),
    };
    desk.sessions.announced(&revocation);
    let kept = desk.sessions.reauthenticate(user.id, caller.session, user.security.current, visit.now).await;
    if !matches!(kept, Ok(Ok(_))) {
        tracing::warn!(
            ?kept,
            "the session in which a password was changed could not be kept; it ends with its token"
        );
    }
    remove_sessions(desk, visit, user.id, Some(caller.session)).await;
    Ok(())
}
