//! Accounts as records for a file, page by page.

use super::{Desk, Fault, Visit};
use crate::domain::account::User;
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::id::UserId;
use crate::store::bulk;
use crate::transfer::Record;

/// Most accounts on a page.
const MOST: u64 = 500;

/// The page behind `after`, and where the next one begins; `None` behind the last.
///
/// # Errors
///
/// [`Fault`]
pub async fn page(
    desk: &Desk,
    after: Option<UserId>,
    with_hashes: bool,
) -> Result<(Vec<Record>, Option<UserId>), Fault> {
    let accounts = bulk::page(desk.db.reader(), after, MOST).await?;
    let next = accounts.last().map(|(user, _)| user.id).filter(|_| accounts.len() as u64 == MOST);
    let records = accounts
        .into_iter()
        .map(|(user, hash)| Record { hash: hash.filter(|_| with_hashes), ..record(user) });
    Ok((records.collect(), next))
}

fn record(user: User) -> Record {
    Record {
        id: Some(user.id.0),
        email: user.email.as_str().to_owned(),
        email_verified: user.email_verified,
        name: user.name.map(|name| name.as_str().to_owned()),
        roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
        disabled: user.disabled_at.is_some(),
        created_at: Some(user.created_at),
        last_login_at: user.last_login_at,
        hash: None,
    }
}

/// Records that accounts are about to leave; before the first one does.
///
/// # Errors
///
/// [`Fault`] when the audit log does not take it.
pub async fn record_export(desk: &Desk, with_hashes: bool, visit: &Visit) -> Result<(), Fault> {
    let detail = if with_hashes { "with password hashes" } else { "without password hashes" };
    let subject = Subject::default().detail(detail);
    Ok(desk.audit.record(Free::new(visit.now, FreeKind::UsersExported, subject, &visit.origin)).await?)
}
