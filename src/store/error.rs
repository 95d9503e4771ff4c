//! What can go wrong in a store, read from the drivers' codes, so that nobody above has to know a driver.

use sea_orm::{DbErr, RuntimeErr, SqlErr};
use sqlx::mysql::MySqlDatabaseError;
use sqlx::sqlite::SqliteError;

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
            // lock wait timeout, deadlock, record changed since the snapshot (MariaDB), group replication rollback
            1205 | 1213 | 1020 | 3101 => Some(StoreError::Contended(text)),
            // too many connections (of all, of the user), limits, shutdown, killed, timeout, node not ready, read-only, full
            1040 | 1203 | 1226 | 1053 | 1317 | 1969 | 3024 | 1047 | 1290 | 1836 | 1021 | 1114 => {
                Some(StoreError::Unavailable(text))
            }
            _ => None,
        };
    }
    let code = database.code()?;
    if database.try_downcast_ref::<SqliteError>().is_some() {
        // The low octet is the primary code, what lies above says more.
        return match code.parse::<u32>().ok()? & 0xff {
            SQLITE_BUSY | SQLITE_LOCKED => Some(StoreError::Contended(text)),
            SQLITE_READONLY | SQLITE_IOERR | SQLITE_CORRUPT | SQLITE_FULL | SQLITE_CANTOPEN => {
                Some(StoreError::Unavailable(text))
            }
            _ => None,
        };
    }
    match code.as_ref() {
        // PostgreSQL: serialisation failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Some(StoreError::Contended(text)),
        // Read-only; connection exceptions, insufficient resources, operator intervention.
        "25006" => Some(StoreError::Unavailable(text)),
        other if ["08", "53", "57"].iter().any(|class| other.starts_with(class)) => {
            Some(StoreError::Unavailable(text))
        }
        _ => None,
    }
}

const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
