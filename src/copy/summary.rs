//! What is in a database, in short: enough to tell whether two hold the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::digest::Hash;

/// One table in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSummary {
    /// The table.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// The digest of all of them.
    pub digest: Hash,
}

/// All tables in short, in the order in which they are copied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary(pub Vec<TableSummary>);

/// A table that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub table: String,
    /// What it is here, if it is there at all.
    pub one: Option<(u64, Hash)>,
    /// What it is there.
    pub other: Option<(u64, Hash)>,
}

impl Summary {
    /// All rows together.
    pub fn rows(&self) -> u64 {
        self.0.iter().map(|table| table.rows).sum()
    }

    /// In which tables this and `other` differ.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let find = |summary: &Self, name: &str| {
            let found = summary.0.iter().find(|table| table.table == name);
            found.map(|table| (table.rows, table.digest))
        };
        let only_there = other.0.iter().filter(|table| find(self, &table.table).is_none());
        let names = self.0.iter().chain(only_there).map(|table| &table.table);
        names
            .map(|name| Difference { table: name.clone(), one: find(self, name), other: find(other, name) })
            .filter(|difference| difference.one != difference.other)
            .collect()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = |side: &Option<(u64, Hash)>| match side {
            Some((rows, digest)) => format!("{rows} rows, digest {digest}"),
            None => "no such table".to_owned(),
        };
        write!(f, "{}: {}, and {}", self.table, rows(&self.one), rows(&self.other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(tables: &[(&str, u64, u8)]) -> Summary {
        let table = |&(name, rows, digest): &(&str, u64, u8)| TableSummary {
            table: name.to_owned(),
            rows,
            digest: Hash([digest; 32]),
        };
        Summary(tables.iter().map(table).collect())
    }

    #[test]
    fn only_the_tables_that_differ_are_named() {
        let one = summary(&[("users", 2, 1), ("sessions", 3, 1), ("keys", 1, 1)]);
        assert_eq!(one.differences(&one), []);
        let other = summary(&[("users", 2, 1), ("sessions", 3, 2), ("audit", 0, 0)]);
        let named: Vec<_> = one.differences(&other).into_iter().map(|one| one.table).collect();
        assert_eq!(named, ["sessions", "keys", "audit"]);
        assert!(one.differences(&other)[1].to_string().ends_with("and no such table"));
        assert_eq!(one.rows(), 6);
    }
}
