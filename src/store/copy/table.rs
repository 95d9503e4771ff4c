//! The tables, read off the entities: what a row is made of, how it is asked for and put in.

use guardhouse_entity as entity;
use sea_orm::sea_query::{DeleteStatement, Expr, ExprTrait, InsertStatement, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ColumnType, Condition, DbErr, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn,
    PrimaryKeyTrait, QueryResult,
};
use uuid::Uuid;

use crate::copy::{Row, Value};
use crate::store::installation::UNFINISHED_COPY;

/// A table with its columns.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    columns: Vec<Column>,
    /// The places of the primary key's columns.
    key: Vec<usize>,
    /// Whether the database numbers its rows.
    pub(super) numbered: bool,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    kind: Kind,
}

/// As what a driver reads and writes a column.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bool,
    Short,
    Int,
    Text,
    Bytes,
    Uuid,
}

/// Every table of the schema but the one that notes the changes of the schema itself. What another table refers to
/// comes before it; `installation`, which is small and whose marks say how far a copy is, comes last.
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<entity::users::Entity>(),
        Table::of::<entity::credentials::Entity>(),
        Table::of::<entity::sessions::Entity>(),
        Table::of::<entity::revocations::Entity>(),
        Table::of::<entity::signing_keys::Entity>(),
        Table::of::<entity::audit_events::Entity>(),
        Table::of::<entity::audit_checkpoints::Entity>(),
        Table::of::<entity::deliveries::Entity>(),
        Table::of::<entity::delivery_cursors::Entity>(),
        Table::of::<entity::dead_letters::Entity>(),
        Table::of::<entity::installation::Entity>(),
    ]
}

impl Table {
    fn of<E: EntityTrait>() -> Self {
        let kind = |kind: &ColumnType| match kind {
            ColumnType::Boolean => Kind::Bool,
            ColumnType::Integer => Kind::Short,
            ColumnType::BigInteger => Kind::Int,
            ColumnType::String(_) | ColumnType::Text => Kind::Text,
            ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => Kind::Bytes,
            ColumnType::Uuid => Kind::Uuid,
            other => {
                unreachable!("the schema has no column of the type {other:?}; give it a place in this list")
            }
        };
        let columns: Vec<_> = E::Column::iter()
            .map(|column| Column { name: column.as_str(), kind: kind(column.def().get_column_type()) })
            .collect();
        let place = |key: E::PrimaryKey| {
            let name = key.into_column().as_str();
            columns.iter().position(|column| column.name == name).expect("a key is made of columns")
        };
        let key = E::PrimaryKey::iter().map(place).collect();
        Self { name: E::default().table_name(), columns, key, numbered: E::PrimaryKey::auto_increment() }
    }

    /// The names of its columns, in the order of a row's values.
    pub fn columns(&self) -> Vec<&'static str> {
        self.columns.iter().map(|column| column.name).collect()
    }

    /// The key of `row`.
    pub fn key(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().filter_map(|&place| row.get(place).cloned()).collect()
    }

    pub(super) fn key_columns(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.key.iter().map(|&place| self.columns[place].name)
    }

    /// Rows that are of the database's contents: not the mark of a copy that goes on into it.
    fn contents(&self) -> Condition {
        let all = Condition::all();
        if self.name == "installation" { all.add(Expr::col("name").ne(UNFINISHED_COPY)) } else { all }
    }

    /// Asks for `columns` of what it holds.
    pub(super) fn select(&self, columns: impl IntoIterator<Item = &'static str>) -> SelectStatement {
        Query::select().columns(columns).from(self.name).cond_where(self.contents()).take()
    }

    /// Asks for the rows of `place`, at most `limit`, in the order of the key as this database has it.
    pub(super) fn page(&self, place: Condition, limit: u64) -> SelectStatement {
        let mut page = self.select(self.columns());
        page.cond_where(place);
        self.key_columns().for_each(|column| {
            page.order_by(column, Order::Asc);
        });
        page.limit(limit).take()
    }

    /// Where the rows behind the key `after` are, one place behind the other: `(a, b) > (x, y)` is `a = x AND b > y`, and then
    /// `a > x`. Asked at once, by a comparison of tuples or by `OR`, a database finds the key's first column in its index and
    /// reads all that share it, for every page of them.
    pub(super) fn behind(&self, after: Option<&[Value]>) -> Vec<Condition> {
        let Some(after) = after else { return vec![Condition::all()] };
        let parts: Vec<_> = self.key.iter().map(|&place| &self.columns[place]).zip(after).collect();
        let behind = |shared: usize| {
            let (column, value) = &parts[shared];
            let same =
                parts[..shared].iter().map(|(column, value)| Expr::col(column.name).eq(column.bound(value)));
            let further = Expr::col(column.name).gt(column.bound(value));
            same.fold(Condition::all(), Condition::add).add(further)
        };
        (0..parts.len()).rev().map(behind).collect()
    }

    /// Removes every row but the fact called `kept`.
    pub(super) fn delete_all_but(&self, kept: &str) -> DeleteStatement {
        let mut delete = Query::delete().from_table(self.name).take();
        if self.name == "installation" {
            delete.and_where(Expr::col("name").ne(kept));
        }
        delete
    }

    /// Puts `rows` in.
    pub(super) fn insert(&self, rows: &[Row]) -> InsertStatement {
        let mut insert = Query::insert().into_table(self.name).columns(self.columns()).take();
        for row in rows {
            let values = self.columns.iter().zip(row);
            insert.values_panic(values.map(|(column, value)| Expr::val(column.bound(value))));
        }
        insert
    }

    /// The most rows of one statement: some databases bind no more than 32,766 values.
    pub(super) fn most_rows(&self) -> usize {
        32_000 / self.columns.len()
    }

    /// The row that was read.
    pub(super) fn row(&self, read: &QueryResult) -> Result<Row, DbErr> {
        self.columns.iter().enumerate().map(|(place, column)| column.read(read, place)).collect()
    }

    /// The key that was read, as its columns in their order.
    pub(super) fn read_key(&self, read: &QueryResult) -> Result<Vec<Value>, DbErr> {
        self.key.iter().enumerate().map(|(at, &place)| self.columns[place].read(read, at)).collect()
    }

    /// Whether `row` is one of this table: a value of the right kind in each column.
    pub fn fits(&self, row: &[Value]) -> bool {
        row.len() == self.columns.len()
            && self.columns.iter().zip(row).all(|(column, value)| column.fits(value))
    }
}

impl Column {
    fn read(&self, row: &QueryResult, place: usize) -> Result<Value, DbErr> {
        let value = match self.kind {
            Kind::Bool => row.try_get_by_index::<Option<bool>>(place)?.map(Value::Bool),
            Kind::Short => row.try_get_by_index::<Option<i32>>(place)?.map(|value| Value::Int(value.into())),
            Kind::Int => row.try_get_by_index::<Option<i64>>(place)?.map(Value::Int),
            Kind::Text => row.try_get_by_index::<Option<String>>(place)?.map(Value::Text),
            Kind::Bytes => row.try_get_by_index::<Option<Vec<u8>>>(place)?.map(Value::Bytes),
            Kind::Uuid => row.try_get_by_index::<Option<Uuid>>(place)?.map(Value::Uuid),
        };
        Ok(value.unwrap_or(Value::Null))
    }

    fn fits(&self, value: &Value) -> bool {
        match (self.kind, value) {
            (_, Value::Null)
            | (Kind::Bool, Value::Bool(_))
            | (Kind::Int, Value::Int(_))
            | (Kind::Text, Value::Text(_))
            | (Kind::Bytes, Value::Bytes(_))
            | (Kind::Uuid, Value::Uuid(_)) => true,
            (Kind::Short, Value::Int(value)) => i32::try_from(*value).is_ok(),
            _ => false,
        }
    }

    /// As the driver takes it. What does not fit was refused by [`Table::fits`] or read from such a column.
    fn bound(&self, value: &Value) -> sea_orm::Value {
        match (self.kind, value) {
            (Kind::Bool, Value::Bool(value)) => (*value).into(),
            (Kind::Short, Value::Int(value)) => i32::try_from(*value).ok().into(),
            (Kind::Int, Value::Int(value)) => (*value).into(),
            (Kind::Text, Value::Text(value)) => value.clone().into(),
            (Kind::Bytes, Value::Bytes(value)) => value.clone().into(),
            (Kind::Uuid, Value::Uuid(value)) => (*value).into(),
            (Kind::Bool, _) => None::<bool>.into(),
            (Kind::Short, _) => None::<i32>.into(),
            (Kind::Int, _) => None::<i64>.into(),
            (Kind::Text, _) => None::<String>.into(),
            (Kind::Bytes, _) => None::<Vec<u8>>.into(),
            (Kind::Uuid, _) => None::<Uuid>.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::SqliteQueryBuilder;

    use super::*;

    /// The number of rows that share the first part of a key has no bound: all events of a server are one chain.
    #[test]
    fn every_page_is_asked_for_by_one_place_in_the_index() {
        let checkpoints = Table::of::<entity::audit_checkpoints::Entity>();
        let after = [Value::Uuid(Uuid::nil()), Value::Int(7), Value::Text("s".into())];
        let asked: Vec<_> = checkpoints
            .behind(Some(&after))
            .into_iter()
            .map(|place| {
                let asked = checkpoints.page(place, 5).to_string(SqliteQueryBuilder);
                let (_, place) = asked.split_once("WHERE ").expect("a place");
                place.split_once(" ORDER BY").expect("an order").0.to_owned()
            })
            .collect();
        let chain = r#""chain" = '00000000-0000-0000-0000-000000000000'"#;
        assert_eq!(
            asked,
            [
                format!(r#"{chain} AND "seq" = 7 AND "statement" > 's'"#),
                format!(r#"{chain} AND "seq" > 7"#),
                chain.replace('=', ">"),
            ]
        );
        assert_eq!(checkpoints.behind(None).len(), 1);
    }
}
