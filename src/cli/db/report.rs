//! What a copy says at its end.

use serde::Serialize;

use super::{complain, say, say_tables};
use crate::copy::{Difference, Summary};
use crate::store::copy::{CopyFault, Fingerprint};

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
        say_tables(self.tables);
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

/// What would be copied, whether an earlier copy would go on, and why it would be `refused`.
pub(super) fn print_plan(
    [from, to]: [&str; 2],
    source: &Fingerprint,
    goes_on: bool,
    refused: Option<&CopyFault>,
    json: bool,
) {
    if json {
        let tables: Vec<_> = source
            .rows
            .iter()
            .map(|(table, rows)| serde_json::json!({ "table": table, "rows": rows }))
            .collect();
        let refused = refused.map(ToString::to_string);
        say(
            serde_json::json!({ "from": from, "to": to, "tables": tables, "goes_on": goes_on, "refused": refused }),
        );
        return;
    }
    for (table, rows) in &source.rows {
        say(format_args!("{table:18} {rows:>12} rows"));
    }
    if refused.is_none() {
        let less = if goes_on { ", less those that an earlier copy has brought there" } else { "" };
        say(format_args!("{} rows would be copied from {from} to {to}{less}", source.total()));
    }
}
