//! An administrator looks after accounts.

use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};

use super::account::{self, AccountError};
use super::ending::{change_and_void, erase, remove_sessions};
use super::fault::carries_faults;
use super::validation::{Checks, Invalid};
use super::{Caller, Desk, Fault, Visit};
use crate::domain::account::{DisplayName, SecurityEpoch, User};
use crate::domain::audit::{Bound, BoundKind, Free, FreeKind, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::id::UserId;
use crate::domain::role::Roles;
use crate::store::users::{self, Change};
use crate::store::{StoreError, credentials};

pub use crate::store::users::Page;

/// The caller may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// It is somebody else's.
    NotYours,
    /// It takes a role the caller does not have.
    RoleRequired,
}

/// Lets only the owner of `user`, or an administrator, pass; a refusal is recorded.
///
/// # Errors
///
/// [`Denied::NotYours`], whether there is such a user or not.
pub fn owner_or_admin(desk: &Desk, caller: &Caller, user: UserId, visit: &Visit) -> Result<(), Denied> {
    if caller.user == user || caller.roles.is_admin() {
        return Ok(());
    }
    deny(desk, caller, visit, format!("user {user}"));
    Err(Denied::NotYours)
}

/// Lets only an administrator pass; a refusal is recorded.
///
/// # Errors
///
/// [`Denied::RoleRequired`]
pub fn admin(desk: &Desk, caller: &Caller, visit: &Visit) -> Result<(), Denied> {
    if caller.roles.is_admin() {
        return Ok(());
    }
    deny(desk, caller, visit, "role admin".into());
    Err(Denied::RoleRequired)
}

fn deny(desk: &Desk, caller: &Caller, visit: &Visit, what: String) {
    let subject = Subject::user(caller.user).session(caller.session).detail(what);
    desk.audit.note(Free::new(visit.now, FreeKind::AccessDenied, subject, &visit.origin));
}

/// One page of accounts.
///
/// # Errors
///
/// [`Fault`]
pub async fn list(desk: &Desk, page: &Page) -> Result<Vec<User>, Fault> {
    Ok(users::list(desk.db.reader(), page).await?)
}

/// An account to be made, checked.
pub(super) struct NewUser {
    pub(super) email: Email,
    pub(super) name: Option<DisplayName>,
    pub(super) roles: Roles,
}

impl NewUser {
    pub(super) fn into_user(self, desk: &Desk, now: Timestamp) -> User {
        User {
            id: UserId::generate(now, &*desk.entropy),
            email: self.email,
            email_verified: false,
            name: self.name,
            roles: self.roles,
            disabled_at: None,
            unlocked_at: None,
            security: SecurityEpoch::default(),
            created_at: now,
            updated_at: now,
            last_login_at: None,
        }
    }
}

/// What an administrator says of a new account.
#[derive(Debug)]
pub struct Create {
    /// Its address.
    pub email: String,
    /// Its password; without one nobody can sign in with a password.
    pub password: Option<SecretString>,
    /// How the person is called.
    pub name: Option<String>,
    /// What they may do.
    pub roles: Vec<String>,
}

/// Why there is no new account.
#[derive(Debug)]
pub enum CreateError {
    /// Something about the request is not acceptable.
    Invalid(Vec<Invalid>),
    /// Another account has the address.
    EmailTaken,
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(CreateError);

/// Makes an account. Who asks must have been let pass by [`admin`], or hold the machine's command line.
///
/// # Errors
///
/// [`CreateError`]; nothing is written then.
pub async fn create_user(
    desk: &Desk,
    request: Create,
    actor: Option<UserId>,
    visit: &Visit,
) -> Result<User, CreateError> {
    let mut checks = Checks::default();
    let email = checks.email(&request.email);
    let password = match &request.password {
        Some(raw) => checks.new_password(desk, "/password", raw, email.as_ref()).await?,
        None => None,
    };
    let name = checks.name(request.name.as_deref());
    let roles = checks.roles(&request.roles);
    let email = checks.passed(email).map_err(CreateError::Invalid)?;
    let hash = match password {
        Some(password) => Some(desk.hashers.hash(password).await?),
        None => None,
    };
    let user = NewUser { email, name, roles }.into_user(desk, visit.now);
    let subject = Subject { actor, ..Subject::user(user.id) };
    let event = Bound::new(visit.now, BoundKind::UserCreated, subject, &visit.origin);
    let hash = hash.as_ref().map(ExposeSecret::expose_secret);
    create(desk, &user, hash, event, visit.now).await.map_err(|error| match error {
        StoreError::Conflict("e-mail address") => CreateError::EmailTaken,
        other => other.into(),
    })?;
    Ok(user)
}

/// Writes an account, its hash and its record together.
pub(super) async fn create(
    desk: &Desk,
    user: &User,
    hash: Option<&str>,
    event: Bound,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hash = hash.map(|hash| SecretString::from(hash.to_owned()));
    let context = (desk.audit.clone(), user.clone(), hash, event, now);
    desk.db
        .atomically(context, |txn, (audit, user, hash, event, now)| {
            async move {
                users::insert(txn, user).await?;
                if let Some(hash) = hash {
                    credentials::insert(txn, user.id, hash.expose_secret(), *now).await?;
                }
                audit.bind(txn, event).await
            }
            .boxed()
        })
        .await
}

/// Gives `user` other roles; every access token with the old ones is void.
///
/// # Errors
///
/// [`AccountError`]; nothing is changed then.
pub async fn set_roles(
    desk: &Desk,
    user: UserId,
    roles: &[String],
    actor: Option<UserId>,
    visit: &Visit,
) -> Result<User, AccountError> {
    let mut checks = Checks::default();
    let roles = checks.roles(roles);
    let roles = checks.passed(Some(roles)).map_err(AccountError::Invalid)?;
    let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    let subject = Subject { actor, ..Subject::user(user) }.detail(names.join(" "));
    let event = Bound::new(visit.now, BoundKind::RolesChanged, subject, &visit.origin);
    change_and_void(desk, visit, user, Change::Roles(roles), event).await?.ok_or(AccountError::Gone)
}

/// What an administrator changes. What is `None` stays.
#[derive(Debug, Default)]
pub struct Edit {
    /// Another name, or none.
    pub name: Option<Option<String>>,
    /// Other roles.
    pub roles: Option<Vec<String>>,
}

/// Changes `user` as `actor` asks; who may change roles was decided by [`admin`].
///
/// # Errors
///
/// [`AccountError`]; with [`AccountError::Invalid`] nothing is changed.
pub async fn edit(
    desk: &Desk,
    user: UserId,
    edit: Edit,
    actor: UserId,
    visit: &Visit,
) -> Result<User, AccountError> {
    // All of it is checked before any of it is done.
    let mut checks = Checks::default();
    checks.name(edit.name.as_ref().and_then(|name| name.as_deref()));
    checks.roles(edit.roles.as_deref().unwrap_or_default());
    checks.passed(Some(())).map_err(AccountError::Invalid)?;
    let changed = account::edit(desk, user, account::Edit { name: edit.name }, actor, visit).await?;
    match edit.roles {
        Some(roles) => set_roles(desk, user, &roles, Some(actor), visit).await,
        None => Ok(changed),
    }
}

/// What happens to an account or its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// May not sign in any more; every session ends.
    Disable,
    /// May sign in again.
    Enable,
    /// Wrong passwords from before do not lock it any more.
    Unlock,
    /// Every session ends.
    RevokeSessions,
}

/// Takes `measure` against `user`.
///
/// # Errors
///
/// [`AccountError`]; nothing is changed then.
pub async fn take_measure(
    desk: &Desk,
    user: UserId,
    measure: Measure,
    actor: Option<UserId>,
    visit: &Visit,
) -> Result<(), AccountError> {
    let (change, kind) = match measure {
        Measure::Disable => (Change::Disable, BoundKind::UserDisabled),
        Measure::Enable => (Change::Enable, BoundKind::UserEnabled),
        Measure::Unlock => (Change::Unlock, BoundKind::UserUnlocked),
        Measure::RevokeSessions => (Change::EndSessions, BoundKind::SessionsRevoked),
    };
    let subject = Subject { actor, ..Subject::user(user) };
    let event = Bound::new(visit.now, kind, subject, &visit.origin);
    change_and_void(desk, visit, user, change, event).await?.ok_or(AccountError::Gone)?;
    if !matches!(measure, Measure::Enable | Measure::Unlock) {
        remove_sessions(desk, visit, user, None).await;
    }
    Ok(())
}

/// Deletes `user`. Who asks must have been let pass by [`owner_or_admin`].
///
/// # Errors
///
/// [`AccountError`]; nothing is changed then.
pub async fn delete(desk: &Desk, user: UserId, actor: UserId, visit: &Visit) -> Result<(), AccountError> {
    if !erase(desk, user, actor, visit).await? {
        return Err(AccountError::Gone);
    }
    remove_sessions(desk, visit, user, None).await;
    Ok(())
}
