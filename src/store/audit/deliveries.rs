//! Where the log's records were sent: who works on a delivery, how far it has come in each chain, and what could not be
//! delivered.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use guardhouse_entity::{audit_events, dead_letters, deliveries, delivery_cursors};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::super::{Connection, Db, StoreError};
use super::append::end_of;
use super::linked;
use crate::domain::audit::chain::Linked;
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;

/// The most characters of a reason that are kept.
const REASON: usize = 512;

/// A record that its receiver did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The record's id.
    pub record: Uuid,
    /// Its place in the log.
    pub place: (InstanceId, u64),
    /// When it was given up.
    pub at: Timestamp,
    /// What the receiver said last.
    pub reason: String,
}

/// How a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// When a record was delivered last.
    pub delivered_at: Option<Timestamp>,
    /// When it failed last, and why; nothing once it goes on.
    pub failure: Option<(Timestamp, String)>,
    /// Records of the log that it has not come to yet, those that it does not want included.
    pub waiting: u64,
    /// Records that were given up.
    pub dead: u64,
}

/// Takes or keeps the delivery `name` for `holder` until `until`; whether it is theirs now. One that is new begins at the
/// present end of the log.
///
/// # Errors
///
/// As every write.
pub async fn hold(
    db: &Db,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let held = db.atomically((name.to_owned(), holder, now, until), |txn, (name, holder, now, until)| {
        async move {
            use deliveries::Column;
            let Some(row) = deliveries::Entity::find_by_id(name.clone()).one(txn).await? else {
                begin(txn, name, *holder, *until).await?;
                return Ok(true);
            };
            if row.holder != *holder && row.held_until > now.micros() {
                return Ok(false);
            }
            let taken = deliveries::Entity::update_many()
                .filter(Column::Name.eq(name))
                .filter(Column::Holder.eq(row.holder))
                .filter(Column::HeldUntil.eq(row.held_until))
                .col_expr(Column::Holder, Expr::value(*holder))
                .col_expr(Column::HeldUntil, Expr::value(until.micros()))
                .exec(txn)
                .await?;
            Ok(taken.rows_affected == 1)
        }
        .boxed()
    });
    match held.await {
        // Another node has just begun it.
        Err(StoreError::Conflict(_)) => Ok(false),
        held => held,
    }
}

/// Gives the delivery `name` back, as far as `holder` still has it: whoever asks next gets it.
///
/// # Errors
///
/// As every write.
pub async fn release(db: &impl Connection, name: &str, holder: Uuid) -> Result<(), StoreError> {
    use deliveries::Column;
    deliveries::Entity::update_many()
        .filter(Column::Name.eq(name))
        .filter(Column::Holder.eq(holder))
        .col_expr(Column::HeldUntil, Expr::value(Timestamp::MIN.micros()))
        .exec(db)
        .await?;
    Ok(())
}

async fn begin(db: &impl Connection, name: &str, holder: Uuid, until: Timestamp) -> Result<(), StoreError> {
    let row = deliveries::ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(holder),
        held_until: Set(until.micros()),
        delivered_at: Set(None),
        failed_at: Set(None),
        failure: Set(None),
    };
    deliveries::Entity::insert(row).exec_without_returning(db).await?;
    let mut chain = None;
    while let Some(next) = next_chain(db, chain).await? {
        let end = end_of(db, next).await?.seq;
        insert_cursor(db, name, next, end).await?;
        chain = Some(next);
    }
    Ok(())
}

async fn insert_cursor(
    db: &impl Connection,
    name: &str,
    chain: InstanceId,
    place: u64,
) -> Result<(), StoreError> {
    let row = delivery_cursors::ActiveModel {
        delivery: Set(name.to_owned()),
        chain: Set(chain.0),
        place: Set(place.cast_signed()),
    };
    delivery_cursors::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// The first chain behind `after` in the order of their names, which is that of their beginnings.
///
/// # Errors
///
/// As every read.
pub async fn next_chain(
    db: &impl Connection,
    after: Option<InstanceId>,
) -> Result<Option<InstanceId>, StoreError> {
    use audit_events::Column;
    let mut found =
        audit_events::Entity::find().select_only().column(Column::Chain).filter(Column::Place.is_not_null());
    found = match after {
        Some(after) => found.filter(Column::Chain.gt(after.0)),
        None => found.filter(Column::Chain.is_not_null()),
    };
    // One step in an index, however long the chains are.
    let found = found.order_by_asc(Column::Chain).limit(1).into_tuple::<Uuid>().all(db).await?;
    Ok(found.into_iter().next().map(InstanceId))
}

/// How far the delivery `name` has come in each chain that it has begun.
///
/// # Errors
///
/// As every read.
pub async fn cursors(db: &impl Connection, name: &str) -> Result<BTreeMap<InstanceId, u64>, StoreError> {
    use delivery_cursors::Column;
    let rows = delivery_cursors::Entity::find().filter(Column::Delivery.eq(name)).all(db).await?;
    Ok(rows.into_iter().map(|row| (InstanceId(row.chain), row.place.cast_unsigned())).collect())
}

/// Everything of `chain` up to `place` is done, as far as `holder` still has the delivery `name`: it was delivered, except
/// for `dead`. Whether that was noted.
///
/// # Errors
///
/// As every write.
pub async fn settle(
    db: &Db,
    name: &str,
    holder: Uuid,
    (chain, place): (InstanceId, u64),
    dead: Vec<DeadLetter>,
    delivered_at: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let context = (name.to_owned(), holder, chain, place, dead, delivered_at);
    db.atomically(context, |txn, (name, holder, chain, place, dead, delivered_at)| {
        async move {
            use deliveries::Column;
            let mut row = deliveries::Entity::update_many()
                .filter(Column::Name.eq(name))
                .filter(Column::Holder.eq(*holder))
                .col_expr(Column::Holder, Expr::value(*holder));
            if let Some(at) = delivered_at {
                row = row
                    .col_expr(Column::DeliveredAt, Expr::value(at.micros()))
                    .col_expr(Column::FailedAt, Expr::value(Option::<i64>::None))
                    .col_expr(Column::Failure, Expr::value(Option::<String>::None));
            }
            if row.exec(txn).await?.rows_affected == 0 {
                return Ok(false);
            }
            move_cursor(txn, name, *chain, *place).await?;
            for letter in dead {
                bury(txn, name, letter).await?;
            }
            Ok(true)
        }
        .boxed()
    })
    .await
}

async fn move_cursor(
    db: &impl Connection,
    name: &str,
    chain: InstanceId,
    place: u64,
) -> Result<(), StoreError> {
    use delivery_cursors::Column;
    let moved = delivery_cursors::Entity::update_many()
        .filter(Column::Delivery.eq(name))
        .filter(Column::Chain.eq(chain.0))
        .col_expr(Column::Place, Expr::value(place.cast_signed()))
        .exec(db)
        .await?;
    if moved.rows_affected == 0 { insert_cursor(db, name, chain, place).await } else { Ok(()) }
}

async fn bury(db: &impl Connection, name: &str, letter: &DeadLetter) -> Result<(), StoreError> {
    let DeadLetter { record, place: (chain, place), at, reason } = letter.clone();
    raise(db, name, record).await?;
    let row = dead_letters::ActiveModel {
        delivery: Set(name.to_owned()),
        record: Set(record),
        chain: Set(chain.0),
        place: Set(place.cast_signed()),
        at: Set(at.micros()),
        reason: Set(short(&reason)),
    };
    dead_letters::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Takes the dead letter about `record` away.
///
/// # Errors
///
/// As every write.
pub async fn raise(db: &impl Connection, name: &str, record: Uuid) -> Result<(), StoreError> {
    use dead_letters::Column;
    let gone = dead_letters::Entity::delete_many()
        .filter(Column::Delivery.eq(name))
        .filter(Column::Record.eq(record));
    gone.exec(db).await?;
    Ok(())
}

/// Notes why the delivery `name` does not go on, as far as `holder` still has it.
///
/// # Errors
///
/// As every write.
pub async fn note_failure(
    db: &impl Connection,
    name: &str,
    holder: Uuid,
    at: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    use deliveries::Column;
    deliveries::Entity::update_many()
        .filter(Column::Name.eq(name))
        .filter(Column::Holder.eq(holder))
        .col_expr(Column::FailedAt, Expr::value(at.micros()))
        .col_expr(Column::Failure, Expr::value(short(reason)))
        .exec(db)
        .await?;
    Ok(())
}

/// Up to `limit` dead letters of the delivery `name` behind the record `after`, by the ids of their records.
///
/// # Errors
///
/// As every read.
pub async fn dead_letters(
    db: &impl Connection,
    name: &str,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<DeadLetter>, StoreError> {
    use dead_letters::Column;
    let mut found = dead_letters::Entity::find().filter(Column::Delivery.eq(name));
    if let Some(after) = after {
        found = found.filter(Column::Record.gt(after));
    }
    let rows = found.order_by_asc(Column::Record).limit(limit).all(db).await?;
    let letter = |row: dead_letters::Model| DeadLetter {
        record: row.record,
        place: (InstanceId(row.chain), row.place.cast_unsigned()),
        at: Timestamp::from_micros(row.at),
        reason: row.reason,
    };
    Ok(rows.into_iter().map(letter).collect())
}

/// The record with the id `id`, if it is in the log and has its place.
///
/// # Errors
///
/// As every read.
pub async fn by_id(db: &impl Connection, id: Uuid) -> Result<Option<Linked>, StoreError> {
    Ok(audit_events::Entity::find_by_id(id).one(db).await?.and_then(linked))
}

/// How every delivery that was ever begun stands, by name.
///
/// # Errors
///
/// As every read.
pub async fn standings(db: &impl Connection) -> Result<Vec<Standing>, StoreError> {
    let mut standings = Vec::new();
    for row in deliveries::Entity::find().order_by_asc(deliveries::Column::Name).all(db).await? {
        let cursors = cursors(db, &row.name).await?;
        let (mut waiting, mut chain) = (0, None);
        while let Some(next) = next_chain(db, chain).await? {
            use audit_events::Column;
            let place = cursors.get(&next).copied().unwrap_or(0).cast_signed();
            let left = audit_events::Entity::find().filter(Column::Chain.eq(next.0));
            waiting += left.filter(Column::Place.gt(place)).count(db).await?;
            chain = Some(next);
        }
        let letters = dead_letters::Entity::find().filter(dead_letters::Column::Delivery.eq(&row.name));
        standings.push(Standing {
            dead: letters.count(db).await?,
            delivered_at: row.delivered_at.map(Timestamp::from_micros),
            failure: row.failed_at.map(Timestamp::from_micros).zip(row.failure),
            waiting,
            name: row.name,
        });
    }
    Ok(standings)
}

/// Forgets everything about the delivery `name`; whether there was anything.
///
/// # Errors
///
/// As every write.
pub async fn forget(db: &Db, name: &str) -> Result<bool, StoreError> {
    db.atomically(name.to_owned(), |txn, name| {
        async move {
            let letters = dead_letters::Column::Delivery.eq(name);
            dead_letters::Entity::delete_many().filter(letters).exec(txn).await?;
            let cursors = delivery_cursors::Column::Delivery.eq(name);
            delivery_cursors::Entity::delete_many().filter(cursors).exec(txn).await?;
            Ok(deliveries::Entity::delete_by_id(name.clone()).exec(txn).await?.rows_affected > 0)
        }
        .boxed()
    })
    .await
}

fn short(reason: &str) -> String {
    reason.chars().take(REASON).collect()
}
