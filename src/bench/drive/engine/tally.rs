//! What one run adds up to, and what it says about the client itself.

use std::time::Duration;

use crate::bench::drive::connection::Job;
use crate::bench::latencies::Latencies;
use crate::bench::recorder::{Outcome, Recorder, Sample};
use crate::bench::result::Action;
use crate::bench::schedule::{Phase, Window};

/// A request that leaves so long after it was due counts as late.
pub(super) const LATE: Duration = Duration::from_millis(1);

/// What came of one run.
pub struct Tally {
    /// What was asked and answered.
    pub recorder: Recorder,
    /// The good answers of each kind of request, where there are several.
    pub by_action: Vec<(Action, Latencies)>,
    /// By how much requests of the measured time left after they were due.
    pub lateness: Latencies,
    /// How many of them left more than a millisecond late.
    pub late: u64,
    /// How many of them had to wait for a connection or for a session, or were never sent for want of one.
    pub starved: u64,
    /// The most connections at a time.
    pub most_connections: usize,
    /// Answers with 429, the whole run long.
    pub limited: u64,
    /// All answers.
    pub answers: u64,
    blocked: Option<Duration>,
    is_blocked: bool,
}

impl Tally {
    pub(super) fn new(window: Window) -> Self {
        Self {
            recorder: Recorder::new(window),
            by_action: Vec::new(),
            lateness: Latencies::new(),
            late: 0,
            starved: 0,
            most_connections: 0,
            limited: 0,
            answers: 0,
            blocked: None,
            is_blocked: false,
        }
    }

    /// Nothing was free at `now` for a request that was due.
    pub(super) fn block(&mut self, now: Duration) {
        (self.blocked, self.is_blocked) = (Some(now), true);
    }

    /// Something is free again, perhaps.
    pub(super) fn unblock(&mut self) {
        self.is_blocked = false;
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// A request that was `due` has now all that it needs.
    pub(super) fn begun(&mut self, due: Duration) {
        self.is_blocked = false;
        if let Phase::Measured(_) = self.recorder.window().phase(due) {
            self.starved += u64::from(self.blocked.is_some_and(|blocked| due <= blocked));
        }
    }

    pub(super) fn connections(&mut self, open: usize) {
        self.most_connections = self.most_connections.max(open);
    }

    pub(super) fn sent(&mut self, job: &Job) {
        let Some(sent) = job.sent else { return };
        if let Phase::Measured(_) = self.recorder.window().phase(job.due) {
            let late = sent.saturating_sub(job.due);
            self.lateness.record(late);
            self.late += u64::from(late > LATE);
        }
    }

    pub(super) fn never_sent(&mut self, due: Duration, given_up: Duration) {
        self.recorder.never_sent(due, given_up);
        if let Phase::Measured(_) = self.recorder.window().phase(due) {
            self.starved += 1;
        }
    }

    pub(super) fn answered(&mut self, sample: &Sample<'_>, action: Action) {
        self.recorder.record(sample);
        match sample.outcome {
            Outcome::Good(_) => self.answers += 1,
            Outcome::Refused { status, .. } => {
                self.answers += 1;
                self.limited += u64::from(status == 429);
            }
            Outcome::Failed(_) => {}
        }
        let Phase::Measured(_) = self.recorder.window().phase(sample.due) else { return };
        if sample.outcome.is_good() {
            let known = self.by_action.iter().position(|(known, _)| *known == action);
            let index = known.unwrap_or_else(|| {
                self.by_action.push((action, Latencies::new()));
                self.by_action.len() - 1
            });
            self.by_action[index].1.record(sample.latency());
        }
    }
}
