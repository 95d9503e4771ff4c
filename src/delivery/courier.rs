//! One delivery: what is next, what failed, and who works on it.
//!
//! Messages go in batches; the next batch begins when each message of this one is delivered or given up. A receiver that
//! is away holds its delivery, so nothing is given up in haste, and nothing else waits for it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use metrics::gauge;
use tokio::sync::watch;
use uuid::Uuid;

use super::backoff::pause;
use super::batch::{Batch, Came};
use super::route::Route;
use super::{Carrier, Verdict};
use crate::domain::audit::chain::Linked;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::entropy::Entropy;
use crate::domain::id::uuid_v7;
use crate::store::audit::{hold, note_failure, release, settle};
use crate::store::{Db, StoreError};

/// For how long a delivery belongs to a node that is not heard of: longer than a batch may take.
pub const LEASE: Duration = Duration::from_secs(30);

/// What must be left of the lease when a batch begins: more than a carrier takes, so that no other node begins meanwhile.
const LEFT: Duration = Duration::from_secs(25);

/// The longest that the end waits for a batch under way. It is sent again by whoever takes over.
const LAST_BATCH: Duration = Duration::from_secs(3);

/// The pause between two looks for something to deliver.
const PAUSE: Duration = Duration::from_secs(1);

/// What a courier works with.
#[derive(Clone)]
pub struct Parts {
    /// Where the records are, and how far the delivery has come.
    pub db: Db,
    /// For leases and pauses.
    pub clock: Arc<dyn Clock>,
    /// For the name under which it holds its delivery, and the spread of pauses.
    pub entropy: Arc<dyn Entropy>,
}

/// What came of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Another node works on this delivery.
    Elsewhere,
    /// A receiver that did not take something is left alone for a while.
    Pausing,
    /// There is nothing to deliver.
    Idle,
    /// So many records are done with.
    Done(usize),
}

/// Works on one delivery.
pub struct Courier {
    name: String,
    kinds: Vec<&'static str>,
    carrier: Arc<dyn Carrier>,
    parts: Parts,
    /// The name under which it holds the delivery.
    holder: Uuid,
    /// Until when it does.
    held_until: Option<Timestamp>,
    route: Option<Route>,
    batch: Option<Batch>,
    /// How often in a row its receiver did not take something, and until when it is left alone.
    failures: u32,
    not_before: Timestamp,
}

impl Courier {
    /// For the delivery `name`, with records of `kinds` or, where there are none, of all.
    pub fn new(
        name: impl Into<String>,
        kinds: Vec<&'static str>,
        carrier: Arc<dyn Carrier>,
        parts: Parts,
    ) -> Self {
        let holder = uuid_v7(parts.clock.now(), &*parts.entropy);
        Self {
            name: name.into(),
            kinds,
            carrier,
            parts,
            holder,
            held_until: None,
            route: None,
            batch: None,
            failures: 0,
            not_before: Timestamp::MIN,
        }
    }

    /// Works until `stop` says so, and then lets the next one take over at once. `stop` is dropped when that is done.
    pub async fn work(mut self, stop: watch::Receiver<bool>) {
        let mut told = stop.clone();
        // Where nobody is left who could say so, it is the end as well.
        let stopped = async move { drop(told.wait_for(|stop| *stop).await) }.boxed().shared();
        while stopped.clone().now_or_never().is_none() {
            let late = stopped.clone().then(|()| tokio::time::sleep(LAST_BATCH));
            let done = tokio::select! {
                done = AssertUnwindSafe(self.round()).catch_unwind() => done,
                () = late => break,
            };
            match done {
                Ok(Ok(Round::Done(_))) => continue,
                Ok(Ok(Round::Elsewhere | Round::Pausing | Round::Idle)) => {}
                Ok(Err(error)) => tracing::warn!(delivery = self.name, %error, "a delivery cannot go on"),
                // Whoever ended here would hold the delivery for nothing.
                Err(_) => tracing::error!(delivery = self.name, "a delivery panicked"),
            }
            let _ = tokio::time::timeout(PAUSE, stopped.clone()).await;
        }
        // Whoever was interrupted may hold it without knowing.
        if let Err(error) = release(self.parts.db.writer(), &self.name, self.holder).await {
            tracing::warn!(delivery = self.name, %error, "the next node has to wait for this delivery");
        }
        drop(stop);
    }

    /// Does what is next.
    ///
    /// # Errors
    ///
    /// As every read and write; what was delivered and not noted is noted by the next round, or delivered again.
    pub async fn round(&mut self) -> Result<Round, StoreError> {
        let now = self.parts.clock.now();
        if !self.is_mine(now).await? {
            return Ok(Round::Elsewhere);
        }
        if now < self.not_before {
            if let Some(batch) = &self.batch {
                self.tell_lag(now.since(batch.oldest()));
            }
            return Ok(Round::Pausing);
        }
        let messages = match &mut self.batch {
            Some(batch) => batch.read(&self.parts.db).await?,
            None => match self.next_batch(now).await? {
                Some(messages) => messages,
                None => {
                    self.tell_lag(Duration::ZERO);
                    return Ok(Round::Idle);
                }
            },
        };
        self.deliver(messages, now).await
    }

    /// Whether this node works on the delivery. Asked for again as soon as a batch might outlast it.
    async fn is_mine(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        if self.held_until.is_some_and(|until| now.plus(LEFT) < until) {
            return Ok(true);
        }
        if self.held_until.is_none_or(|until| until <= now) {
            // Others may have come further meanwhile.
            self.let_go();
        }
        let until = now.plus(LEASE);
        // An error leaves everything as it is: the lease that there was goes on.
        if hold(&self.parts.db, &self.name, self.holder, now, until).await? {
            self.held_until = Some(until);
            return Ok(true);
        }
        self.let_go();
        Ok(false)
    }

    /// Forgets what belongs to whoever works on the delivery; what is told of it is theirs to tell.
    fn let_go(&mut self) {
        (self.held_until, self.route, self.batch) = (None, None, None);
        self.not_before = Timestamp::MIN;
        self.count_failures(0);
        self.tell_lag(Duration::ZERO);
    }

    /// Begins the next batch. Its messages, where there is one.
    async fn next_batch(&mut self, now: Timestamp) -> Result<Option<Vec<Linked>>, StoreError> {
        if self.route.is_none() {
            self.route = Some(Route::resume(&self.parts.db, &self.name).await?);
        }
        let Some(route) = &mut self.route else { return Ok(None) };
        let mut found = route.next(&self.parts.db, now).await?;
        let wanted = |linked: &Linked| {
            self.kinds.is_empty() || self.kinds.iter().any(|kind| *kind == linked.record.kind)
        };
        // Those that are not wanted are done with when those before them are.
        let beyond = found.iter().enumerate().filter(|(_, linked)| wanted(linked)).nth(self.carrier.most());
        if let Some((beyond, _)) = beyond {
            found.truncate(beyond);
        }
        self.batch = Batch::new(&found, wanted);
        found.retain(wanted);
        Ok(self.batch.is_some().then_some(found))
    }

    /// Sends `messages`, which are what is open of the batch.
    async fn deliver(&mut self, messages: Vec<Linked>, now: Timestamp) -> Result<Round, StoreError> {
        let Some(mut batch) = self.batch.take() else { return Ok(Round::Idle) };
        self.tell_lag(now.since(batch.oldest()));
        let came =
            if messages.is_empty() { Came::default() } else { self.carry(&mut batch, messages, now).await };
        if let Some((reason, asked)) = &came.failure {
            // A receiver that takes some of it is not away: its next pause is a short one.
            self.count_failures(if came.delivered { 1 } else { self.failures + 1 });
            // From when it answered.
            let answered = self.parts.clock.now();
            self.not_before = answered.plus(pause(self.failures, *asked, &*self.parts.entropy));
            let failures = self.failures;
            tracing::warn!(delivery = self.name, reason, failures, "a delivery has to wait");
        } else if came.delivered {
            self.count_failures(0);
        }
        let is_done = batch.is_done();
        // Kept until it is noted: after an error only noting it is left to do.
        let batch = self.batch.insert(batch);
        if is_done {
            let place = (batch.chain, batch.last);
            let (dead, at) = (batch.dead.clone(), batch.delivered.then_some(now));
            if !settle(&self.parts.db, &self.name, self.holder, place, dead, at).await? {
                self.let_go();
                return Ok(Round::Elsewhere);
            }
            let records = batch.records;
            self.batch = None;
            if let Some(route) = &mut self.route {
                route.reached(place.0, place.1);
            }
            if came.failure.is_none() {
                return Ok(Round::Done(records));
            }
        }
        if let Some((reason, _)) = came.failure {
            note_failure(self.parts.db.writer(), &self.name, self.holder, now, &reason).await?;
        }
        Ok(Round::Pausing)
    }

    /// Sends `messages`, the open ones of `batch`.
    async fn carry(&self, batch: &mut Batch, messages: Vec<Linked>, now: Timestamp) -> Came {
        let messages = Arc::new(messages);
        let (carrier, sent) = (self.carrier.clone(), messages.clone());
        let carried = tokio::task::spawn_blocking(move || carrier.carry(&sent, now)).await;
        // One that panicked is as good as one that failed.
        let broken = || Verdict::Later { reason: "the carrier failed".into(), pause: None };
        let verdicts = carried.unwrap_or_else(|_| messages.iter().map(|_| broken()).collect());
        batch.note(&self.name, &messages, verdicts, now)
    }

    fn count_failures(&mut self, failures: u32) {
        self.failures = failures;
        gauge!("guardhouse_delivery_failures", "delivery" => self.name.clone()).set(f64::from(failures));
    }

    fn tell_lag(&self, lag: Duration) {
        gauge!("guardhouse_delivery_lag_seconds", "delivery" => self.name.clone()).set(lag.as_secs_f64());
    }
}
