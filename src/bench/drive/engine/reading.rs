//! What happens on a connection: it opens, takes its request, answers, or breaks.

use std::time::Duration;

use super::slots::Slot;
use super::{Engine, REST_AFTER_FAILURE};
use crate::bench::drive::answer::Parsed;
use crate::bench::drive::connection::{Job, Read1};
use crate::bench::drive::reactor::Happened;
use crate::bench::recorder::{Failure, Outcome, Sample, Stages};

impl Engine<'_> {
    pub(super) fn happened(&mut self, what: Happened) {
        let Some(slot) = self.slots.find(what.token) else { return };
        let Some(connection) = self.slots.get(slot) else { return };
        match connection.check_open() {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => return self.fail(slot, Failure::Connect),
        }
        if connection.job.is_some_and(|job| job.sent.is_none()) {
            return self.flush(slot);
        }
        let now = self.reactor.now();
        let Some(connection) = self.slots.get(slot) else { return };
        if connection.job.is_some() && connection.flush(now).is_err() {
            return self.fail(slot, Failure::Closed);
        }
        let read = connection.fill(what.closing).unwrap_or(Read1::Closed);
        if connection.job.is_none() {
            // Nobody asked: it says that it is about to close, or closes.
            if read == Read1::Closed || connection.has_input() {
                self.slots.drop_idle(slot);
            }
            return;
        }
        let is_closed = read == Read1::Closed;
        if connection.has_input() {
            self.read(slot, is_closed);
        }
        // What was answered whole is gone from its slot by now, and this finds nothing.
        if is_closed {
            self.fail(slot, Failure::Closed);
        }
    }

    pub(super) fn flush(&mut self, slot: Slot) {
        let now = self.reactor.now();
        let Some(connection) = self.slots.get(slot) else { return };
        if connection.flush(now).is_err() {
            self.fail(slot, Failure::Closed);
        } else if let Some(job) = connection.job {
            self.tally.sent(&job);
        }
    }

    /// Looks at what has come; the answer, if it is whole. Nothing more comes where the connection `is_closed`, whatever
    /// the answer says about it: a server may end one that was idle for too long just then.
    fn read(&mut self, slot: Slot, is_closed: bool) {
        let Some(mut connection) = self.slots.take(slot) else { return };
        let Some(job) = connection.job else { return self.slots.put_back(slot, connection) };
        let answer = match connection.parsed() {
            Parsed::Part => return self.slots.put_back(slot, connection),
            Parsed::Malformed => {
                self.slots.forget(slot);
                return self.settle(job, Failure::Malformed);
            }
            Parsed::Whole(answer, _) => answer,
        };
        let done = self.reactor.now();
        let outcome = self.asker.answered(job.ticket, Ok(&answer));
        let sample = Sample {
            due: job.due,
            sent: job.sent.unwrap_or(job.began),
            done,
            outcome,
            stages: answer.stages,
        };
        self.tally.answered(&sample, job.ticket.action);
        self.live.record(outcome.is_good().then(|| sample.latency()));
        let rest = if outcome.is_good() { Duration::ZERO } else { self.terms.rest_after_refusal };
        if answer.closes || is_closed {
            self.slots.forget(slot);
        } else {
            connection.clear();
            connection.job = None;
            self.slots.put_idle(slot, connection);
        }
        self.rest(done, rest);
    }

    /// Gives up a connection, and what was under way on it.
    pub(super) fn fail(&mut self, slot: Slot, failure: Failure) {
        let Some(connection) = self.slots.take(slot) else { return };
        self.slots.forget(slot);
        if let Some(job) = connection.job {
            self.settle(job, failure);
        }
    }

    pub(super) fn settle(&mut self, job: Job, failure: Failure) {
        let done = self.reactor.now();
        let outcome = self.asker.answered(job.ticket, Err(failure));
        debug_assert!(matches!(outcome, Outcome::Failed(_)));
        let sent = job.sent.unwrap_or(done);
        let sample = Sample { due: job.due, sent, done, outcome, stages: Stages::default() };
        self.tally.answered(&sample, job.ticket.action);
        self.live.record(None);
        self.rest(done, REST_AFTER_FAILURE);
    }
}
