//! Reading the log.

use guardhouse_entity::audit_events::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::{Connection, StoreError};
use super::linked;
use crate::domain::audit::chain::Linked;
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;

/// Up to `limit` records of `chain` in their order, behind the number `after`.
///
/// # Errors
///
/// As every read.
pub async fn in_chain(
    db: &impl Connection,
    chain: InstanceId,
    after: Option<u64>,
    limit: u64,
) -> Result<Vec<Linked>, StoreError> {
    let mut found = Entity::find().filter(Column::Chain.eq(chain.0)).filter(Column::Place.is_not_null());
    if let Some(after) = after {
        found = found.filter(Column::Place.gt(after.cast_signed()));
    }
    let rows = found.order_by_asc(Column::Place).limit(limit).all(db).await?;
    Ok(rows.into_iter().filter_map(linked).collect())
}

/// How many rows from before `before` have no place: nobody adopts them, or nobody has yet.
///
/// # Errors
///
/// As every read.
pub async fn without_a_place(db: &impl Connection, before: Timestamp) -> Result<u64, StoreError> {
    let rows = Entity::find().filter(Column::Chain.is_null()).filter(Column::At.lt(before.micros()));
    Ok(rows.count(db).await?)
}
