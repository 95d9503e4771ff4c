//! Records as rows, and back.

use guardhouse_entity::audit_events::{ActiveModel, Entity, Model};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::super::{Connection, StoreError};
use crate::domain::audit::chain::{Head, Linked};
use crate::domain::audit::octets::{Hash, Salt};
use crate::domain::audit::record::{Personal, Record};
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;

/// The most rows of one statement: SQLite takes 32,766 values.
pub(super) const MOST_ROWS: usize = 1_000;

/// Writes bound events in the transaction of the changes that they record, one at least. They have no place yet.
///
/// # Errors
///
/// As every write.
pub async fn insert_bound(db: &impl Connection, records: &[Record]) -> Result<(), StoreError> {
    insert(db, records.iter().map(|record| row(record, None))).await
}

/// Inserts `rows` with as few statements as the database takes.
pub(super) async fn insert(
    db: &impl Connection,
    rows: impl Iterator<Item = ActiveModel>,
) -> Result<(), StoreError> {
    let rows: Vec<_> = rows.collect();
    for some in rows.chunks(MOST_ROWS) {
        Entity::insert_many(some.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The row of `record`, in its place if it has one.
pub(super) fn row(record: &Record, place: Option<(InstanceId, Head)>) -> ActiveModel {
    let Record { id, at, kind, outcome, user, actor, session, detail, instance, commitment, personal } =
        record.clone();
    let (salt, address, user_agent, request_id) = match personal {
        Some(Personal { salt, address, user_agent, request_id }) => {
            (Some(salt.0.to_vec()), address, user_agent, request_id)
        }
        None => (None, String::new(), None, String::new()),
    };
    ActiveModel {
        id: Set(id),
        at: Set(at.micros()),
        kind: Set(kind),
        outcome: Set(outcome),
        user_id: Set(user),
        actor_id: Set(actor),
        session_id: Set(session),
        detail: Set(detail),
        address: Set(address),
        user_agent: Set(user_agent),
        request_id: Set(request_id),
        instance: Set(instance.0),
        seq: Set(None),
        place: Set(place.map(|(_, head)| head.seq.cast_signed())),
        chain: Set(place.map(|(chain, _)| chain.0)),
        link: Set(place.map(|(_, head)| head.link.0.to_vec())),
        salt: Set(salt),
        commitment: Set(Some(commitment.0.to_vec())),
    }
}

/// What a row says, whatever somebody made of it: what cannot be right is given a value that the proof will refuse.
pub(super) fn record(row: Model) -> Record {
    let blank = row.address.is_empty() && row.user_agent.is_none() && row.request_id.is_empty();
    let personal = (row.salt.is_some() || !blank).then(|| Personal {
        salt: Salt(exactly(row.salt).unwrap_or_default()),
        address: row.address,
        user_agent: row.user_agent,
        request_id: row.request_id,
    });
    Record {
        id: row.id,
        at: Timestamp::from_micros(row.at),
        kind: row.kind,
        outcome: row.outcome,
        user: row.user_id,
        actor: row.actor_id,
        session: row.session_id,
        detail: row.detail,
        instance: InstanceId(row.instance),
        commitment: exactly(row.commitment).map_or(Hash::ZERO, Hash),
        personal,
    }
}

/// The record of a row in its place; `None` for one that has none yet.
pub fn linked(row: Model) -> Option<Linked> {
    let chain = InstanceId(row.chain?);
    let seq = row.place?.cast_unsigned();
    let link = exactly(row.link.clone()).map_or(Hash::ZERO, Hash);
    Some(Linked { chain, head: Head { seq, link }, record: record(row) })
}

fn exactly<const N: usize>(octets: Option<Vec<u8>>) -> Option<[u8; N]> {
    octets?.try_into().ok()
}
