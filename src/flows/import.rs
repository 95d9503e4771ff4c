//! Accounts from a file are made here, many at a time, with their hashes as they are.

use std::collections::HashSet;

use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};

use super::validation::Checks;
use super::{Desk, Fault, Visit};
use crate::domain::account::{SecurityEpoch, User};
use crate::domain::audit::{Bound, BoundKind, Free, FreeKind, Subject};
use crate::domain::id::UserId;
use crate::domain::role::{Role, Roles};
use crate::store::{StoreError, bulk};
use crate::transfer::{LONGEST_HASH, Record};

/// Most accounts that are made in one transaction.
pub const MOST: usize = 1_000;

/// An account that may be made, and its hash.
pub type Arrival = (User, Option<SecretString>);

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// There is an account now.
    Made,
    /// Its address had an account already, which stays as it is.
    AlreadyThere,
    /// Another address has the account with this id.
    IdTaken,
}

/// Makes an account of `record`, without storing it: what the house asks of every account, it asks of this one too.
///
/// # Errors
///
/// Why there can be none, in words; no hash is quoted.
pub fn check(desk: &Desk, record: Record, visit: &Visit) -> Result<Arrival, String> {
    let mut checks = Checks::default();
    let email = checks.email(&record.email);
    let name = checks.name(record.name.as_deref());
    let roles = checks.roles(&record.roles);
    let email = checks.passed(email).map_err(|invalid| {
        invalid.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join("; ")
    })?;
    if let Some(hash) = &record.hash {
        if hash.expose_secret().len() > LONGEST_HASH {
            return Err(format!("the password hash has more than {LONGEST_HASH} octets"));
        }
        desk.hashers.look_at(hash.expose_secret()).map_err(|unsound| unsound.to_string())?;
    }
    let created_at = record.created_at.unwrap_or(visit.now);
    let user = User {
        // Ids are in the order in which the accounts were made, also where that was elsewhere.
        id: record.id.map_or_else(|| UserId::generate(created_at, &*desk.entropy), UserId),
        email,
        email_verified: record.email_verified,
        name,
        roles: if record.roles.is_empty() { Roles::from(vec![Role::user()]) } else { roles },
        disabled_at: record.disabled.then_some(visit.now),
        unlocked_at: None,
        security: SecurityEpoch::default(),
        created_at,
        updated_at: visit.now,
        last_login_at: record.last_login_at,
    };
    Ok((user, record.hash))
}

/// Stores `arrivals`, at most [`MOST`], each with its record in the audit log, in the order given. Of two with one
/// address the first counts.
///
/// # Errors
///
/// [`Fault`]; then none of them is stored, or, where the database went away in the middle of the commit, maybe all.
pub async fn store(desk: &Desk, arrivals: Vec<Arrival>, visit: &Visit) -> Result<Vec<Stored>, Fault> {
    let emails: Vec<_> = arrivals.iter().map(|(user, _)| &user.email).collect();
    let ids: Vec<_> = arrivals.iter().map(|(user, _)| user.id).collect();
    let mut emails = bulk::taken_emails(desk.db.reader(), &emails).await?;
    let mut ids = bulk::taken_ids(desk.db.reader(), &ids).await?;
    let judge = |(user, _): &Arrival| judge(user, &mut emails, &mut ids);
    let mut outcomes: Vec<_> = arrivals.iter().map(judge).collect();
    let new = arrivals.into_iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Stored::Made);
    let new: Vec<Arrival> = new.map(|(arrival, _)| arrival).collect();
    match insert(desk, new.clone(), visit).await {
        // Somebody took an address meanwhile: then one by one, so that only that one is left out.
        Err(StoreError::Conflict(_)) => {
            let places = outcomes.iter_mut().filter(|outcome| **outcome == Stored::Made);
            for (arrival, place) in new.into_iter().zip(places) {
                match insert(desk, vec![arrival], visit).await {
                    Err(StoreError::Conflict(_)) => *place = Stored::AlreadyThere,
                    done => done?,
                }
            }
        }
        done => done?,
    }
    Ok(outcomes)
}

fn judge(user: &User, emails: &mut HashSet<String>, ids: &mut HashSet<UserId>) -> Stored {
    if !emails.insert(user.email.as_str().to_owned()) {
        Stored::AlreadyThere
    } else if !ids.insert(user.id) {
        emails.remove(user.email.as_str());
        Stored::IdTaken
    } else {
        Stored::Made
    }
}

async fn insert(desk: &Desk, arrivals: Vec<Arrival>, visit: &Visit) -> Result<(), StoreError> {
    if arrivals.is_empty() {
        return Ok(());
    }
    let event = |(user, _): &Arrival| {
        Bound::new(visit.now, BoundKind::UserImported, Subject::user(user.id), &visit.origin)
    };
    let events: Vec<_> = arrivals.iter().map(event).collect();
    let context = (desk.audit.clone(), arrivals, events, visit.now);
    desk.db
        .atomically(context, |txn, (audit, arrivals, events, now)| {
            async move {
                bulk::insert(txn, arrivals, *now).await?;
                audit.bind_all(txn, events).await
            }
            .boxed()
        })
        .await
}

/// Records that a file was imported; `detail` says what it was and what came of it.
///
/// # Errors
///
/// [`Fault`] when the audit log does not take it.
pub async fn record_import(desk: &Desk, detail: String, visit: &Visit) -> Result<(), Fault> {
    let subject = Subject::default().detail(detail);
    Ok(desk.audit.record_done(Free::new(visit.now, FreeKind::UsersImported, subject, &visit.origin)).await?)
}
