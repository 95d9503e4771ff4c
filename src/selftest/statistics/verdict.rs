//! What the tests of all pairs together mean.
//!
//! With many tests one of them is soon "significant" by chance. Holm's procedure ("A simple sequentially rejective
//! multiple test procedure", 1979) keeps the chance that any equal pair is called separable below one alpha.

use super::distribution::normal_quantile;
use super::{Class, Comparison, Trim, UnfitClass};

/// What an attacker resolves across the Internet, in seconds, with measurements one after another: the lower end in
/// Crosby, Wallach, Riedi, "Opportunities and limits of remote timing attacks", 2009.
pub const INTERNET: f64 = 15e-6;

/// What an attacker resolves on a local network (the same paper); or across the Internet where two requests can be made
/// to arrive in one packet (Van Goethem, Pöpper, Joosen, Vanhoef, "Timeless timing attacks", 2020).
pub const LOCAL_NETWORK: f64 = 100e-9;

/// Under which terms a verdict is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// The chance of calling any equal pair separable, over all pairs and both tests.
    pub alpha: f64,
    /// The chance with which a difference that is said to be seen would have been.
    pub power: f64,
    /// The least difference that matters, in the unit of the values; such as [`INTERNET`].
    pub threshold: f64,
    /// What happens to outliers before means are compared.
    pub trim: Trim,
}

/// Which test told the classes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// The means differ.
    Welch,
    /// The means may be the same, but something else is not.
    KolmogorovSmirnov,
    /// Both.
    Both,
}

/// The judgement over one pair. Differences are not negative, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The classes differ, and enough to be seen.
    Separable {
        /// By how much: [`Comparison::effect`].
        by: f64,
        /// Which test says so.
        found_by: FoundBy,
    },
    /// The classes differ, by less than what matters.
    TooSmallToMatter {
        /// By how much: [`Comparison::effect`].
        by: f64,
        /// Which test says so.
        found_by: FoundBy,
    },
    /// So many values do not tell the classes apart. When `smallest` is above the threshold, this proves nothing yet.
    NotSeparable {
        /// The smallest difference of means that would have been found, with the power of the terms, even if it had
        /// been the only one.
        smallest: f64,
    },
}

/// A comparison among others, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The comparison.
    pub comparison: Comparison,
    /// Welch's p after Holm's correction.
    pub welch_p: f64,
    /// Kolmogorov and Smirnov's p after Holm's correction.
    pub kolmogorov_smirnov_p: f64,
    /// What that means.
    pub verdict: Verdict,
}

impl Terms {
    /// An alpha of 0.001, a power of 0.9, and the highest twentieth of the values cropped.
    pub fn new(threshold: f64) -> Self {
        Self { alpha: 0.001, power: 0.9, threshold, trim: Trim::Crop { upper: 0.95 } }
    }

    /// How many values each class needs so that a `shift` of one of `pairs` pairs is found with the power of these
    /// terms, where values have the standard `deviation` after trimming.
    pub fn samples_for(&self, shift: f64, deviation: f64, pairs: usize) -> usize {
        (2.0 * (self.errors(pairs) * deviation / shift).powi(2)).ceil() as usize
    }

    /// How many standard errors a difference needs to be found.
    fn errors(&self, pairs: usize) -> f64 {
        // Holm's first step, which is the hardest: there are two tests a pair, and two sides.
        let alone = self.alpha / (4 * pairs.max(1)) as f64;
        normal_quantile(self.power) - normal_quantile(alone)
    }
}

/// Judges all `comparisons` as one family.
pub fn judge(comparisons: Vec<Comparison>, terms: &Terms) -> Vec<Judgement> {
    let errors = terms.errors(comparisons.len());
    let tests =
        comparisons.iter().flat_map(|pair| [pair.welch.p, pair.kolmogorov_smirnov.p]).collect::<Vec<_>>();
    let corrected = holm(&tests);
    let judged = comparisons.into_iter().zip(corrected.chunks_exact(2)).map(|(comparison, p)| {
        let (by, smallest) = (comparison.effect(), errors * comparison.welch.standard_error);
        let found_by = match (p[0] <= terms.alpha, p[1] <= terms.alpha) {
            (true, true) => Some(FoundBy::Both),
            (true, false) => Some(FoundBy::Welch),
            (false, true) => Some(FoundBy::KolmogorovSmirnov),
            (false, false) => None,
        };
        let verdict = match found_by {
            Some(found_by) if by >= terms.threshold => Verdict::Separable { by, found_by },
            Some(found_by) => Verdict::TooSmallToMatter { by, found_by },
            None => Verdict::NotSeparable { smallest },
        };
        Judgement { comparison, welch_p: p[0], kolmogorov_smirnov_p: p[1], verdict }
    });
    judged.collect()
}

/// Judges every pair of `classes`, in their order.
///
/// # Errors
///
/// The pair that cannot be compared: see [`Comparison::of`].
pub fn judge_all(classes: &[Class], terms: &Terms) -> Result<Vec<Judgement>, UnfitClass> {
    let pairs = classes.iter().enumerate().flat_map(|(index, first)| {
        classes[index + 1..].iter().map(move |second| Comparison::of(first, second, terms.trim))
    });
    Ok(judge(pairs.collect::<Result<_, _>>()?, terms))
}

/// Each p after Holm's correction: where it is at most alpha, the test stands, whatever alpha is.
fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<_> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let (mut corrected, mut largest) = (vec![0.0; p.len()], 0.0_f64);
    for (rank, index) in order.into_iter().enumerate() {
        largest = largest.max(p[index] * (p.len() - rank) as f64).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_p_is_held_against_all_tests_and_the_largest_against_itself() {
        // By hand: 0.01 · 4; 0.02 · 3; 0.03 · 2, raised to the one before; 0.5 · 1.
        let corrected = holm(&[0.03, 0.01, 0.5, 0.02]);
        for (corrected, expected) in corrected.iter().zip([0.06, 0.04, 0.5, 0.06]) {
            assert!((corrected - expected).abs() < 1e-12, "{corrected} {expected}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn more_pairs_need_more_values() {
        let terms = Terms::new(INTERNET);
        let (one, ten) = (terms.samples_for(0.1, 1.0, 1), terms.samples_for(0.1, 1.0, 10));
        // scipy 1.17.1: 2 · ((norm.ppf(.9) − norm.ppf(.001 / 4)) / .1)², rounded up
        assert_eq!(one, 4_536);
        assert!(ten > one, "{ten}");
    }
}
