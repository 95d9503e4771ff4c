//! Many accounts at once, for files of them: what the single functions do, in statements of several rows.

use std::collections::HashSet;

use guardhouse_entity::{credentials, users as accounts};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::{ExposeSecret, SecretString};

use super::{Connection, StoreError, users};
use crate::domain::account::User;
use crate::domain::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::id::UserId;

/// Which of `emails` have an account.
///
/// # Errors
///
/// As every read.
pub async fn taken_emails(db: &impl Connection, emails: &[&Email]) -> Result<HashSet<String>, StoreError> {
    let emails = emails.iter().map(|email| email.as_str());
    let query = accounts::Entity::find().select_only().column(accounts::Column::Email);
    let taken = query.filter(accounts::Column::Email.is_in(emails)).into_tuple().all(db).await?;
    Ok(taken.into_iter().collect())
}

/// Which of `ids` are an account's.
///
/// # Errors
///
/// As every read.
pub async fn taken_ids(db: &impl Connection, ids: &[UserId]) -> Result<HashSet<UserId>, StoreError> {
    let query = accounts::Entity::find().select_only().column(accounts::Column::Id);
    let taken: Vec<uuid::Uuid> =
        query.filter(accounts::Column::Id.is_in(ids.iter().map(|id| id.0))).into_tuple().all(db).await?;
    Ok(taken.into_iter().map(UserId).collect())
}

/// Adds accounts with their hashes; call it in a transaction. A few thousand at a time: some databases bind no more
/// than 32,000 values to one statement.
///
/// # Errors
///
/// [`StoreError::Conflict`] when one of the addresses or ids is taken; nothing of it may be committed then.
pub async fn insert(
    db: &impl Connection,
    arrivals: &[(User, Option<SecretString>)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = arrivals.iter().map(|(user, _)| users::row(user));
    accounts::Entity::insert_many(rows).exec_without_returning(db).await?;
    let hashes = arrivals.iter().filter_map(|(user, hash)| hash.as_ref().map(|hash| (user, hash)));
    let rows: Vec<_> = hashes
        .map(|(user, hash)| credentials::ActiveModel {
            user_id: Set(user.id.0),
            hash: Set(hash.expose_secret().to_owned()),
            updated_at: Set(now.micros()),
        })
        .collect();
    if !rows.is_empty() {
        credentials::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The accounts behind `after` in the order of their ids, at most `limit`, each with its hash.
///
/// # Errors
///
/// As every read.
pub async fn page(
    db: &impl Connection,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<(User, Option<SecretString>)>, StoreError> {
    let mut query = accounts::Entity::find()
        .find_also_related(credentials::Entity)
        .order_by_asc(accounts::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(accounts::Column::Id.gt(after.0));
    }
    let rows = query.all(db).await?.into_iter();
    rows.map(|(row, credential)| {
        Ok((users::user(row)?, credential.map(|credential| SecretString::from(credential.hash))))
    })
    .collect()
}
