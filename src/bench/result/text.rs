//! A result for people, on a terminal.

use std::fmt;

use super::{CellOutcome, MatrixResult, RampResult, RunResult};
use crate::bench::format::{percent, printable, rate, time};
use crate::bench::knee::Shortfall;
use crate::bench::latencies::Latencies;
use crate::bench::recorder::{Outcomes, Stage};

/// So many kinds of error are named.
const MOST_NAMED: usize = 5;

impl fmt::Display for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", printable(&self.asked()))?;
        if let Some(answered) = self.answered_per_second() {
            let outcomes = self.outcomes();
            writeln!(f, "{} answered well, {}{}", rate(answered), errors(&outcomes), named(&outcomes))?;
            writeln!(f, "latency  {}", quantiles(&self.latency()))?;
            writeln!(f, "service  {}", quantiles(&self.service()))?;
            self.stages(f)?;
        }
        if let Some(ramp) = &self.ramp {
            writeln!(f, "ramp     {}", ramp.knee)?;
        }
        let ceiling = self.ceiling;
        let [p50, p99] = [ceiling.p50, ceiling.p99].map(time);
        write!(f, "ceiling  this client reaches {} with p50 {p50} and p99 {p99}", rate(ceiling.per_second))?;
        let used = self.ceiling_share().map(|share| format!("; the run used {} of it", percent(share)));
        writeln!(f, "{}", used.unwrap_or_default())?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note     {}", printable(note)))
    }
}

impl RunResult {
    fn stages(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = |stage: Stage| {
            let mut all = Latencies::new();
            self.slices.iter().for_each(|slice| all.merge(slice.stages.of(stage)));
            Some(format!("{} {}", stage.name(), time(all.mean()?)))
        };
        let means: Vec<_> = Stage::ALL.into_iter().filter_map(mean).collect();
        if means.is_empty() { Ok(()) } else { writeln!(f, "stages   {} on average", means.join(", ")) }
    }
}

impl fmt::Display for MatrixResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.cells.iter().map(|cell| cell.name().chars().count()).max().unwrap_or(0);
        if let Some((_, first)) = self.runs().next() {
            writeln!(f, "{}", printable(&first.asked()))?;
        }
        for cell in &self.cells {
            write!(f, "{:<width$}  ", printable(&cell.name()))?;
            match &cell.outcome {
                CellOutcome::Run(run) => {
                    if let Some(answered) = run.answered_per_second() {
                        let (latency, errors) = (quantiles(&run.latency()), errors(&run.outcomes()));
                        write!(f, "{:>7}  {latency}, {errors}, ", rate(answered))?;
                    }
                    if let Some(ramp) = &run.ramp {
                        write!(f, "{}, ", knee(ramp))?;
                    }
                    writeln!(f, "ceiling {}", rate(run.ceiling.per_second))?;
                    run.notes.iter().try_for_each(|note| writeln!(f, "    note  {}", printable(note)))?;
                }
                CellOutcome::Failed(why) => writeln!(f, "not measured: {}", printable(why))?,
            }
        }
        Ok(())
    }
}

/// The rate that was carried with its 99th percentile, and what the next one lacked.
fn knee(ramp: &RampResult) -> String {
    let mut text = match ramp.carried() {
        Some(step) => {
            let p99 = step.p99.map_or("–".to_owned(), time);
            format!("knee {:>7}  p99 {p99}", rate(step.offered_per_second))
        }
        None => "knee       –".to_owned(),
    };
    match &ramp.knee.next {
        Some((next, lacks)) => {
            let lacks: Vec<_> = lacks.iter().map(Shortfall::name).collect();
            text.push_str(&format!(", not {} ({})", rate(*next), lacks.join(", ")));
        }
        None => text.push_str(", perhaps more"),
    }
    text
}

fn quantiles(times: &Latencies) -> String {
    let told = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (1.0, "slowest")]
        .map(|(share, name)| format!("{name} {}", times.quantile(share).map_or("–".to_owned(), time)));
    told.join(", ")
}

fn errors(outcomes: &Outcomes) -> String {
    format!("{} errors", percent(outcomes.bad() as f64 / outcomes.total().max(1) as f64))
}

/// The most frequent errors.
fn named(outcomes: &Outcomes) -> String {
    let mut errors: Vec<_> = outcomes.errors.iter().collect();
    errors.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let named = errors.iter().take(MOST_NAMED).map(|(name, count)| format!("{} {count}", printable(name)));
    let named: Vec<_> = named.collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) }
}
