//! A counted permit, taken before a message is sent.
//!
//! actix's mailboxes do not bind: `send` enqueues through a fresh sender, `do_send` ignores the capacity. So who may
//! wait is decided here, and being full is a normal, typed, measured answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::clock::Stopwatch;
use crate::telemetry::stages::Stage;

/// Why a message was not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many are waiting already, or for too long.
    #[error("too many requests are waiting; try again in {} s", .retry_after.as_secs())]
    Full {
        /// When there is likely to be room.
        retry_after: Duration,
    },
    /// It waited longer than its sender had patience for; no work was done.
    #[error("the request waited for too long")]
    Stale,
    /// The actor panicked over it or restarted.
    #[error("the work was interrupted by a fault")]
    Crashed,
}

impl Refused {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Full { .. } => "full",
            Self::Stale => "stale",
            Self::Crashed => "crashed",
        }
    }
}

/// `capacity` permits and a name. Clones share them.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: &'static str,
    capacity: usize,
    /// How many are worked on at once, for estimating when there will be room.
    workers: usize,
    slots: Arc<Semaphore>,
    mean_work_nanos: AtomicU64,
    meters: Meters,
}

#[derive(Debug)]
struct Meters {
    depth: Gauge,
    full: Counter,
    slow: Counter,
    stale: Counter,
    crashed: Counter,
    waited: Histogram,
    worked: Histogram,
}

impl Gate {
    /// A gate for `capacity` messages, of which `workers` are worked on at the same time.
    pub fn new(name: &'static str, capacity: usize, workers: usize) -> Self {
        let refused = |reason: &'static str| counter!("guardhouse_gate_refused_total", "gate" => name, "reason" => reason);
        let meters = Meters {
            depth: gauge!("guardhouse_gate_depth", "gate" => name),
            full: refused("full"),
            slow: refused("slow"),
            stale: refused("stale"),
            crashed: refused("crashed"),
            waited: histogram!("guardhouse_gate_wait_seconds", "gate" => name),
            worked: histogram!("guardhouse_gate_work_seconds", "gate" => name),
        };
        Self(Arc::new(Inner {
            name,
            capacity,
            workers: workers.max(1),
            slots: Arc::new(Semaphore::new(capacity)),
            mean_work_nanos: AtomicU64::new(0),
            meters,
        }))
    }

    /// A permit, at once or not at all.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`]
    pub fn enter(&self) -> Result<Permit, Refused> {
        match self.0.slots.clone().try_acquire_owned() {
            Ok(slot) => Ok(self.permit(slot)),
            Err(_) => Err(self.full()),
        }
    }

    /// A permit, at once or not at all; none either when those inside will likely keep the next one waiting for too much
    /// of `patience`: it might be refused in the end, and had better hear of it now. The estimate is rough, so a third
    /// of the patience is left for its error.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`]
    pub fn enter_in_time(&self, patience: Duration) -> Result<Permit, Refused> {
        if self.wait_ahead() > patience / 3 * 2 {
            self.0.meters.slow.increment(1);
            return Err(Refused::Full { retry_after: self.retry_after() });
        }
        self.enter()
    }

    /// How long who enters now will likely wait for a worker, from the recent mean.
    fn wait_ahead(&self) -> Duration {
        let waiting = (self.inside() + 1).saturating_sub(self.0.workers) as u64;
        let mean = self.0.mean_work_nanos.load(Ordering::Relaxed);
        Duration::from_nanos(mean.saturating_mul(waiting) / self.0.workers as u64)
    }

    /// A permit, waiting for one at most for `patience`.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`] when there was none in that time.
    pub async fn enter_within(&self, patience: Duration) -> Result<Permit, Refused> {
        match tokio::time::timeout(patience, self.0.slots.clone().acquire_owned()).await {
            Ok(Ok(slot)) => Ok(self.permit(slot)),
            Ok(Err(_)) | Err(_) => Err(self.full()),
        }
    }

    fn permit(&self, slot: OwnedSemaphorePermit) -> Permit {
        self.0.meters.depth.increment(1);
        Permit { gate: self.clone(), _slot: slot }
    }

    fn full(&self) -> Refused {
        self.0.meters.full.increment(1);
        Refused::Full { retry_after: self.retry_after() }
    }

    /// When those inside now will be done, from the recent mean; at least one second, in whole seconds.
    pub fn retry_after(&self) -> Duration {
        let mean = self.0.mean_work_nanos.load(Ordering::Relaxed);
        let queue = mean.saturating_mul(self.inside() as u64) / self.0.workers as u64;
        Duration::from_secs(Duration::from_nanos(queue).as_secs_f64().ceil().max(1.0) as u64)
    }

    /// Permits taken now.
    pub fn inside(&self) -> usize {
        self.0.capacity - self.0.slots.available_permits()
    }

    /// All permits there are.
    pub fn capacity(&self) -> usize {
        self.0.capacity
    }

    /// The gate's name, as in the metrics.
    pub fn name(&self) -> &'static str {
        self.0.name
    }
}

/// The right to be inside; it ends with its drop.
#[derive(Debug)]
pub struct Permit {
    gate: Gate,
    _slot: OwnedSemaphorePermit,
}

impl Permit {
    pub(super) fn gate_name(&self) -> &'static str {
        self.gate.name()
    }

    /// What waiting and working behind this gate are to a request.
    pub(super) fn stages(&self) -> (Option<Stage>, Option<Stage>) {
        let both = |stage| (Some(stage), Some(stage));
        match self.gate.name() {
            "hasher" => (Some(Stage::Queue), Some(Stage::Hash)),
            "sessions" => both(Stage::Sessions),
            "limiter" => both(Stage::Limits),
            "audit" => both(Stage::Audit),
            _ => (None, None),
        }
    }

    pub(super) fn waited(&self, time: Duration) {
        self.gate.0.meters.waited.record(time);
    }

    pub(super) fn worked(&self, time: Duration) {
        self.gate.0.meters.worked.record(time);
        // A moving mean over the last eight or so; two threads that race lose one sample.
        let sample = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mean = self.gate.0.mean_work_nanos.load(Ordering::Relaxed);
        let next = if mean == 0 { sample } else { mean - mean / 8 + sample / 8 };
        self.gate.0.mean_work_nanos.store(next, Ordering::Relaxed);
    }

    pub(super) fn stale(&self) {
        self.gate.0.meters.stale.increment(1);
    }

    pub(super) fn crashed(&self) {
        self.gate.0.meters.crashed.increment(1);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.0.meters.depth.decrement(1);
    }
}

/// Time since a message was let in.
pub(super) type Waiting = Stopwatch;
