//! The actor behind [`super::Audit`]: gathers events, writes one group at a time behind the end of its chain, and signs
//! that end now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Supervised, WrapFuture};
use metrics::{counter, gauge, histogram};
use tokio::sync::oneshot;

use super::batch::Batch;
use super::links::Links;
use super::messages::{Adopt, AuditSnapshot, Drain, Flush, Link, Look, Observe, Sign, Take};
use super::recorder::Recorder;
use super::{Parts, config};
use crate::actors::gated::{Gated, Ticket};
use crate::domain::audit::chain::Head;
use crate::domain::audit::checkpoint::Statement;
use crate::domain::audit::octets::Salt;
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::Stopwatch;
use crate::domain::entropy::bytes;
use crate::store::StoreError;
use crate::store::audit::{Appended, Group, Strays};

/// The longest one try to write a group may take.
const LONGEST_WRITE: Duration = Duration::from_secs(10);

/// Pauses between tries while the database is away: from, to.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// How old a row without a place has to be before another process may take it: its own has had the time.
const STRAY: Duration = Duration::from_secs(60);

/// The pause between two looks for such rows.
const ADOPTION: Duration = Duration::from_secs(10);

pub(super) struct AuditWriter {
    parts: Parts,
    recorder: Recorder,
    pace: config::Audit,
    batch: Batch,
    links: Links,
    /// The end of the chain; `None` after a try of which nobody knows whether it took place.
    head: Option<Head>,
    /// The last end that was certain.
    certain: Head,
    signed: u64,
    taken: u64,
    flushing: bool,
    signing: bool,
    looking: bool,
    adopting: bool,
    failures: u32,
    condition: Arc<Condition>,
    last_flush: Option<Stopwatch>,
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
        if !self.batch.is_empty() {
            context.notify(Flush);
        }
    }
}

impl Supervised for AuditWriter {}

impl Handler<Gated<Take>> for AuditWriter {
    type Result = ();

    fn handle(&mut self, message: Gated<Take>, context: &mut Self::Context) {
        let Some((Take { event, awaited }, ticket)) = message.admit() else {
            return;
        };
        self.take(&event, Some(ticket));
        // While the database is away the timer tries again, not every new event.
        if self.flushing || self.failures > 0 {
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
        self.flush(context);
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
            failures: self.failures,
            last: self.certain.seq,
            signed: self.signed,
        });
    }
}

impl AuditWriter {
    pub(super) fn new(
        parts: Parts,
        recorder: Recorder,
        pace: &config::Audit,
        condition: Arc<Condition>,
    ) -> Self {
        Self {
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

    fn take(&mut self, event: &Free, ticket: Option<Ticket<()>>) {
        // May panic, with the entropy: the event is then lost alone, and its sender is told.
        let record = self.recorder.record(event.event());
        self.batch.push(record, ticket);
        self.taken += 1;
        gauge!("guardhouse_audit_pending").set((self.batch.len() + self.batch.in_flight().len()) as f64);
    }

    /// What found no place becomes a record, so that the chain says how much is missing.
    fn tell_losses(&mut self) {
        let lost = self.condition.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let subject = Subject::default().detail(lost.to_string());
            let event =
                Free::new(self.parts.clock.now(), FreeKind::EventsLost, subject, &Origin::server("audit"));
            self.take(&event, None);
        }
    }

    fn flush(&mut self, context: &mut Context<Self>) {
        if self.flushing {
            return;
        }
        self.tell_losses();
        let bound = if self.links.is_due() { self.links.ask(self.pace.batch) } else { Vec::new() };
        let strays = std::mem::take(&mut self.adopting).then(|| Strays {
            before: self.parts.clock.now().minus(STRAY),
            salts: (0..self.pace.batch).map(|_| Salt(bytes(&*self.recorder.entropy))).collect(),
        });
        if !self.batch.launch() && bound.is_empty() && strays.is_none() {
            return;
        }
        self.flushing = true;
        self.last_flush = Some(Stopwatch::start());
        let opening = self.head.is_none_or(|head| head.seq == 0).then(|| {
            let (now, origin) = (self.parts.clock.now(), Origin::server("audit"));
            let begun = Free::new(now, FreeKind::ChainBegun, Subject::default(), &origin);
            self.recorder.record(begun.event())
        });
        let records = self.batch.in_flight();
        let group = Arc::new(Group { records, may_be_stored: self.head.is_none(), bound, strays, opening });
        let (sink, chain, head, sent) =
            (self.parts.sink.clone(), self.parts.instance, self.head, group.clone());
        let write = self.parts.runtime.spawn(async move {
            // The database may never answer: a host that is gone sends no error.
            let written = tokio::time::timeout(LONGEST_WRITE, sink.append(chain, head, &sent)).await;
            written.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))
        });
        context.spawn(write.into_actor(self).map(move |written, writer, context| {
            writer.flushing = false;
            match written {
                Ok(Ok(appended)) => writer.committed(&group, &appended, context),
                Ok(Err(error)) => writer.failed(&group, &error.to_string(), context),
                Err(panicked) => writer.failed(&group, &panicked.to_string(), context),
            }
        }));
    }

    fn committed(&mut self, group: &Group, appended: &Appended, context: &mut Context<Self>) {
        self.failures = 0;
        self.condition.failing.store(false, Ordering::Relaxed);
        (self.head, self.certain) = (Some(appended.head), appended.head);
        self.batch.landed();
        self.links.answered(group.bound.len(), &appended.linked);
        // As many as were asked for: there may be more.
        self.adopting |= group.strays.as_ref().is_some_and(|strays| strays.salts.len() == appended.adopted);
        let size = group.records.len();
        histogram!("guardhouse_audit_batch_size").record(size as f64);
        counter!("guardhouse_audit_written_total").increment(size as u64);
        counter!("guardhouse_audit_linked_total")
            .increment((appended.linked.len() + appended.adopted) as u64);
        gauge!("guardhouse_audit_pending").set(self.batch.len() as f64);
        if !self.batch.is_empty() || self.adopting || self.links.is_hurried() {
            self.flush(context);
        }
        self.finish_draining(context);
    }

    fn failed(&mut self, group: &Group, error: &str, context: &mut Context<Self>) {
        self.failures += 1;
        self.head = None;
        self.condition.failing.store(true, Ordering::Relaxed);
        counter!("guardhouse_audit_write_failures_total").increment(1);
        let pause = RETRY.0.saturating_mul(1 << self.failures.min(10)).min(RETRY.1);
        tracing::error!(
            error,
            failures = self.failures,
            "audit events could not be written; they are kept and tried again"
        );
        self.batch.gather_again();
        self.links.hurry();
        self.adopting |= group.strays.is_some();
        context.notify_later(Flush, pause);
    }

    /// Asks for the rows of transactions that were under way, after a moment.
    fn look_later(&mut self, context: &mut Context<Self>) {
        if self.links.len() > 0 && !self.looking {
            self.looking = true;
            context.notify_later(Look, self.links.pause());
        }
    }

    /// Signs the end of the chain, unless that is done. Whether it is being done.
    fn sign(&mut self, context: &mut Context<Self>) -> bool {
        let Some(signer) = self.parts.signer.clone() else { return false };
        let Some(head) = self.head.filter(|head| head.seq > self.signed && !self.signing) else {
            return false;
        };
        self.signing = true;
        let checkpoint = signer.sign(self.parts.instance, head, self.parts.clock.now(), Statement::Reached);
        let (sink, signed) = (self.parts.sink.clone(), checkpoint.clone());
        let write = self.parts.runtime.spawn(async move {
            let written = tokio::time::timeout(LONGEST_WRITE, sink.sign(&signed)).await;
            written.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))
        });
        context.spawn(write.into_actor(self).map(move |written, writer, context| {
            writer.signing = false;
            let written = written.unwrap_or_else(|panicked| Err(StoreError::Other(panicked.to_string())));
            match written {
                Ok(()) => {
                    writer.signed = checkpoint.head.seq;
                    // Outside of the database: who can change that cannot change this.
                    tracing::info!(%checkpoint, "signed the audit log");
                }
                Err(error) => {
                    tracing::warn!(%error, "a checkpoint of the audit log could not be stored");
                    // Whoever waits for the end does not wait for this.
                    writer.answer_draining();
                }
            }
            writer.finish_draining(context);
        }));
        true
    }

    fn finish_draining(&mut self, context: &mut Context<Self>) {
        let busy = self.flushing || self.signing || !self.batch.is_empty() || self.links.is_hurried();
        if self.draining.is_empty() || busy || self.sign(context) {
            return;
        }
        self.answer_draining();
    }

    fn answer_draining(&mut self) {
        for done in self.draining.drain(..) {
            let _ = done.send(());
        }
    }
}
