//! What was found, for people and for programs.

mod json;
#[cfg(test)]
mod tests;
mod text;

use super::statistics::{Class, FoundBy, Judgement, Terms, UnfitClass, Verdict, judge_all};

/// Every class, every pair, and under which terms they were judged. Its `Display` is a table for people.
#[derive(Debug, Clone)]
pub struct Report {
    /// The classes in the order in which they were given.
    pub classes: Vec<Summary>,
    /// Every pair of them.
    pub pairs: Vec<Judgement>,
    /// The terms of the verdicts.
    pub terms: Terms,
}

/// One class in short; times in seconds.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// How many values.
    pub count: usize,
    /// The median.
    pub median: f64,
    /// Nine of ten values are at most this.
    pub p90: f64,
    /// 99 of 100 are.
    pub p99: f64,
}

impl Report {
    /// Judges every pair of `classes`, whose values are seconds.
    ///
    /// # Errors
    ///
    /// The pair that cannot be compared.
    pub fn of(classes: &[Class], terms: Terms) -> Result<Self, UnfitClass> {
        let summary = |class: &Class| {
            let sample = class.sample();
            let [median, p90, p99] = [0.5, 0.9, 0.99].map(|q| sample.quantile(q));
            Summary { name: class.name().to_owned(), count: sample.values().len(), median, p90, p99 }
        };
        Ok(Self { classes: classes.iter().map(summary).collect(), pairs: judge_all(classes, &terms)?, terms })
    }

    /// Whether somebody outside could tell any two classes apart.
    pub fn is_separable(&self) -> bool {
        self.pairs.iter().any(|pair| matches!(pair.verdict, Verdict::Separable { .. }))
    }

    /// Whether there are values enough to have seen, in every pair, what matters.
    pub fn is_conclusive(&self) -> bool {
        let too_coarse = |smallest: f64| smallest > self.terms.threshold;
        !self.pairs.iter().any(|pair| match pair.verdict {
            Verdict::NotSeparable { smallest } => too_coarse(smallest),
            Verdict::Separable { .. } | Verdict::TooSmallToMatter { .. } => false,
        })
    }
}

fn test(found_by: FoundBy) -> &'static str {
    match found_by {
        FoundBy::Welch => "Welch",
        FoundBy::KolmogorovSmirnov => "KS",
        FoundBy::Both => "both tests",
    }
}
