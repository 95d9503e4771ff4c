//! What can go wrong in a store, read from the drivers' codes, so that nobody above has to know a driver.

use sea_orm::{DbErr, RuntimeErr, SqlErr};
use sqlx::mysql::MySqlDatabaseError;

/// A fault of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or cannot work now; the same call may succeed later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A unique key exists already; named is what it belongs to.
    #[error("there is already a row with this {0}")]
    Conflict(&'static str),
    /// The transaction lost against others (deadlock, serialisation failure, busy) and may be run again.
    #[error("the transaction was in the way of others: {0}")]
    Contended(String),
    /// A row holds what nothing here could have written.
    #[error("{table}.{column} of row {id} cannot be read")]
    Corrupt {
        /// The row's table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
    },
    /// Anything else the driver reports: a bug or a wrong schema.
    #[error("the store failed: {0}")]
    Other(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Conflict("key");
        }
        match &error {
            DbErr::ConnectionAcquire(_) => Self::Unavailable(error.to_string()),
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                classify(cause).unwrap_or(Self::Other(error.to_string()))
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

impl StoreError {
    /// Names what a [`Self::Conflict`] is about; other errors stay as they are.
    #[must_use]
    pub fn conflict_is(self, what: &'static str) -> Self {
        if matches!(self, Self::Conflict(_)) { Self::Conflict(what) } else { self }
    }
}

fn classify(error: &sqlx::Error) -> Option<StoreError> {
    let text = error.to_string();
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => return Some(StoreError::Unavailable(text)),
        _ => return None,
    };
    if let Some(mysql) = database.try_downcast_ref::<MySqlDatabaseError>() {
        return match mysql.number() {
            // lock wait timeout, deadlock, record changed since the snapshot (MariaDB)
            1205 | 1213 | 1020 => Some(StoreError::Contended(text)),
            // too many connections, shutdown, killed, read-only, disk full
            1040 | 1053 | 1317 | 1290 | 1836 | 1021 | 3100..=3199 => Some(StoreError::Unavailable(text)),
            _ => None,
        };
    }
    let code = database.code()?;
    match code.as_ref() {
        // PostgreSQL: serialisation failure, deadlock, lock not available. SQLite: busy, locked, busy snapshot.
        "40001" | "40P01" | "55P03" | "5" | "6" | "517" => Some(StoreError::Contended(text)),
        // SQLite: read-only, I/O error, corrupt, full, cannot open (with their extended forms).
        "8" | "10" | "11" | "13" | "14" | "1032" | "1544" | "778" | "266" | "522" | "1290" => {
            Some(StoreError::Unavailable(text))
        }
        // PostgreSQL: connection exceptions, insufficient resources, operator intervention, read-only.
        "25006" => Some(StoreError::Unavailable(text)),
        other if other.len() == 5 && ["08", "53", "57"].contains(&&other[..2]) => {
            Some(StoreError::Unavailable(text))
        }
        _ => None,
    }
}
