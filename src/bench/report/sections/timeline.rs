//! What happened when: throughput and latency, second by second, one slice after the other.

use std::time::Duration;

use super::{caption, thinned, time_or_dash};
use crate::bench::format::{rate, time};
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::{Axis, Mark, Plot, Point, plain, table};
use crate::bench::result::{RunResult, Second};

/// All slices on one axis.
pub(super) struct Line {
    /// How long they are together, in seconds.
    pub(super) length: f64,
    /// Where each begins.
    pub(super) starts: Vec<f64>,
}

impl Line {
    /// The slices of `run`, one after the other.
    pub(super) fn of(run: &RunResult) -> Self {
        let mut length = 0.0;
        let starts = run.slices.iter().map(|_| {
            let start = length;
            length += run.workload.window.measured.as_secs_f64();
            start
        });
        let starts = starts.collect();
        Self { length, starts }
    }

    /// A boundary between each slice and the next.
    pub(super) fn boundaries(&self) -> impl Iterator<Item = Mark> {
        self.starts.iter().skip(1).map(|start| Mark::Down { x: *start, label: None })
    }

    /// What the axis does not say.
    pub(super) fn note(&self) -> &'static str {
        if self.starts.len() > 1 {
            " Vertical lines part the slices, which are shown one after the other."
        } else {
            ""
        }
    }
}

/// One value of every second; a gap where there is none.
pub(super) fn pieces<T>(run: &RunResult, value: impl Fn(&Second) -> Option<T>) -> Vec<Vec<(f64, T)>> {
    let line = Line::of(run);
    let mut pieces = Vec::new();
    for (slice, start) in run.slices.iter().zip(&line.starts) {
        let mut piece = Vec::new();
        for second in &slice.seconds {
            match value(second) {
                Some(value) => piece.push((start + second.start + second.length / 2.0, value)),
                None => pieces.push(std::mem::take(&mut piece)),
            }
        }
        pieces.push(piece);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Offered and achieved rate.
pub(in crate::bench::report) fn throughput(page: &mut Markup, run: &RunResult) {
    let due = |second: &Second| second.due as f64 / second.length;
    let answered = |second: &Second| second.answered as f64 / second.length;
    let line = Line::of(run);
    let series = [
        ("offered", 5, pieces(run, |second| Some(due(second)))),
        ("answered well", 0, pieces(run, |second| Some(answered(second)))),
    ];
    let most = series
        .iter()
        .flat_map(|(_, _, pieces)| pieces.iter().flatten())
        .map(|point| point.1)
        .fold(0.0, f64::max);
    let mean = run.answered_per_second().map_or("–".to_owned(), rate);
    let plot = Plot {
        title: "Throughput",
        description: format!(
            "Requests offered and answered well in each second; {mean} on average.{}",
            line.note()
        ),
        x: Axis::seconds(line.length),
        y: Axis::linear("requests a second", most, plain),
        marks: marks(series, &line),
    };
    let cells = |second: &Second| vec![rate(due(second)), rate(answered(second))];
    plot.figure(page, |page| series_table(page, run, &["offered", "answered well"], cells));
}

/// p50 and p99.
pub(in crate::bench::report) fn latency(page: &mut Markup, run: &RunResult) {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let line = Line::of(run);
    let series = [
        ("p50", 0, pieces(run, |second| seconds(second.p50))),
        ("p99", 1, pieces(run, |second| seconds(second.p99))),
    ];
    let values: Vec<f64> =
        series.iter().flat_map(|(_, _, pieces)| pieces.iter().flatten()).map(|point| point.1).collect();
    let worst = values.iter().copied().fold(0.0, f64::max);
    let plot = Plot {
        title: "Latency over time",
        description: format!(
            "Median and 99th percentile of the requests that were due in each second; the highest value is {}.{}",
            time(Duration::from_secs_f64(worst)),
            line.note()
        ),
        x: Axis::seconds(line.length),
        y: Axis::times("latency, logarithmic", values.into_iter()),
        marks: marks(series, &line),
    };
    let cells = |second: &Second| vec![time_or_dash(second.p50), time_or_dash(second.p99)];
    plot.figure(page, |page| series_table(page, run, &["p50", "p99"], cells));
}

fn marks<const N: usize>(series: [(&str, usize, Vec<Vec<Point>>); N], line: &Line) -> Vec<Mark> {
    let lines =
        series.into_iter().map(|(name, colour, pieces)| Mark::Line { name: name.to_owned(), colour, pieces });
    line.boundaries().chain(lines).collect()
}

/// A table with a row for each second.
pub(super) fn series_table(
    page: &mut Markup,
    run: &RunResult,
    heads: &[&str],
    cells: impl Fn(&Second) -> Vec<String>,
) {
    let heads: Vec<_> = ["slice and second"].iter().chain(heads).copied().collect();
    let seconds = run
        .slices
        .iter()
        .enumerate()
        .flat_map(|(slice, of)| of.seconds.iter().map(move |second| (slice, second)));
    let rows: Vec<_> = seconds
        .map(|(slice, second)| {
            let name = format!("{}, {} s", slice + 1, plain(second.start));
            [name].into_iter().chain(cells(second)).collect::<Vec<_>>()
        })
        .collect();
    let caption = caption("Second by second", rows.len());
    table(page, &caption, &heads, &thinned(rows));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixtures::Made;

    #[test]
    fn a_line_has_a_gap_where_nothing_was_answered_and_between_slices() {
        let mut run = Made { slices: 2, seconds: 4, ..Made::default() }.run();
        run.slices[0].seconds[1].p50 = None;
        let places = pieces(&run, |second| second.p50).into_iter();
        let places: Vec<Vec<f64>> = places.map(|piece| piece.into_iter().map(|(x, _)| x).collect()).collect();
        assert_eq!(places, [vec![0.5], vec![2.5, 3.5], vec![4.5, 5.5, 6.5, 7.5]]);
    }
}
