//! Proving again who one is, before a change that a thief of a token must not be able to make.

use secrecy::SecretString;

use super::limited::{self, Limited, NotTaken, forgive};
use super::{Caller, Desk, Fault, Visit, guess};
use crate::actors::hasher::{PasswordVerification, StoredHash};
use crate::domain::account::User;
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::password::Password;
use crate::store::{StoreError, credentials, users};

/// The proof failed.
#[derive(Debug)]
pub(super) enum NotProved {
    WrongPassword,
    Limited(Limited),
    Fault(Fault),
}

impl<F> From<F> for NotProved
where
    Fault: From<F>,
{
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<NotTaken> for NotProved {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Limited(limited) => Self::Limited(limited),
            NotTaken::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// The caller's account, while it may be used.
///
/// # Errors
///
/// As every read.
pub(super) async fn account(desk: &Desk, caller: &Caller) -> Result<Option<User>, StoreError> {
    Ok(users::by_id(desk.db.reader(), caller.user).await?.filter(User::is_enabled))
}

/// The stored hash of `user`, who is the caller, if `password` is the account's. Guesses count against the same limits
/// as signing in.
pub(super) async fn prove(
    desk: &Desk,
    visit: &Visit,
    caller: &Caller,
    user: &User,
    password: &SecretString,
) -> Result<StoredHash, NotProved> {
    let again = limited::take(desk, visit, vec![desk.rules().limits.proof(user.id)]).await?;
    let places = match guess::take(desk, visit, Some(&user.email)).await {
        Ok(places) => places,
        Err(not_taken) => {
            forgive(desk, visit, again).await;
            return Err(not_taken.into());
        }
    };
    guess::slow_down(desk, visit, &places).await;
    let stored = credentials::find(desk.db.reader(), user.id).await?.map(StoredHash::from);
    let proved = match Password::parse(password) {
        Ok(candidate) => match desk.hashers.verify(candidate, stored.clone()).await {
            Ok(verified) => matches!(verified.outcome, PasswordVerification::Match { .. }),
            Err(refused) => {
                forgive(desk, visit, places).await;
                forgive(desk, visit, again).await;
                return Err(refused.into());
            }
        },
        Err(_) => false,
    };
    match stored {
        Some(stored) if proved => {
            forgive(desk, visit, places.of_the_guess()).await;
            forgive(desk, visit, again).await;
            Ok(stored)
        }
        _ => {
            guess::note_consequences(desk, visit, Some(user.id), &places);
            let subject = Subject::user(user.id).session(caller.session);
            let event = Free::new(visit.now, FreeKind::ReauthenticationFailed, subject, &visit.origin);
            desk.audit.record(event).await?;
            Err(NotProved::WrongPassword)
        }
    }
}

/// Lets `?` turn a failed proof into a flow's own error, which must have the variants of [`NotProved`].
macro_rules! needs_proof {
    ($error:ty) => {
        impl From<$crate::flows::prove::NotProved> for $error {
            fn from(not_proved: $crate::flows::prove::NotProved) -> Self {
                match not_proved {
                    $crate::flows::prove::NotProved::WrongPassword => Self::WrongPassword,
                    $crate::flows::prove::NotProved::Limited(limited) => Self::Limited(limited),
                    $crate::flows::prove::NotProved::Fault(fault) => Self::Fault(fault),
                }
            }
        }
    };
}
pub(super) use needs_proof;
