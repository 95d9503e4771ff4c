//! One workload over many servers: a table with bars, and the percentiles of all.

use super::{latency, time_or_dash};
use crate::bench::format::{percent, rate};
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::{COLOURS, bar};
use crate::bench::result::{Cell, CellOutcome, MatrixResult, RampResult, RunResult};

/// More curves than this in one plot cannot be told apart.
const MOST_CURVES: usize = COLOURS;

/// The table, then the curves.
pub(in crate::bench::report) fn section(page: &mut Markup, matrix: &MatrixResult) {
    let runs: Vec<_> = matrix.runs().collect();
    if let Some((_, run)) = runs.first() {
        let told = format!("{}; {} cells", run.asked(), matrix.cells.len());
        page.leaf("p", &[("class", &"note")], &told);
    }
    let largest =
        |of: fn(&RunResult) -> f64| runs.iter().map(|(_, run)| of(run)).fold(f64::MIN_POSITIVE, f64::max);
    let columns = Columns {
        has_ramps: runs.iter().any(|(_, run)| run.ramp.is_some()),
        has_slices: runs.is_empty() || runs.iter().any(|(_, run)| !run.slices.is_empty()),
        most_answered: largest(answered),
        highest_p99: largest(p99),
        highest_knee: largest(knee),
    };
    page.element("div", &[("class", &"scroll")], |page| {
        page.element("table", &[], |page| {
            page.leaf(
                "caption",
                &[],
                "Each cell of the matrix; longer bars are better for knees and good answers, and worse for p99",
            );
            page.element("thead", &[], |page| {
                page.element("tr", &[], |page| {
                    for axis in &matrix.axes {
                        page.leaf("th", &[("scope", &"col"), ("class", &"left")], axis);
                    }
                    columns.heads().iter().for_each(|head| page.leaf("th", &[("scope", &"col")], head));
                });
            });
            page.element("tbody", &[], |page| matrix.cells.iter().for_each(|cell| row(page, cell, &columns)));
        });
    });
    notes(page, &runs);
    page.element("div", &[("class", &"figures")], |page| {
        let named: Vec<_> = runs.into_iter().filter(|(_, run)| !run.slices.is_empty()).collect();
        named.chunks(MOST_CURVES).for_each(|some| latency::plot(page, some));
    });
}

/// What is told of each cell: the knee of a ramp, the rest of slices.
struct Columns {
    has_ramps: bool,
    has_slices: bool,
    most_answered: f64,
    highest_p99: f64,
    highest_knee: f64,
}

impl Columns {
    fn heads(&self) -> Vec<&'static str> {
        let mut heads = Vec::new();
        if self.has_ramps {
            heads.extend(["knee", "", "p99 at the knee"]);
        }
        if self.has_slices {
            heads.extend(["good answers", "", "p50", "p99", "", "errors"]);
        }
        heads.push("client's ceiling");
        heads
    }
}

/// What whoever reads the numbers should know, by cell.
fn notes(page: &mut Markup, runs: &[(String, &RunResult)]) {
    if runs.iter().all(|(_, run)| run.notes.is_empty()) {
        return;
    }
    page.element("ul", &[("class", &"note")], |page| {
        for (name, run) in runs {
            run.notes.iter().for_each(|note| page.leaf("li", &[], &format!("{name}: {note}")));
        }
    });
}

fn row(page: &mut Markup, cell: &Cell, columns: &Columns) {
    page.element("tr", &[], |page| {
        cell.at.iter().for_each(|value| page.leaf("th", &[("scope", &"row")], value));
        match &cell.outcome {
            CellOutcome::Run(run) => measured(page, run, columns),
            CellOutcome::Failed(why) => {
                let all = columns.heads().len();
                page.leaf("td", &[("class", &"words"), ("colspan", &all)], &format!("not measured: {why}"));
            }
        }
    });
}

fn measured(page: &mut Markup, run: &RunResult, columns: &Columns) {
    if columns.has_ramps {
        let carried = run.ramp.as_ref().and_then(RampResult::carried);
        page.leaf("td", &[], &carried.map_or("–".to_owned(), |step| rate(step.offered_per_second)));
        page.element("td", &[("class", &"bar")], |page| bar(page, knee(run) / columns.highest_knee, 2));
        page.leaf("td", &[], &time_or_dash(carried.and_then(|step| step.p99)));
    }
    if columns.has_slices {
        let (latency, outcomes) = (run.latency(), run.outcomes());
        page.leaf("td", &[], &rate(answered(run)));
        page.element("td", &[("class", &"bar")], |page| bar(page, answered(run) / columns.most_answered, 0));
        page.leaf("td", &[], &time_or_dash(latency.quantile(0.5)));
        page.leaf("td", &[], &time_or_dash(latency.quantile(0.99)));
        page.element("td", &[("class", &"bar")], |page| bar(page, p99(run) / columns.highest_p99, 1));
        page.leaf("td", &[], &percent(outcomes.bad() as f64 / outcomes.total().max(1) as f64));
    }
    page.leaf("td", &[], &rate(run.ceiling.per_second));
}

fn knee(run: &RunResult) -> f64 {
    run.ramp.as_ref().and_then(|ramp| ramp.knee.carried_per_second).unwrap_or(0.0)
}

fn answered(run: &RunResult) -> f64 {
    run.answered_per_second().unwrap_or(0.0)
}

fn p99(run: &RunResult) -> f64 {
    run.latency().quantile(0.99).map_or(0.0, |time| time.as_secs_f64())
}
