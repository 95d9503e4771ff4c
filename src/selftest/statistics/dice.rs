//! Seeded chance for the tests: the house's generator, and what is drawn with it.

use crate::domain::random::SplitMix64;

pub(crate) struct Dice(SplitMix64);

impl Dice {
    /// Begins at `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// Uniform in (0, 1].
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0.uniform()
    }

    /// Standard normal (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = ((-2.0 * self.uniform().ln()).sqrt(), std::f64::consts::TAU * self.uniform());
        radius * angle.cos()
    }

    /// `count` values of `draw`.
    pub(crate) fn many(&mut self, count: usize, mut draw: impl FnMut(&mut Self) -> f64) -> Vec<f64> {
        (0..count).map(|_| draw(self)).collect()
    }
}
