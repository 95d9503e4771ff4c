//! What an installation remembers of itself.

use futures_util::FutureExt;
use guardhouse_entity::installation::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Connection, Db, StoreError};
use crate::domain::clock::Timestamp;

const SESSION_STORE: &str = "session_store";

/// Set while a database is being filled by a copy or a restore: what came from where, and how far. No server starts on it.
pub const UNFINISHED_COPY: &str = "unfinished_copy";

/// Set in a database of made-up data: what it was made of. It may be made anew, which loses what is in it.
pub const MADE_UP: &str = "made_up";

/// Since when sessions live in the store called `name`. Those opened before are of another store, which knows what
/// was ended there, or of one that has lost everything, what was ended included; they must not come back to life, so
/// nothing of them is accepted.
///
/// A store that `forgets` begins anew with every start.
///
/// # Errors
///
/// As every write.
pub async fn sessions_since(
    db: &Db,
    name: String,
    forgets: bool,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    db.atomically((name, forgets, now), |txn, (name, forgets, now)| {
        async move {
            let known = read(txn, SESSION_STORE).await?;
            let since = match known.as_deref().map(parse) {
                None if !forgets => Timestamp::MIN,
                Some(Some((store, since))) if store == name && !forgets => return Ok(since),
                Some(None) => return Err(corrupt()),
                _ => *now,
            };
            write(txn, SESSION_STORE, &format!("{name} {}", since.micros())).await?;
            Ok(since)
        }
        .boxed()
    })
    .await
}

fn parse(value: &str) -> Option<(&str, Timestamp)> {
    let (store, since) = value.split_once(' ')?;
    Some((store, Timestamp::from_micros(since.parse().ok()?)))
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { table: "installation", column: "value", id: SESSION_STORE.into() }
}

/// What stands under `name`.
///
/// # Errors
///
/// As every read.
pub async fn read(db: &impl Connection, name: &str) -> Result<Option<String>, StoreError> {
    let rows = Entity::find().filter(Column::Name.eq(name)).all(db).await?;
    Ok(rows.into_iter().next().map(|row| row.value))
}

/// Notes `value`, of at most 255 characters, under `name`. In a transaction.
///
/// # Errors
///
/// As every write.
pub async fn write(db: &impl Connection, name: &str, value: &str) -> Result<(), StoreError> {
    remove(db, name).await?;
    let row = ActiveModel { name: Set(name.to_owned()), value: Set(value.to_owned()) };
    Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Forgets what stands under `name`.
///
/// # Errors
///
/// As every write.
pub async fn remove(db: &impl Connection, name: &str) -> Result<(), StoreError> {
    Entity::delete_many().filter(Column::Name.eq(name)).exec(db).await?;
    Ok(())
}
