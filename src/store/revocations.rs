//! The revocation feed as a table: written in the transaction of what it announces, tailed by every node.
//!
//! Ids are given out before the commit, so a row with a smaller id may appear after one with a larger. The reader
//! therefore remembers the ids it has not seen below the largest it has, and asks for exactly those again until no
//! transaction can still be holding them.

use std::collections::BTreeMap;
use std::time::Duration;

use guardhouse_entity::revocations::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Connection, StoreError};
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::revocation::{Revocation, Revoked};

/// No transaction of ours is open for this long: an id still missing then was rolled back.
const GAP_GIVEN_UP_AFTER: Duration = Duration::from_secs(60);

/// Most ids that are watched as missing; beyond, an id jump is a restart of the sequence and not a transaction.
const MOST_GAPS: i64 = 4_096;

/// Most missing ids that one read asks for; the oldest gaps are the least likely to be filled.
const MOST_MISSING: usize = 4_096;

/// Most rows that one read returns.
const BATCH: u64 = 10_000;

/// Appends `revocations` to the feed.
///
/// # Errors
///
/// As every write.
pub async fn append(db: &impl Connection, revocations: &[Revocation]) -> Result<(), StoreError> {
    // A statement takes a bounded number of parameters, the fewest on SQLite.
    for part in revocations.chunks(1_000) {
        Entity::insert_many(part.iter().map(row)).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Removes at most `most` entries whose tokens have expired by themselves. How many there were.
///
/// # Errors
///
/// As every write.
pub async fn sweep(db: &impl Connection, now: Timestamp, most: u64) -> Result<u64, StoreError> {
    let expired: Vec<i64> = Entity::find()
        .filter(Column::ExpiresAt.lte(now.micros()))
        .select_only()
        .column(Column::Id)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    if expired.is_empty() {
        return Ok(0);
    }
    Ok(Entity::delete_many().filter(Column::Id.is_in(expired)).exec(db).await?.rows_affected)
}

/// How far one node has read.
#[derive(Debug, Clone, Default)]
pub struct Cursor {
    largest: i64,
    started: bool,
    missing: BTreeMap<i64, Timestamp>,
}

impl Cursor {
    /// What was appended since the last call; at the first call everything that is still live.
    ///
    /// # Errors
    ///
    /// As every read; the cursor then stands where it stood.
    pub async fn read(
        &mut self,
        db: &impl Connection,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError> {
        let mut news = Vec::new();
        let mut next = self.clone();
        next.missing.retain(|_, noticed| now.since(*noticed) < GAP_GIVEN_UP_AFTER);
        loop {
            while next.missing.len() > MOST_MISSING {
                next.missing.pop_first();
            }
            let mut wanted = Condition::any().add(Column::Id.gt(next.largest));
            if !next.missing.is_empty() {
                wanted = wanted.add(Column::Id.is_in(next.missing.keys().copied()));
            }
            let rows = Entity::find().filter(wanted).order_by_asc(Column::Id).limit(BATCH).all(db).await?;
            let complete = (rows.len() as u64) < BATCH;
            for row in rows {
                next.pass(row.id, now);
                if row.expires_at > now.micros() {
                    news.push(revocation(row)?);
                }
            }
            next.started = true;
            if complete {
                break;
            }
        }
        *self = next;
        Ok(news)
    }

    fn pass(&mut self, id: i64, now: Timestamp) {
        if id <= self.largest {
            self.missing.remove(&id);
            return;
        }
        // Before the first row nothing is known; an open transaction may hold ids just below it.
        let from = if self.started || self.largest > 0 { self.largest + 1 } else { id - MOST_GAPS };
        for gap in from.max(id - MOST_GAPS).max(1)..id {
            self.missing.insert(gap, now);
        }
        self.largest = id;
    }
}

fn row(revocation: &Revocation) -> ActiveModel {
    let (session, user, below, spare) = match revocation.what {
        Revoked::Session(session) => (Some(session.0), None, None, None),
        Revoked::User { user, below_epoch, spare } => {
            (None, Some(user.0), Some(i64::from(below_epoch)), spare.map(|session| session.0))
        }
    };
    ActiveModel {
        session_id: Set(session),
        user_id: Set(user),
        below_epoch: Set(below),
        spare_session_id: Set(spare),
        at: Set(revocation.at.micros()),
        expires_at: Set(revocation.expires_at.micros()),
        ..ActiveModel::default()
    }
}

fn revocation(row: Model) -> Result<Revocation, StoreError> {
    let below = row.below_epoch.and_then(|below| u32::try_from(below).ok());
    let what = match (row.session_id, row.user_id, below) {
        (Some(session), None, None) => Revoked::Session(SessionId(session)),
        (None, Some(user), Some(below_epoch)) => {
            Revoked::User { user: UserId(user), below_epoch, spare: row.spare_session_id.map(SessionId) }
        }
        _ => {
            return Err(StoreError::Corrupt {
                table: "revocations",
                column: "session_id",
                id: row.id.to_string(),
            });
        }
    };
    Ok(Revocation {
        what,
        at: Timestamp::from_micros(row.at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}
