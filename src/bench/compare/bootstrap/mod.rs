//! How sure a ratio of two averages is, when the values of one second resemble those of the next.
//!
//! A garbage collection, a checkpoint or a neighbour lasts longer than a second, so seconds are not independent, and
//! counting each for itself would make every result look surer than it is. So blocks are drawn again and not seconds
//! (Künsch, "The jackknife and the bootstrap for general stationary observations", 1989; in a circle after Politis and
//! Romano, 1992). What differs from slice to slice, such as where memory came to lie, no block shows: with three slices
//! or more on both sides whole slices are drawn, and nothing smaller.
//!
//! The interval is the bootstrap's standard error times Student's t, since few blocks tell their own spread badly
//! (Hesterberg, "What teachers should know about the bootstrap", 2015).

use super::student::student_within;
use crate::domain::random::SplitMix64;

/// What is drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawn {
    /// Whole slices.
    Slices,
    /// Blocks of seconds within each slice: what differs between runs is not in the interval.
    Blocks,
}

/// The average of one side and what is known about it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Estimate {
    /// The logarithm of the average.
    log: f64,
    /// Its standard error.
    error: f64,
    degrees: f64,
}

/// A ratio and within what it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ratio {
    pub(super) ratio: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    pub(super) confidence: f64,
    pub(super) resamples: u32,
    pub(super) seed: u64,
    /// Whether the average is that of the logarithms, as suits times: one slow second does not outweigh all others.
    pub(super) is_geometric: bool,
}

/// The values of one side, a slice each.
pub(super) type Side = [Vec<f64>];

/// What to draw where both sides have so many slices with values.
pub(super) fn drawn(a: &Side, b: &Side) -> Drawn {
    let slices = |side: &Side| side.iter().filter(|slice| !slice.is_empty()).count();
    if slices(a).min(slices(b)) >= 3 { Drawn::Slices } else { Drawn::Blocks }
}

/// The average of a side; none of none.
pub(super) fn average(side: &Side, is_geometric: bool) -> Option<f64> {
    let (sum, count) = sum(side.iter().flatten().map(|value| scaled(*value, is_geometric)));
    let mean = if is_geometric { (sum / count).exp() } else { sum / count };
    mean.is_finite().then_some(mean)
}

/// The ratio of the average of `b` to that of `a`; none if there are too few values, or averages that are not above
/// zero.
pub(super) fn ratio(a: &Side, b: &Side, draws: &Draws) -> Option<Ratio> {
    let mut random = SplitMix64::new(draws.seed);
    let what = drawn(a, b);
    let [a, b] = [estimate(a, what, draws, &mut random)?, estimate(b, what, draws, &mut random)?];
    let log = b.log - a.log;
    let [a2, b2] = [a.error.powi(2), b.error.powi(2)];
    let reach = (a2 + b2).sqrt() * student_within(draws.confidence, degrees(&a, &b));
    Some(Ratio { ratio: log.exp(), low: (log - reach).exp(), high: (log + reach).exp() })
}

/// The degrees of freedom of a difference (Welch and Satterthwaite). Rounded down: with fewer of them the interval is wider,
/// and claims no more than it knows.
fn degrees(a: &Estimate, b: &Estimate) -> u32 {
    let [a2, b2] = [a.error.powi(2), b.error.powi(2)];
    let degrees = (a2 + b2).powi(2) / (a2.powi(2) / a.degrees + b2.powi(2) / b.degrees);
    // By less than that, sides that are alike differ in the errors that were drawn for them.
    let noise = 0.05;
    if degrees.is_finite() { (degrees + noise).floor() as u32 } else { a.degrees.min(b.degrees) as u32 }
}

/// A sum and how many values are in it.
type Sum = (f64, f64);

fn estimate(side: &Side, what: Drawn, draws: &Draws, random: &mut SplitMix64) -> Option<Estimate> {
    let slices: Vec<Vec<f64>> = side
        .iter()
        .filter(|slice| !slice.is_empty())
        .map(|slice| slice.iter().map(|value| scaled(*value, draws.is_geometric)).collect())
        .collect();
    let log = log_mean(sum(slices.iter().flatten().copied()), draws.is_geometric);
    // From each group of units as many are drawn as make up the group.
    let groups: Vec<(Vec<Sum>, usize)> = match what {
        Drawn::Slices => {
            vec![(slices.iter().map(|slice| sum(slice.iter().copied())).collect(), slices.len())]
        }
        Drawn::Blocks => slices.iter().map(|slice| blocks(slice)).collect(),
    };
    let units: usize = groups.iter().map(|(_, draws)| draws).sum();
    let least = if what == Drawn::Slices { 3 } else { 6 };
    if units < least || !log.is_finite() {
        return None;
    }
    let drawn: Vec<f64> =
        (0..draws.resamples).map(|_| log_mean(draw(&groups, random), draws.is_geometric)).collect();
    let count = drawn.len().max(2) as f64;
    let mean = drawn.iter().sum::<f64>() / count;
    let variance = drawn.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let degrees = (units - groups.len()).max(1) as f64;
    // The bootstrap divides by the number of units where an unbiased variance divides by one less.
    let error = (variance * units as f64 / degrees).sqrt();
    error.is_finite().then_some(Estimate { log, error, degrees })
}

/// All blocks of a slice in a circle, and how many of them make up the slice.
fn blocks(slice: &[f64]) -> (Vec<Sum>, usize) {
    let count = slice.len();
    // Their length grows with the cube root, as is best for a mean (Hall, Horowitz, Jing, "On blocking rules for the
    // bootstrap with dependent data", 1995). The factor is from the test of the same against the same: with 1, 25 of
    // 200 intervals missed, with 1.5 it is 17, with 2 it is 15 but two fifths of the blocks are gone.
    let length = ((count as f64).cbrt() * 1.5).ceil() as usize;
    let all = (0..count).map(|start| sum(slice.iter().cycle().skip(start).take(length).copied())).collect();
    (all, count.div_ceil(length.max(1)))
}

fn draw(groups: &[(Vec<Sum>, usize)], random: &mut SplitMix64) -> Sum {
    let mut total = (0.0, 0.0);
    for (units, draws) in groups {
        for _ in 0..*draws {
            let (sum, count) = units[random.below(units.len())];
            total = (total.0 + sum, total.1 + count);
        }
    }
    total
}

fn scaled(value: f64, is_geometric: bool) -> f64 {
    if is_geometric { value.ln() } else { value }
}

fn sum(values: impl Iterator<Item = f64>) -> Sum {
    values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0))
}

fn log_mean((sum, count): Sum, is_geometric: bool) -> f64 {
    if is_geometric { sum / count } else { (sum / count).ln() }
}

#[cfg(test)]
mod tests;
