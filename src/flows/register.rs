//! A person registers.

use secrecy::{ExposeSecret, SecretString};

use super::fault::carries_faults;
use super::issue::{self, SignedIn};
use super::limited::{self, may_be_limited};
use super::users::{NewUser, create};
use super::validation::{Checks, Invalid};
use super::{Desk, Fault, Limited, Visit};
use crate::domain::account::User;
use crate::domain::audit::{Bound, BoundKind, Free, FreeKind, Subject};
use crate::domain::role::{Role, Roles};
use crate::domain::session::AuthMethod;
use crate::store::StoreError;

/// What the client says.
#[derive(Debug)]
pub struct Register {
    /// The account's address.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// How the person wants to be called.
    pub name: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub enum Registered {
    /// An account, and its owner is signed in.
    SignedIn(Box<SignedIn>),
    /// An account.
    Account(User),
    /// An account, or none because the address is taken: the client is not told which.
    Accepted,
}

/// Why there is no account.
#[derive(Debug)]
pub enum RegisterError {
    /// People may not register themselves here.
    Closed,
    /// Something about the request is not acceptable.
    Invalid(Vec<Invalid>),
    /// Another account has the address.
    EmailTaken,
    /// Too many registrations.
    Limited(Limited),
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(RegisterError);
may_be_limited!(RegisterError);

/// Registers.
///
/// # Errors
///
/// [`RegisterError`]; there is no account then.
pub async fn register(desk: &Desk, request: Register, visit: &Visit) -> Result<Registered, RegisterError> {
    if !desk.rules().registration_open {
        return Err(RegisterError::Closed);
    }
    let mut checks = Checks::default();
    let email = checks.email(&request.email);
    let password = checks.new_password(desk, "/password", &request.password, email.as_ref()).await?;
    let name = checks.name(request.name.as_deref());
    let (email, password) = checks.passed(email.zip(password)).map_err(RegisterError::Invalid)?;

    limited::take(desk, visit, desk.rules().limits.register(visit.origin.address)).await?;
    // Before the look at the table, so that the time does not tell whether the address is taken.
    let (hash, begun) = desk.hashers.hash_timed(password).await?;
    let roles = Roles::from(vec![Role::user()]);
    let user = NewUser { email, name, roles }.into_user(desk, visit.now);
    let event = Bound::new(visit.now, BoundKind::Registered, Subject::user(user.id), &visit.origin);
    match create(desk, &user, Some(hash.expose_secret()), event, visit.now).await {
        Ok(()) => metrics::counter!("guardhouse_registrations_total").increment(1),
        Err(StoreError::Conflict("e-mail address")) => {
            let subject = Subject::default().detail("address taken");
            let event = Free::new(visit.now, FreeKind::RegistrationRefused, subject, &visit.origin);
            desk.audit.record(event).await?;
            if desk.rules().reveal_taken {
                return Err(RegisterError::EmailTaken);
            }
        }
        Err(other) => return Err(other.into()),
    }
    if !desk.rules().reveal_taken {
        desk.hashers.hold(&begun).await;
        return Ok(Registered::Accepted);
    }
    if !desk.rules().sign_in_after_registration {
        return Ok(Registered::Account(user));
    }
    match sign_in(desk, visit, &user).await {
        Ok(signed_in) => Ok(Registered::SignedIn(Box::new(signed_in))),
        // The account exists whatever comes after: its owner is told so, and can log in.
        Err(fault) => {
            tracing::warn!(%fault, user = %user.id, "somebody registered but could not be signed in");
            Ok(Registered::Account(user))
        }
    }
}

async fn sign_in(desk: &Desk, visit: &Visit, user: &User) -> Result<SignedIn, Fault> {
    let session = issue::open_session(desk, visit, user, AuthMethod::Password).await?;
    let subject = Subject::user(user.id).session(session.id).detail("after registration");
    desk.audit.record_done(Free::new(visit.now, FreeKind::LoginSucceeded, subject, &visit.origin)).await?;
    issue::tokens(desk, user.clone(), &session, visit.now)
}
