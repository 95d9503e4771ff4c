//! The search for the knee.

use std::time::Duration;

use super::time_or_dash;
use crate::bench::format::{bytes, digits, percent, rate, time};
use crate::bench::knee::{Shortfall, Step, Used};
use crate::bench::recorder::Stage;
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::{Axis, Mark, Plot, plain, table};
use crate::bench::result::RampResult;

/// The answer in a sentence, and two plots over the offered rate.
pub(in crate::bench::report) fn section(page: &mut Markup, ramp: &RampResult) {
    page.leaf("h2", &[], "The knee");
    page.leaf("p", &[], &sentence(ramp));
    let mut steps = ramp.steps.clone();
    steps.sort_by(|a, b| a.offered_per_second.total_cmp(&b.offered_per_second));
    page.element("div", &[("class", &"figures")], |page| {
        latency(page, ramp, &steps);
        achieved(page, ramp, &steps);
    });
}

fn latency(page: &mut Markup, ramp: &RampResult, steps: &[Step]) {
    let points = |of: fn(&Step) -> Option<Duration>| -> Vec<(f64, f64)> {
        steps.iter().filter_map(|step| Some((step.offered_per_second, of(step)?.as_secs_f64()))).collect()
    };
    let (p50, p99) = (points(|step| step.p50), points(|step| step.p99));
    let bound = ramp.criterion.p99;
    let values: Vec<_> = p50.iter().chain(&p99).map(|point| point.1).chain([bound.as_secs_f64()]).collect();
    let plot = Plot {
        title: "Latency over the offered rate",
        description: format!(
            "Median and 99th percentile of the latency at each rate that was tried. {}",
            sentence(ramp)
        ),
        x: rates(steps),
        y: Axis::times("latency, logarithmic", values.into_iter()),
        marks: [
            Mark::Across { y: bound.as_secs_f64(), label: format!("p99 at most {}", time(bound)) },
            Mark::Dots { name: "p50".to_owned(), colour: 0, points: p50 },
            Mark::Dots { name: "p99".to_owned(), colour: 1, points: p99 },
        ]
        .into_iter()
        .chain(knee(ramp))
        .collect(),
    };
    plot.figure(page, |page| steps_table(page, ramp, steps));
}

fn achieved(page: &mut Markup, ramp: &RampResult, steps: &[Step]) {
    let points = |of: fn(&Step) -> f64| {
        steps.iter().map(|step| (step.offered_per_second, of(step))).collect::<Vec<_>>()
    };
    let most =
        steps.iter().map(|step| step.offered_per_second.max(step.achieved_per_second)).fold(0.0, f64::max);
    let plot = Plot {
        title: "Achieved over the offered rate",
        description: format!(
            "Good answers a second at each rate that was tried, beside that rate itself. {}",
            sentence(ramp)
        ),
        x: rates(steps),
        y: Axis::linear("good answers a second", most, plain),
        marks: [
            Mark::Line {
                name: "offered".to_owned(),
                colour: 5,
                pieces: vec![points(|step| step.offered_per_second)],
            },
            Mark::Dots {
                name: "achieved".to_owned(),
                colour: 0,
                points: points(|step| step.achieved_per_second),
            },
        ]
        .into_iter()
        .chain(knee(ramp))
        .collect(),
    };
    plot.figure(page, |page| steps_table(page, ramp, steps));
}

fn sentence(ramp: &RampResult) -> String {
    match ramp.knee.carried_per_second {
        Some(_) => format!("The server {}.", ramp.knee),
        None => format!("At no rate was it enough: {}.", ramp.knee),
    }
}

fn rates(steps: &[Step]) -> Axis {
    let most = steps.iter().map(|step| step.offered_per_second).fold(0.0, f64::max);
    Axis::linear("offered requests a second", most, plain)
}

fn knee(ramp: &RampResult) -> Option<Mark> {
    let carried = ramp.knee.carried_per_second?;
    Some(Mark::Down { x: carried, label: Some(format!("knee {}", rate(carried))) })
}

fn steps_table(page: &mut Markup, ramp: &RampResult, steps: &[Step]) {
    let rows: Vec<_> = steps
        .iter()
        .map(|step| {
            let lacks = ramp.criterion.shortfalls(step);
            let lacks: Vec<_> = lacks.iter().map(Shortfall::name).collect();
            vec![
                rate(step.offered_per_second),
                rate(step.due_per_second),
                rate(step.achieved_per_second),
                time_or_dash(step.p50),
                time_or_dash(step.p99),
                percent(step.error_share()),
                step.used.cpu_cores.map_or_else(|| "–".to_owned(), digits),
                step.used.rss_bytes.map_or_else(|| "–".to_owned(), |octets| bytes(octets as f64)),
                step.used.hash_queue.map_or_else(|| "–".to_owned(), |count| count.to_string()),
                stages(&step.used),
                if lacks.is_empty() { "carried".to_owned() } else { lacks.join(", ") },
            ]
        })
        .collect();
    table(
        page,
        "Every rate that was tried, and what it lacked",
        &[
            "offered",
            "due",
            "achieved",
            "p50",
            "p99",
            "errors",
            "cores",
            "memory",
            "waiting for a hash thread, or in one",
            "stages",
            "verdict",
        ],
        &rows,
    );
}

/// The mean time in each stage that was named.
fn stages(used: &Used) -> String {
    let means = Stage::ALL.into_iter().zip(used.stage_mean_micros).filter(|(_, micros)| *micros > 0);
    let told: Vec<_> = means
        .map(|(stage, micros)| format!("{} {}", stage.name(), time(Duration::from_micros(micros))))
        .collect();
    if told.is_empty() { "–".to_owned() } else { told.join(", ") }
}
