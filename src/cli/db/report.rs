//! What a copy says at its end.

use serde::Serialize;

use super::{complain, say};
use crate::copy::{Difference, Summary};
use crate::store::copy::Fingerprint;

/// What came of it.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) same: bool,
    pub(super) tables: &'a Summary,
    pub(super) differences: Vec<Difference>,
    /// Rows that this run has copied.
    pub(super) copied: u64,
    /// Rows that an earlier one had.
    pub(super) resumed: u64,
    pub(super) seconds: f64,
}

impl Report<'_> {
    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            say(serde_json::to_string(self)?);
            return Ok(());
        }
        for table in &self.tables.0 {
            say(format_args!("{:18} {:>12} rows  {}", table.table, table.rows, table.digest));
        }
        for difference in &self.differences {
            complain(format_args!("{difference}"));
        }
        if self.copied + self.resumed > 0 {
            let before =
                if self.resumed > 0 { format!(", {} had been before", self.resumed) } else { String::new() };
            say(format_args!("{} rows were copied{before}, in {:.1} s", self.copied, self.seconds));
        }
        if self.same {
            say(format_args!("{} and {} hold the same", self.from, self.to));
        } else {
            complain(format_args!("{} and {} do not hold the same", self.from, self.to));
        }
        Ok(())
    }
}

/// What would be copied; `there` are the tables of the target that have rows.
pub(super) fn print_plan(from: &str, to: &str, source: &Fingerprint, there: &[&str], json: bool) {
    if json {
        let tables: Vec<_> = source
            .rows
            .iter()
            .map(|(table, rows)| serde_json::json!({ "table": table, "rows": rows }))
            .collect();
        say(serde_json::json!({ "from": from, "to": to, "tables": tables, "occupied": there }));
        return;
    }
    for (table, rows) in &source.rows {
        say(format_args!("{table:18} {rows:>12} rows"));
    }
    say(format_args!("{} rows would be copied from {from} to {to}", source.total()));
}
