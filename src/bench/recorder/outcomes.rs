//! How requests ended, by status and code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many different outcomes are told apart; all others count as `other`. A server that puts something of its own
/// into each code would fill the memory otherwise.
pub const MOST_OUTCOMES: usize = 64;
/// Codes are cut to so many characters, for the same reason.
const LONGEST_CODE: usize = 64;
const OTHER: &str = "other";

/// How one request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// With the answer that the workload wants: its HTTP status.
    Good(u16),
    /// With another answer.
    Refused {
        /// Its HTTP status.
        status: u16,
        /// The public code of the problem (RFC 9457), where the body has one.
        code: Option<&'a str>,
    },
    /// Without an answer.
    Failed(Failure),
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection.
    Connect,
    /// It took longer than the client waits.
    Timeout,
    /// The connection was closed before the answer was whole.
    Closed,
    /// What came is not HTTP.
    Malformed,
    /// The run was over before a connection was free.
    NeverSent,
}

impl Outcome<'_> {
    /// Whether it is the answer that the workload wants.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Good(_) => true,
            Self::Refused { .. } | Self::Failed(_) => false,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Good(status) | Self::Refused { status, code: None } => status.to_string(),
            Self::Refused { status, code: Some(code) } => {
                format!("{status} {}", code.chars().take(LONGEST_CODE).collect::<String>())
            }
            Self::Failed(failure) => failure.name().to_owned(),
        }
    }
}

impl Failure {
    fn name(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Timeout => "timeout",
            Self::Closed => "connection closed",
            Self::Malformed => "malformed answer",
            Self::NeverSent => "never sent",
        }
    }
}

/// How many requests ended how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Requests with the answer that the workload wants.
    pub good: u64,
    /// All others by status and code, such as `503 hash_queue_full`, or by what went wrong, such as `timeout`. Not
    /// more than [`MOST_OUTCOMES`] and `other`.
    pub errors: BTreeMap<String, u64>,
}

impl Outcomes {
    /// Adds one.
    pub fn add(&mut self, outcome: &Outcome<'_>) {
        if outcome.is_good() {
            self.good += 1;
        } else {
            self.count(outcome.name(), 1);
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.good += other.good;
        other.errors.iter().for_each(|(name, count)| self.count(name.clone(), *count));
    }

    /// How many were no good.
    pub fn bad(&self) -> u64 {
        self.errors.values().sum()
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.good + self.bad()
    }

    fn count(&mut self, name: String, count: u64) {
        let is_known = name == OTHER || self.errors.contains_key(&name);
        let named = self.errors.len() - usize::from(self.errors.contains_key(OTHER));
        let name = if is_known || named < MOST_OUTCOMES { name } else { OTHER.to_owned() };
        *self.errors.entry(name).or_default() += count;
    }
}
