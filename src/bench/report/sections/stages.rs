//! Where the time of an answer went, by what the server says of itself.

use std::time::Duration;

use super::time_or_dash;
use super::timeline::{Line, pieces};
use crate::bench::format::{seconds, time};
use crate::bench::latencies::Latencies;
use crate::bench::recorder::Stage;
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::{Axis, Mark, Plot, plain, table};
use crate::bench::result::{RunResult, Second};

const NAMES: [&str; 5] = ["queue", "hash", "database", "sign", "the rest, with the network"];

/// The mean time of each stage in each second, stacked up to the mean time of service; nothing where no answer named a
/// stage, since all of it would be "the rest".
pub(in crate::bench::report) fn plot(page: &mut Markup, run: &RunResult) {
    if Stage::ALL.into_iter().all(|stage| merged(run, stage).count() == 0) {
        return;
    }
    let line = Line::of(run);
    let stacks = pieces(run, stack);
    let most = stacks.iter().flatten().map(|(_, stack)| stack[NAMES.len()]).fold(0.0, f64::max);
    let areas = NAMES.iter().enumerate().map(|(index, name)| Mark::Area {
        name: (*name).to_owned(),
        colour: index,
        pieces: stacks
            .iter()
            .map(|piece| piece.iter().map(|(x, stack)| (*x, stack[index], stack[index + 1])).collect())
            .collect(),
    });
    let told =
        Stage::ALL.into_iter().zip(NAMES).map(|(stage, name)| format!("{name} {}", mean_of(run, stage)));
    let plot = Plot {
        title: "Where the time goes",
        description: format!(
            "Mean time of service in each second, by stage. Over all of it, an answer that passed the stage spent: {}.{}",
            told.collect::<Vec<_>>().join(", "),
            line.note()
        ),
        x: Axis::seconds(line.length),
        y: Axis::linear("milliseconds of an answer", most * 1e3, plain),
        marks: areas.map(in_milliseconds).chain(line.boundaries()).collect(),
    };
    plot.figure(page, |page| {
        let rows: Vec<_> = Stage::ALL
            .into_iter()
            .zip(NAMES)
            .map(|(stage, name)| {
                let times = merged(run, stage);
                let quantiles = [0.5, 0.99].map(|share| time_or_dash(times.quantile(share)));
                let [p50, p99] = quantiles;
                vec![name.to_owned(), times.count().to_string(), time_or_dash(times.mean()), p50, p99]
            })
            .collect();
        let heads = ["stage", "answers that passed it", "mean", "p50", "p99"];
        table(page, "As the server reports it in Server-Timing", &heads, &rows);
        page.leaf("p", &[("class", &"note")], &format!("The highest mean of a second is {}.", seconds(most)));
    });
}

fn merged(run: &RunResult, stage: Stage) -> Latencies {
    let mut all = Latencies::new();
    run.slices.iter().for_each(|slice| all.merge(slice.stages.of(stage)));
    all
}

fn mean_of(run: &RunResult, stage: Stage) -> String {
    merged(run, stage).mean().map_or("–".to_owned(), time)
}

/// The boundaries of the areas in seconds, from zero to the time of service.
fn stack(second: &Second) -> Option<[f64; NAMES.len() + 1]> {
    let service = second.service_mean?.as_secs_f64();
    let (mut boundaries, mut sum) = ([0.0; NAMES.len() + 1], 0.0);
    for (index, micros) in second.stage_mean_micros.iter().enumerate() {
        sum += Duration::from_micros(*micros).as_secs_f64();
        boundaries[index + 1] = sum;
    }
    // Clocks of two processes may disagree; the rest is not negative for that.
    boundaries[NAMES.len()] = service.max(sum);
    Some(boundaries)
}

fn in_milliseconds(mark: Mark) -> Mark {
    match mark {
        Mark::Area { name, colour, pieces } => {
            let piece = |piece: Vec<(f64, f64, f64)>| {
                piece.into_iter().map(|(x, low, high)| (x, low * 1e3, high * 1e3))
            };
            Mark::Area { name, colour, pieces: pieces.into_iter().map(|one| piece(one).collect()).collect() }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixtures::Made;

    #[test]
    fn stages_stack_up_to_the_service_and_the_rest_is_never_negative() {
        let mut second = Made { slices: 1, seconds: 1, ..Made::default() }.run().slices[0].seconds[0];
        second.service_mean = Some(Duration::from_millis(10));
        second.stage_mean_micros = [1_000, 5_000, 2_000, 500];
        assert_eq!(stack(&second), Some([0.0, 0.001, 0.006, 0.008, 0.0085, 0.01]));
        second.stage_mean_micros = [1_000, 9_000, 2_000, 500];
        assert_eq!(stack(&second).map(|stack| stack[5] - stack[4]), Some(0.0));
        second.service_mean = None;
        assert_eq!(stack(&second), None);
    }
}
