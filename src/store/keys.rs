//! Keys, as they are stored: encrypted under the master key, which the database never sees.

use guardhouse_entity::signing_keys::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{Connection, StoreError};
use crate::domain::clock::Timestamp;

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The `kid`.
    pub id: String,
    /// The algorithm's name; see `tokens::algorithm`.
    pub algorithm: String,
    /// 1 for the first key of its algorithm, then counting.
    pub slot: i32,
    /// The secret, encrypted; empty once the key is retired.
    pub wrapped: Vec<u8>,
    /// When it was made or imported.
    pub created_at: Timestamp,
    /// When it begins to sign; it is announced before.
    pub signs_from: Timestamp,
    /// When it stopped being of any use.
    pub retired_at: Option<Timestamp>,
}

/// Adds `key`.
///
/// # Errors
///
/// [`StoreError::Conflict`] with `key slot` when another node was faster, or when the same key is there already.
pub async fn insert(db: &impl Connection, key: &StoredKey) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(key.id.clone()),
        algorithm: Set(key.algorithm.clone()),
        slot: Set(key.slot),
        wrapped: Set(key.wrapped.clone()),
        created_at: Set(key.created_at.micros()),
        signs_from: Set(key.signs_from.micros()),
        retired_at: Set(key.retired_at.map(Timestamp::micros)),
    };
    Entity::insert(row)
        .exec_without_returning(db)
        .await
        .map_err(|error| StoreError::from(error).conflict_is("key slot"))?;
    Ok(())
}

/// Every key, the newest of each algorithm first.
///
/// # Errors
///
/// As every read.
pub async fn all(db: &impl Connection) -> Result<Vec<StoredKey>, StoreError> {
    let newest_first = Entity::find().order_by_asc(Column::Algorithm).order_by_desc(Column::Slot);
    Ok(newest_first.all(db).await?.into_iter().map(stored).collect())
}

/// Retires the key `id`: its secret is gone for good. Whether it was there and not yet retired.
///
/// # Errors
///
/// As every write.
pub async fn retire(db: &impl Connection, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .filter(Column::Id.eq(id))
        .filter(Column::RetiredAt.is_null())
        .col_expr(Column::RetiredAt, Expr::value(now.micros()))
        .col_expr(Column::Wrapped, Expr::value(Vec::<u8>::new()))
        .exec(db)
        .await?;
    Ok(done.rows_affected > 0)
}

fn stored(row: Model) -> StoredKey {
    StoredKey {
        id: row.id,
        algorithm: row.algorithm,
        slot: row.slot,
        wrapped: row.wrapped,
        created_at: Timestamp::from_micros(row.created_at),
        signs_from: Timestamp::from_micros(row.signs_from),
        retired_at: row.retired_at.map(Timestamp::from_micros),
    }
}
