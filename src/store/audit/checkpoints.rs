//! Signed statements about chains, and which chains there are.

use std::collections::BTreeMap;

use guardhouse_entity::audit_checkpoints::{ActiveModel, Column, Entity, Model};
use guardhouse_entity::audit_events;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::{Connection, StoreError};
use crate::domain::audit::chain::Head;
use crate::domain::audit::checkpoint::{Checkpoint, Statement};
use crate::domain::audit::octets::{Hash, Signature};
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;

/// Stores `checkpoint`; one that says the same of the same place is there already and stays.
///
/// # Errors
///
/// As every write.
pub async fn insert_checkpoint(db: &impl Connection, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let Checkpoint { chain, head, at, statement, kid, signature } = checkpoint.clone();
    let row = ActiveModel {
        chain: Set(chain.0),
        seq: Set(head.seq.cast_signed()),
        statement: Set(statement.as_str().to_owned()),
        link: Set(head.link.0.to_vec()),
        at: Set(at.micros()),
        kid: Set(kid),
        signature: Set(signature.0.to_vec()),
    };
    match Entity::insert(row).exec_without_returning(db).await.map_err(StoreError::from) {
        Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Every checkpoint of `chain`, the smallest number first. One that was made unreadable is one that nobody signed.
///
/// # Errors
///
/// As every read.
pub async fn of_chain(db: &impl Connection, chain: InstanceId) -> Result<Vec<Checkpoint>, StoreError> {
    let rows = Entity::find().filter(Column::Chain.eq(chain.0)).order_by_asc(Column::Seq).all(db).await?;
    Ok(rows.into_iter().map(checkpoint).collect())
}

/// Every chain of which there is anything, the newest name first.
///
/// # Errors
///
/// As every read.
pub async fn chains(db: &impl Connection) -> Result<Vec<InstanceId>, StoreError> {
    let signed = Entity::find().select_only().column(Column::Chain).distinct();
    let signed = signed.into_tuple::<Uuid>().all(db).await?;
    let linked = audit_events::Entity::find()
        .select_only()
        .column(audit_events::Column::Chain)
        .filter(audit_events::Column::Chain.is_not_null())
        .distinct();
    let linked = linked.into_tuple::<Uuid>().all(db).await?;
    let all: BTreeMap<Uuid, ()> = signed.into_iter().chain(linked).map(|chain| (chain, ())).collect();
    Ok(all.into_keys().rev().map(InstanceId).collect())
}

/// The last head of `chain` that was signed.
///
/// # Errors
///
/// As every read.
pub async fn pruned_or_reached(db: &impl Connection, chain: InstanceId) -> Result<Option<Head>, StoreError> {
    let last = Entity::find().filter(Column::Chain.eq(chain.0)).order_by_desc(Column::Seq).limit(1);
    Ok(last.all(db).await?.into_iter().next().map(|row| checkpoint(row).head))
}

/// The newest checkpoint of any chain but `chain`.
pub(super) async fn newest_of_others(
    db: &impl Connection,
    chain: InstanceId,
) -> Result<Option<Checkpoint>, StoreError> {
    let others = Entity::find().filter(Column::Chain.ne(chain.0));
    let newest = others.order_by_desc(Column::At).order_by_desc(Column::Seq).limit(1);
    Ok(newest.all(db).await?.into_iter().next().map(checkpoint))
}

fn checkpoint(row: Model) -> Checkpoint {
    Checkpoint {
        chain: InstanceId(row.chain),
        head: Head { seq: row.seq.cast_unsigned(), link: row.link.try_into().map_or(Hash::ZERO, Hash) },
        at: Timestamp::from_micros(row.at),
        // No word but these two verifies.
        statement: Statement::from_word(&row.statement).unwrap_or(Statement::Reached),
        kid: row.kid,
        signature: Signature(row.signature.try_into().unwrap_or([0; 64])),
    }
}
