//! One file for each thing that is told.

pub(super) mod about;
pub(super) mod comparison;
pub(super) mod errors;
pub(super) mod latency;
pub(super) mod matrix;
pub(super) mod overview;
pub(super) mod ramp;
pub(super) mod resources;
pub(super) mod stages;
pub(super) mod timeline;

use std::time::Duration;

use crate::bench::format::time;

/// A table of a series has no more rows than this; every so many seconds then.
const MOST_ROWS: usize = 30;

/// A time, or a dash where there is none.
fn time_or_dash(value: Option<Duration>) -> String {
    value.map_or_else(|| "–".to_owned(), time)
}

/// Every so many, so that at most [`MOST_ROWS`] are left.
fn thinned<T>(rows: Vec<T>) -> Vec<T> {
    let every = rows.len().div_ceil(MOST_ROWS).max(1);
    rows.into_iter().step_by(every).collect()
}

/// Beside a table that [`thinned`] may have cut.
fn caption(what: &str, rows: usize) -> String {
    match rows.div_ceil(MOST_ROWS) {
        0 | 1 => what.to_owned(),
        every => format!("{what}; one row of every {every}"),
    }
}
