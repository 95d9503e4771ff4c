//! What the server used meanwhile.

use super::timeline::Line;
use super::{caption, thinned};
use crate::bench::format::{bytes, digits};
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::{Axis, Mark, Plot, plain, table};
use crate::bench::result::{Resources, RunResult};

/// One thing that is read about once a second.
struct Reading {
    title: &'static str,
    label: &'static str,
    value: fn(&Resources) -> Option<f64>,
    /// For the ticks.
    tick: fn(f64) -> String,
    /// For the table.
    cell: fn(f64) -> String,
}

/// Processor time.
pub(in crate::bench::report) fn cpu(page: &mut Markup, run: &RunResult) {
    let cores = |value: f64| format!("{} cores", digits(value));
    let value = |one: &Resources| one.cpu_cores;
    plot(page, run, &Reading { title: "Processor", label: "cores in use", value, tick: plain, cell: cores });
}

/// Resident memory.
pub(in crate::bench::report) fn memory(page: &mut Markup, run: &RunResult) {
    let value = |one: &Resources| one.rss_bytes.map(|octets| octets as f64 / f64::from(1 << 20));
    let cell = |mebibytes: f64| bytes(mebibytes * f64::from(1 << 20));
    plot(page, run, &Reading { title: "Memory", label: "resident MiB", value, tick: plain, cell });
}

/// Requests that wait for a hash thread or are in one; nothing where the server did not tell.
pub(in crate::bench::report) fn hash_queue(page: &mut Markup, run: &RunResult) {
    let value = |one: &Resources| one.hash_queue.map(|depth| depth as f64);
    plot(
        page,
        run,
        &Reading {
            title: "Hash queue",
            label: "requests waiting for a hash thread, or in one",
            value,
            tick: plain,
            cell: plain,
        },
    );
}

fn plot(page: &mut Markup, run: &RunResult, reading: &Reading) {
    let line = Line::of(run);
    let mut rows = Vec::new();
    let mut pieces = Vec::new();
    for (index, (slice, start)) in run.slices.iter().zip(&line.starts).enumerate() {
        let values = slice.resources.iter().filter_map(|one| Some((one.at, (reading.value)(one)?)));
        let values: Vec<_> = values.collect();
        rows.extend(
            values
                .iter()
                .map(|(at, value)| vec![format!("{}, {} s", index + 1, plain(*at)), (reading.cell)(*value)]),
        );
        pieces.push(values.into_iter().map(|(at, value)| (start + at, value)).collect::<Vec<_>>());
    }
    let values: Vec<f64> = pieces.iter().flatten().map(|(_, value)| *value).collect();
    if values.is_empty() {
        return;
    }
    let most = values.iter().copied().fold(0.0, f64::max);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let marks = line.boundaries().chain([Mark::Line { name: reading.label.to_owned(), colour: 0, pieces }]);
    let plot = Plot {
        title: reading.title,
        description: format!(
            "{} of the server over time: {} on average, {} at most.{}",
            reading.title,
            (reading.cell)(mean),
            (reading.cell)(most),
            line.note()
        ),
        x: Axis::seconds(line.length),
        y: Axis::linear(reading.label, most, reading.tick),
        marks: marks.collect(),
    };
    plot.figure(page, |page| {
        let caption = caption("Reading by reading", rows.len());
        table(page, &caption, &["slice and second", reading.label], &thinned(rows));
    });
}
