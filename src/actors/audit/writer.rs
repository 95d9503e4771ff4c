//! The actor behind [`super::Audit`]: numbers the events, gathers them, writes one group at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Supervised, WrapFuture};
use metrics::{counter, gauge, histogram};
use tokio::runtime::Handle as Runtime;
use tokio::sync::oneshot;

use super::batch::Batch;
use super::{AuditSink, Parts};
use crate::actors::gated::{Gated, Ticket};
use crate::domain::audit::Free;
use crate::domain::clock::Stopwatch;
use crate::domain::entropy::Entropy;
use crate::domain::id::{InstanceId, uuid_v7};
use crate::store::StoreError;
use crate::store::audit::Numbered;

/// The longest one try to write a group may take.
const LONGEST_WRITE: Duration = Duration::from_secs(10);

/// Pauses between tries while the database is away: from, to.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Record {
    pub(super) event: Free,
    /// Whether somebody waits for the commit.
    pub(super) awaited: bool,
}

/// Writes what has gathered.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Flush;

/// Answers once everything is written: the last message before the end.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Drain(pub(super) oneshot::Sender<()>);

#[derive(Debug, Message)]
#[rtype(result = "AuditSnapshot")]
pub(super) struct Observe;

/// What an operator sees of the audit writer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AuditSnapshot {
    /// This process, as in the table.
    pub instance: InstanceId,
    /// Events numbered so far.
    pub numbered: u64,
    /// Events not yet committed.
    pub pending: usize,
    /// Tries in a row that failed.
    pub failures: u32,
}

pub(super) struct AuditWriter {
    sink: Arc<dyn AuditSink>,
    runtime: Runtime,
    entropy: Arc<dyn Entropy>,
    instance: InstanceId,
    interval: Duration,
    batch: Batch,
    seq: u64,
    flushing: bool,
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
        // After a panic nobody waits for the group that was being written; it is written again.
        self.flushing = false;
        self.batch.gather_again();
        if !self.batch.is_empty() {
            context.notify(Flush);
        }
    }
}

impl Supervised for AuditWriter {}

impl Handler<Gated<Record>> for AuditWriter {
    type Result = ();

    fn handle(&mut self, message: Gated<Record>, context: &mut Self::Context) {
        let Some((Record { event, awaited }, ticket)) = message.admit() else {
            return;
        };
        self.number(event, ticket);
        // While the database is away the timer tries again, not every new event.
        if self.flushing || self.failures > 0 {
            return;
        }
        // What somebody waits for is written at once: those who come while it is under way share the next commit, and
        // the slower the database the larger the groups. What nobody waits for is written once an interval.
        let pause =
            self.last_flush.map_or(Duration::ZERO, |last| self.interval.saturating_sub(last.elapsed()));
        if awaited || self.batch.is_full() || pause.is_zero() {
            self.flush(context);
        } else if self.batch.len() == 1 {
            context.notify_later(Flush, pause);
        }
    }
}

impl Handler<Flush> for AuditWriter {
    type Result = ();

    fn handle(&mut self, _: Flush, context: &mut Self::Context) {
        self.flush(context);
    }
}

impl Handler<Drain> for AuditWriter {
    type Result = ();

    fn handle(&mut self, Drain(done): Drain, context: &mut Self::Context) {
        self.draining.push(done);
        self.flush(context);
        self.finish_draining();
    }
}

impl Handler<Gated<Observe>> for AuditWriter {
    type Result = ();

    fn handle(&mut self, message: Gated<Observe>, _: &mut Self::Context) {
        let Some((Observe, ticket)) = message.admit() else {
            return;
        };
        ticket.answer(AuditSnapshot {
            instance: self.instance,
            numbered: self.seq,
            pending: self.batch.len() + self.batch.in_flight().len(),
            failures: self.failures,
        });
    }
}

impl AuditWriter {
    /// With groups of at most `most` events, written at most once an `interval`.
    pub(super) fn new(parts: Parts, most: usize, interval: Duration, condition: Arc<Condition>) -> Self {
        let Parts { sink, runtime, entropy, instance } = parts;
        Self {
            sink,
            runtime,
            entropy,
            instance,
            interval,
            batch: Batch::new(most),
            seq: 0,
            flushing: false,
            failures: 0,
            condition,
            last_flush: None,
            draining: Vec::new(),
        }
    }

    fn number(&mut self, event: Free, ticket: Ticket<()>) {
        let event = event.event().clone();
        // Before the number is taken: entropy may panic, and a number that nobody writes would look like a loss.
        let id = uuid_v7(event.at, &*self.entropy);
        // What found no place keeps its number: a hole in the numbers is a loss, and says how large.
        self.seq += 1 + self.condition.lost.swap(0, Ordering::Relaxed);
        self.batch.push(Numbered { id, seq: self.seq, event }, ticket);
        gauge!("guardhouse_audit_pending").set((self.batch.len() + self.batch.in_flight().len()) as f64);
    }

    fn flush(&mut self, context: &mut Context<Self>) {
        if self.flushing || !self.batch.launch() {
            return;
        }
        self.flushing = true;
        self.last_flush = Some(Stopwatch::start());
        let (sink, instance, events) = (self.sink.clone(), self.instance, self.batch.in_flight());
        let size = events.len();
        let write = self.runtime.spawn(async move {
            // The database may never answer: a host that is gone sends no error.
            let written = tokio::time::timeout(LONGEST_WRITE, sink.write(instance, &events)).await;
            written.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))
        });
        context.spawn(write.into_actor(self).map(move |written, writer, context| {
            writer.flushing = false;
            match written {
                Ok(Ok(())) => writer.committed(size, context),
                Ok(Err(error)) => writer.failed(&error.to_string(), context),
                Err(panicked) => writer.failed(&panicked.to_string(), context),
            }
        }));
    }

    fn committed(&mut self, size: usize, context: &mut Context<Self>) {
        self.failures = 0;
        self.condition.failing.store(false, Ordering::Relaxed);
        self.batch.landed();
        histogram!("guardhouse_audit_batch_size").record(size as f64);
        counter!("guardhouse_audit_written_total").increment(size as u64);
        gauge!("guardhouse_audit_pending").set(self.batch.len() as f64);
        if !self.batch.is_empty() {
            self.flush(context);
        }
        self.finish_draining();
    }

    fn failed(&mut self, error: &str, context: &mut Context<Self>) {
        self.failures += 1;
        self.condition.failing.store(true, Ordering::Relaxed);
        counter!("guardhouse_audit_write_failures_total").increment(1);
        let pause = RETRY.0.saturating_mul(1 << self.failures.min(10)).min(RETRY.1);
        tracing::error!(
            error,
            failures = self.failures,
            "audit events could not be written; they are kept and tried again"
        );
        self.batch.gather_again();
        context.notify_later(Flush, pause);
    }

    fn finish_draining(&mut self) {
        if self.batch.is_empty() && !self.flushing {
            for done in self.draining.drain(..) {
                let _ = done.send(());
            }
        }
    }
}
