//! Changes of a user after which older access tokens, and mostly the sessions too, must be refused.
//!
//! The change, its record and its announcement to all nodes are one transaction. Removing the sessions comes after it
//! and is a matter of tidiness: they are dead already, because their epoch lies below the user's.

use futures_util::FutureExt;

use super::issue::{ending, tokens_until};
use super::{Desk, Fault, Visit};
use crate::domain::account::User;
use crate::domain::audit::{Bound, BoundKind, Subject};
use crate::domain::id::{SessionId, UserId};
use crate::domain::revocation::{Revocation, Revoked};
use crate::store::users::{self, Change};
use crate::store::{StoreError, Txn, revocations};

/// The announcement that the tokens of `user` made before its current epoch are void, except those of `spare`.
pub(super) async fn announce(
    txn: &Txn,
    desk: &Desk,
    visit: &Visit,
    user: &User,
    spare: Option<SessionId>,
) -> Result<Revocation, StoreError> {
    let what = Revoked::User { user: user.id, below_epoch: user.security.current, spare };
    let revocation = Revocation { what, at: visit.now, expires_at: tokens_until(desk, visit.now) };
    revocations::append(txn, &[revocation]).await?;
    Ok(revocation)
}

/// Applies `change` to `user`, records it as `event`, and makes older access tokens void where the change does so.
/// `None` when there is no such user.
pub(super) async fn change_and_void(
    desk: &Desk,
    visit: &Visit,
    user: UserId,
    change: Change,
    event: Bound,
) -> Result<Option<User>, Fault> {
    let context = (desk.clone(), visit.clone(), user, change, event);
    let changed = desk
        .db
        .atomically(context, |txn, (desk, visit, user, change, event)| {
            async move {
                let Some(user) = users::change(txn, *user, change, visit.now).await? else {
                    return Ok(None);
                };
                let revocation = match change.voids_tokens() {
                    true => Some(announce(txn, desk, visit, &user, None).await?),
                    false => None,
                };
                desk.audit.bind(txn, event).await?;
                Ok(Some((user, revocation)))
            }
            .boxed()
        })
        .await?;
    let Some((user, revocation)) = changed else {
        return Ok(None);
    };
    if let Some(revocation) = revocation {
        desk.sessions.announced(&revocation);
    }
    Ok(Some(user))
}

/// Removes the account and its credential, records it, and makes every token of it void. Whether there was one.
pub(super) async fn erase(desk: &Desk, user: UserId, actor: UserId, visit: &Visit) -> Result<bool, Fault> {
    let subject = Subject::user(user).by(actor);
    let event = Bound::new(visit.now, BoundKind::UserDeleted, subject, &visit.origin);
    let what = Revoked::User { user, below_epoch: u32::MAX, spare: None };
    let revocation = Revocation { what, at: visit.now, expires_at: tokens_until(desk, visit.now) };
    let erased = desk
        .db
        .atomically((desk.audit.clone(), user, revocation, event), |txn, (audit, user, revocation, event)| {
            async move {
                if !users::delete(txn, *user).await? {
                    return Ok(false);
                }
                revocations::append(txn, &[*revocation]).await?;
                audit.bind(txn, event).await?;
                audit.forget(txn, *user, revocation.at).await?;
                Ok(true)
            }
            .boxed()
        })
        .await?;
    if erased {
        desk.sessions.announced(&revocation);
    }
    Ok(erased)
}

/// Removes what is left of the sessions of `user` after they were made void. They are dead without it, so what fails
/// here is no reason to take back the acknowledgement of the change.
pub(super) async fn remove_sessions(desk: &Desk, visit: &Visit, user: UserId, spare: Option<SessionId>) {
    if let Err(fault) = end_sessions(desk, visit, user, spare).await {
        tracing::warn!(%fault, %user, "sessions that were made void are still stored");
    }
}

/// Ends the sessions of `user` except `spare`, where that is the change itself.
pub(super) async fn end_sessions(
    desk: &Desk,
    visit: &Visit,
    user: UserId,
    spare: Option<SessionId>,
) -> Result<(), Fault> {
    desk.sessions.revoke_all(user, spare, ending(desk, visit.now)).await??;
    Ok(())
}
