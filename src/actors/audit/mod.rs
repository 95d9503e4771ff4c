//! The audit writer: one actor that owns the chain of this process.
//!
//! It commits free events in groups: while one group is being written the next one gathers. An event is acknowledged
//! after the commit. While the database is away they go to a spool file, or wait here; none that was accepted is
//! dropped. Events that find no place are counted, and their number becomes an event of its own. Bound events, which
//! others write in their transactions, get their place in the chain here too, as soon as they are committed.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | [`Audit`], as flows see it, and [`AuditSink`] |
//! | `recorder` | an event becomes a record |
//! | `writer`, `messages` | the actor |
//! | `writing` | the ladder of places to write to |
//! | `signing` | checkpoints |
//! | `batch` | free events that wait for their commit |
//! | `links` | bound events that wait for their place |

mod batch;
mod links;
mod messages;
mod recorder;
mod signing;
#[cfg(test)]
mod tests;
mod writer;
mod writing;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::ArbiterHandle;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures_util::FutureExt;
use metrics::counter;
use tokio::runtime::Handle as Runtime;
use tokio::sync::{Semaphore, oneshot};

use messages::{Drain, Link, Observe, Take};
use recorder::Recorder;
use writer::{AuditWriter, Condition};

pub use messages::AuditSnapshot;

use super::gate::{Gate, Refused};
use super::handle::{Handle, Patience};
use super::keeper::{Lifeline, keep};
use crate::config::{self, AuditDurability, OnAuditFailure, OnErasure};
use crate::domain::audit::address::Addresses;
use crate::domain::audit::chain::Head;
use crate::domain::audit::checkpoint::{Checkpoint, CheckpointKey};
use crate::domain::audit::{Bound, BoundKind, Free, Origin, Subject};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::entropy::Entropy;
use crate::domain::id::{InstanceId, UserId};
use crate::store::audit::{
    Appended, Group, Spools, append, erase_personal_data, insert_behind, insert_bound, insert_checkpoint,
};
use crate::store::{Db, StoreError, Txn};

const CAPACITY: usize = 8_192;

/// How long an event waits for a place, and how long its sender waits for the commit.
const ENTRY: Duration = Duration::from_millis(250);
const COMMIT: Duration = Duration::from_secs(5);

/// Most records that one statement writes.
const ONE_STATEMENT: usize = 1_000;

/// Where groups of events are written.
#[async_trait]
pub trait AuditSink: Send + Sync {
    /// Gives everything in `group` its place in `chain` behind `head`, or behind whatever is last where that is not
    /// known; all or nothing. Called again with the same group after an error, so writing must be idempotent.
    async fn append(
        &self,
        chain: InstanceId,
        head: Option<Head>,
        group: &Arc<Group>,
    ) -> Result<Appended, StoreError>;

    /// Keeps a signed statement.
    async fn sign(&self, checkpoint: &Checkpoint) -> Result<(), StoreError>;
}

#[async_trait]
impl AuditSink for Db {
    async fn append(
        &self,
        chain: InstanceId,
        head: Option<Head>,
        group: &Arc<Group>,
    ) -> Result<Appended, StoreError> {
        let plain = !group.may_be_stored && group.bound.is_empty() && group.strays.is_none();
        if let Some(head) = head.filter(|head| plain && head.seq > 0 && group.records.len() <= ONE_STATEMENT)
        {
            let head = self.write((chain, head, group.clone()), |db, (chain, head, group)| {
                async move { insert_behind(&db, *chain, *head, &group.records).await }.boxed()
            });
            return Ok(Appended { head: head.await?, linked: Vec::new(), adopted: 0 });
        }
        self.atomically((chain, head, group.clone()), |txn, (chain, head, group)| {
            async move { append(txn, *chain, *head, group).await }.boxed()
        })
        .await
    }

    async fn sign(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.write(checkpoint.clone(), |db, checkpoint| {
            async move { insert_checkpoint(&db, checkpoint).await }.boxed()
        })
        .await
    }
}

/// The audit log, as flows see it.
#[derive(Clone)]
pub struct Audit {
    handle: Handle<AuditWriter>,
    recorder: Recorder,
    on_erasure: OnErasure,
    durability: AuditDurability,
    on_failure: OnAuditFailure,
    condition: Arc<Condition>,
    /// Places for events whose senders have their answer before they are durable.
    room: Arc<Semaphore>,
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
    /// This process, and its chain.
    pub instance: InstanceId,
    /// When a checkpoint is signed.
    pub clock: Arc<dyn Clock>,
    /// What signs checkpoints at the moment.
    pub signer: Option<Arc<ArcSwap<CheckpointKey>>>,
    /// How much of an address is kept.
    pub addresses: Addresses,
    /// Where events go while the database is away.
    pub spools: Option<Spools>,
    /// Whether it gives a place to what others left without one.
    pub adopts: bool,
}

impl Audit {
    /// Starts the writer.
    pub fn start(
        settings: &config::Audit,
        parts: Parts,
        arbiter: &ArbiterHandle,
        lifeline: Lifeline,
    ) -> Self {
        let recorder = Recorder {
            entropy: parts.entropy.clone(),
            instance: parts.instance,
            addresses: parts.addresses.clone(),
        };
        let (own, pace) = (recorder.clone(), settings.clone());
        let condition = Arc::<Condition>::default();
        let shared = condition.clone();
        let make = move || AuditWriter::new(parts, own, &pace, shared);
        let address = keep(arbiter, "audit", lifeline, make);
        let handle = Handle::new(address, Gate::new("audit", CAPACITY, CAPACITY));
        let room = Arc::new(Semaphore::new(settings.batch));
        let (durability, on_failure) = (settings.durability, settings.on_failure);
        Self { handle, recorder, on_erasure: settings.on_erasure, durability, on_failure, condition, room }
    }

    /// Records an observation. Returns when it is durable, or earlier, as `audit.durability` says.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when the log does not take it within seconds and `audit.on_failure` is `"refuse"`.
    pub async fn record(&self, event: Free) -> Result<(), NotRecorded> {
        let kind = event.event().kind;
        match self.durability {
            AuditDurability::Sync => {
                let patience = Patience { entry: ENTRY, queue: Duration::MAX };
                let recorded = self.handle.commit(Take { event, awaited: true, room: None }, patience);
                match tokio::time::timeout(COMMIT, recorded).await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(refused)) => self.lost(kind, refused),
                    // It stays with the writer and is written when the database is back.
                    Err(_) => self.lost(kind, Refused::Stale),
                }
            }
            AuditDurability::Group => {
                // No more than one group is ever acknowledged and not durable.
                match tokio::time::timeout(COMMIT, self.room.clone().acquire_owned()).await {
                    Ok(Ok(room)) => self.hand_over(Take { event, awaited: true, room: Some(room) }),
                    Ok(Err(_)) | Err(_) => {
                        let retry_after = self.handle.gate().retry_after();
                        self.lost(kind, Refused::Full { retry_after })
                    }
                }
            }
            AuditDurability::Async => self.hand_over(Take { event, awaited: false, room: None }),
        }
    }

    fn hand_over(&self, message: Take) -> Result<(), NotRecorded> {
        let kind = message.event.event().kind;
        match self.handle.commit_later(message) {
            Ok(()) => Ok(()),
            Err(refused) => self.lost(kind, refused),
        }
    }

    /// Whether the log takes events now: asked before what cannot be taken back.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when its last tries to write failed, and `audit.on_failure` is `"refuse"`.
    pub fn accepts(&self) -> Result<(), NotRecorded> {
        let refuses =
            self.on_failure == OnAuditFailure::Refuse && self.condition.failing.load(Ordering::Relaxed);
        if refuses { Err(NotRecorded(Refused::Stale)) } else { Ok(()) }
    }

    /// Records what has happened and cannot be taken back. Once the writer has the event, a late commit is no reason
    /// to answer that it did not happen.
    ///
    /// # Errors
    ///
    /// As [`Self::record`], when the writer did not take it at all.
    pub async fn record_done(&self, event: Free) -> Result<(), NotRecorded> {
        match self.record(event).await {
            Err(NotRecorded(Refused::Stale)) => Ok(()),
            recorded => recorded,
        }
    }

    /// Records an observation without waiting for it, and without failing what is observed: a loss is counted. For
    /// what comes in floods.
    pub fn note(&self, event: Free) {
        let kind = event.event().kind;
        // Floods leave the greater part of the places to what somebody waits for.
        let crowded = self.handle.gate().inside() > CAPACITY / 4;
        if crowded || self.handle.commit_later(Take { event, awaited: false, room: None }).is_err() {
            self.count_loss(kind);
        }
    }

    fn count_loss(&self, kind: &'static str) {
        self.condition.lost.fetch_add(1, Ordering::Relaxed);
        counter!("guardhouse_audit_lost_total", "kind" => kind).increment(1);
    }

    fn lost(&self, kind: &'static str, refused: Refused) -> Result<(), NotRecorded> {
        if refused != Refused::Stale {
            self.count_loss(kind);
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
        self.bind_all(txn, std::slice::from_ref(event)).await
    }

    /// Writes the records of several changes into their common transaction; one at least.
    ///
    /// # Errors
    ///
    /// As [`Self::bind`].
    pub async fn bind_all(&self, txn: &Txn, events: &[Bound]) -> Result<(), StoreError> {
        let records: Vec<_> = events.iter().map(|event| self.recorder.record(event.event())).collect();
        insert_bound(txn, &records).await?;
        // The writer looks for them until they are committed; a transaction that is run again brings others.
        self.handle.address().do_send(Link(records.into_iter().map(|record| record.id).collect()));
        Ok(())
    }

    /// An account is being removed in `txn`, at `now`: erases what is personal in the records of what it did, where that is
    /// configured, and records that.
    ///
    /// # Errors
    ///
    /// As [`Self::bind`].
    pub async fn forget(&self, txn: &Txn, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        match self.on_erasure {
            OnErasure::Keep => Ok(()),
            OnErasure::Pseudonymise => {
                let erased = erase_personal_data(txn, user).await?;
                let subject = Subject::user(user).detail(erased.to_string());
                let kind = BoundKind::PersonalDataErased;
                self.bind(txn, &Bound::new(now, kind, subject, &Origin::server("erasure"))).await
            }
        }
    }

    /// Writes everything that is pending, and signs it. Returns when it is committed.
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
