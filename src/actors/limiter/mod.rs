//! The limiter: one actor that owns the counters of every rate limit.
//!
//! It is one actor and not a map behind locks because an attempt takes several cells (the address's and the
//! account's) all or nothing; handled one after another, no two attempts can both take the last place.

use std::time::Duration;

use actix::{Actor, ArbiterHandle, Context, Handler, Message, Supervised};
use metrics::{counter, gauge};

use super::gate::{Gate, Refused};
use super::gated::Gated;
use super::handle::{Handle, Patience};
use super::keeper::{Lifeline, keep};
use crate::config;
use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Place, Verdict};
use crate::store::limit::LimitTable;

const CAPACITY: usize = 8_192;

/// Longest that an attempt waits in the queue: the work before it takes microseconds each.
const PATIENCE: Patience = Patience { entry: Duration::ZERO, queue: Duration::from_secs(1) };

#[derive(Debug, Message)]
#[rtype(result = "Verdict")]
struct Take {
    cells: Vec<Cell>,
    now: Timestamp,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Forgive {
    places: Vec<Place>,
}

#[derive(Debug, Message)]
#[rtype(result = "usize")]
struct Sweep {
    now: Timestamp,
}

#[derive(Debug, Message)]
#[rtype(result = "LimiterSnapshot")]
struct Observe;

/// What an operator sees of the limiter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LimiterSnapshot {
    /// Keys with grants that still count.
    pub keys: usize,
    /// Most keys there may be.
    pub most_keys: usize,
}

struct Limiter {
    table: LimitTable,
    most_keys: usize,
}

impl Actor for Limiter {
    type Context = Context<Self>;
}

impl Supervised for Limiter {
    /// After a panic the counters may be half-changed: they start anew.
    fn restarting(&mut self, _: &mut Self::Context) {
        self.table = LimitTable::new(self.most_keys);
    }
}

impl Handler<Gated<Take>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Take>, _: &mut Self::Context) {
        let Some((Take { cells, now }, ticket)) = message.admit() else {
            return;
        };
        let verdict = self.table.take(cells, now);
        ticket.answer(verdict);
    }
}

impl Handler<Gated<Forgive>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Forgive>, _: &mut Self::Context) {
        let Some((Forgive { places }, ticket)) = message.admit() else {
            return;
        };
        self.table.forgive(&places);
        ticket.answer(());
    }
}

impl Handler<Gated<Sweep>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Sweep>, _: &mut Self::Context) {
        let Some((Sweep { now }, ticket)) = message.admit() else {
            return;
        };
        let swept = self.table.sweep(now);
        gauge!("guardhouse_limiter_keys").set(self.table.len() as f64);
        ticket.answer(swept);
    }
}

impl Handler<Gated<Observe>> for Limiter {
    type Result = ();

    fn handle(&mut self, message: Gated<Observe>, _: &mut Self::Context) {
        let Some((Observe, ticket)) = message.admit() else {
            return;
        };
        ticket.answer(LimiterSnapshot { keys: self.table.len(), most_keys: self.most_keys });
    }
}

/// The limiter, as flows see it.
#[derive(Debug, Clone)]
pub struct Limits {
    handle: Option<Handle<Limiter>>,
}

impl Limits {
    /// Starts the limiter; with `limits.enabled = false` there is none, and every attempt is granted.
    pub fn start(settings: &config::Limits, arbiter: &ArbiterHandle, lifeline: Lifeline) -> Self {
        let most_keys = settings.max_keys;
        let handle = settings.enabled.then(|| {
            let make = move || Limiter { table: LimitTable::new(most_keys), most_keys };
            Handle::new(keep(arbiter, "limiter", lifeline, make), Gate::new("limiter", CAPACITY, 1))
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
        let verdict = handle.ask(Take { cells, now }, PATIENCE).await?;
        if let Verdict::Limited { rule, .. } = &verdict {
            counter!("guardhouse_rate_limited_total", "rule" => rule.as_str()).increment(1);
        }
        Ok(verdict)
    }

    /// Gives `places` back: the attempt was no guess.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn forgive(&self, places: Vec<Place>) -> Result<(), Refused> {
        match &self.handle {
            Some(handle) if !places.is_empty() => handle.commit(Forgive { places }, PATIENCE).await,
            _ => Ok(()),
        }
    }

    /// Drops the keys of which nothing counts any more. How many there were.
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
