//! Ours against the bare thing.
//!
//! criterion measures one contestant after the other, and on a machine that others use too the second may meet other
//! weather than the first. So each contestant gets its absolute figure from criterion, and then all of a contest take
//! turns in short slices; a ratio comes from two slices side by side, and told is the median of many.

use std::sync::Mutex;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode};

use super::is_trial;

/// Does its work so many times and says how long that took.
type Run<'a> = Box<dyn FnMut(u64) -> Duration + 'a>;

struct Contestant<'a> {
    name: &'static str,
    /// The least ratio to the yardstick that is good enough.
    budget: Option<f64>,
    run: Run<'a>,
}

/// One yardstick and those that are measured by it.
pub(crate) struct Contest<'a> {
    name: String,
    slice: Duration,
    rounds: usize,
    /// The yardstick is the first.
    contestants: Vec<Contestant<'a>>,
}

static SUMMARY: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl<'a> Contest<'a> {
    /// `yardstick` is the bare thing.
    pub(crate) fn new(
        name: impl Into<String>,
        yardstick: &'static str,
        run: impl FnMut(u64) -> Duration + 'a,
    ) -> Self {
        let first = Contestant { name: yardstick, budget: None, run: Box::new(run) };
        Self { name: name.into(), slice: Duration::from_millis(40), rounds: 15, contestants: vec![first] }
    }

    /// Slices this long, for what needs a while to get under way.
    pub(crate) fn in_slices_of(mut self, slice: Duration) -> Self {
        self.slice = slice;
        self
    }

    /// One more that is measured by the yardstick.
    pub(crate) fn against(mut self, name: &'static str, run: impl FnMut(u64) -> Duration + 'a) -> Self {
        self.contestants.push(Contestant { name, budget: None, run: Box::new(run) });
        self
    }

    /// The one that is to reach `budget` times the yardstick's rate.
    pub(crate) fn within(
        mut self,
        budget: f64,
        name: &'static str,
        run: impl FnMut(u64) -> Duration + 'a,
    ) -> Self {
        self.contestants.push(Contestant { name, budget: Some(budget), run: Box::new(run) });
        self
    }

    /// Holds the contest. With a filter that leaves one of them out there are no ratios.
    pub(crate) fn hold(mut self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(&self.name);
        group
            .sample_size(10)
            .sampling_mode(SamplingMode::Flat)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1).max(self.slice * 5));
        let mut ran = 0;
        for contestant in &mut self.contestants {
            let mut asked = false;
            group.bench_function(BenchmarkId::from_parameter(contestant.name), |bencher| {
                asked = true;
                bencher.iter_custom(|iterations| (contestant.run)(iterations));
            });
            ran += usize::from(asked);
        }
        group.finish();
        if ran == self.contestants.len() && !is_trial() {
            self.take_turns();
        }
    }

    fn take_turns(&mut self) {
        let slice = self.slice;
        let sizes: Vec<u64> =
            self.contestants.iter_mut().map(|one| iterations_in(slice, &mut one.run)).collect();
        let count = self.contestants.len();
        let mut times = vec![Vec::with_capacity(self.rounds); count];
        for round in 0..self.rounds {
            for turn in 0..count {
                let at = (round + turn) % count;
                let took = (self.contestants[at].run)(sizes[at]);
                times[at].push(took.as_nanos() as f64 / sizes[at] as f64);
            }
        }
        let yardstick = &self.contestants[0];
        for (one, took) in self.contestants.iter().zip(&times).skip(1) {
            let mut ratios: Vec<f64> = times[0].iter().zip(took).map(|(bare, ours)| bare / ours).collect();
            ratios.sort_by(f64::total_cmp);
            let [low, median, high] = [1, 2, 3].map(|quarter| ratios[(ratios.len() - 1) * quarter / 4]);
            let budget = one.budget.map_or("".to_owned(), |budget| {
                format!("≥ {budget:.2} {}", if median >= budget { "met" } else { "missed" })
            });
            note(format!(
                "| {} | {} ({}) | {} ({}) | {median:.2} ({low:.2}–{high:.2}) | {budget} |",
                self.name,
                one.name,
                unit(typical(took)),
                yardstick.name,
                unit(typical(&times[0])),
            ));
        }
    }
}

/// How many iterations fill `slice`, found by trying.
fn iterations_in(slice: Duration, run: &mut Run<'_>) -> u64 {
    let mut iterations = 1;
    loop {
        // The best of three: one that had to wait for a processor says nothing.
        let took = (0..3).map(|_| run(iterations)).min().unwrap_or_default();
        if took * 3 >= slice || iterations > 1 << 40 {
            let scaled = iterations as f64 * slice.as_secs_f64() / took.as_secs_f64().max(1e-9);
            return (scaled as u64).max(1);
        }
        iterations *= 4;
    }
}

fn typical(nanos: &[f64]) -> f64 {
    let mut sorted = nanos.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn unit(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

/// A line for the end of the run; printed at once, too, so that a later fault does not take it along.
#[expect(clippy::print_stdout, reason = "the figures are what a bench is for")]
pub(crate) fn note(line: String) {
    println!("{line}");
    SUMMARY.lock().expect("nothing panics while it holds the lines").push(line);
}

/// Prints the ratios and notes of this run.
#[expect(clippy::print_stdout, reason = "the figures are what a bench is for")]
pub(crate) fn print_summary() {
    let lines = SUMMARY.lock().expect("nothing panics while it holds the lines");
    let (rows, notes): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.starts_with('|'));
    if !rows.is_empty() {
        println!("\n| contest | ours | yardstick | rate ÷ yardstick's, median (quartiles) | budget |");
        println!("| --- | --- | --- | --- | --- |");
        rows.iter().for_each(|row| println!("{row}"));
    }
    notes.iter().for_each(|note| println!("* {note}"));
}
