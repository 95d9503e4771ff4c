//! What counts: the time after the warm-up and before the end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::micros;

/// The parts of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How long the server is loaded first, so that caches fill and connections open, without anything being counted.
    #[serde(rename = "warm_up_micros", with = "micros")]
    pub warm_up: Duration,
    /// How long is measured after that.
    #[serde(rename = "measured_micros", with = "micros")]
    pub measured: Duration,
}

/// Where a point in time lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before the measurement.
    WarmUp,
    /// Within it, so long after its beginning.
    Measured(Duration),
    /// After it.
    Over,
}

impl Window {
    /// Where `at`, since the beginning of the run, lies.
    ///
    /// A request belongs where it was *due*: the slow ones of the warm-up must not be counted because they were slow,
    /// nor those of the end be left out for it.
    pub fn phase(&self, at: Duration) -> Phase {
        match at.checked_sub(self.warm_up) {
            None => Phase::WarmUp,
            Some(since) if since < self.measured => Phase::Measured(since),
            Some(_) => Phase::Over,
        }
    }

    /// When the last request was due.
    pub fn end(&self) -> Duration {
        self.warm_up.saturating_add(self.measured)
    }
}
