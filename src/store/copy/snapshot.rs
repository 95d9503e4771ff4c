//! Reading everything as it was at one moment, page by page.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, Func, Order};

use super::table::{Table, tables};
use super::{CopyFault, PAGE};
use crate::copy::{Digest, Row, Summary, TableSummary, Value};
use crate::store::installation::{self, UNFINISHED_COPY};
use crate::store::{Db, StoreError, Txn};

/// A database as it was when this was taken, whatever is written meanwhile.
#[derive(Debug)]
pub struct Snapshot(Txn);

impl Snapshot {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// [`CopyFault::OtherSchema`] when the schema is not the newest that this program knows.
    pub async fn take(db: &Db) -> Result<Self, CopyFault> {
        super::schema(db).await?;
        Ok(Self(db.snapshot().await?))
    }

    /// Whether it is of a copy that did not come to its end.
    ///
    /// # Errors
    ///
    /// As every read.
    pub async fn is_unfinished(&self) -> Result<bool, StoreError> {
        Ok(installation::read(&self.0, UNFINISHED_COPY).await?.is_some())
    }

    /// Refuses what [`Self::is_unfinished`].
    ///
    /// # Errors
    ///
    /// [`CopyFault::Unfinished`]
    pub async fn require_finished(&self) -> Result<(), CopyFault> {
        if self.is_unfinished().await? { Err(CopyFault::Unfinished) } else { Ok(()) }
    }

    /// Up to [`PAGE`] rows of `table` behind the key `after`.
    ///
    /// # Errors
    ///
    /// As every read.
    pub async fn page(&self, table: &Table, after: Option<&[Value]>) -> Result<Vec<Row>, StoreError> {
        self.page_of(PAGE, table, after).await
    }

    /// As [`Self::page`], up to `most` rows.
    ///
    /// # Errors
    ///
    /// As every read.
    pub async fn page_of(
        &self,
        most: u64,
        table: &Table,
        after: Option<&[Value]>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut page = Vec::new();
        for place in table.behind(after) {
            let missing = most - page.len() as u64;
            if missing == 0 {
                break;
            }
            for row in self.0.query_all(&table.page(place, missing)).await? {
                page.push(table.row(&row)?);
            }
        }
        Ok(page)
    }

    /// How many rows `table` has.
    ///
    /// # Errors
    ///
    /// As every read.
    pub async fn count(&self, table: &Table) -> Result<u64, StoreError> {
        let count = table.select([]).expr(Func::count(Expr::val(1))).take();
        let row = self.0.query_one(&count).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(count.unsigned_abs())
    }

    /// What tells this state from others without reading all of it: how many rows each table has, its first and its
    /// last key, and all keys that sign. It does not see a row that was changed in its place.
    ///
    /// # Errors
    ///
    /// As every read.
    pub async fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        let (mut digest, mut rows) = (Digest::default(), Vec::new());
        for table in tables() {
            let count = self.count(&table).await?;
            let mut told = vec![Value::Int(count.cast_signed())];
            for order in [Order::Asc, Order::Desc] {
                let mut one = table.select(table.key_columns());
                table.key_columns().for_each(|column| {
                    one.order_by(column, order.clone());
                });
                let row = self.0.query_one(&one.limit(1).take()).await?;
                told.extend(row.map(|row| table.read_key(&row)).transpose()?.unwrap_or_default());
            }
            digest.add(table.name, &told);
            if table.name == "signing_keys" {
                self.page(&table, None).await?.iter().for_each(|row| digest.add(table.name, row));
            }
            rows.push((table.name, count));
        }
        let name = digest.value().to_string()[..32].to_owned();
        Ok(Fingerprint { name, rows })
    }

    /// Reads everything and says what it is in short; `seen` is told how many rows were read each time.
    ///
    /// # Errors
    ///
    /// As every read.
    pub async fn summary(&self, mut seen: impl FnMut(u64)) -> Result<Summary, StoreError> {
        self.pages(|_, rows| {
            seen(rows.len() as u64);
            Ok(())
        })
        .await
    }

    /// Reads everything and gives it to `each`, page by page, with the place of its table in [`tables`]; and says what it
    /// was in short.
    ///
    /// # Errors
    ///
    /// As every read, and what `each` returns.
    pub async fn pages<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(usize, &[Row]) -> Result<(), E>,
    ) -> Result<Summary, E> {
        let mut summary = Summary::default();
        for (place, table) in tables().iter().enumerate() {
            let (mut digest, mut after) = (Digest::default(), None);
            loop {
                let rows = self.page(table, after.as_deref()).await?;
                rows.iter().for_each(|row| digest.add(table.name, row));
                each(place, &rows)?;
                match rows.last() {
                    Some(last) => after = Some(table.key(last)),
                    None => break,
                }
            }
            let (table, rows, digest) = (table.name.to_owned(), digest.rows(), digest.value());
            summary.0.push(TableSummary { table, rows, digest });
        }
        Ok(summary)
    }
}

/// See [`Snapshot::fingerprint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// 32 hexadecimal digits, the same for the same state in whatever database.
    pub name: String,
    /// How many rows each table has, in the order of [`tables`].
    pub rows: Vec<(&'static str, u64)>,
}

impl Fingerprint {
    /// All rows together.
    pub fn total(&self) -> u64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }
}
