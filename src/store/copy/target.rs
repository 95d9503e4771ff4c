//! Writing everything into an empty database, so that whoever is interrupted goes on where they were.
//!
//! How far the copy is stands in the target itself, in a row of `installation` that is written in the transaction of
//! the rows that it speaks of. A server does not start on a database that has it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, DbBackend};

use super::table::{Table, tables};
use super::{CopyFault, occupied};
use crate::copy::{Row, Value, row};
use crate::store::installation::{self, UNFINISHED_COPY};
use crate::store::{Db, StoreError, Txn};

/// How far a copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The place in [`tables`] of the one that is being copied.
    pub table: usize,
    /// The key of its last row that was copied.
    pub after: Option<Vec<Value>>,
}

/// A database that is being filled.
#[derive(Debug)]
pub struct Target {
    db: Db,
    /// Names what it is filled from.
    origin: String,
}

impl Target {
    /// Whether [`Self::open`] would take `db`, once its schema was made where there is none; and where it would go on, if
    /// it were not from the beginning. Writes nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn look(db: &Db, origin: &str) -> Result<Option<Position>, CopyFault> {
        let changes = super::changes(db).await?;
        if super::is_none(&changes) {
            return Ok(None);
        }
        super::newest(&changes)?;
        if let Some(mark) = installation::read(db.reader(), UNFINISHED_COPY).await? {
            return parse(&mark, origin).map(Some);
        }
        let there = occupied(db).await?;
        if there.is_empty() { Ok(None) } else { Err(CopyFault::NotEmpty(there.join(", "))) }
    }

    /// Begins to fill `db` from what `origin` names (up to 64 characters without a blank), or goes on; and from where.
    ///
    /// # Errors
    ///
    /// [`CopyFault::NotEmpty`], [`CopyFault::OtherOrigin`], [`CopyFault::OtherSchema`].
    pub async fn open(db: Db, origin: String) -> Result<(Self, Position), CopyFault> {
        super::make_schema_where_there_is_none(&db).await?;
        if let Some(position) = Self::look(&db, &origin).await? {
            return Ok((Self { db, origin }, position));
        }
        let begin = Position { table: 0, after: None };
        let mark = spell(&origin, &begin);
        db.atomically(mark, |txn, mark| installation::write(txn, UNFINISHED_COPY, mark).boxed()).await?;
        Ok((Self { db, origin }, begin))
    }

    /// Adds `rows` to the table at `place` of [`tables`]; with them it is noted that everything up to the last one is
    /// there.
    ///
    /// # Errors
    ///
    /// As every write; nothing of it is there then.
    pub async fn append(&self, place: usize, rows: Vec<Row>) -> Result<(), StoreError> {
        let table = tables().swap_remove(place);
        let after = rows.last().map(|row| table.key(row));
        let mark = spell(&self.origin, &Position { table: place, after });
        self.db
            .atomically((table, rows, mark), |txn, (table, rows, mark)| {
                insert(txn, table, rows, mark).boxed()
            })
            .await
    }

    /// Lets the database number new rows behind those that were copied, and removes the mark: a server may start now.
    ///
    /// # Errors
    ///
    /// As every write; the mark is still there then.
    pub async fn finish(self) -> Result<(), StoreError> {
        self.db
            .atomically((), |txn, ()| {
                async move {
                    for table in tables().iter().filter(|table| table.numbered) {
                        number_behind(txn, table).await?;
                    }
                    installation::remove(txn, UNFINISHED_COPY).await
                }
                .boxed()
            })
            .await
    }
}

async fn insert(txn: &Txn, table: &Table, rows: &[Row], mark: &str) -> Result<(), StoreError> {
    for some in rows.chunks(table.most_rows()) {
        txn.execute(&table.insert(some)).await?;
    }
    installation::write(txn, UNFINISHED_COPY, mark).await
}

/// Only PostgreSQL counts apart from the rows: the others number behind the greatest there is.
async fn number_behind(txn: &Txn, table: &Table) -> Result<(), StoreError> {
    if txn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    for column in table.key_columns() {
        let name = table.name;
        txn.execute_unprepared(&format!(
            "SELECT setval(pg_get_serial_sequence('{name}', '{column}'), greatest(max({column}), 1), max({column}) IS NOT NULL) \
             FROM {name}"
        ))
        .await?;
    }
    Ok(())
}

fn spell(origin: &str, position: &Position) -> String {
    let mut mark = format!("{origin} {}", tables()[position.table].name);
    if let Some(after) = &position.after {
        let mut key = Vec::new();
        row::encode(after, &mut key);
        mark.push(' ');
        URL_SAFE_NO_PAD.encode_string(key, &mut mark);
    }
    mark
}

fn parse(mark: &str, wanted: &str) -> Result<Position, CopyFault> {
    let corrupt =
        || StoreError::Corrupt { table: "installation", column: "value", id: UNFINISHED_COPY.to_owned() };
    let mut words = mark.split(' ');
    if words.next() != Some(wanted) {
        return Err(CopyFault::OtherOrigin);
    }
    let (tables, name) = (tables(), words.next().ok_or_else(corrupt)?);
    let table = tables.iter().position(|table| table.name == name).ok_or_else(corrupt)?;
    let key = |text| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        row::decode(&bytes, tables[table].key_columns().count()).ok()
    };
    let after = words.next().map(|text| key(text).ok_or_else(corrupt)).transpose()?;
    Ok(Position { table, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_it_was_told_and_only_to_those_it_is_for() {
        let origin = "0123456789abcdef0123456789abcdef";
        let key = vec![Value::Uuid(uuid::Uuid::max()), Value::Int(i64::MIN), Value::Text("reached".into())];
        let named =
            |name: &str| tables().iter().position(|table| table.name == name).expect("there is such a table");
        let checkpoints = named("audit_checkpoints");
        for position in
            [Position { table: 0, after: None }, Position { table: checkpoints, after: Some(key) }]
        {
            let mark = spell(origin, &position);
            assert!(mark.len() <= 255, "{mark}");
            assert_eq!(parse(&mark, origin).expect("a mark"), position);
            assert!(matches!(parse(&mark, "fedcba"), Err(CopyFault::OtherOrigin)));
        }
        for broken in ["o", "o none", "o users !", "o users Ag", "o users AAA"] {
            assert!(matches!(parse(broken, "o"), Err(CopyFault::Store(_))), "{broken}");
        }
        // The longest keys of a text: see the migrations.
        let id = Value::Uuid(uuid::Uuid::max());
        for (table, length, more) in
            [("signing_keys", 128, None), ("installation", 64, None), ("dead_letters", 64, Some(id))]
        {
            let after = [Value::Text("k".repeat(length))].into_iter().chain(more).collect();
            let mark = spell(origin, &Position { table: named(table), after: Some(after) });
            assert!(mark.len() <= 255, "{mark}");
        }
    }
}
