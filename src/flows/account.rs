//! A user looks after their own account.

use futures_util::FutureExt;
use secrecy::SecretString;

use super::ending::{erase, remove_sessions};
use super::fault::carries_faults;
use super::prove::{account, needs_proof, prove};
use super::validation::{Checks, Invalid};
use super::{Caller, Desk, Fault, Limited, Visit};
use crate::domain::account::User;
use crate::domain::audit::{Bound, BoundKind, Subject};
use crate::domain::id::UserId;
use crate::store::users::{self, Change};

/// Why an account was not found or not changed.
#[derive(Debug)]
pub enum AccountError {
    /// There is no such account any more.
    Gone,
    /// Something about the request is not acceptable.
    Invalid(Vec<Invalid>),
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(AccountError);

/// The account of `user`.
///
/// # Errors
///
/// [`AccountError`]
pub async fn find(desk: &Desk, user: UserId) -> Result<User, AccountError> {
    users::by_id(desk.db.reader(), user).await?.ok_or(AccountError::Gone)
}

/// What to change. What is `None` stays.
#[derive(Debug, Default)]
pub struct Edit {
    /// Another name, or none.
    pub name: Option<Option<String>>,
}

/// Changes the profile of `user`, as `actor` asks.
///
/// # Errors
///
/// [`AccountError`]; nothing is changed then.
pub async fn edit(
    desk: &Desk,
    user: UserId,
    edit: Edit,
    actor: UserId,
    visit: &Visit,
) -> Result<User, AccountError> {
    let Some(name) = edit.name else {
        return find(desk, user).await;
    };
    let mut checks = Checks::default();
    let name = checks.name(name.as_deref());
    let name = checks.passed(Some(name)).map_err(AccountError::Invalid)?;
    let subject = Subject::user(user).by(actor).detail("name");
    let event = Bound::new(visit.now, BoundKind::ProfileChanged, subject, &visit.origin);
    let context = (desk.audit.clone(), user, Change::Name(name), event, visit.now);
    let changed = desk
        .db
        .atomically(context, |txn, (audit, user, change, event, now)| {
            async move {
                let changed = users::change(txn, *user, change, *now).await?;
                if changed.is_some() {
                    audit.bind(txn, event).await?;
                }
                Ok(changed)
            }
            .boxed()
        })
        .await?;
    changed.ok_or(AccountError::Gone)
}

/// Why an account still exists.
#[derive(Debug)]
pub enum DeleteError {
    /// The password is another.
    WrongPassword,
    /// Too many guesses.
    Limited(Limited),
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(DeleteError);
needs_proof!(DeleteError);

/// Deletes the caller's account, who proves once more who they are. Everything of it ends at once.
///
/// # Errors
///
/// [`DeleteError`]; nothing is changed then.
pub async fn delete(
    desk: &Desk,
    caller: &Caller,
    password: &SecretString,
    visit: &Visit,
) -> Result<(), DeleteError> {
    let Some(user) = account(desk, caller).await? else { return Err(DeleteError::WrongPassword) };
    prove(desk, visit, caller, &user, password).await?;
    erase(desk, caller.user, caller.user, visit).await?;
    remove_sessions(desk, visit, caller.user, None).await;
    Ok(())
}
