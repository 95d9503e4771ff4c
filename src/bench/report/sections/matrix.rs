//! One workload over many servers: a table with bars, and the percentiles of all.

use super::{latency, time_or_dash};
use crate::bench::format::{percent, rate};
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::{COLOURS, bar};
use crate::bench::result::{Cell, CellOutcome, MatrixResult, RunResult};

/// More curves than this in one plot cannot be told apart.
const MOST_CURVES: usize = COLOURS;

/// The table, then the curves.
pub(in crate::bench::report) fn section(page: &mut Markup, matrix: &MatrixResult) {
    let runs: Vec<_> = matrix.runs().collect();
    if let Some((_, run)) = runs.first() {
        let workload = &run.workload;
        let told = format!(
            "{}, {}, {} connections; {} cells",
            workload.action,
            workload.load,
            workload.connections,
            matrix.cells.len()
        );
        page.leaf("p", &[("class", &"note")], &told);
    }
    let largest =
        |of: fn(&RunResult) -> f64| runs.iter().map(|(_, run)| of(run)).fold(f64::MIN_POSITIVE, f64::max);
    let most = [largest(answered), largest(p99)];
    page.element("div", &[("class", &"scroll")], |page| {
        page.element("table", &[], |page| {
            page.leaf(
                "caption",
                &[],
                "Each cell of the matrix; longer bars are better for good answers and worse for p99",
            );
            page.element("thead", &[], |page| {
                page.element("tr", &[], |page| {
                    let heads = ["good answers", "", "p50", "p99", "", "errors", "client's ceiling"];
                    for axis in &matrix.axes {
                        page.leaf("th", &[("scope", &"col"), ("class", &"left")], axis);
                    }
                    heads.iter().for_each(|head| page.leaf("th", &[("scope", &"col")], head));
                });
            });
            page.element("tbody", &[], |page| matrix.cells.iter().for_each(|cell| row(page, cell, most)));
        });
    });
    page.element("div", &[("class", &"figures")], |page| {
        let named: Vec<(String, &RunResult)> = runs;
        named.chunks(MOST_CURVES).for_each(|some| latency::plot(page, some));
    });
}

fn row(page: &mut Markup, cell: &Cell, most: [f64; 2]) {
    page.element("tr", &[], |page| {
        cell.at.iter().for_each(|value| page.leaf("th", &[("scope", &"row")], value));
        match &cell.outcome {
            CellOutcome::Run(run) => measured(page, run, most),
            CellOutcome::Failed(why) => {
                page.leaf("td", &[("class", &"words"), ("colspan", &7)], &format!("not measured: {why}"));
            }
        }
    });
}

fn measured(page: &mut Markup, run: &RunResult, most: [f64; 2]) {
    let (latency, outcomes) = (run.latency(), run.outcomes());
    page.leaf("td", &[], &rate(answered(run)));
    page.element("td", &[("class", &"bar")], |page| bar(page, answered(run) / most[0], 0));
    page.leaf("td", &[], &time_or_dash(latency.quantile(0.5)));
    page.leaf("td", &[], &time_or_dash(latency.quantile(0.99)));
    page.element("td", &[("class", &"bar")], |page| bar(page, p99(run) / most[1], 1));
    page.leaf("td", &[], &percent(outcomes.bad() as f64 / outcomes.total().max(1) as f64));
    page.leaf("td", &[], &rate(run.ceiling.per_second));
}

fn answered(run: &RunResult) -> f64 {
    run.answered_per_second().unwrap_or(0.0)
}

fn p99(run: &RunResult) -> f64 {
    run.latency().quantile(0.99).map_or(0.0, |time| time.as_secs_f64())
}
