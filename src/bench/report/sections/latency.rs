//! How long answers took: percentiles on a log-nines axis.

use std::time::Duration;

use super::time_or_dash;
use crate::bench::latencies::Latencies;
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::{Axis, COLOURS, Mark, Plot, table};
use crate::bench::result::RunResult;

/// The percentiles of the table.
const SHARES: [(f64, &str); 6] =
    [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (0.9999, "p99.99"), (1.0, "the slowest")];

/// Latency and service of one run.
pub(in crate::bench::report) fn of_run(page: &mut Markup, run: &RunResult) {
    let curves = vec![
        ("latency, from when it was due".to_owned(), run.latency()),
        ("service, from when it was sent".to_owned(), run.service()),
    ];
    curves_of(page, "Latency by percentile", &curves);
}

/// The latencies of several runs.
pub(in crate::bench::report) fn plot(page: &mut Markup, runs: &[(String, &RunResult)]) {
    let curves: Vec<_> = runs.iter().map(|(name, run)| (name.clone(), run.latency())).collect();
    curves_of(page, "Latency by percentile", &curves);
}

fn curves_of(page: &mut Markup, title: &str, curves: &[(String, Latencies)]) {
    let points: Vec<Vec<(f64, f64)>> = curves
        .iter()
        .map(|(_, times)| {
            times.nines(8).into_iter().map(|(nines, time)| (nines, time.as_secs_f64())).collect()
        })
        .collect();
    let most = points.iter().flatten().map(|(nines, _)| *nines).fold(0.0, f64::max);
    let seconds = points.iter().flatten().map(|(_, seconds)| *seconds);
    let told = curves.iter().map(|(name, times)| {
        let [p50, p99] = [0.5, 0.99].map(|share| time_or_dash(times.quantile(share)));
        format!("{name}: p50 {p50}, p99 {p99}")
    });
    let description = format!("Time by percentile. {}.", told.collect::<Vec<_>>().join("; "));
    let y = Axis::times("time, logarithmic", seconds);
    let marks = curves.iter().zip(points).enumerate().map(|(index, ((name, _), points))| Mark::Line {
        name: name.clone(),
        colour: index % COLOURS,
        pieces: vec![points],
    });
    let plot = Plot { title, description, x: Axis::nines(most), y, marks: marks.collect() };
    plot.figure(page, |page| {
        let heads: Vec<_> =
            ["percentile"].into_iter().chain(curves.iter().map(|(name, _)| name.as_str())).collect();
        let row = |name: &str, of: &dyn Fn(&Latencies) -> Option<Duration>| {
            let cells = curves.iter().map(|(_, times)| time_or_dash(of(times)));
            [name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
        };
        let mut rows: Vec<_> =
            SHARES.iter().map(|(share, name)| row(name, &|times| times.quantile(*share))).collect();
        rows.push(row("the mean", &Latencies::mean));
        let counts = curves.iter().map(|(_, times)| times.count().to_string());
        rows.push(["answers".to_owned()].into_iter().chain(counts).collect());
        table(page, "Good answers of all slices", &heads, &rows);
    });
}
