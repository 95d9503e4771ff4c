//! Two knees, compared.
//!
//! A ramp finds one number, and no resampling says how sure it is. What is known is between which two rates the knee lies,
//! the highest that was carried and the next that was not: the interval of the ratio is made of those.

use super::{Interval, Judgement, Metric, Verdict, verdict};
use crate::bench::knee::Knee;
use crate::bench::result::RunResult;

/// What the verdict does not know.
pub(super) const DOUBT: &str = "the interval of the knee lies between the rates that were tried: what differs from run to run is not in it";

/// The verdict about the knees; none where one side has no ramp.
pub(super) fn judge(a: &RunResult, b: &RunResult, minimum_effect: f64) -> Option<Judgement> {
    let [a, b] = [&a.ramp.as_ref()?.knee, &b.ramp.as_ref()?.knee];
    let interval = interval(a, b);
    let verdict = match (a.carried_per_second, b.carried_per_second) {
        (Some(_), None) => Verdict::Worse,
        (None, Some(_)) => Verdict::Better,
        (Some(_), Some(_)) | (None, None) => verdict(interval, minimum_effect, true),
    };
    let [a, b] = [a, b].map(|knee| knee.carried_per_second.unwrap_or(0.0));
    Some(Judgement { metric: Metric::Knee, a, b, interval, minimum_effect, verdict })
}

/// None where one side carried nothing, or all that was tried.
fn interval(a: &Knee, b: &Knee) -> Option<Interval> {
    let [(low_a, high_a), (low_b, high_b)] = [bounds(a)?, bounds(b)?];
    Some(Interval { ratio: low_b / low_a, low: low_b / high_a, high: high_b / low_a })
}

fn bounds(knee: &Knee) -> Option<(f64, f64)> {
    Some((knee.carried_per_second?, knee.next.as_ref()?.0))
}
