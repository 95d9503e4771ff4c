//! The whole database at once, for copies and back-ups: read as it was at one moment, written into an empty one.
//!
//! Tables and columns come from the entities, which tests hold to the schema. A new table gets its row in
//! [`table::tables`]; a test fails until it has one.

mod snapshot;
mod table;
mod target;

use sea_orm::ConnectionTrait;

pub use snapshot::{Fingerprint, Snapshot};
pub use table::{Table, tables};
pub use target::{Position, Target};

use super::{Db, MigrationState, StoreError, Txn};

/// The most rows of a page.
pub const PAGE: u64 = 1_000;

/// Why nothing is copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows would be mixed with others.
    #[error("it is not empty: there are rows in {0}; make an empty database and begin again")]
    NotEmpty(String),
    /// It is half filled already.
    #[error(
        "it is half filled, from something else or from another state of it: make an empty database and begin again"
    )]
    OtherOrigin,
    /// Nobody knows whether all of it is there.
    #[error(
        "it is the target of a copy that has not come to its end: start `db copy` (or `restore`) again to release it"
    )]
    Unfinished,
    /// Rows would be read or written by another meaning of them.
    #[error(
        "its schema is not that of this program: {0}; run `guardhouse migrate up` of the newest version on it"
    )]
    OtherSchema(String),
}

/// The tables that have rows.
///
/// # Errors
///
/// As every read.
pub async fn occupied(db: &Db) -> Result<Vec<&'static str>, StoreError> {
    let mut found = Vec::new();
    for table in tables() {
        let first = table.select(table.key_columns()).limit(1).take();
        if db.reader().query_one(&first).await?.is_some() {
            found.push(table.name);
        }
    }
    Ok(found)
}

/// Removes every row but the fact called `kept`. In a transaction.
///
/// # Errors
///
/// As every write.
pub async fn empty(txn: &Txn, kept: &str) -> Result<(), StoreError> {
    // Whoever refers to others goes before them.
    for table in tables().iter().rev() {
        txn.execute(&table.delete_all_but(kept)).await?;
    }
    Ok(())
}

/// The newest change of the schema: what it is called by.
///
/// # Errors
///
/// [`CopyFault::OtherSchema`] when the schema is not the newest that this program knows.
pub async fn schema(db: &Db) -> Result<String, CopyFault> {
    newest(&changes(db).await?)
}

/// Makes the schema where there is none. One that is of another version is left alone: there may be something in it.
///
/// # Errors
///
/// [`CopyFault::OtherSchema`] when it is one that this program does not know.
async fn make_schema_where_there_is_none(db: &Db) -> Result<(), CopyFault> {
    if is_none(&changes(db).await?) {
        db.migrate_up().await?;
    }
    Ok(())
}

async fn changes(db: &Db) -> Result<Vec<MigrationState>, CopyFault> {
    db.migrations().await.map_err(|error| match error {
        // One that this program does not know.
        StoreError::Other(reason) => CopyFault::OtherSchema(reason),
        error => error.into(),
    })
}

fn is_none(changes: &[MigrationState]) -> bool {
    changes.iter().all(|change| !change.applied)
}

fn newest(changes: &[MigrationState]) -> Result<String, CopyFault> {
    match changes.iter().find(|change| !change.applied) {
        Some(missing) => Err(CopyFault::OtherSchema(format!("{} is missing", missing.name))),
        None => Ok(changes.last().map(|change| change.name.clone()).unwrap_or_default()),
    }
}
