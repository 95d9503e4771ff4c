//! Whether two classes differ in anything at all: place, spread or shape.

use super::Sample;
use super::distribution::kolmogorov_above;

/// The test of Kolmogorov and Smirnov for two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    /// The largest distance between the shares of both classes that lie at or below one value, 0 to 1.
    pub d: f64,
    /// How likely samples of one distribution would be at least as far apart. Asymptotic, with the correction of
    /// Stephens ("Use of the Kolmogorov-Smirnov, Cramér-von Mises and related statistics without extensive tables",
    /// 1970) for a finite number of values: good from about twenty. Ties make it larger than it is, so a coarse clock
    /// may hide a difference and invents none.
    pub p: f64,
}

/// Compares the distributions of `first` and `second`.
pub fn kolmogorov_smirnov(first: &Sample, second: &Sample) -> KolmogorovSmirnov {
    let d = largest_distance(first, second);
    let effective = (first.count() * second.count() / (first.count() + second.count())).sqrt();
    KolmogorovSmirnov { d, p: kolmogorov_above((effective + 0.12 + 0.11 / effective) * d) }
}

fn largest_distance(first: &Sample, second: &Sample) -> f64 {
    let mut largest = 0.0_f64;
    walk(first, second, |_, _, distance| largest = largest.max(distance));
    largest
}

/// Visits the intervals between neighbouring values of both classes together: where one begins, where it ends, and how
/// far the two distribution functions are apart in it. Equal values are passed together, whichever class they are from:
/// the functions are only compared where both have made all their steps.
pub(super) fn walk(first: &Sample, second: &Sample, mut visit: impl FnMut(f64, f64, f64)) {
    let (mut left, mut right) = (first.values(), second.values());
    while let (Some(a), Some(b)) = (left.first(), right.first()) {
        let at = a.min(*b);
        left = &left[left.partition_point(|value| *value <= at)..];
        right = &right[right.partition_point(|value| *value <= at)..];
        let next = left.first().into_iter().chain(right.first()).copied().reduce(f64::min).unwrap_or(at);
        let share = |rest: &[f64], sample: &Sample| 1.0 - rest.len() as f64 / sample.count();
        visit(at, next, (share(left, first) - share(right, second)).abs());
    }
    // One class is at its end: the other still has steps to make.
    let (rest, whole) = if left.is_empty() { (right, second) } else { (left, first) };
    for (index, pair) in rest.windows(2).enumerate() {
        visit(pair[0], pair[1], (rest.len() - index - 1) as f64 / whole.count());
    }
}
