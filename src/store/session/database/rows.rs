//! Between the table's columns and the domain's values.

use guardhouse_entity::sessions::{ActiveModel, Entity, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::{AuthMethod, Session};
use crate::store::{Connection, StoreError};

/// Adds many sessions in one statement, of nobody who waits to be told: for made-up data. Up to 2,000 at a time.
///
/// # Errors
///
/// As every write.
pub async fn insert_many(db: &impl Connection, sessions: &[Session]) -> Result<(), StoreError> {
    Entity::insert_many(sessions.iter().map(row)).exec_without_returning(db).await?;
    Ok(())
}

/// The row of `session`.
pub(super) fn row(session: &Session) -> ActiveModel {
    let methods: Vec<String> = session.methods.iter().map(|method| method.as_str().to_owned()).collect();
    ActiveModel {
        id: Set(session.id.0),
        user_id: Set(session.user.0),
        generation: Set(session.generation.into()),
        epoch: Set(session.epoch.into()),
        created_at: Set(session.created_at.micros()),
        authenticated_at: Set(session.authenticated_at.micros()),
        last_seen_at: Set(session.last_seen_at.micros()),
        rotated_at: Set(session.rotated_at.micros()),
        idle_expires_at: Set(session.idle_expires_at.micros()),
        expires_at: Set(session.expires_at.micros()),
        address: Set(session.address.clone()),
        user_agent: Set(session.user_agent.clone()),
        methods: Set(methods.join(" ")),
    }
}

/// The session in `row`.
pub(super) fn session(row: Model) -> Result<Session, StoreError> {
    let corrupt = |column| StoreError::Corrupt { table: "sessions", column, id: row.id.to_string() };
    let methods =
        row.methods.split_whitespace().map(|method| AuthMethod::parse(method).ok_or(corrupt("methods")));
    Ok(Session {
        id: SessionId(row.id),
        user: UserId(row.user_id),
        generation: u32::try_from(row.generation).map_err(|_| corrupt("generation"))?,
        epoch: u32::try_from(row.epoch).map_err(|_| corrupt("epoch"))?,
        created_at: Timestamp::from_micros(row.created_at),
        authenticated_at: Timestamp::from_micros(row.authenticated_at),
        last_seen_at: Timestamp::from_micros(row.last_seen_at),
        rotated_at: Timestamp::from_micros(row.rotated_at),
        idle_expires_at: Timestamp::from_micros(row.idle_expires_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        methods: methods.collect::<Result<_, _>>()?,
        address: row.address,
        user_agent: row.user_agent,
    })
}
