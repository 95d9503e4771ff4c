//! Keys, as they are stored: encrypted under the master key, which the database never sees.

use guardhouse_entity::signing_keys;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{Connection, StoreError};
use crate::domain::clock::Timestamp;

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The `kid`.
    pub id: String,
    /// The algorithm's name; see `tokens::keys`.
    pub algorithm: String,
    /// 1 for the first key of its algorithm, then counting.
    pub slot: i32,
    /// The secret, encrypted.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Adds `key`.
///
/// # Errors
///
/// [`StoreError::Conflict`] with `key slot` when another node was faster.
pub async fn insert(db: &impl Connection, key: &StoredKey) -> Result<(), StoreError> {
    let row = signing_keys::ActiveModel {
        id: Set(key.id.clone()),
        algorithm: Set(key.algorithm.clone()),
        slot: Set(key.slot),
        wrapped: Set(key.wrapped.clone()),
        created_at: Set(key.created_at.micros()),
    };
    signing_keys::Entity::insert(row)
        .exec_without_returning(db)
        .await
        .map_err(|error| StoreError::from(error).conflict_is("key slot"))?;
    Ok(())
}

/// Every key of `algorithm`, the newest first.
///
/// # Errors
///
/// As every read.
pub async fn of_algorithm(db: &impl Connection, algorithm: &str) -> Result<Vec<StoredKey>, StoreError> {
    let rows = signing_keys::Entity::find()
        .filter(signing_keys::Column::Algorithm.eq(algorithm))
        .order_by_desc(signing_keys::Column::Slot)
        .all(db)
        .await?;
    let stored = |row: signing_keys::Model| StoredKey {
        id: row.id,
        algorithm: row.algorithm,
        slot: row.slot,
        wrapped: row.wrapped,
        created_at: Timestamp::from_micros(row.created_at),
    };
    Ok(rows.into_iter().map(stored).collect())
}
