//! The shared counters as the limiter uses them: behind a breaker, and with what happens while they are out of reach.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::runtime::Handle as Runtime;

use super::breaker::{Breaker, Way};
use crate::config::OnBackendFailure;
use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Home, Outlook, Place, Verdict};
use crate::store::StoreError;
use crate::store::limit::{LimitStore, MemoryLimits};

/// Counters that all nodes share, where there are such.
#[derive(Clone)]
pub struct SharedCounters {
    /// Where they are.
    pub store: Arc<dyn LimitStore>,
    /// The runtime that owns the connection.
    pub runtime: Runtime,
    /// How long an attempt waits for them.
    pub timeout: Duration,
    /// What happens to attempts that cannot be counted there.
    pub on_failure: OnBackendFailure,
}

#[derive(Clone)]
pub(super) struct Shared {
    counters: SharedCounters,
    breaker: Arc<Breaker>,
    /// What this process has granted itself, here or there.
    local: Arc<MemoryLimits>,
}

impl Shared {
    pub(super) fn new(counters: SharedCounters, breaker: Arc<Breaker>, local: Arc<MemoryLimits>) -> Self {
        Self { counters, breaker, local }
    }

    pub(super) fn set_on_failure(&mut self, on_failure: OnBackendFailure) {
        self.counters.on_failure = on_failure;
    }

    pub(super) fn is_in_reach(&self) -> bool {
        self.breaker.is_closed()
    }

    /// What is known without asking: the attempts that this process has granted itself are among all that count. So
    /// a client that goes on after its limit costs no round trip, and a Redis that lost its data does not hand out
    /// the same places again.
    pub(super) fn known(&self, cells: &[Cell], now: Timestamp) -> Option<Verdict> {
        let outlook = self.local.table().peek(cells, now);
        matches!(outlook, Outlook::Full { .. }).then(|| Verdict::of(outlook, Vec::new()))
    }

    /// The verdict while the breaker is open; `None` when it is closed, and the counters have to be asked.
    pub(super) fn past(&self, cells: &[Cell], now: Timestamp) -> Option<Verdict> {
        match self.breaker.way(now) {
            Way::Through => None,
            Way::Past { probe } => {
                if probe {
                    self.probe(now);
                }
                Some(self.without(cells.to_vec(), now))
            }
        }
    }

    /// Asks the counters; their failure is no error but the configured verdict.
    pub(super) async fn take(self, cells: Vec<Cell>, now: Timestamp) -> Verdict {
        match self.in_time(self.counters.store.take(cells.clone(), now)).await {
            Ok(verdict) => {
                self.breaker.succeeded();
                if let Verdict::Granted { places, .. } = &verdict {
                    self.local.table().note(places, now);
                }
                verdict
            }
            Err(error) => {
                self.breaker.failed(&error, now);
                self.without(cells, now)
            }
        }
    }

    fn without(&self, cells: Vec<Cell>, now: Timestamp) -> Verdict {
        let on_failure = self.counters.on_failure;
        counter!("guardhouse_limits_uncounted_total", "then" => on_failure.to_string()).increment(1);
        match on_failure {
            OnBackendFailure::Local => self.local.table().take(cells, now),
            OnBackendFailure::Deny => Verdict::OutOfReach,
            OnBackendFailure::Allow => Verdict::Unlimited,
        }
    }

    /// Gives back what the shared counters keep of `places`. Where they are out of reach they count one too many, which
    /// expires with the window.
    pub(super) async fn forgive(self, places: Vec<Place>, now: Timestamp) {
        if !self.breaker.is_closed() || places.iter().all(|place| place.home != Home::Shared) {
            return;
        }
        match self.in_time(self.counters.store.forgive(&places)).await {
            Ok(()) => self.breaker.succeeded(),
            Err(error) => self.breaker.failed(&error, now),
        }
    }

    /// Looks whether the counters are back, if it is time to: for when nobody attempts anything.
    pub(super) fn look(&self, now: Timestamp) {
        if self.breaker.way(now) == (Way::Past { probe: true }) {
            self.probe(now);
        }
    }

    fn probe(&self, now: Timestamp) {
        let shared = self.clone();
        self.spawn(async move {
            let outcome = shared.in_time(shared.counters.store.probe(now)).await;
            shared.breaker.probed(&outcome, now);
        });
    }

    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.counters.runtime.spawn(work);
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let done = tokio::time::timeout(self.counters.timeout, work).await;
        done.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))
    }
}
