//! When each request is due, which rates a ramp tries, and what is warm-up.
//!
//! An open loop asks at its own pace whatever the server does, as people do who know nothing of each other. The
//! schedule is fixed before the first request: request `k` is due at a time that no answer can shift, and a request
//! that leaves late because no connection was free is late already.

mod ramp;
#[cfg(test)]
mod tests;
mod window;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::ramp::{Ramp, RampPlan};
pub use self::window::{Phase, Window};
use crate::domain::random::SplitMix64;

/// How requests are spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "process")]
pub enum Arrivals {
    /// At equal distances: easiest on the server, and easiest to repeat.
    Constant,
    /// At exponential distances, as from many people who know nothing of each other: two may come at once.
    Poisson {
        /// The same seed is the same schedule.
        seed: u64,
    },
}

impl Arrivals {
    /// Those of the slice or step with this `number`: another schedule for each, or all would stumble at the same request.
    pub fn of(self, number: u64) -> Self {
        match self {
            Self::Constant => Self::Constant,
            Self::Poisson { seed } => Self::Poisson { seed: seed.wrapping_add(number) },
        }
    }
}

/// One request of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its number, from 0.
    pub number: u64,
    /// When it is due, from the beginning of the run.
    pub at: Duration,
}

/// A rate at which nothing can be scheduled.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} requests a second is not a rate; give a number above zero, and at most a million")]
pub struct NoRate(pub f64);

/// All requests of an open loop in the order in which they are due; it has no end of its own.
#[derive(Debug, Clone)]
pub struct Schedule {
    rate: f64,
    next: u64,
    /// Seconds until the last one, and the chance of the next; none where they are equally far apart.
    poisson: Option<(f64, SplitMix64)>,
}

impl Schedule {
    /// `rate` requests a second.
    ///
    /// # Errors
    ///
    /// A rate that is not above zero, or above a million, which no client of ours could send.
    pub fn new(rate: f64, arrivals: Arrivals) -> Result<Self, NoRate> {
        if !(rate > 0.0 && rate <= 1e6) {
            return Err(NoRate(rate));
        }
        let poisson = match arrivals {
            Arrivals::Constant => None,
            Arrivals::Poisson { seed } => Some((0.0, SplitMix64::new(seed))),
        };
        Ok(Self { rate, next: 0, poisson })
    }

    /// The part of one of `workers`: every `workers`th request, beginning with number `worker`. All parts together are
    /// the schedule, whoever runs them.
    pub fn share(self, worker: usize, workers: usize) -> impl Iterator<Item = Due> {
        self.skip(worker).step_by(workers.max(1))
    }
}

impl Iterator for Schedule {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let seconds = match &mut self.poisson {
            // From the number and not from the one before: nothing adds up over hours.
            None => self.next as f64 / self.rate,
            Some((last, random)) => {
                *last += random.exponential() / self.rate;
                *last
            }
        };
        let due = Due { number: self.next, at: Duration::try_from_secs_f64(seconds).ok()? };
        self.next += 1;
        Some(due)
    }
}
