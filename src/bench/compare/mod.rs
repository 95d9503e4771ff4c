//! Whether one result is better than another, or only looks so.
//!
//! "No difference shown" says that a difference that matters was looked for and is excluded; "too noisy to say" that
//! it is not. Both are answers, and neither is the other.

mod bootstrap;
mod knees;
mod metric;
mod pairs;
mod remarks;
mod student;
#[cfg(test)]
mod tests;
mod text;

use serde::Serialize;

use self::bootstrap::{Drawn, Draws, average, drawn, ratio};
pub use self::metric::Metric;
pub use self::pairs::{Comparisons, NamedComparison, OtherKind};
pub use self::remarks::{Remark, Weight};
use super::result::RunResult;

/// Under which terms a verdict is given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Terms {
    /// With which probability none of the intervals of one command misses the true ratio: each of `n` gets an `n`th of
    /// the doubt (Bonferroni).
    pub confidence: f64,
    /// The least change that matters, as a share: 0.05 is five per cent.
    pub minimum_effect: f64,
    /// How often the values are drawn again.
    pub resamples: u32,
    /// The same seed gives the same intervals.
    pub seed: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { confidence: 0.95, minimum_effect: 0.05, resamples: 2_000, seed: 1 }
    }
}

/// What is known about one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// b is better than a, by what matters or more.
    Better,
    /// b is worse than a, by what matters or more.
    Worse,
    /// A change that matters is excluded.
    NoDifferenceShown,
    /// A change that matters is neither shown nor excluded: measure longer, or more slices.
    TooNoisyToSay,
}

/// The ratio of b to a.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The ratio that was measured.
    pub ratio: f64,
    /// The true one is not below this.
    pub low: f64,
    /// Nor above this.
    pub high: f64,
}

/// One metric, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// Which.
    pub metric: Metric,
    /// The average of a's seconds; of their logarithms for times. In seconds, octets, a second, or a share.
    pub a: f64,
    /// The same of b.
    pub b: f64,
    /// Their ratio; none where there are too few seconds for an interval.
    pub interval: Option<Interval>,
    /// The least change that matters, as a share.
    pub minimum_effect: f64,
    /// What that means.
    pub verdict: Verdict,
}

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Whether the two ran the same workload on the same host. If not, the verdicts mean nothing about the server.
    pub comparable: bool,
    /// What differs, and what makes the verdicts less sure; the heaviest first.
    pub remarks: Vec<Remark>,
    /// All metrics that both have.
    pub judgements: Vec<Judgement>,
    /// The confidence of each single interval.
    pub confidence: f64,
    /// What the client of a reaches against an endpoint that does nothing.
    pub ceiling_a_per_second: f64,
    /// The same of b.
    pub ceiling_b_per_second: f64,
}

/// Fewer slices than this leave out what differs from run to run.
const FEW_SLICES: &str =
    "fewer than three slices on one side: what differs from run to run is not in the intervals";

impl Comparison {
    /// Compares `b` with `a`, as one of so many `comparisons` of the same command.
    pub fn of(a: &RunResult, b: &RunResult, terms: &Terms, comparisons: usize) -> Self {
        let mut remarks = remarks::remarks(a, b);
        let family = (Metric::OF_SECONDS.len() * comparisons.max(1)) as f64;
        let confidence = 1.0 - (1.0 - terms.confidence) / family;
        let judge = |metric: Metric| judge(metric, a, b, &Terms { confidence, ..*terms });
        let knee = knees::judge(a, b, terms.minimum_effect);
        let judgements: Vec<_> = Metric::OF_SECONDS.into_iter().filter_map(judge).chain(knee).collect();
        let is_judged = |metric: Metric| judgements.iter().any(|one| one.metric == metric);
        // What neither has, such as anything but a knee of a ramp alone, was not asked for.
        let has = |run: &RunResult, metric: Metric| match metric {
            Metric::Knee => run.ramp.is_some(),
            _ => average(&metric.values(run), metric.is_geometric()).is_some(),
        };
        let missing = Metric::OF_SECONDS.into_iter().chain([Metric::Knee]);
        let missing = missing.filter(|metric| !is_judged(*metric) && (has(a, *metric) || has(b, *metric)));
        let missing: Vec<_> = missing.map(|metric| metric.to_string()).collect();
        if judgements.is_empty() {
            let text = "one of the two measured nothing".to_owned();
            remarks.insert(0, Remark { weight: Weight::Incomparable, text });
        } else if !missing.is_empty() {
            let text = format!("one of the two has no {}", missing.join(", "));
            remarks.push(Remark { weight: Weight::Doubt, text });
        }
        if is_judged(Metric::Knee) {
            remarks.push(Remark { weight: Weight::Doubt, text: knees::DOUBT.to_owned() });
        }
        if is_judged(Metric::Throughput)
            && drawn(&Metric::Throughput.values(a), &Metric::Throughput.values(b)) == Drawn::Blocks
        {
            remarks.push(Remark { weight: Weight::Doubt, text: FEW_SLICES.to_owned() });
        }
        remarks.sort_by_key(|remark| std::cmp::Reverse(remark.weight));
        let comparable = remarks.iter().all(|remark| remark.weight != Weight::Incomparable);
        let [ceiling_a_per_second, ceiling_b_per_second] = [a, b].map(|run| run.ceiling.per_second);
        Self { comparable, remarks, judgements, confidence, ceiling_a_per_second, ceiling_b_per_second }
    }

    /// Whether any metric has this verdict.
    pub fn has(&self, verdict: Verdict) -> bool {
        self.judgements.iter().any(|judgement| judgement.verdict == verdict)
    }
}

fn judge(metric: Metric, a: &RunResult, b: &RunResult, terms: &Terms) -> Option<Judgement> {
    let [of_a, of_b] = [a, b].map(|run| metric.values(run));
    let is_geometric = metric.is_geometric();
    let draws =
        Draws { confidence: terms.confidence, resamples: terms.resamples, seed: terms.seed, is_geometric };
    let minimum_effect = metric.minimum_effect(terms.minimum_effect);
    let interval = ratio(&of_a, &of_b, &draws);
    let interval = interval.map(|found| Interval { ratio: found.ratio, low: found.low, high: found.high });
    let [a, b] = [average(&of_a, is_geometric)?, average(&of_b, is_geometric)?];
    let verdict = match (metric.is_better_higher(), a > 0.0, b > 0.0) {
        // There is no ratio to nothing, and nothing unclear about it either.
        (true, true, false) => Verdict::Worse,
        (true, false, true) => Verdict::Better,
        (is_better_higher, ..) => verdict(interval, minimum_effect, is_better_higher),
    };
    Some(Judgement { metric, a, b, interval, minimum_effect, verdict })
}

/// The verdict about a ratio, given the least change that matters.
fn verdict(interval: Option<Interval>, minimum_effect: f64, is_better_higher: bool) -> Verdict {
    let Some(Interval { ratio, low, high }) = interval else { return Verdict::TooNoisyToSay };
    let (least, most) = (1.0 / (1.0 + minimum_effect), 1.0 + minimum_effect);
    if low > 1.0 && ratio >= most {
        if is_better_higher { Verdict::Better } else { Verdict::Worse }
    } else if high < 1.0 && ratio <= least {
        if is_better_higher { Verdict::Worse } else { Verdict::Better }
    } else if low >= least && high <= most {
        Verdict::NoDifferenceShown
    } else {
        Verdict::TooNoisyToSay
    }
}
