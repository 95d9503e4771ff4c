//! The strongest cost that keeps all wishes.

use std::fmt;
use std::time::Duration;

use super::arrangement::{Arrangement, arrangements};
use super::no_plan::{NoPlan, out_of_reach};
use super::{Measured, Wish};
use crate::config::units::format_bytes;
use crate::domain::duration::format_duration;

/// The largest memory budget and the shortest deadline that `[hashing]` accepts: see `config::hashing`.
const MOST_MEMORY: u64 = 1 << 40;
const SHORTEST_DEADLINE: Duration = Duration::from_millis(10);

/// Settings of the hash pool, and what they promise: see the module's documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it was made for.
    pub wish: Wish,
    /// Which implementation was measured.
    pub argon2id: String,
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
    /// Hash threads.
    pub threads: usize,
    /// How many may wait for one.
    pub queue: usize,
    /// Who waited longer would not be answered in time any more.
    pub deadline: Duration,
    /// The memory that all threads together may take, in bytes.
    pub memory_budget: u64,
    /// How long one hash takes while all threads hash.
    pub service: Duration,
    /// Hashes a second of all threads, when they never rest.
    pub capacity: f64,
    /// The share of the capacity that the wished logins take; at most [`super::HEADROOM`].
    pub utilisation: f64,
    /// After which time whoever was let in has its hash, with the queue full; at most the wished p99.
    pub slowest: Duration,
}

/// The strongest cost, by memory × passes, that keeps `wish` on the host that was `measured`; of equal ones the one
/// with more memory, on the number of threads with the most capacity.
///
/// # Errors
///
/// [`NoPlan`]: which wish stands in the way, and what would work instead.
pub fn plan(wish: Wish, measured: &Measured) -> Result<Plan, NoPlan> {
    if !(wish.logins_per_second.is_finite() && wish.logins_per_second > 0.0) {
        return Err(NoPlan::NotARate(wish.logins_per_second));
    }
    if arrangements(measured).next().is_none() {
        return Err(NoPlan::NothingMeasured);
    }
    strongest(wish, measured).ok_or_else(|| NoPlan::OutOfReach(Box::new(out_of_reach(wish, measured))))
}

/// The strongest plan, if there is one.
pub(super) fn strongest(wish: Wish, measured: &Measured) -> Option<Plan> {
    let keeps = |arrangement: &Arrangement<'_>| {
        arrangement.memory() <= budget(wish) && wish.logins_per_second <= arrangement.most_logins(wish.p99)
    };
    let stronger = |a: &Arrangement<'_>, b: &Arrangement<'_>| {
        let strength = |arrangement: &Arrangement<'_>| (arrangement.work(), arrangement.rate.memory_kib);
        let capacity = a.per_second.total_cmp(&b.per_second);
        strength(a).cmp(&strength(b)).then(capacity).then(b.threads.cmp(&a.threads))
    };
    let best = arrangements(measured).filter(keeps).max_by(stronger)?;
    Some(settings(&best, wish, measured))
}

/// The memory that may be planned with, in bytes.
pub(super) fn budget(wish: Wish) -> u64 {
    wish.memory.min(MOST_MEMORY)
}

fn settings(best: &Arrangement<'_>, wish: Wish, measured: &Measured) -> Plan {
    let (queue, service) = (best.queue(wish.p99), best.service());
    let rounds = u32::try_from(queue / best.threads).unwrap_or(u32::MAX);
    Plan {
        wish,
        argon2id: measured.argon2id.clone(),
        memory_kib: best.rate.memory_kib,
        iterations: best.rate.iterations,
        lanes: best.rate.lanes,
        threads: best.threads,
        queue,
        // The queue keeps the promise already; this is for the day on which the host is slower.
        deadline: best.patience(wish.p99).max(SHORTEST_DEADLINE),
        memory_budget: budget(wish),
        service,
        capacity: best.per_second,
        utilisation: wish.logins_per_second / best.per_second,
        slowest: service.saturating_mul(rounds.saturating_add(1)),
    }
}

impl Plan {
    /// The plan as lines for the configuration file, with a comment of what it is for; see `config/guardhouse.toml`.
    pub fn config_lines(&self) -> String {
        let Self { threads, queue, iterations, lanes, .. } = self;
        let implementation = self.argon2id.escape_debug();
        let (deadline, budget) = (format_duration(self.deadline), format_bytes(self.memory_budget));
        let memory = format_bytes(u64::from(self.memory_kib) * 1024);
        format!(
            "# {self}.\n# Measured with {implementation}; on another host, measure again.\n\
             [hashing]\nalgorithm = \"argon2id\"\nthreads = {threads}\nqueue = {queue}\n\
             deadline = \"{deadline}\"\nmemory_budget = \"{budget}\"\n\n\
             [hashing.argon2]\nmemory = \"{memory}\"\niterations = {iterations}\nlanes = {lanes}\n"
        )
    }
}

impl fmt::Display for Plan {
    /// One line: the cost and what it bears.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, queue, iterations, capacity, .. } = self;
        let (memory, logins) = (format_bytes(u64::from(self.memory_kib) * 1024), self.wish.logins_per_second);
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        write!(
            f,
            "{memory} × {iterations}, threads {threads}, queue {queue}: {:.1} ms a hash, {capacity:.1} a second, \
             {:.0} % of that for {logins:.1} logins a second, each within {:.0} ms",
            milliseconds(self.service),
            self.utilisation * 100.0,
            milliseconds(self.slowest).ceil()
        )
    }
}
