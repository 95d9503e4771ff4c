//! Signing in with a password.

use secrecy::{ExposeSecret, SecretString};

use super::fault::carries_faults;
use super::issue::{self, SignedIn};
use super::limited::{Places, forgive, may_be_limited};
use super::{Desk, Fault, Limited, Visit, guess};
use crate::actors::hasher::{PasswordVerification, StoredHash, Verified};
use crate::domain::account::User;
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::email::Email;
use crate::domain::password::Password;
use crate::domain::session::AuthMethod;
use crate::store::{StoreError, credentials, users};
use futures_util::FutureExt;

/// What the client says.
#[derive(Debug)]
pub struct Login {
    /// The account's address, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: SecretString,
}

/// Why nobody is signed in.
#[derive(Debug)]
pub enum LoginError {
    /// No such user, a wrong password, or a disabled account: the client is not told which.
    InvalidCredentials,
    /// Too many attempts.
    Limited(Limited),
    /// Not the client's doing.
    Fault(Fault),
}
carries_faults!(LoginError);
may_be_limited!(LoginError);

/// Signs in.
///
/// # Errors
///
/// [`LoginError`]; every one but a fault leaves its record.
pub async fn login(desk: &Desk, request: Login, visit: &Visit) -> Result<SignedIn, LoginError> {
    // Before anything is asked or counted: in a flood most are refused, and refusing must cost next to nothing. What
    // was never compared was no guess, so it leaves no trace in the counters either.
    let place = desk.hashers.place().await?;
    let email = Email::parse(&request.email).ok();
    let places = guess::take(desk, visit, email.as_ref()).await?;
    let place = if places.wait().is_zero() {
        place
    } else {
        // Who has to wait does not keep others from the pool.
        drop(place);
        guess::slow_down(desk, visit, &places).await;
        match desk.hashers.place().await {
            Ok(place) => place,
            Err(refused) => {
                forgive(desk, visit, places).await;
                return Err(refused.into());
            }
        }
    };

    // What no policy accepts is nobody's password, whether the user exists or not.
    let Ok(candidate) = Password::parse(&request.password) else {
        return refuse(desk, visit, None, "password out of bounds", None, &places).await;
    };
    let found = match &email {
        Some(email) => users::by_email_with_hash(desk.db.reader(), email).await?,
        None => None,
    };
    let (user, stored) = found.map_or((None, None), |(user, hash)| (Some(user), hash.map(StoredHash::from)));

    let verified = match desk.hashers.verify_at(place, candidate, stored.clone()).await {
        Ok(verified) => verified,
        Err(refused) => {
            forgive(desk, visit, places).await;
            return Err(refused.into());
        }
    };
    let upgrade = match &verified.outcome {
        PasswordVerification::Match { upgrade } => upgrade.clone(),
        PasswordVerification::Mismatch => {
            let reason = if user.is_none() { "unknown user" } else { "wrong password" };
            return refuse(desk, visit, user.as_ref(), reason, Some(verified), &places).await;
        }
        PasswordVerification::Unusable => {
            if let Some(user) = &user {
                tracing::error!(user = %user.id, "the stored password hash of a user cannot be verified");
            }
            return refuse(desk, visit, user.as_ref(), "unusable hash", Some(verified), &places).await;
        }
    };
    // Only now, so that only who knows the password learns anything, and then nothing that a stranger would not.
    let user = match user {
        Some(user) if user.is_enabled() => user,
        disabled => {
            return refuse(desk, visit, disabled.as_ref(), "account disabled", Some(verified), &places).await;
        }
    };

    note_sign_in(desk, visit, &user, stored.zip(upgrade)).await?;
    let session = issue::open_session(desk, visit, &user, AuthMethod::Password).await?;
    let subject = Subject::user(user.id).session(session.id);
    let recorded =
        desk.audit.record(Free::new(visit.now, FreeKind::LoginSucceeded, subject, &visit.origin)).await;
    if let Err(not_recorded) = recorded {
        let _ = desk.sessions.revoke(user.id, session.id, issue::ending(desk, visit.now)).await;
        return Err(not_recorded.into());
    }
    forgive(desk, visit, places.of_the_guess()).await;
    let user = User { last_login_at: Some(visit.now), ..user };
    metrics::counter!("auth_login_success_total").increment(1);
    Ok(issue::tokens(desk, user, &session, visit.now)?)
}

async fn refuse(
    desk: &Desk,
    visit: &Visit,
    user: Option<&User>,
    reason: &'static str,
    compared: Option<Verified>,
    places: &Places,
) -> Result<SignedIn, LoginError> {
    metrics::counter!("auth_login_failure_total").increment(1);
    let user = user.map(|user| user.id);
    guess::note_consequences(desk, visit, user, places);
    let subject = Subject { user, ..Subject::default() }.detail(reason);
    desk.audit.record(Free::new(visit.now, FreeKind::LoginFailed, subject, &visit.origin)).await?;
    // Last, so that neither the hash nor the record tells by its time what was wrong.
    if let Some(compared) = compared {
        desk.hashers.hold_failure(&compared).await;
    }
    Err(LoginError::InvalidCredentials)
}

/// Last login, and the hash under today's parameters where the stored one is older.
async fn note_sign_in(
    desk: &Desk,
    visit: &Visit,
    user: &User,
    upgrade: Option<(StoredHash, StoredHash)>,
) -> Result<(), StoreError> {
    let Some((old, new)) = upgrade else {
        let noting = desk.db.write((user.id, visit.now), |db, (user, now)| {
            async move { users::signed_in(&db, *user, *now).await }.boxed()
        });
        return noting.await;
    };
    desk.db
        .atomically((user.id, visit.now, old, new), |txn, (user, now, old, new)| {
            async move {
                credentials::replace(txn, *user, old.expose_secret(), new.expose_secret(), *now).await?;
                users::signed_in(txn, *user, *now).await
            }
            .boxed()
        })
        .await
}
