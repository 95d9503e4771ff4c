//! One delivery: what is next, what failed, and who works on it.
//!
//! Messages go in batches; the next batch begins when each message of this one is delivered or given up. A receiver that
//! is away holds its delivery, so nothing is given up in haste, and nothing else waits for it.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge};
use uuid::Uuid;

use super::backoff::{given_up, pause};
use super::route::Route;
use super::{Carrier, Verdict};
use crate::domain::audit::chain::Linked;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::entropy::Entropy;
use crate::domain::id::{InstanceId, uuid_v7};
use crate::store::audit::{DeadLetter, hold, note_failure, settle};
use crate::store::{Db, StoreError};

/// For how long a delivery belongs to a node that is not heard of: longer than a batch may take.
pub const LEASE: Duration = Duration::from_secs(30);

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

/// What is under way.
struct Batch {
    chain: InstanceId,
    /// The last record that is done with when this batch is.
    last: u64,
    records: usize,
    /// Those of them that are neither delivered nor given up, and how often they were tried.
    open: Vec<(Linked, u32)>,
    dead: Vec<DeadLetter>,
    delivered: bool,
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

    /// Works for as long as the process lives.
    pub async fn work(mut self) {
        loop {
            match self.round().await {
                Ok(Round::Done(_)) => continue,
                Ok(Round::Elsewhere | Round::Pausing | Round::Idle) => {}
                Err(error) => tracing::warn!(delivery = self.name, %error, "a delivery cannot go on"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Does what is next.
    ///
    /// # Errors
    ///
    /// As every read and write; what was delivered and not noted is delivered again.
    pub async fn round(&mut self) -> Result<Round, StoreError> {
        let now = self.parts.clock.now();
        if !self.is_mine(now).await? {
            return Ok(Round::Elsewhere);
        }
        if now < self.not_before {
            return Ok(Round::Pausing);
        }
        let batch = match self.batch.take() {
            Some(batch) => batch,
            None => match self.next_batch(now).await? {
                Some(batch) => batch,
                None => {
                    self.tell_lag(Duration::ZERO);
                    return Ok(Round::Idle);
                }
            },
        };
        self.deliver(batch, now).await
    }

    /// Whether this node works on the delivery. Asked for again when half of the lease is over.
    async fn is_mine(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        if self.held_until.is_some_and(|until| now.plus(LEASE / 2) < until) {
            return Ok(true);
        }
        if self.held_until.take().is_none_or(|until| until <= now) {
            // Others may have come further meanwhile.
            (self.route, self.batch, self.not_before) = (None, None, Timestamp::MIN);
            self.count_failures(0);
        }
        let until = now.plus(LEASE);
        let held = hold(&self.parts.db, &self.name, self.holder, now, until).await?;
        self.held_until = held.then_some(until);
        Ok(held)
    }

    async fn next_batch(&mut self, now: Timestamp) -> Result<Option<Batch>, StoreError> {
        if self.route.is_none() {
            self.route = Some(Route::resume(&self.parts.db, &self.name, now).await?);
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
        let Some(last) = found.last() else { return Ok(None) };
        let (chain, last, records) = (last.chain, last.head.seq, found.len());
        let open = found.into_iter().filter(wanted).map(|linked| (linked, 0)).collect();
        Ok(Some(Batch { chain, last, records, open, dead: Vec::new(), delivered: false }))
    }

    async fn deliver(&mut self, mut batch: Batch, now: Timestamp) -> Result<Round, StoreError> {
        let failure = if batch.open.is_empty() { None } else { self.carry(&mut batch, now).await };
        if batch.open.is_empty() {
            let (place, records) = ((batch.chain, batch.last), batch.records);
            let at = batch.delivered.then_some(now);
            let noted = settle(&self.parts.db, &self.name, self.holder, place, batch.dead, at).await?;
            if !noted {
                self.held_until = None;
                return Ok(Round::Elsewhere);
            }
            if let Some(route) = &mut self.route {
                route.reached(batch.chain, batch.last);
            }
            if failure.is_none() {
                self.count_failures(0);
                return Ok(Round::Done(records));
            }
        } else {
            if let Some((linked, _)) = batch.open.first() {
                self.tell_lag(now.since(linked.record.at));
            }
            self.batch = Some(batch);
        }
        if let Some((reason, asked)) = failure {
            self.count_failures(self.failures + 1);
            self.not_before = now.plus(pause(self.failures, asked, &*self.parts.entropy));
            let failures = self.failures;
            tracing::warn!(delivery = self.name, reason, failures, "a delivery has to wait");
            note_failure(self.parts.db.writer(), &self.name, now, &reason).await?;
        }
        Ok(Round::Pausing)
    }

    /// Sends what is open of `batch`. Why its receiver is to be left alone, and for how long it asked for that.
    async fn carry(&self, batch: &mut Batch, now: Timestamp) -> Option<(String, Option<Duration>)> {
        let messages: Arc<Vec<Linked>> =
            Arc::new(batch.open.iter().map(|(linked, _)| linked.clone()).collect());
        let (carrier, sent) = (self.carrier.clone(), messages.clone());
        let carried = tokio::task::spawn_blocking(move || carrier.carry(&sent, now)).await;
        // One that panicked is as good as one that failed.
        let broken = || Verdict::Later { reason: "the carrier failed".into(), pause: None };
        let verdicts = carried.unwrap_or_else(|_| messages.iter().map(|_| broken()).collect());
        let mut failure = None;
        for ((linked, tries), verdict) in std::mem::take(&mut batch.open).into_iter().zip(verdicts) {
            let tries = tries + u32::from(verdict != Verdict::Untried);
            let outcome = if let Some(reason) = given_up(&verdict, tries) {
                tracing::error!(delivery = self.name, record = %linked.record.id, reason, "a record was not delivered");
                let place = (linked.chain, linked.head.seq);
                let reason = reason.to_owned();
                if let Verdict::Later { pause, .. } = verdict {
                    // The next message would fare no better.
                    failure.get_or_insert((reason.clone(), pause));
                }
                batch.dead.push(DeadLetter { record: linked.record.id, place, at: now, reason });
                "dead"
            } else {
                match verdict {
                    Verdict::Delivered => {
                        batch.delivered = true;
                        "delivered"
                    }
                    Verdict::Untried => {
                        batch.open.push((linked, tries));
                        continue;
                    }
                    Verdict::Refused(reason) => {
                        failure.get_or_insert((reason, None));
                        batch.open.push((linked, tries));
                        "retried"
                    }
                    Verdict::Later { reason, pause } => {
                        let asked = failure.take().and_then(|(_, asked)| asked);
                        failure = Some((reason, pause.max(asked)));
                        batch.open.push((linked, tries));
                        "retried"
                    }
                }
            };
            counter!("guardhouse_deliveries_total", "delivery" => self.name.clone(), "outcome" => outcome)
                .increment(1);
        }
        failure
    }

    fn count_failures(&mut self, failures: u32) {
        self.failures = failures;
        gauge!("guardhouse_delivery_failures", "delivery" => self.name.clone()).set(f64::from(failures));
    }

    fn tell_lag(&self, lag: Duration) {
        gauge!("guardhouse_delivery_lag_seconds", "delivery" => self.name.clone()).set(lag.as_secs_f64());
    }
}
