//! The audit log's table.

use guardhouse_entity::audit_events;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::{Connection, StoreError};
use crate::domain::audit::{Bound, Event};
use crate::domain::id::InstanceId;

/// A free event with its number in the order of one instance.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// The row's id.
    pub id: Uuid,
    /// Its place, counting from 1 without holes.
    pub seq: u64,
    /// What happened.
    pub event: Event,
}

/// Writes bound events in the transaction of the changes that they record, one at least.
///
/// # Errors
///
/// As every write.
pub async fn insert_bound(
    db: &impl Connection,
    instance: InstanceId,
    events: impl Iterator<Item = (Uuid, &Bound)>,
) -> Result<(), StoreError> {
    let rows = events.map(|(id, event)| row(id, instance, None, event.event()));
    audit_events::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(())
}

/// Writes `events` with one statement. Events that are stored already stay as they are: after a lost answer the same
/// batch is sent again.
///
/// # Errors
///
/// As every write; nothing of the batch is stored then, or, after [`StoreError::Unavailable`], maybe all of it.
pub async fn insert_numbered(
    db: &impl Connection,
    instance: InstanceId,
    events: &[Numbered],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let rows = events
        .iter()
        .map(|numbered| row(numbered.id, instance, i64::try_from(numbered.seq).ok(), &numbered.event));
    let already_there =
        OnConflict::column(audit_events::Column::Id).do_nothing_on([audit_events::Column::Id]).to_owned();
    audit_events::Entity::insert_many(rows).on_conflict(already_there).exec_without_returning(db).await?;
    Ok(())
}

fn row(id: Uuid, instance: InstanceId, seq: Option<i64>, event: &Event) -> audit_events::ActiveModel {
    let subject = &event.subject;
    audit_events::ActiveModel {
        id: Set(id),
        at: Set(event.at.micros()),
        kind: Set(event.kind.to_owned()),
        outcome: Set(event.outcome.as_str().to_owned()),
        user_id: Set(subject.user.map(|id| id.0)),
        actor_id: Set(subject.actor.map(|id| id.0)),
        session_id: Set(subject.session.map(|id| id.0)),
        detail: Set(subject.detail.as_ref().map(|detail| detail.chars().take(512).collect())),
        address: Set(event.origin.address.to_string()),
        user_agent: Set(event.origin.user_agent.clone()),
        request_id: Set(event.origin.request_id.clone()),
        instance: Set(instance.0),
        seq: Set(seq),
    }
}
