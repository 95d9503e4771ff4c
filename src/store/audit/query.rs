//! Reading the log.

use guardhouse_entity::audit_events::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::{Builder, Uuid};

use super::super::{Connection, StoreError};
use super::{linked, rows};
use crate::domain::audit::chain::{Head, Linked};
use crate::domain::audit::record::Record;
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;

/// Which records are looked for. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// About whom.
    pub user: Option<Uuid>,
    /// By whom, where that is somebody else.
    pub actor: Option<Uuid>,
    /// Of which kind.
    pub kind: Option<String>,
    /// With which outcome.
    pub outcome: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Older than this record.
    pub before: Option<Uuid>,
    /// Newer than this record.
    pub after: Option<Uuid>,
    /// At most so many.
    pub limit: u64,
}

/// The records that `wanted` describes, the newest first, each with its place if it has one already.
///
/// Ids are in the order of time, so every page is a piece of an index.
///
/// # Errors
///
/// As every read.
pub async fn search(
    db: &impl Connection,
    wanted: &Search,
) -> Result<Vec<(Record, Option<(InstanceId, Head)>)>, StoreError> {
    let Search { user, actor, kind, outcome, from, to, before, after, limit } = wanted;
    let mut found = Entity::find();
    for (column, id) in [(Column::UserId, user), (Column::ActorId, actor)] {
        if let Some(id) = id {
            found = found.filter(column.eq(*id));
        }
    }
    for (column, word) in [(Column::Kind, kind), (Column::Outcome, outcome)] {
        if let Some(word) = word {
            found = found.filter(column.eq(word.as_str()));
        }
    }
    if let Some(from) = from {
        found = found.filter(Column::At.gte(from.micros())).filter(Column::Id.gte(first_of(from.millis())));
    }
    if let Some(to) = to {
        found = found.filter(Column::At.lt(to.micros())).filter(Column::Id.lt(first_of(to.millis() + 1)));
    }
    if let Some(before) = before {
        found = found.filter(Column::Id.lt(*before));
    }
    if let Some(after) = after {
        found = found.filter(Column::Id.gt(*after));
    }
    let rows = found.order_by_desc(Column::Id).limit(*limit).all(db).await?;
    Ok(rows.into_iter().map(placed).collect())
}

fn placed(row: Model) -> (Record, Option<(InstanceId, Head)>) {
    let place = linked(row.clone()).map(|linked| (linked.chain, linked.head));
    (rows::record(row), place)
}

/// The smallest id of that millisecond.
fn first_of(millis: u64) -> Uuid {
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

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

/// The records of `chain` that stand in `places`, as far as they are there, in their order.
///
/// # Errors
///
/// As every read.
pub async fn at_places(
    db: &impl Connection,
    chain: InstanceId,
    places: &[u64],
) -> Result<Vec<Linked>, StoreError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let places = places.iter().map(|place| place.cast_signed());
    let found = Entity::find().filter(Column::Chain.eq(chain.0)).filter(Column::Place.is_in(places));
    let rows = found.order_by_asc(Column::Place).all(db).await?;
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
