//! From what this host can do and what is wished for it to the settings of the hash pool.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `candidates` | which costs are worth measuring |
//! | `arrangement` | what one cost on so many threads can promise |
//! | `plan` | the strongest cost that keeps all wishes, as lines for the configuration |
//! | `no_plan` | which wish stands in the way when there is none, and what would work instead |
//!
//! All of it is values: who hashes and with which clock does not belong here.
//!
//! # What is promised, and why it holds
//!
//! `threads` threads take hashes in the order in which they came; one takes the time `service`, always the same, for a
//! cost is a fixed amount of work. The queue has places for a whole number of `rounds`: `queue = threads × rounds`.
//!
//! * **Whoever is let in is answered in time.** The last in the queue begins once `queue` others are done, for which
//!   `threads` threads need `rounds × service` at most, and `(rounds + 1) × service ≤ p99`. This holds however many
//!   come, which is why the queue is not a place longer.
//! * **At the wished rate at most one in a hundred is refused.** With arrivals at random (Poisson) this is a queue
//!   M/D/c. Served in order and in constant time, every c-th customer meets the same thread, so one thread is a queue
//!   E_c/D/1 (Crommelin, "Delay probability formulae when the holding times are constant", 1932). Kingman's bound ("A
//!   martingale inequality in the theory of queues", 1964) says of it: P(wait ≥ t) ≤ exp(−ηt), where η solves
//!   (λ / (λ + η))^c · exp(η · service) = 1. Who is refused would, in a queue without end, have waited for longer than
//!   `rounds × service`, and refusing somebody makes nobody else wait longer. Setting the bound to 1/100 and solving
//!   for λ gives the highest utilisation, u / (exp(u) − 1) with u = ln(100) / queue.
//!
//! A bound, not an approximation: the true share is smaller. What it leaves out: everything of a login but the hash
//! (milliseconds, and the time for which failed logins are held), hashes of another cost than the planned one, clients
//! that come in bursts, and a host that is slower than when it was measured. For the last there is the headroom, and
//! `deadline`, which refuses whoever can no longer be answered in time.

mod arrangement;
mod candidates;
mod no_plan;
mod plan;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use arrangement::{HEADROOM, REFUSED};
pub use candidates::candidates;
pub use no_plan::{NoPlan, OutOfReach};
pub use plan::{Plan, plan};

/// What the operator wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// Logins a second, in the busiest minute; registrations and changes of passwords count as logins.
    pub logins_per_second: f64,
    /// Within which time 99 of 100 of them have their hash; the rest is refused at once.
    pub p99: Duration,
    /// The memory that all hash threads together may take, in bytes.
    pub memory: u64,
}

/// What this host can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Cores, and so the most threads.
    pub cores: usize,
    /// One measurement for each cost; see [`candidates`].
    pub rates: Vec<Rate>,
    /// Which implementation of Argon2id was measured, such as `avx2`; said in the plan, since another is another speed.
    pub argon2id: String,
}

/// How fast one cost is.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
    /// Hashes a second on one thread that is alone.
    pub one_thread_per_second: f64,
    /// Numbers of threads, each with the hashes a second of all of them together. Numbers that were not measured are
    /// not planned with: how threads share a memory bus is not to be guessed.
    pub total_per_second_at: Vec<(usize, f64)>,
}
