//! The actor behind [`super::Limits`].

use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, Supervised};
use metrics::gauge;

use super::breaker::Breaker;
use super::shared::{Shared, SharedCounters};
use crate::actors::gated::Gated;
use crate::config::OnBackendFailure;
use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Place, Verdict};
use crate::store::limit::MemoryLimits;

#[derive(Debug, Message)]
#[rtype(result = "Verdict")]
pub(super) struct Take {
    pub(super) cells: Vec<Cell>,
    pub(super) now: Timestamp,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Forgive {
    pub(super) places: Vec<Place>,
    pub(super) now: Timestamp,
}

#[derive(Debug, Message)]
#[rtype(result = "usize")]
pub(super) struct Sweep {
    pub(super) now: Timestamp,
}

/// The configuration was reloaded. The windows themselves come with each attempt.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Adopt {
    pub(super) budget: usize,
    pub(super) on_failure: OnBackendFailure,
}

#[derive(Debug, Message)]
#[rtype(result = "LimiterSnapshot")]
pub(super) struct Observe;

/// What an operator sees of the limiter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct LimiterSnapshot {
    /// Keys of this process with grants that still count.
    pub keys: usize,
    /// Octets that they take.
    pub bytes: usize,
    /// Octets that they may take.
    pub budget: usize,
    /// Whether the counters that all nodes share are in reach; `None` where there are none.
    pub shared_in_reach: Option<bool>,
}

/// What outlives a restart.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) budget: usize,
    pub(super) shared: Option<(SharedCounters, Arc<Breaker>)>,
}

pub(super) struct Limiter {
    parts: Parts,
    local: Arc<MemoryLimits>,
    shared: Option<Shared>,
}

impl Limiter {
    pub(super) fn new(parts: Parts) -> Self {
        let local = Arc::new(MemoryLimits::new(parts.budget));
        let shared = parts.shared.clone();
        let shared = shared.map(|(counters, breaker)| Shared::new(counters, breaker, local.clone()));
        Self { parts, local, shared }
    }

    /// Keeps every counter: what was granted was granted, whatever is allowed from now on.
    fn adopt(&mut self, budget: usize, on_failure: OnBackendFailure) {
        self.parts.budget = budget;
        self.local.table().set_budget(budget);
        if let Some((counters, _)) = &mut self.parts.shared {
            counters.on_failure = on_failure;
        }
        if let Some(shared) = &mut self.shared {
            shared.set_on_failure(on_failure);
        }
    }
}

impl Actor for Limiter {
    type Context = Context<Self>;
}

impl Supervised for Limiter {
    /// After a panic the counters may be half-changed: they start anew.
    fn restarting(&mut self, _: &mut Self::Context) {
        *self = Self::new(self.parts.clone());
    }
}

impl Handler<Gated<Take>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Take>, _: &mut Self::Context) {
        let Some((Take { cells, now }, ticket)) = message.admit() else {
            return;
        };
        let Some(shared) = &self.shared else {
            let verdict = self.local.table().take(cells, now);
            return ticket.answer(verdict);
        };
        match shared.past(&cells, now).or_else(|| shared.known(&cells, now)) {
            Some(verdict) => ticket.answer(verdict),
            None => {
                let asked = shared.clone();
                shared.spawn(async move {
                    let verdict = ticket.during(asked.take(cells, now)).await;
                    ticket.answer(verdict);
                });
            }
        }
    }
}

impl Handler<Gated<Forgive>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Forgive>, _: &mut Self::Context) {
        let Some((Forgive { places, now }, ticket)) = message.admit() else {
            return;
        };
        self.local.table().forgive(&places);
        match self.shared.clone() {
            None => ticket.answer(()),
            Some(shared) => {
                let asked = shared.clone();
                shared.spawn(async move {
                    ticket.during(asked.forgive(places, now)).await;
                    ticket.answer(());
                });
            }
        }
    }
}

impl Handler<Gated<Sweep>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Sweep>, _: &mut Self::Context) {
        let Some((Sweep { now }, ticket)) = message.admit() else {
            return;
        };
        if let Some(shared) = &self.shared {
            shared.look(now);
        }
        let mut table = self.local.table();
        let swept = table.sweep(now);
        gauge!("guardhouse_limiter_keys").set(table.len() as f64);
        gauge!("guardhouse_limiter_bytes").set(table.bytes() as f64);
        gauge!("guardhouse_limiter_budget_bytes").set(self.parts.budget as f64);
        drop(table);
        ticket.answer(swept);
    }
}

impl Handler<Gated<Adopt>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Adopt>, _: &mut Self::Context) {
        let Some((Adopt { budget, on_failure }, ticket)) = message.admit() else {
            return;
        };
        self.adopt(budget, on_failure);
        ticket.answer(());
    }
}

impl Handler<Gated<Observe>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Observe>, _: &mut Self::Context) {
        let Some((Observe, ticket)) = message.admit() else {
            return;
        };
        let (keys, bytes) = {
            let table = self.local.table();
            (table.len(), table.bytes())
        };
        let shared_in_reach = self.shared.as_ref().map(Shared::is_in_reach);
        ticket.answer(LimiterSnapshot { keys, bytes, budget: self.parts.budget, shared_in_reach });
    }
}
