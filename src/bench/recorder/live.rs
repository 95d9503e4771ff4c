//! What is shown while a run goes on: the rate and p99 since the last look.

use std::fmt;
use std::time::Duration;

use crate::bench::format::{rate, time};
use crate::bench::latencies::Latencies;

/// What came since the last look, warm-up or not. It goes by when answers came, since those that are still awaited
/// cannot be shown.
#[derive(Debug, Clone, Default)]
pub struct Live {
    latency: Latencies,
    errors: u64,
}

/// One look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Good answers a second.
    pub good_per_second: f64,
    /// Errors a second.
    pub errors_per_second: f64,
    /// 99 of 100 good answers came within this time of when they were due; none without any.
    pub p99: Option<Duration>,
}

impl Live {
    /// Adds one request: its latency if it was answered well.
    pub fn record(&mut self, latency: Option<Duration>) {
        match latency {
            Some(latency) => self.latency.record(latency),
            None => self.errors += 1,
        }
    }

    /// Adds what another worker saw, and empties that.
    pub fn drain(&mut self, other: &mut Self) {
        let other = std::mem::take(other);
        self.latency.merge(&other.latency);
        self.errors += other.errors;
    }

    /// What came in the `elapsed` time since the last look; begins anew.
    pub fn look(&mut self, elapsed: Duration) -> Reading {
        let seen = std::mem::take(self);
        let seconds = elapsed.as_secs_f64().max(1e-6);
        Reading {
            good_per_second: seen.latency.count() as f64 / seconds,
            errors_per_second: seen.errors as f64 / seconds,
            p99: seen.latency.quantile(0.99),
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p99 = self.p99.map_or("–".to_owned(), time);
        write!(f, "{}, p99 {p99}", rate(self.good_per_second))?;
        if self.errors_per_second > 0.0 {
            write!(f, ", {} errors", rate(self.errors_per_second))?;
        }
        Ok(())
    }
}
