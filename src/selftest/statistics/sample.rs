//! The values of one class: finite, and in order.

use super::Unfit;

/// Finite values in ascending order; at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(Vec<f64>);

/// What happens to the largest values before means are compared. A few measurements that met an interrupt would
/// otherwise hide everything else.
///
/// The limit is the same for both classes: the larger of their own quantiles, so that neither loses more than its
/// share. Under the null hypothesis it favours none, so the test stays as honest as it was. A difference of the upper
/// tails then becomes one of the means too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trim {
    /// Nothing.
    Keep,
    /// Values above the limit are left out, as dudect does (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant
    /// time?", 2017).
    Crop {
        /// The quantile that is the limit, 0 to 1.
        upper: f64,
    },
    /// Values above the limit count as the limit.
    Winsorise {
        /// The quantile that is the limit, 0 to 1.
        upper: f64,
    },
}

impl Sample {
    /// Of `values`, in any order.
    ///
    /// # Errors
    ///
    /// [`Unfit::NotFinite`], or [`Unfit::TooFew`] when there are none.
    pub fn new(mut values: Vec<f64>) -> Result<Self, Unfit> {
        if values.is_empty() {
            return Err(Unfit::TooFew { count: 0, least: 1 });
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(Unfit::NotFinite);
        }
        values.sort_unstable_by(f64::total_cmp);
        Ok(Self(values))
    }

    /// The values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many, as a number to calculate with.
    pub(super) fn count(&self) -> f64 {
        self.0.len() as f64
    }

    /// Below which the share `q` of the values lies, between two of them in proportion (Hyndman and Fan, "Sample
    /// quantiles in statistical packages", 1996, definition 7). What is not between 0 and 1 is taken for the nearer.
    pub fn quantile(&self, q: f64) -> f64 {
        let place = (self.count() - 1.0) * q.clamp(0.0, 1.0);
        let below = self.0[place.floor() as usize];
        below + (self.0[place.ceil() as usize] - below) * place.fract()
    }

    /// The value in the middle.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.count()
    }

    /// The unbiased estimate of the variance; exactly zero when all values are the same.
    pub fn variance(&self) -> f64 {
        if self.0.first() == self.0.last() {
            return 0.0;
        }
        let mean = self.mean();
        self.0.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (self.count() - 1.0)
    }
}

impl Trim {
    /// Both classes as they are for comparing means. Each keeps at least its smallest value.
    pub fn apply(self, first: &Sample, second: &Sample) -> (Sample, Sample) {
        let both = |tame: &dyn Fn(&Sample) -> Sample| (tame(first), tame(second));
        let limit = |upper| first.quantile(upper).max(second.quantile(upper));
        match self {
            Self::Keep => both(&Sample::clone),
            Self::Crop { upper } => {
                let limit = limit(upper);
                both(&|sample| {
                    let kept = sample.0.partition_point(|value| *value <= limit);
                    Sample(sample.0[..kept.max(1)].to_vec())
                })
            }
            Self::Winsorise { upper } => {
                let limit = limit(upper);
                both(&|sample| Sample(sample.0.iter().map(|value| value.min(limit)).collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values.to_vec()).unwrap()
    }

    #[test]
    fn quantiles_lie_between_the_values_in_proportion() {
        let values = sample(&[40.0, 10.0, 30.0, 20.0]);
        // numpy.quantile([10, 20, 30, 40], [0, .25, .5, .9, 1])
        for (q, expected) in [(0.0, 10.0), (0.25, 17.5), (0.5, 25.0), (0.9, 37.0), (1.0, 40.0), (7.0, 40.0)] {
            assert!((values.quantile(q) - expected).abs() < 1e-12, "{q}");
        }
        assert_eq!(sample(&[3.0]).quantile(0.9), 3.0);
    }

    #[test]
    fn equal_values_have_no_variance_however_they_are_rounded() {
        assert_eq!(sample(&[0.1; 1_000]).variance(), 0.0);
        assert_eq!(sample(&[1.0, 2.0, 3.0, 4.0]).variance(), 5.0 / 3.0);
    }

    #[test]
    fn both_classes_are_trimmed_at_the_same_limit() {
        let (quick, slow) = (sample(&[1.0, 2.0, 3.0, 90.0]), sample(&[10.0, 20.0, 30.0, 40.0]));
        let (kept, cropped) = Trim::Crop { upper: 0.5 }.apply(&quick, &slow);
        assert_eq!((kept.values(), cropped.values()), ([1.0, 2.0, 3.0].as_slice(), [10.0, 20.0].as_slice()));
        let (clamped, other) = Trim::Winsorise { upper: 0.5 }.apply(&quick, &slow);
        assert_eq!(clamped.values(), [1.0, 2.0, 3.0, 25.0]);
        assert_eq!(other.values(), [10.0, 20.0, 25.0, 25.0]);
        assert_eq!(Trim::Keep.apply(&quick, &slow), (quick, slow));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        assert_eq!(Sample::new(vec![1.0, f64::NAN]), Err(Unfit::NotFinite));
        assert_eq!(Sample::new(vec![f64::INFINITY]), Err(Unfit::NotFinite));
        assert_eq!(Sample::new(Vec::new()), Err(Unfit::TooFew { count: 0, least: 1 }));
    }
}
