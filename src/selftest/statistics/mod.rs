//! Whether two classes of measured times can be told apart.
//!
//! | file | what it decides |
//! | --- | --- |
//! | `sample` | which values count: finite ones, enough of them; quantiles, and how outliers are tamed |
//! | `welch` | whether the means differ |
//! | `kolmogorov_smirnov` | whether anything about the distributions differs |
//! | `comparison` | both tests for two named classes, and by how much they differ |
//! | `verdict` | what that means for all pairs at once |
//! | `distribution` | the functions that turn a statistic into a probability |
//!
//! The tests take the values for independent. Measurements never quite are: take them in the order of
//! [`super::schedule`], which makes what they share common to all classes.

mod comparison;
mod distribution;
mod kolmogorov_smirnov;
mod sample;
mod verdict;
mod welch;

#[cfg(test)]
pub(crate) mod dice;
#[cfg(test)]
mod tests;

pub use comparison::{Class, Comparison, Interval};
pub use kolmogorov_smirnov::{KolmogorovSmirnov, kolmogorov_smirnov};
pub use sample::{Sample, Trim};
pub use verdict::{FoundBy, INTERNET, Judgement, LOCAL_NETWORK, Terms, Verdict, judge, judge_all};
pub use welch::{Welch, welch};

/// Why values allow no statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Not enough of them.
    #[error("{count} values are too few: it takes at least {least}")]
    TooFew {
        /// How many there are.
        count: usize,
        /// How many there have to be.
        least: usize,
    },
    /// Not a number, or infinite.
    #[error("one of the values is not a finite number")]
    NotFinite,
    /// Neither class has any spread, so there is nothing to hold a difference against.
    #[error("all values of each class are the same: the clock is too coarse, or nothing was measured")]
    Constant,
}

/// Which class, or pair of classes, allows no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {unfit}")]
pub struct UnfitClass {
    /// Its name, or both with a slash between them.
    pub class: String,
    /// What is wrong with it.
    pub unfit: Unfit,
}
