//! The result in a glance, and the client's ceiling beside it.

use super::time_or_dash;
use crate::bench::format::{percent, rate};
use crate::bench::report::markup::Markup;
use crate::bench::result::RunResult;

/// What was asked, and tiles.
pub(in crate::bench::report) fn section(page: &mut Markup, run: &RunResult) {
    let window = run.workload.window;
    let [measured, warm_up] = [window.measured, window.warm_up].map(|time| time.as_secs_f64());
    let each = format!("of {measured} s, each after {warm_up} s of warm-up; ");
    let slices = match run.slices.len() {
        // A ramp has its steps.
        0 => String::new(),
        1 => format!("1 slice {each}"),
        count => format!("{count} slices {each}"),
    };
    page.leaf("p", &[("class", &"note")], &format!("{}; {slices}begun {}", run.asked(), run.started));
    let (latency, outcomes) = (run.latency(), run.outcomes());
    let mut tiles = Vec::new();
    if let Some(answered) = run.answered_per_second() {
        let errors = outcomes.bad() as f64 / outcomes.total().max(1) as f64;
        tiles.push((rate(answered), "good answers"));
        for (share, name) in [(0.5, "latency p50"), (0.99, "latency p99"), (0.999, "latency p99.9")] {
            tiles.push((time_or_dash(latency.quantile(share)), name));
        }
        tiles.push((percent(errors), "errors"));
    }
    if let Some(ramp) = &run.ramp {
        tiles.push((ramp.knee.carried_per_second.map_or("–".to_owned(), rate), "the knee"));
    }
    tiles.push((rate(run.ceiling.per_second), "the client's own ceiling"));
    page.element("ul", &[("class", &"tiles")], |page| {
        for (value, name) in &tiles {
            page.element("li", &[], |page| {
                page.leaf("b", &[], value);
                page.leaf("span", &[], name);
            });
        }
    });
    let ceiling = run.ceiling;
    let used = run
        .ceiling_share()
        .map_or(String::new(), |share| format!(" This run used {} of it.", percent(share)));
    page.leaf(
        "p",
        &[("class", &"note")],
        &format!(
            "Against an endpoint that does nothing, this client reaches {} with p50 {} and p99 {}.{used} Near its \
             ceiling, a result is about the client.",
            rate(ceiling.per_second),
            time_or_dash(Some(ceiling.p50)),
            time_or_dash(Some(ceiling.p99)),
        ),
    );
    if !run.notes.is_empty() {
        page.element("ul", &[("class", &"note")], |page| {
            run.notes.iter().for_each(|note| page.leaf("li", &[], note));
        });
    }
}
