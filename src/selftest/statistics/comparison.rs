//! Two classes held against each other.

use super::distribution::{coin_at_most, normal_quantile};
use super::kolmogorov_smirnov::walk;
use super::{KolmogorovSmirnov, Sample, Trim, Unfit, UnfitClass, Welch, kolmogorov_smirnov, welch};

/// Fewer values say nothing: the asymptotic probabilities and the error of a median need about so many.
const LEAST: usize = 30;

/// The normal quantile of a two-sided interval of 99 %.
const Z_99: f64 = 2.575_829_303_548_901;

/// What still counts for the distance; beyond it, chance alone would make classes distant.
const OUTERMOST: Trim = Trim::Winsorise { upper: 0.99 };

/// A class of measurements and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    name: String,
    sample: Sample,
}

/// A difference, and where it lies in 99 of 100 repetitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub difference: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What two classes have in common and what not. Differences are the first less the second, in the unit of the values.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The name of the first class.
    pub first: String,
    /// The name of the second.
    pub second: String,
    /// Their means, after trimming.
    pub welch: Welch,
    /// Their distributions, untrimmed.
    pub kolmogorov_smirnov: KolmogorovSmirnov,
    /// Their medians, untrimmed.
    pub medians: Interval,
    /// How far a value has to be moved on average to make one class the other: the area between the distribution
    /// functions (Kantorovich's, Wasserstein's or the earth mover's distance), above zero also for equal means where
    /// the shapes differ. Unless nothing is trimmed, values above quantile 0.99 count as that: a slow path that a few
    /// in a hundred take has to be seen here, even where the means are compared without it.
    pub distance: f64,
}

impl Class {
    /// At least thirty finite `values`, in any order.
    ///
    /// # Errors
    ///
    /// [`Unfit::TooFew`] or [`Unfit::NotFinite`], with the name.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Result<Self, UnfitClass> {
        let (name, count) = (name.into(), values.len());
        let enough =
            if count < LEAST { Err(Unfit::TooFew { count, least: LEAST }) } else { Sample::new(values) };
        match enough {
            Ok(sample) => Ok(Self { name, sample }),
            Err(unfit) => Err(UnfitClass { class: name, unfit }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its values.
    pub fn sample(&self) -> &Sample {
        &self.sample
    }
}

impl Comparison {
    /// Runs both tests.
    ///
    /// # Errors
    ///
    /// [`Unfit::Constant`], with both names.
    pub fn of(first: &Class, second: &Class, trim: Trim) -> Result<Self, UnfitClass> {
        let (tamed_first, tamed_second) = trim.apply(&first.sample, &second.sample);
        let welch = welch(&tamed_first, &tamed_second)
            .map_err(|unfit| UnfitClass { class: format!("{} / {}", first.name, second.name), unfit })?;
        let outermost = if trim == Trim::Keep { trim } else { OUTERMOST };
        let (wide_first, wide_second) = outermost.apply(&first.sample, &second.sample);
        let mut distance = 0.0;
        walk(&wide_first, &wide_second, |from, to, apart| distance += (to - from) * apart);
        Ok(Self {
            first: first.name.clone(),
            second: second.name.clone(),
            welch,
            kolmogorov_smirnov: kolmogorov_smirnov(&first.sample, &second.sample),
            medians: Interval::of_medians(&first.sample, &second.sample),
            distance,
        })
    }

    /// How much the classes differ, whatever it is that differs; not negative. Only a test tells whether that is more
    /// than chance: what is measured twice never differs by nothing.
    pub fn effect(&self) -> f64 {
        self.distance.max(self.medians.difference.abs())
    }
}

impl Interval {
    /// Without assumptions about the distributions, from two order statistics of each (Price and Bonett,
    /// "Distribution-free confidence intervals for difference and ratio of medians", 2002). With a clock too coarse to
    /// tell these two apart it is too short.
    fn of_medians(first: &Sample, second: &Sample) -> Self {
        let difference = first.median() - second.median();
        let reach = Z_99 * median_error(first).hypot(median_error(second));
        Self { difference, low: difference - reach, high: difference + reach }
    }
}

/// The standard error of a median.
fn median_error(sample: &Sample) -> f64 {
    let (values, count) = (sample.values(), sample.count());
    // Two standard deviations of the number of values below the true median, which is half the coins' heads.
    let place = (count / 2.0 - count.sqrt()).round().max(1.0);
    let (low, high) = (place as usize - 1, values.len() - place as usize);
    let reach = -normal_quantile(coin_at_most(place - 1.0, count));
    (values[high] - values[low]) / (2.0 * reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selftest::statistics::dice::Dice;

    #[test]
    fn the_interval_holds_the_true_difference_of_medians() {
        let (mut dice, mut held) = (Dice::new(11), 0);
        for _ in 0..500 {
            let first = Sample::new(dice.many(80, |dice| 3.0 + dice.normal().exp())).unwrap();
            let second = Sample::new(dice.many(200, |dice| dice.normal().exp())).unwrap();
            let interval = Interval::of_medians(&first, &second);
            held += u32::from(interval.low <= 3.0 && 3.0 <= interval.high);
        }
        // 495 expected, with a deviation of 2.2.
        assert!((487..500).contains(&held), "{held}");
    }

    #[test]
    fn the_distance_is_the_shift_or_what_the_shape_moves() {
        let grid = |factor: f64, shift: f64| {
            let values = (-50_i32..=50).map(|step| f64::from(step) * factor + shift).collect();
            Class::new("grid", values).unwrap()
        };
        let shifted = Comparison::of(&grid(1.0, 0.0), &grid(1.0, 7.0), Trim::Keep).unwrap();
        assert!((shifted.distance - 7.0).abs() < 1e-9 && (shifted.welch.difference + 7.0).abs() < 1e-9);
        assert!((shifted.medians.difference + 7.0).abs() < 1e-9);
        // The mean of |step|: 2 · (1 + … + 50) / 101.
        let wider = Comparison::of(&grid(1.0, 0.0), &grid(2.0, 0.0), Trim::Keep).unwrap();
        assert!((wider.distance - 2_550.0 / 101.0).abs() < 1e-9 && wider.welch.difference.abs() < 1e-9);
        assert_eq!(wider.effect(), wider.distance);
    }

    #[test]
    fn an_unfit_class_is_named() {
        let few = Class::new("unknown user", vec![1.0; 29]).unwrap_err();
        assert_eq!(few.to_string(), "unknown user: 29 values are too few: it takes at least 30");
        let constant = |name| Class::new(name, vec![0.1; 30]).unwrap();
        let error = Comparison::of(&constant("a"), &constant("b"), Trim::Keep).unwrap_err();
        assert_eq!((error.class.as_str(), error.unfit), ("a / b", Unfit::Constant));
    }
}
