//! Whether the shared counters are asked at all.
//!
//! ```text
//!            MOST_FAILURES in a row              a probe succeeds
//! closed ────────────────────────────► open ────────────────────────► closed
//!                                      │  ▲
//!                          PAUSE over: └──┘ one probe, which nobody waits for
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::gauge;

use crate::domain::clock::Timestamp;
use crate::store::StoreError;

/// So many attempts in a row fail before the others are spared the wait.
pub(super) const MOST_FAILURES: u32 = 3;

/// Between two probes.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { looked_at: Timestamp, probing: bool },
}

/// Which way an attempt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the shared counters.
    Through,
    /// Past them; `probe` when it is time to see whether they are back.
    Past { probe: bool },
}

#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

impl Default for Breaker {
    fn default() -> Self {
        gauge!("guardhouse_limits_store_up").set(1.0);
        Self(Mutex::new(State::Closed { failures: 0 }))
    }
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.state(), State::Closed { .. })
    }

    /// Where an attempt at `now` goes. Who is told to probe has to say what came of it, by [`Self::probed`].
    pub(super) fn way(&self, now: Timestamp) -> Way {
        match &mut *self.state() {
            State::Closed { .. } => Way::Through,
            State::Open { looked_at, probing } => {
                // A clock that was set back must not postpone the probe.
                let due = now < *looked_at || now >= looked_at.plus(PAUSE);
                let probe = due && !*probing;
                *probing |= probe;
                Way::Past { probe }
            }
        }
    }

    pub(super) fn succeeded(&self) {
        if let State::Closed { failures } = &mut *self.state() {
            *failures = 0;
        }
    }

    /// One attempt could not be counted. Only what is out of reach opens the breaker: a single log that cannot be read
    /// is no reason to do without all others.
    pub(super) fn failed(&self, error: &StoreError, now: Timestamp) {
        if !matches!(error, StoreError::Unavailable(_)) {
            tracing::error!(%error, "an attempt could not be counted in the shared rate limits");
            return;
        }
        let mut state = self.state();
        // Those under way when it opened fail too, and are no news.
        let State::Closed { failures } = &mut *state else { return };
        *failures += 1;
        if *failures >= MOST_FAILURES {
            *state = State::Open { looked_at: now, probing: false };
            gauge!("guardhouse_limits_store_up").set(0.0);
            tracing::error!(%error, "the shared rate limits are out of reach; limits.on_backend_failure applies");
        }
    }

    pub(super) fn probed(&self, outcome: &Result<(), StoreError>, now: Timestamp) {
        let mut state = self.state();
        if outcome.is_err() {
            *state = State::Open { looked_at: now, probing: false };
        } else {
            *state = State::Closed { failures: 0 };
            gauge!("guardhouse_limits_store_up").set(1.0);
            tracing::info!("the shared rate limits are back");
        }
    }
}
