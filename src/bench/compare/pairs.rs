//! Which run of one file belongs to which of the other.

use serde::Serialize;

use super::{Comparison, Terms, Verdict};
use crate::bench::result::Results;

/// All runs of two files, compared. Its `Display` is for people, [`Comparisons::to_json`] for programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparisons {
    /// The terms of the verdicts.
    pub terms: Terms,
    /// The runs that are in both.
    pub pairs: Vec<NamedComparison>,
    /// The runs that only a has.
    pub only_in_a: Vec<String>,
    /// The runs that only b has.
    pub only_in_b: Vec<String>,
}

/// One pair of runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedComparison {
    /// The cell of the matrix; empty for a run of its own.
    pub name: String,
    /// What came of it.
    pub comparison: Comparison,
}

/// The files hold different kinds of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one file is a matrix and the other a single run; compare two of a kind")]
pub struct OtherKind;

impl Comparisons {
    /// Compares `b` with `a`: a run with a run, or the cells of a matrix with those of the same name.
    ///
    /// # Errors
    ///
    /// A run and a matrix.
    pub fn of(a: &Results, b: &Results, terms: Terms) -> Result<Self, OtherKind> {
        match (a, b) {
            (Results::Run(_), Results::Matrix(_)) | (Results::Matrix(_), Results::Run(_)) => {
                return Err(OtherKind);
            }
            (Results::Run(_), Results::Run(_)) | (Results::Matrix(_), Results::Matrix(_)) => {}
        }
        let (a, mut b) = (a.runs(), b.runs());
        let (mut both, mut only_in_a) = (Vec::new(), Vec::new());
        for (name, run) in a {
            match b.iter().position(|(other, _)| *other == name) {
                Some(at) => both.push((name, run, b.remove(at).1)),
                None => only_in_a.push(name),
            }
        }
        let count = both.len();
        let pairs = both
            .into_iter()
            .map(|(name, a, b)| NamedComparison { name, comparison: Comparison::of(a, b, &terms, count) });
        let only_in_b = b.into_iter().map(|(name, _)| name).collect();
        Ok(Self { terms, pairs: pairs.collect(), only_in_a, only_in_b })
    }

    /// Whether any metric of any pair has this verdict.
    pub fn has(&self, verdict: Verdict) -> bool {
        self.pairs.iter().any(|pair| pair.comparison.has(verdict))
    }

    /// Whether all pairs ran the same workload on the same host.
    pub fn are_comparable(&self) -> bool {
        self.pairs.iter().all(|pair| pair.comparison.comparable)
    }

    /// As one JSON object; times in seconds, sizes in octets.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("plain fields and no map with other keys than text")
    }
}
