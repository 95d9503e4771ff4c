//! What a database says of itself, for whoever looks after it.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Db;
use crate::domain::clock::Timestamp;
use crate::store::StoreError;

/// What is worth knowing of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseVitals {
    /// As it calls itself, such as `PostgreSQL 15.3`.
    pub version: String,
    /// Its clock; `None` where it has none of its own.
    pub now: Option<Timestamp>,
    /// The settings that decide whether a commit survives a crash, by name.
    pub durability: Vec<(&'static str, String)>,
}

impl Db {
    /// What the database says of itself.
    ///
    /// # Errors
    ///
    /// As every read.
    pub async fn vitals(&self) -> Result<DatabaseVitals, StoreError> {
        match self.reader.get_database_backend() {
            DbBackend::Sqlite => {
                let version = self.text("select 'SQLite ' || sqlite_version()").await?;
                let synchronous =
                    self.text("select cast(synchronous as text) from pragma_synchronous").await?;
                let journal = self.text("select journal_mode from pragma_journal_mode").await?;
                Ok(DatabaseVitals {
                    version,
                    now: None,
                    durability: vec![("journal_mode", journal), ("synchronous", synchronous)],
                })
            }
            DbBackend::MySql => {
                let millis = "select cast(cast(unix_timestamp(now(3)) * 1000 as signed) as char)";
                let setting = async |name: &'static str| {
                    Ok::<_, StoreError>((name, self.text(&format!("select cast(@@{name} as char)")).await?))
                };
                Ok(DatabaseVitals {
                    version: self
                        .text("select concat(if(version() like '%MariaDB%', '', 'MySQL '), version())")
                        .await?,
                    now: Some(self.clock(millis).await?),
                    durability: vec![setting("innodb_flush_log_at_trx_commit").await?],
                })
            }
            _ => {
                let millis =
                    "select cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)::text";
                let setting = async |name: &'static str| {
                    Ok::<_, StoreError>((
                        name,
                        self.text(&format!("select current_setting('{name}')")).await?,
                    ))
                };
                Ok(DatabaseVitals {
                    version: format!(
                        "PostgreSQL {}",
                        self.text("select current_setting('server_version')").await?
                    ),
                    now: Some(self.clock(millis).await?),
                    durability: vec![
                        setting("fsync").await?,
                        setting("full_page_writes").await?,
                        setting("synchronous_commit").await?,
                    ],
                })
            }
        }
    }

    async fn text(&self, query: &str) -> Result<String, StoreError> {
        let statement = Statement::from_string(self.writer.get_database_backend(), query);
        let row = self.writer.query_one_raw(statement).await?;
        let row = row.ok_or_else(|| StoreError::Other(format!("no answer to {query}")))?;
        Ok(row.try_get_by_index(0)?)
    }

    async fn clock(&self, millis: &str) -> Result<Timestamp, StoreError> {
        let text = self.text(millis).await?;
        let millis: i64 = text.parse().map_err(|_| StoreError::Other(format!("{text} is no time")))?;
        Ok(Timestamp::from_micros(millis.saturating_mul(1_000)))
    }
}
