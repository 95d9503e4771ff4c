//! The limiter: one actor that owns the counters of every rate limit, and the breaker of those that nodes share.
//!
//! It is one actor and not a map behind locks because an attempt takes several cells (the address's and the
//! account's) all or nothing; handled one after another, no two attempts can both take the last place. With shared
//! counters it only sends the attempts on their way, many at a time: there the store sees to it.

mod actor;
mod breaker;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix::ArbiterHandle;
use metrics::counter;

use actor::{Adopt, Forgive, Limiter, Observe, Parts, Sweep, Take};
use breaker::Breaker;

pub use actor::LimiterSnapshot;
pub use shared::SharedCounters;

use super::gate::{Gate, Refused};
use super::handle::{Handle, Patience};
use super::keeper::{Lifeline, keep};
use crate::config;
use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Place, Verdict};

const CAPACITY: usize = 8_192;

/// Longest that an attempt waits in the queue: the work before it takes microseconds each.
const PATIENCE: Patience = Patience { entry: Duration::ZERO, queue: Duration::from_secs(1) };

/// The limiter, as flows see it.
#[derive(Debug, Clone)]
pub struct Limits {
    handle: Option<Handle<Limiter>>,
}

impl Limits {
    /// Starts the limiter; with `limits.enabled = false` there is none, and every attempt is granted.
    /// Without `shared` counters each node counts for itself.
    pub fn start(
        settings: &config::Limits,
        shared: Option<SharedCounters>,
        arbiter: &ArbiterHandle,
        lifeline: Lifeline,
    ) -> Self {
        let handle = settings.enabled.then(|| {
            // Round trips overlap; what happens in this process does not.
            let at_once = if shared.is_some() { CAPACITY } else { 1 };
            let shared = shared.map(|counters| (counters, Arc::new(Breaker::default())));
            let parts = Parts { budget: settings.memory, shared };
            let make = move || Limiter::new(parts);
            Handle::new(keep(arbiter, "limiter", lifeline, make), Gate::new("limiter", CAPACITY, at_once))
        });
        Self { handle }
    }

    /// Takes one place in every cell, or none in any.
    ///
    /// # Errors
    ///
    /// [`Refused`]; never "allowed" because the limiter was too busy to look.
    pub async fn take(&self, cells: Vec<Cell>, now: Timestamp) -> Result<Verdict, Refused> {
        let Some(handle) = &self.handle else {
            return Ok(Verdict::Unlimited);
        };
        // What no window limits needs no answer.
        if cells.iter().all(|cell| cell.windows.is_empty()) {
            return Ok(Verdict::Unlimited);
        }
        let verdict = handle.ask(Take { cells, now }, PATIENCE).await?;
        if let Verdict::Limited { rule, .. } = &verdict {
            counter!("guardhouse_rate_limited_total", "rule" => rule.as_str()).increment(1);
        }
        Ok(verdict)
    }

    /// Gives `places` back, at `now`: the attempt was no guess.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn forgive(&self, places: Vec<Place>, now: Timestamp) -> Result<(), Refused> {
        match &self.handle {
            Some(handle) if !places.is_empty() => handle.commit(Forgive { places, now }, PATIENCE).await,
            _ => Ok(()),
        }
    }

    /// Holds an attempt that was granted on the condition that it waits.
    pub async fn hold(&self, wait: Duration) {
        counter!("guardhouse_logins_slowed_total").increment(1);
        tokio::time::sleep(wait).await;
    }

    /// Drops the keys of this process of which nothing counts any more. How many there were.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, Refused> {
        match &self.handle {
            Some(handle) => handle.ask(Sweep { now }, PATIENCE).await,
            None => Ok(0),
        }
    }

    /// Goes on with the reloaded `settings`, and with every counter it has. Only the budget and what happens without the
    /// shared counters live here; the windows come with each attempt.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing has changed then.
    pub async fn adopt(&self, settings: &config::Limits) -> Result<(), Refused> {
        match &self.handle {
            Some(handle) => {
                let (budget, on_failure) = (settings.memory, settings.on_backend_failure);
                handle.ask(Adopt { budget, on_failure }, PATIENCE).await
            }
            None => Ok(()),
        }
    }

    /// The limiter's state; `None` when it is switched off.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn observe(&self) -> Result<Option<LimiterSnapshot>, Refused> {
        match &self.handle {
            Some(handle) => handle.ask(Observe, PATIENCE).await.map(Some),
            None => Ok(None),
        }
    }
}
