//! What each answer adds up to.
//!
//! Every worker thread has a [`Recorder`] of its own and locks nothing; at the end they are merged. A recorder's size
//! depends on its window only, and even that has a bound: two histograms and one for each stage, and at most
//! [`timeline::MOST_SLOTS`] slots, about 8 MiB in all.

mod live;
mod outcomes;
mod stages;
#[cfg(test)]
mod tests;
pub mod timeline;

use std::time::Duration;

pub use self::live::{Live, Reading};
pub use self::outcomes::{Failure, MOST_OUTCOMES, Outcome, Outcomes};
pub use self::stages::{Stage, Stages};
use self::timeline::Timeline;
use super::latencies::Latencies;
use super::schedule::{Phase, Window};

/// One request and what became of it. Times are since the beginning of the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// When it was due. In a closed loop that is when it was sent.
    pub due: Duration,
    /// When its first octet was sent.
    pub sent: Duration,
    /// When the last octet of its answer had come, or it was given up.
    pub done: Duration,
    /// How it ended.
    pub outcome: Outcome<'a>,
    /// What the server says about where the time went.
    pub stages: Stages,
}

impl Sample<'_> {
    /// From when it was due: what the one who asked had to wait.
    pub fn latency(&self) -> Duration {
        self.done.saturating_sub(self.due)
    }

    /// From when it was sent: what the server and the network took.
    pub fn service(&self) -> Duration {
        self.done.saturating_sub(self.sent)
    }
}

/// Recorders of different windows cannot be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two recorders of different windows cannot be merged: {0:?} and {1:?}")]
pub struct WindowMismatch(pub Window, pub Window);

/// Adds up what one worker sees. Only good answers have a latency here: a refusal comes fast and would make an
/// overloaded server look quick. How many there were of all others is in `outcomes`.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorder {
    window: Window,
    latency: Latencies,
    service: Latencies,
    stages: [Latencies; Stage::ALL.len()],
    outcomes: Outcomes,
    timeline: Timeline,
}

impl Recorder {
    /// Empty, for a run of this `window`.
    pub fn new(window: Window) -> Self {
        Self {
            window,
            latency: Latencies::new(),
            service: Latencies::new(),
            stages: std::array::from_fn(|_| Latencies::new()),
            outcomes: Outcomes::default(),
            timeline: Timeline::new(window.measured),
        }
    }

    /// Adds one request. What was due outside the window counts in nothing but the throughput of the second in which
    /// it was answered: without the answers to the end of the warm-up, the first seconds would look idle.
    pub fn record(&mut self, sample: &Sample<'_>) {
        if let Phase::Measured(done) = self.window.phase(sample.done)
            && sample.outcome.is_good()
        {
            self.timeline.answered(done);
        }
        let Phase::Measured(due) = self.window.phase(sample.due) else { return };
        self.outcomes.add(&sample.outcome);
        self.timeline.due(due, sample);
        if !sample.outcome.is_good() {
            return;
        }
        self.latency.record(sample.latency());
        self.service.record(sample.service());
        for (stage, latencies) in Stage::ALL.into_iter().zip(&mut self.stages) {
            if let Some(time) = sample.stages.get(stage) {
                latencies.record(time);
            }
        }
    }

    /// Adds a request that was due and never sent, because the run was over before a connection was free. Left out, it
    /// would be the omission that an open loop is there to avoid.
    pub fn never_sent(&mut self, due: Duration, given_up: Duration) {
        let outcome = Outcome::Failed(Failure::NeverSent);
        self.record(&Sample { due, sent: given_up, done: given_up, outcome, stages: Stages::default() });
    }

    /// Adds all that `other` saw.
    ///
    /// # Errors
    ///
    /// A recorder of another window.
    pub fn merge(&mut self, other: &Self) -> Result<(), WindowMismatch> {
        if self.window != other.window {
            return Err(WindowMismatch(self.window, other.window));
        }
        self.latency.merge(&other.latency);
        self.service.merge(&other.service);
        self.stages.iter_mut().zip(&other.stages).for_each(|(mine, theirs)| mine.merge(theirs));
        self.outcomes.merge(&other.outcomes);
        self.timeline.merge(&other.timeline);
        Ok(())
    }

    /// Which part of the run counts.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Good answers, from when they were due.
    pub fn latency(&self) -> &Latencies {
        &self.latency
    }

    /// Good answers, from when they were sent.
    pub fn service(&self) -> &Latencies {
        &self.service
    }

    /// What the server says about one stage of its good answers.
    pub fn stage(&self, stage: Stage) -> &Latencies {
        &self.stages[stage as usize]
    }

    /// How requests ended.
    pub fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// The same over time.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }
}
