//! The database: connected once, shared by every thread, with one way to run a transaction.

mod group;
mod observe;
mod vitals;

use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;
use guardhouse_migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseExecutor, DatabaseTransaction,
    DbBackend, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use secrecy::ExposeSecret;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use group::GroupWriter;
use observe::{noted, timed};
pub use vitals::DatabaseVitals;

use super::StoreError;
use crate::config;

/// An open transaction; store functions take it wherever they take a pool.
pub type Txn = DatabaseTransaction;

/// What is done in a transaction, with a context of the caller's: `|txn, context| async move { … }.boxed()`. It may
/// be done more than once, so it borrows the context and changes nothing but the database.
pub trait Work<C, T>:
    for<'t> Fn(&'t Txn, &'t C) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static
{
}

impl<C, T, F> Work<C, T> for F where
    F: for<'t> Fn(&'t Txn, &'t C) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static
{
}

/// How often a transaction that lost against others is run again.
const RERUNS: u32 = 3;

/// Connections are renewed after this long, so that a fail-over or a new address is noticed.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The longest that whoever serves requests waits.
const HURRIED: Patience = Patience {
    connection: Duration::ZERO,
    statement: Duration::from_secs(5),
    transaction: Duration::from_secs(10),
};

/// The longest that whoever reads or writes all there is waits.
const UNHURRIED: Patience = Patience {
    connection: Duration::from_secs(60),
    statement: Duration::from_secs(3_600),
    transaction: Duration::from_secs(3_600),
};

/// So much of a SQLite file is read where the kernel has it, and not copied page by page into each connection, whose own cache
/// holds the pages of a few hundred accounts. It is address space, and no memory that is taken.
const MAPPED: &str = "1073741824";

/// How long a connection to SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that are idle for longer are tested before they are used: the server may have gone meanwhile.
const TEST_WHEN_IDLE_FOR: Duration = Duration::from_secs(1);

/// How long somebody waits.
#[derive(Clone, Copy)]
struct Patience {
    /// For a connection, at least: the configuration may say more.
    connection: Duration,
    /// For a single statement, before the database is asked to give up.
    statement: Duration,
    /// For a transaction or a single write, the wait for a connection included.
    transaction: Duration,
}

/// A connected database.
///
/// SQLite takes one writer at a time and fails those who compete, so there all writes go through one connection,
/// whose owner commits for many at once, and reads through others; elsewhere both are one pool.
#[derive(Debug, Clone)]
pub struct Db {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    group: Option<GroupWriter>,
    /// The longest a transaction or a single write may take, the wait for a connection included.
    longest: Duration,
}

/// One change of the schema and whether it was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// The change's name.
    pub name: String,
    /// Whether this database has it.
    pub applied: bool,
}

impl Db {
    /// Connects. The runtime this is called on must outlive every use: it owns the connections' sockets.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the database cannot be reached within the acquire timeout.
    pub async fn connect(settings: &config::Database) -> Result<Self, StoreError> {
        Self::connect_with(settings, HURRIED).await
    }

    /// As [`Self::connect`], for what reads or writes all there is while nobody waits: a statement may take an hour, and a busy
    /// server a minute to let it in.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`].
    pub async fn connect_unhurried(settings: &config::Database) -> Result<Self, StoreError> {
        Self::connect_with(settings, UNHURRIED).await
    }

    async fn connect_with(settings: &config::Database, patience: Patience) -> Result<Self, StoreError> {
        let url = settings.url.expose_secret();
        let acquire_timeout = settings.acquire_timeout.max(patience.connection);
        let lifetime = (!matches!(settings.backend, config::Backend::Sqlite)).then_some(CONNECTION_LIFETIME);
        let connect = async |connections: u32| {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(connections)
                .connect_timeout(acquire_timeout)
                .acquire_timeout(acquire_timeout)
                .statement_timeout(patience.statement)
                .test_before_acquire_if_idle_for(TEST_WHEN_IDLE_FOR)
                // SQLite in memory is gone with its connection, and a local file gains nothing from a new one.
                .max_lifetime(lifetime)
                .idle_timeout(lifetime)
                .sqlx_logging(false)
                .map_sqlx_sqlite_opts(|sqlite| {
                    sqlite
                        .journal_mode(SqliteJournalMode::Wal)
                        .synchronous(SqliteSynchronous::Full)
                        .pragma("mmap_size", MAPPED)
                        .busy_timeout(BUSY_TIMEOUT)
                });
            Database::connect(options).await.map_err(|error| match StoreError::from(error) {
                StoreError::Other(reason) => StoreError::Unavailable(reason),
                known => known,
            })
        };
        let (mut reader, writer) = match settings.backend {
            // A database in memory exists once per connection.
            config::Backend::Sqlite if url.contains(":memory:") || url.contains("mode=memory") => {
                let only = connect(1).await?;
                (only.clone(), only)
            }
            config::Backend::Sqlite => {
                let writer = connect(1).await?;
                (connect(settings.pool).await?, writer)
            }
            config::Backend::Postgres | config::Backend::MySql => {
                let pool = connect(settings.pool).await?;
                (pool.clone(), pool)
            }
        };
        reader.set_metric_callback(|done| noted("read", done.elapsed));
        let group =
            matches!(settings.backend, config::Backend::Sqlite).then(|| GroupWriter::start(writer.clone()));
        Ok(Self { reader, writer, group, longest: patience.transaction })
    }

    /// For reading outside a transaction.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For writing with a single statement, which is a transaction by itself.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Runs `work` in a transaction: committed when it returns `Ok`, rolled back when it returns `Err`, run again up to
    /// three times when it lost against others.
    ///
    /// Inside are store functions only. No hashing, no actor, no network: a connection is held meanwhile.
    ///
    /// # Errors
    ///
    /// What `work` returns, or what the database says to the commit. After [`StoreError::Unavailable`], and when this
    /// future is dropped, it is not known whether the commit took place.
    pub async fn atomically<C, T, F>(&self, context: C, work: F) -> Result<T, StoreError>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<C, T>,
    {
        timed("transaction", async {
            match &self.group {
                Some(group) => group.write(context, work).await,
                None => rerun(|| self.in_time(self.once(&context, &work))).await,
            }
        })
        .await
    }

    /// Runs `work`, which is a single statement and so a transaction by itself. Where commits are grouped it shares
    /// one with others.
    ///
    /// # Errors
    ///
    /// What the statement returns; see [`Self::atomically`].
    pub async fn write<C, T, F>(&self, context: C, work: F) -> Result<T, StoreError>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(DatabaseExecutor<'t>, &'t C) -> BoxFuture<'t, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        timed("write", async {
            match &self.group {
                Some(group) => {
                    group.write(context, move |txn: &Txn, context: &C| work(txn.into(), context)).await
                }
                None => rerun(|| self.in_time(work((&self.writer).into(), &context))).await,
            }
        })
        .await
    }

    /// A transaction that sees everything as it was when it first read, and writes nothing. In SQLite every transaction
    /// does, and knows no word for it.
    ///
    /// # Errors
    ///
    /// As every read.
    pub(super) async fn snapshot(&self) -> Result<Txn, StoreError> {
        let options = match self.reader.get_database_backend() {
            DbBackend::Sqlite => TransactionOptions::default(),
            _ => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        Ok(self.reader.begin_with_options(options).await?)
    }

    async fn once<C, T>(&self, context: &C, work: &impl Work<C, T>) -> Result<T, StoreError> {
        let txn = self.writer.begin().await?;
        match work(&txn, context).await {
            Ok(value) => {
                txn.commit().await?;
                Ok(value)
            }
            Err(error) => {
                // The connection rolls back when it is returned in any case; what counts is the first error.
                let _ = txn.rollback().await;
                Err(error)
            }
        }
    }

    /// Whether the database answers, for reading and for writing.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.ping().await?;
        Ok(self.writer.ping().await?)
    }

    /// Applies every change of the schema that is missing.
    ///
    /// # Errors
    ///
    /// The database's refusal; changes already applied stay.
    pub async fn migrate_up(&self) -> Result<(), StoreError> {
        Ok(Migrator::up(&self.writer, None).await?)
    }

    /// Reverts the last `steps` changes of the schema.
    ///
    /// # Errors
    ///
    /// The database's refusal; changes already reverted stay so.
    pub async fn migrate_down(&self, steps: u32) -> Result<(), StoreError> {
        Ok(Migrator::down(&self.writer, Some(steps)).await?)
    }

    /// Every change of the schema, oldest first. Nothing is written for that, not even the table that notes them.
    ///
    /// # Errors
    ///
    /// When the database cannot say.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>, StoreError> {
        let migrations = Migrator::get_migration_with_status_read_only(&self.writer).await?;
        let state = |m: &guardhouse_migration::Change| MigrationState {
            name: m.name().to_owned(),
            applied: m.status() == MigrationStatus::Applied,
        };
        Ok(migrations.iter().map(state).collect())
    }

    /// A host that is gone sends no error; nobody may wait for it for ever.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let done = tokio::time::timeout(self.longest, work).await;
        done.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))
    }

    /// Closes every connection once it is free.
    pub async fn close(&self) {
        let _ = self.reader.close_by_ref().await;
        let _ = self.writer.close_by_ref().await;
    }
}

/// SQLite's transactions that will write say so at once: one that began by reading could not go on behind another.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// Runs what `attempt` begins until it no longer loses against others, but not more than three times again.
async fn rerun<T, W: Future<Output = Result<T, StoreError>>>(
    attempt: impl Fn() -> W,
) -> Result<T, StoreError> {
    let mut reruns = 0;
    loop {
        match attempt().await {
            Err(StoreError::Contended(_)) if reruns < RERUNS => reruns += 1,
            outcome => return outcome,
        }
    }
}
