//! Giving records their places at the end of a chain.

use std::collections::HashSet;
use std::sync::Arc;

use guardhouse_entity::audit_events::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::{Connection, StoreError};
use super::rows::{self, MOST_ROWS, row};
use super::{checkpoints, linked};
use crate::domain::audit::chain::{Head, names_predecessor};
use crate::domain::audit::octets::Salt;
use crate::domain::audit::record::{Personal, Record};
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;

/// What gets its places in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Free events, in their order.
    pub records: Arc<Vec<Record>>,
    /// Whether some of `records` may be stored already: after a lost answer the same ones are sent again.
    pub may_be_stored: bool,
    /// Ids of bound events whose transactions may be committed by now.
    pub bound: Vec<Uuid>,
    /// Rows that whoever wrote them did not link.
    pub strays: Option<Strays>,
    /// The first record of a chain that has none yet, without its detail.
    pub opening: Option<Record>,
}

/// Rows that nobody linked: their process has died, or is of an older release.
#[derive(Debug, Clone)]
pub struct Strays {
    /// Only those that happened before.
    pub before: Timestamp,
    /// One for each row of an older release that has none; also how many rows are taken.
    pub salts: Vec<Salt>,
}

/// What came of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The end of the chain now.
    pub head: Head,
    /// The bound events that are linked, by this group or an earlier one.
    pub linked: Vec<Uuid>,
    /// How many strays have got a place.
    pub adopted: usize,
}

/// Gives everything in `group` its place in `chain`, behind `head` or, where the caller does not know it, behind
/// whatever is last. To be run in a transaction.
///
/// # Errors
///
/// [`StoreError::Conflict`] when `head` is not the end any more, [`StoreError::Contended`] when another process took
/// one of the rows; as every write. Nothing has a place then.
pub async fn append(
    db: &impl Connection,
    chain: InstanceId,
    head: Option<Head>,
    group: &Group,
) -> Result<Appended, StoreError> {
    let mut head = match head {
        Some(head) => head,
        None => end_of(db, chain).await?,
    };
    let stored = if group.may_be_stored { stored(db, &group.records).await? } else { HashSet::new() };
    let (bound, linked) = bound(db, &group.bound).await?;
    let strays = strays(db, group.strays.as_ref(), &bound).await?;
    let adopted = strays.len();
    let fresh: Vec<_> = group.records.iter().filter(|record| !stored.contains(&record.id)).collect();
    if fresh.is_empty() && bound.is_empty() && strays.is_empty() {
        return Ok(Appended { head, linked, adopted });
    }
    let mut inserted = Vec::with_capacity(fresh.len() + 1);
    if let (0, Some(opening)) = (head.seq, &group.opening) {
        let opening = Record { detail: predecessor(db, chain).await?, ..opening.clone() };
        head = head.then(chain, &opening.digest());
        inserted.push(row(&opening, Some((chain, head))));
    }
    for (record, commits) in
        bound.iter().map(|record| (record, false)).chain(strays.iter().map(|(r, c)| (r, *c)))
    {
        head = head.then(chain, &record.digest());
        link(db, chain, head, record, commits).await?;
    }
    for record in fresh {
        head = head.then(chain, &record.digest());
        inserted.push(row(record, Some((chain, head))));
    }
    rows::insert(db, inserted.into_iter()).await?;
    Ok(Appended {
        head,
        linked: [linked, bound.into_iter().map(|record| record.id).collect()].concat(),
        adopted,
    })
}

/// As [`append`] of nothing but `records`, none of which is stored: one statement, if they are not too many.
///
/// # Errors
///
/// As [`append`].
pub async fn insert_behind(
    db: &impl Connection,
    chain: InstanceId,
    head: Head,
    records: &[Record],
) -> Result<Head, StoreError> {
    let mut last = head;
    let rows: Vec<_> = records
        .iter()
        .map(|record| {
            last = last.then(chain, &record.digest());
            row(record, Some((chain, last)))
        })
        .collect();
    rows::insert(db, rows.into_iter()).await?;
    Ok(last)
}

/// The last record of `chain`, or the last that was pruned.
pub(super) async fn end_of(db: &impl Connection, chain: InstanceId) -> Result<Head, StoreError> {
    let in_chain = Entity::find().filter(Column::Chain.eq(chain.0)).order_by_desc(Column::Place).limit(1);
    let last = in_chain.all(db).await?.into_iter().next().and_then(linked).map(|linked| linked.head);
    match last {
        Some(head) => Ok(head),
        None => Ok(checkpoints::pruned_or_reached(db, chain).await?.unwrap_or(Head::START)),
    }
}

async fn stored(db: &impl Connection, records: &[Record]) -> Result<HashSet<Uuid>, StoreError> {
    let mut found = HashSet::new();
    for some in records.chunks(MOST_ROWS) {
        let ids = some.iter().map(|record| record.id);
        let rows = Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(ids));
        found.extend(rows.into_tuple::<Uuid>().all(db).await?);
    }
    Ok(found)
}

/// Those of the rows `ids` that are committed and have no place yet, the oldest first, and those that have one.
async fn bound(db: &impl Connection, ids: &[Uuid]) -> Result<(Vec<Record>, Vec<Uuid>), StoreError> {
    if ids.is_empty() {
        return Ok(Default::default());
    }
    let found = Entity::find().filter(Column::Id.is_in(ids.iter().copied()));
    let found = found.order_by_asc(Column::At).order_by_asc(Column::Id).all(db).await?;
    let (linked, free): (Vec<_>, Vec<_>) = found.into_iter().partition(|row| row.chain.is_some());
    let linked = linked.into_iter().map(|row| row.id).collect();
    Ok((free.into_iter().map(rows::record).collect(), linked))
}

async fn strays(
    db: &impl Connection,
    wanted: Option<&Strays>,
    but: &[Record],
) -> Result<Vec<(Record, bool)>, StoreError> {
    let Some(Strays { before, salts }) = wanted else {
        return Ok(Vec::new());
    };
    let oldest = Entity::find()
        .filter(Column::Chain.is_null())
        .filter(Column::At.lt(before.micros()))
        .order_by_asc(Column::At)
        .order_by_asc(Column::Id)
        .limit(salts.len() as u64);
    let found = oldest.all(db).await?.into_iter().filter(|row| but.iter().all(|one| one.id != row.id));
    Ok(found.zip(salts).map(|(row, salt)| committed(row, *salt)).collect())
}

/// The record of a row that may be of a release that made no commitments; whether one has to be stored for it.
fn committed(row: Model, salt: Salt) -> (Record, bool) {
    if row.commitment.is_some() {
        return (rows::record(row), false);
    }
    let personal = Personal {
        salt,
        address: row.address.clone(),
        user_agent: row.user_agent.clone(),
        request_id: row.request_id.clone(),
    };
    (Record { commitment: personal.commitment(), personal: Some(personal), ..rows::record(row) }, true)
}

/// Puts a stored row into its place, and stores the commitment where there is none. One that is there stays: what is
/// personal may have been erased since the row was read.
async fn link(
    db: &impl Connection,
    chain: InstanceId,
    head: Head,
    record: &Record,
    commits: bool,
) -> Result<(), StoreError> {
    let mut update = Entity::update_many()
        .filter(Column::Id.eq(record.id))
        .filter(Column::Chain.is_null())
        .col_expr(Column::Chain, Expr::value(chain.0))
        .col_expr(Column::Place, Expr::value(head.seq.cast_signed()))
        .col_expr(Column::Link, Expr::value(head.link.0.to_vec()));
    if commits {
        let salt = record.personal.as_ref().map(|personal| personal.salt.0.to_vec());
        update = update
            .filter(Column::Commitment.is_null())
            .filter(
                Column::RequestId.eq(record.personal.as_ref().map_or("", |personal| &personal.request_id)),
            )
            .col_expr(Column::Salt, Expr::value(salt))
            .col_expr(Column::Commitment, Expr::value(record.commitment.0.to_vec()));
    }
    if update.exec(db).await?.rows_affected == 1 {
        Ok(())
    } else {
        // Every link behind it would be another: the whole is done anew without it.
        Err(StoreError::Contended(format!("the record {} was changed by another process", record.id)))
    }
}

/// What the first record of `chain` says of the newest checkpoint of another.
async fn predecessor(db: &impl Connection, chain: InstanceId) -> Result<Option<String>, StoreError> {
    let newest = checkpoints::newest_of_others(db, chain).await?;
    Ok(newest.map(|checkpoint| names_predecessor(checkpoint.chain, &checkpoint.head)))
}
