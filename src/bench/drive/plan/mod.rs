//! From what was asked for to a result.
//!
//! ```text
//!   people come ──► [ramp: step, step …] ──► slice, slice … ──► the client's ceiling ──► RunResult
//!                     before each: sessions that last, or that are there to be ended
//! ```
//!
//! The ceiling comes last, since only then it is known how many connections the load took.

mod notes;
mod prepare;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::arrival::TurnedAway;
use super::ceiling;
use super::crew::{Crew, Mix};
use super::engine::{Fault, Pace, Tally, Terms, drive};
use super::host::host;
use super::people::People;
use super::sampler::{Readings, Sampler, Sources, Watcher};
use super::target::Target;
use crate::bench::format::rate;
use crate::bench::knee::Criterion;
use crate::bench::result::{Action, Load, RampResult, RunResult, Server, Slice, Workload};
use crate::bench::schedule::{Arrivals, NoRate, Ramp, RampPlan, Schedule, Window};
use crate::domain::clock::{Clock, Stopwatch, SystemClock};

/// Rates are tried in steps of about this factor.
const FACTOR: f64 = 1.5;
/// So that the two rates between which the knee lies are three per cent apart: a difference of five can be told then.
const REFINEMENTS: u32 = 4;
const MOST_STEPS: u32 = 40;

/// What was asked for.
pub struct Plan {
    /// Whom to load.
    pub target: Target,
    /// What to ask.
    pub action: Action,
    /// The same, as weights.
    pub mix: Mix,
    /// At which pace.
    pub load: Load,
    /// The most connections, or all of them in a closed loop.
    pub connections: usize,
    /// What counts of each slice.
    pub window: Window,
    /// How many slices; none for a ramp alone.
    pub slices: u32,
    /// The rates to try.
    pub ramp: Option<RampOrder>,
    /// Who asks.
    pub people: People,
    /// How many sessions are verified and refreshed.
    pub sessions: usize,
    /// How long to wait for an answer.
    pub patience: Duration,
    /// Where to read what the server uses.
    pub sources: Sources,
    /// What is known of it.
    pub server: Server,
    /// Where its files are, if that is known.
    pub directory: Option<PathBuf>,
    /// Set when it is to end at once.
    pub stop: &'static AtomicBool,
}

/// Which rates to try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RampOrder {
    /// The lowest, in requests a second.
    pub from: f64,
    /// The highest.
    pub to: f64,
    /// What counts of each step.
    pub window: Window,
    /// What a rate has to meet.
    pub criterion: Criterion,
    /// How the requests are spread.
    pub arrivals: Arrivals,
}

/// What was found.
pub struct Found {
    /// The result, with what whoever reads it should know.
    pub result: RunResult,
    /// Whether the server's limits answered so much that the result is about them.
    pub is_limited: bool,
}

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// The people could not come.
    #[error(transparent)]
    TurnedAway(#[from] TurnedAway),
    /// The run itself.
    #[error(transparent)]
    Drive(#[from] Fault),
    /// No such rate.
    #[error(transparent)]
    Rate(#[from] NoRate),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Plan(String),
}

impl Plan {
    /// Does all of it.
    ///
    /// # Errors
    ///
    /// See [`RunFault`]; a server that refuses or hangs while it is measured is a result and no fault.
    pub fn run(&self, watcher: &mut dyn Watcher) -> Result<Found, RunFault> {
        let started = SystemClock.now();
        // Nobody who registered in an earlier run may come again.
        let newcomers = format!("{:x}", started.millis());
        let crew = Crew::new(&self.target, self.mix.clone(), self.people, newcomers);
        let mut run = Run { plan: self, crew, watcher, all: notes::All::default() };
        run.people()?;
        let ramp = self.ramp.map(|order| run.ramp(order)).transpose()?;
        let slices = (0..self.slices).map(|number| run.slice(number)).collect::<Result<Vec<_>, _>>()?;
        run.watcher.begin("the client's own ceiling");
        let ceiling = ceiling::measure(run.all.most_connections.max(1), self.stop)?;
        let mut result = RunResult {
            started: started.to_string(),
            host: host(self.directory.as_deref()),
            server: self.server.clone(),
            workload: self.workload(),
            ceiling,
            slices,
            ramp,
            notes: Vec::new(),
        };
        result.notes = run.all.notes(self, &run.crew, &result);
        Ok(Found { result, is_limited: run.all.is_limited() })
    }

    fn workload(&self) -> Workload {
        let mut parameters = BTreeMap::from([
            ("users".to_owned(), self.people.count.to_string()),
            ("seed".to_owned(), self.people.seed.to_string()),
            ("patience".to_owned(), format!("{} s", self.patience.as_secs_f64())),
        ]);
        if let Some(every) = self.people.every {
            parameters.insert("people".to_owned(), format!("seeded, every {every}."));
        }
        if self.mix.has(Action::Verify) || self.mix.has(Action::Refresh) {
            parameters.insert("sessions".to_owned(), self.sessions.to_string());
        }
        if let Some(RampOrder { from, to, window, .. }) = self.ramp {
            let each = window.measured.as_secs_f64();
            parameters.insert("ramp".to_owned(), format!("{from}/s to {to}/s, {each} s each"));
        }
        if self.mix.0.len() > 1 {
            let weights: Vec<_> =
                self.mix.0.iter().map(|(action, weight)| format!("{action} {weight}")).collect();
            parameters.insert("weights".to_owned(), weights.join(", "));
        }
        Workload {
            action: self.action,
            load: self.load,
            connections: u32::try_from(self.connections).unwrap_or(u32::MAX),
            window: self.window,
            parameters,
        }
    }
}

struct Run<'a> {
    plan: &'a Plan,
    crew: Crew,
    watcher: &'a mut dyn Watcher,
    all: notes::All,
}

impl Run<'_> {
    fn slice(&mut self, number: u32) -> Result<Slice, RunFault> {
        let Plan { window, slices, action, .. } = *self.plan;
        let load = match self.plan.load {
            Load::Open { per_second, arrivals } => {
                Load::Open { per_second, arrivals: arrivals.of(u64::from(number)) }
            }
            Load::Closed => Load::Closed,
        };
        let what = format!("{action}, slice {} of {slices}", number + 1);
        let (tally, readings) = self.measure(load, window, &what)?;
        Ok(Slice::of(&tally.recorder, readings.server))
    }

    fn ramp(&mut self, order: RampOrder) -> Result<RampResult, RunFault> {
        let RampOrder { from, to, window, criterion, arrivals } = order;
        let factor = (to / from).powf(1.0 / ((to / from).ln() / FACTOR.ln()).ceil().max(1.0));
        let mut ramp = Ramp::new(RampPlan {
            first: from,
            factor: factor.max(1.02),
            refinements: REFINEMENTS,
            most_steps: MOST_STEPS,
        });
        let mut steps = Vec::new();
        // The last one is rounded to three digits.
        while let Some(per_second) = ramp.rate().filter(|rate| *rate <= to * 1.005) {
            let what = format!("{}, {}", self.plan.action, rate(per_second));
            let arrivals = arrivals.of(steps.len() as u64);
            let (tally, readings) = self.measure(Load::Open { per_second, arrivals }, window, &what)?;
            let step = Slice::of(&tally.recorder, readings.server).step(per_second);
            ramp.tried(criterion.shortfalls(&step).is_empty());
            steps.push(step);
        }
        Ok(RampResult::of(criterion, steps))
    }

    fn measure(&mut self, load: Load, window: Window, what: &str) -> Result<(Tally, Readings), RunFault> {
        let pace = match load {
            Load::Open { per_second, arrivals } => Pace::Open(Schedule::new(per_second, arrivals)?),
            Load::Closed => Pace::Closed,
        };
        self.sessions(&pace, window)?;
        self.watcher.begin(what);
        let (plan, crew, watcher) = (self.plan, &mut self.crew, &mut *self.watcher);
        let clock = Stopwatch::start();
        let (tally, readings) = thread::scope(|scope| {
            let sampler = Sampler::start(scope, &plan.sources, window, clock, watcher)?;
            let terms = Terms {
                target: &plan.target,
                window,
                connections: plan.connections,
                patience: plan.patience,
                rest_after_refusal: Duration::ZERO,
                clock,
                watch: Some(sampler.watch.clone()),
                stop: plan.stop,
            };
            let tally = drive(terms, pace, crew);
            let readings = sampler.finish();
            Ok::<_, Fault>((tally?, readings))
        })?;
        self.all.add(&tally, &readings);
        Ok((tally, readings))
    }
}
