//! The audit writer: one actor that owns the order of the free events of this process.
//!
//! It numbers them, and commits them in groups: while one group is being written the next one gathers. An event is
//! acknowledged after the commit. While the database is away the events wait here and are tried again; none is
//! dropped, so the numbers in the table have no hole.

mod batch;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, ArbiterHandle, AsyncContext, Context, Handler, Message, Supervised, WrapFuture,
};
use async_trait::async_trait;
use futures_util::FutureExt;
use metrics::{counter, gauge, histogram};
use tokio::runtime::Handle as Runtime;
use tokio::sync::oneshot;
use uuid::Uuid;

use batch::Batch;

use super::gate::{Gate, Refused};
use super::gated::{Gated, Ticket};
use super::handle::{Handle, Patience};
use super::keeper::{Lifeline, keep};
use crate::config::{self, AuditDurability, OnAuditFailure};
use crate::domain::audit::{Bound, Free};
use crate::domain::clock::Stopwatch;
use crate::domain::entropy::Entropy;
use crate::domain::id::{InstanceId, uuid_v7};
use crate::store::audit::{Numbered, insert_bound, insert_numbered};
use crate::store::{Db, StoreError, Txn};

const CAPACITY: usize = 8_192;

/// How long an event waits for a place, and how long its sender waits for the commit.
const ENTRY: Duration = Duration::from_millis(250);
const COMMIT: Duration = Duration::from_secs(5);

/// Pauses between tries while the database is away: from, to.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Where groups of events are written.
#[async_trait]
pub trait AuditSink: Send + Sync {
    /// Writes `events` all or none. Called again with the same events after an error, so writing must be idempotent.
    async fn write(&self, instance: InstanceId, events: &[Numbered]) -> Result<(), StoreError>;
}

#[async_trait]
impl AuditSink for Db {
    async fn write(&self, instance: InstanceId, events: &[Numbered]) -> Result<(), StoreError> {
        Self::write(self, (instance, events.to_vec()), |db, (instance, events)| {
            async move { insert_numbered(&db, *instance, events).await }.boxed()
        })
        .await
    }
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Record(Free);

/// Writes what has gathered.
#[derive(Message)]
#[rtype(result = "()")]
struct Flush;

/// Answers once everything is written: the last message before the end.
#[derive(Message)]
#[rtype(result = "()")]
struct Drain(oneshot::Sender<()>);

#[derive(Debug, Message)]
#[rtype(result = "AuditSnapshot")]
struct Observe;

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

struct AuditWriter {
    sink: Arc<dyn AuditSink>,
    runtime: Runtime,
    entropy: Arc<dyn Entropy>,
    instance: InstanceId,
    interval: Duration,
    batch: Batch,
    seq: u64,
    flushing: bool,
    failures: u32,
    last_flush: Option<Stopwatch>,
    draining: Vec<oneshot::Sender<()>>,
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
        let Some((Record(event), ticket)) = message.admit() else {
            return;
        };
        self.number(event, ticket);
        // While the database is away the timer tries again, not every new event.
        if self.flushing || self.failures > 0 {
            return;
        }
        // Alone after a pause: written at once. In company: once an interval, or when the group is full.
        let pause =
            self.last_flush.map_or(Duration::ZERO, |last| self.interval.saturating_sub(last.elapsed()));
        if self.batch.is_full() || pause.is_zero() {
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
    fn number(&mut self, event: Free, ticket: Ticket<()>) {
        self.seq += 1;
        let event = event.event().clone();
        let id = uuid_v7(event.at, &*self.entropy);
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
        let write = self.runtime.spawn(async move { sink.write(instance, &events).await });
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

/// The audit log, as flows see it.
#[derive(Clone)]
pub struct Audit {
    handle: Handle<AuditWriter>,
    entropy: Arc<dyn Entropy>,
    instance: InstanceId,
    durability: AuditDurability,
    on_failure: OnAuditFailure,
}

/// The audit log did not take an event, and the configuration says that nothing happens without its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log does not accept events: {0}")]
pub struct NotRecorded(Refused);

/// What the audit writer works with.
pub struct Parts {
    /// Where events are written.
    pub sink: Arc<dyn AuditSink>,
    /// The runtime that owns the connections.
    pub runtime: Runtime,
    /// For the events' ids.
    pub entropy: Arc<dyn Entropy>,
    /// This process.
    pub instance: InstanceId,
}

impl Audit {
    /// Starts the writer.
    pub fn start(
        settings: &config::Audit,
        parts: Parts,
        arbiter: &ArbiterHandle,
        lifeline: Lifeline,
    ) -> Self {
        let Parts { sink, runtime, entropy, instance } = parts;
        let (interval, most) = (settings.interval, settings.batch);
        let shared = entropy.clone();
        let address = keep(arbiter, "audit", lifeline, move || AuditWriter {
            sink,
            runtime,
            entropy: shared,
            instance,
            interval,
            batch: Batch::new(most),
            seq: 0,
            flushing: false,
            failures: 0,
            last_flush: None,
            draining: Vec::new(),
        });
        let handle = Handle::new(address, Gate::new("audit", CAPACITY, CAPACITY));
        let (durability, on_failure) = (settings.durability, settings.on_failure);
        Self { handle, entropy, instance, durability, on_failure }
    }

    /// Records an observation. Returns when it is committed, or, with `audit.durability = "async"`, at once.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when the log does not take it within seconds and `audit.on_failure` is `"refuse"`.
    pub async fn record(&self, event: Free) -> Result<(), NotRecorded> {
        let kind = event.event().kind;
        match self.durability {
            AuditDurability::Group => {
                let patience = Patience { entry: ENTRY, queue: Duration::MAX };
                let recorded = self.handle.commit(Record(event), patience);
                match tokio::time::timeout(COMMIT, recorded).await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(refused)) => self.lost(kind, refused),
                    // It stays with the writer and is written when the database is back.
                    Err(_) => self.lost(kind, Refused::Stale),
                }
            }
            AuditDurability::Async => match self.handle.commit_later(Record(event)) {
                Ok(()) => Ok(()),
                Err(refused) => self.lost(kind, refused),
            },
        }
    }

    /// Records an observation without waiting for it, and without failing what is observed: a loss is counted. For
    /// what comes in floods.
    pub fn note(&self, event: Free) {
        let kind = event.event().kind;
        if self.handle.commit_later(Record(event)).is_err() {
            counter!("guardhouse_audit_lost_total", "kind" => kind).increment(1);
        }
    }

    fn lost(&self, kind: &'static str, refused: Refused) -> Result<(), NotRecorded> {
        if refused != Refused::Stale {
            counter!("guardhouse_audit_lost_total", "kind" => kind).increment(1);
        }
        tracing::error!(kind, %refused, on_failure = ?self.on_failure, "an audit event was not acknowledged");
        match self.on_failure {
            OnAuditFailure::Refuse => Err(NotRecorded(refused)),
            OnAuditFailure::Continue => Ok(()),
        }
    }

    /// Writes the record of a change into the change's own transaction.
    ///
    /// # Errors
    ///
    /// As every write; the transaction must then not be committed.
    pub async fn bind(&self, txn: &Txn, event: &Bound) -> Result<(), StoreError> {
        insert_bound(txn, self.id(event), self.instance, event).await
    }

    fn id(&self, event: &Bound) -> Uuid {
        uuid_v7(event.event().at, &*self.entropy)
    }

    /// Writes everything that is pending. Returns when it is committed.
    pub async fn drain(&self) {
        let (done, wait) = oneshot::channel();
        self.handle.address().do_send(Drain(done));
        let _ = wait.await;
    }

    /// The writer's state.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn observe(&self) -> Result<AuditSnapshot, Refused> {
        self.handle.ask(Observe, Patience { entry: ENTRY, queue: COMMIT }).await
    }
}
