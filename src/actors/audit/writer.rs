//! The actor behind [`super::Audit`]: gathers events, writes one group at a time behind the end of its chain, and signs
//! that end now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Supervised};
use metrics::gauge;
use tokio::sync::oneshot;

use super::batch::{Batch, Waiter};
use super::links::Links;
use super::messages::{Adopt, AuditSnapshot, Drain, Flush, Link, Look, Observe, Retry, Sign, Take};
use super::recorder::Recorder;
use super::{Parts, config};
use crate::actors::gated::Gated;
use crate::domain::audit::chain::Head;
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::Stopwatch;
use crate::store::audit::Spools;

/// The longest one try to write a group may take.
const LONGEST_WRITE: Duration = Duration::from_secs(10);

/// The same where there is a spool: two tries have to fail before who waits for an answer has none.
const LONGEST_BEFORE_SPOOL: Duration = Duration::from_secs(2);

/// The pause between two looks for such rows.
const ADOPTION: Duration = Duration::from_secs(10);

pub(super) struct AuditWriter {
    pub(super) parts: Parts,
    pub(super) recorder: Recorder,
    pub(super) pace: config::Audit,
    pub(super) batch: Batch,
    pub(super) links: Links,
    /// The end of the chain; `None` after a try of which nobody knows whether it took place.
    pub(super) head: Option<Head>,
    /// The last end that was certain.
    pub(super) certain: Head,
    pub(super) signed: u64,
    taken: u64,
    pub(super) flushing: bool,
    pub(super) signing: bool,
    looking: bool,
    pub(super) adopting: bool,
    pub(super) failures: u32,
    /// Taken along by whoever works on it.
    pub(super) spools: Option<Spools>,
    /// Octets in it.
    pub(super) spooled: u64,
    /// Whether it did not take the last group.
    pub(super) spool_failed: bool,
    pub(super) retrying: bool,
    pub(super) retry_now: bool,
    /// Whether the database was tried since somebody asked for the end.
    pub(super) tried_for_drain: bool,
    /// The longest that one try may take.
    pub(super) longest: Duration,
    pub(super) condition: Arc<Condition>,
    pub(super) last_flush: Option<Stopwatch>,
    draining: Vec<oneshot::Sender<()>>,
}

/// What the writer and the facade tell each other without a message.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// Whether the last try to write failed.
    pub(super) failing: AtomicBool,
    /// Events that found no place since the last one that did.
    pub(super) lost: AtomicU64,
}

impl Actor for AuditWriter {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // After a panic nobody waits for what was under way; the group is written again, if it is not there.
        (self.flushing, self.signing, self.looking) = (false, false, false);
        if self.batch.gather_again() {
            self.head = None;
        }
        if self.parts.signer.is_some() {
            context.run_interval(self.pace.checkpoint, |_, context| context.notify(Sign));
        }
        if self.parts.adopts {
            context.run_interval(ADOPTION, |_, context| context.notify(Adopt));
        }
        self.look_later(context);
        if self.failures > 0 {
            self.retrying = false;
            self.retry_later(context);
        } else if !self.batch.is_empty() || self.spooled > 0 {
            context.notify(Flush);
        }
    }
}

impl Supervised for AuditWriter {}

impl Handler<Gated<Take>> for AuditWriter {
    type Result = ();

    fn handle(&mut self, message: Gated<Take>, context: &mut Self::Context) {
        let Some((Take { event, awaited, room }, ticket)) = message.admit() else {
            return;
        };
        self.take(&event, Waiter { ticket: Some(ticket), room });
        // While the database is away the timer tries again, not every new event, unless there is the spool.
        if self.flushing || (self.failures > 0 && !self.is_spooling()) {
            return;
        }
        // What somebody waits for is written at once: those who come while it is under way share the next commit, and
        // the slower the database the larger the groups. What nobody waits for is written once an interval.
        let pause =
            self.last_flush.map_or(Duration::ZERO, |last| self.pace.interval.saturating_sub(last.elapsed()));
        if awaited || self.batch.is_full() || pause.is_zero() {
            self.flush(context);
        } else if self.batch.len() == 1 {
            context.notify_later(Flush, pause);
        }
    }
}

impl Handler<Link> for AuditWriter {
    type Result = ();

    fn handle(&mut self, Link(ids): Link, context: &mut Self::Context) {
        self.links.add(ids);
        self.look_later(context);
    }
}

impl Handler<Flush> for AuditWriter {
    type Result = ();

    fn handle(&mut self, _: Flush, context: &mut Self::Context) {
        self.flush(context);
    }
}

impl Handler<Retry> for AuditWriter {
    type Result = ();

    fn handle(&mut self, _: Retry, context: &mut Self::Context) {
        self.retrying = false;
        if self.flushing {
            // The spool is being written; the database is tried after that.
            self.retry_now = true;
        } else {
            self.write_to_database(context);
        }
    }
}

impl Handler<Look> for AuditWriter {
    type Result = ();

    fn handle(&mut self, _: Look, context: &mut Self::Context) {
        self.looking = false;
        if self.failures == 0 {
            self.flush(context);
        }
        self.look_later(context);
    }
}

impl Handler<Adopt> for AuditWriter {
    type Result = ();

    fn handle(&mut self, _: Adopt, context: &mut Self::Context) {
        self.adopting = true;
        if self.failures == 0 {
            self.flush(context);
        }
    }
}

impl Handler<Sign> for AuditWriter {
    type Result = ();

    fn handle(&mut self, _: Sign, context: &mut Self::Context) {
        self.sign(context);
    }
}

impl Handler<Drain> for AuditWriter {
    type Result = ();

    fn handle(&mut self, Drain(done): Drain, context: &mut Self::Context) {
        self.draining.push(done);
        self.links.hurry();
        // Whatever pause the tries have come to: the database may be back.
        self.tried_for_drain = false;
        if self.flushing {
            self.retry_now = true;
        } else {
            self.write_to_database(context);
        }
        self.finish_draining(context);
    }
}

impl Handler<Gated<Observe>> for AuditWriter {
    type Result = ();

    fn handle(&mut self, message: Gated<Observe>, _: &mut Self::Context) {
        let Some((Observe, ticket)) = message.admit() else {
            return;
        };
        ticket.answer(AuditSnapshot {
            instance: self.parts.instance,
            taken: self.taken,
            pending: self.batch.len() + self.batch.in_flight().len(),
            unlinked: self.links.len(),
            spooled: self.spooled,
            failures: self.failures,
            last: self.certain.seq,
            signed: self.signed,
        });
    }
}

impl AuditWriter {
    pub(super) fn new(
        mut parts: Parts,
        recorder: Recorder,
        pace: &config::Audit,
        condition: Arc<Condition>,
    ) -> Self {
        let spools = parts.spools.take();
        Self {
            spooled: spools.as_ref().map_or(0, Spools::waiting),
            longest: if spools.is_some() { LONGEST_BEFORE_SPOOL } else { LONGEST_WRITE },
            spools,
            spool_failed: false,
            retrying: false,
            retry_now: false,
            tried_for_drain: false,
            parts,
            recorder,
            batch: Batch::new(pace.batch),
            links: Links::new(pace.interval),
            pace: pace.clone(),
            head: Some(Head::START),
            certain: Head::START,
            signed: 0,
            taken: 0,
            flushing: false,
            signing: false,
            looking: false,
            adopting: false,
            failures: 0,
            condition,
            last_flush: None,
            draining: Vec::new(),
        }
    }

    fn take(&mut self, event: &Free, waiter: Waiter) {
        // May panic, with the entropy: the event is then lost alone, and its sender is told.
        let record = self.recorder.record(event.event());
        self.batch.push(record, waiter);
        self.taken += 1;
        gauge!("guardhouse_audit_pending").set((self.batch.len() + self.batch.in_flight().len()) as f64);
    }

    /// What found no place becomes a record, so that the chain says how much is missing.
    pub(super) fn tell_losses(&mut self) {
        let lost = self.condition.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let subject = Subject::default().detail(lost.to_string());
            let event =
                Free::new(self.parts.clock.now(), FreeKind::EventsLost, subject, &Origin::server("audit"));
            self.take(&event, Waiter::default());
        }
    }

    /// Asks for the rows of transactions that were under way, after a moment.
    pub(super) fn look_later(&mut self, context: &mut Context<Self>) {
        if self.links.len() > 0 && !self.looking {
            self.looking = true;
            context.notify_later(Look, self.links.pause());
        }
    }

    pub(super) fn finish_draining(&mut self, context: &mut Context<Self>) {
        // What the spool holds is durable: while the database is away it is left to the next start.
        let reading = self.spooled > 0 && self.failures == 0;
        let waiting = !self.batch.is_empty() || (self.links.is_hurried() && self.failures == 0);
        let untried = self.failures > 0 && !self.tried_for_drain;
        let busy = self.flushing || self.signing || waiting || reading || untried;
        if self.draining.is_empty() || busy || self.sign(context) {
            return;
        }
        self.answer_draining();
    }

    pub(super) fn answer_draining(&mut self) {
        for done in self.draining.drain(..) {
            let _ = done.send(());
        }
    }
}
