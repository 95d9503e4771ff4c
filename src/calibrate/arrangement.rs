//! What one cost on so many threads can promise. The module's documentation says why it holds.

use std::time::Duration;

use super::candidates::work;
use super::{Measured, Rate};
use crate::config::reaches_owasp_floor;

/// The highest utilisation that is planned with. What is measured on a quiet host is not what a busy one does.
pub const HEADROOM: f64 = 0.8;

/// The share of logins that may be refused at the wished rate.
pub const REFUSED: f64 = 0.01;

/// What `[hashing]` accepts: see `config::hashing`.
const MOST_THREADS: usize = 1024;
const MOST_QUEUE: u128 = 1_000_000;
const LONGEST_DEADLINE: Duration = Duration::from_secs(60);
const MOST_MEMORY_KIB: u32 = 4 << 20;
const MOST_ITERATIONS: u32 = 1000;
const MOST_LANES: u32 = 255;

/// A cost on a number of threads, as measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrangement<'m> {
    /// The cost.
    pub(super) rate: &'m Rate,
    /// Threads, one at least.
    pub(super) threads: usize,
    /// Hashes a second of all of them together, finite and above zero.
    pub(super) per_second: f64,
}

/// Everything that was measured and could be configured.
pub(super) fn arrangements(measured: &Measured) -> impl Iterator<Item = Arrangement<'_>> {
    measured.rates.iter().filter(|rate| may_be_configured(rate)).flat_map(|rate| {
        let alone = (1, rate.one_thread_per_second);
        let all = std::iter::once(alone).chain(rate.total_per_second_at.iter().copied());
        all.filter(|(threads, per_second)| {
            (1..=measured.cores.min(MOST_THREADS)).contains(threads)
                && per_second.is_finite()
                && *per_second > 0.0
        })
        .map(move |(threads, per_second)| Arrangement { rate, threads, per_second })
    })
}

fn may_be_configured(rate: &Rate) -> bool {
    let Rate { memory_kib, iterations, lanes, .. } = *rate;
    reaches_owasp_floor(memory_kib, iterations)
        && memory_kib <= MOST_MEMORY_KIB
        && iterations <= MOST_ITERATIONS
        && (1..=MOST_LANES).contains(&lanes)
        && memory_kib >= 8 * lanes
}

impl Arrangement<'_> {
    /// The memory of all threads, in bytes.
    pub(super) fn memory(&self) -> u64 {
        (u64::from(self.rate.memory_kib) * 1024).saturating_mul(self.threads as u64)
    }

    pub(super) fn work(&self) -> u64 {
        work(self.rate.memory_kib, self.rate.iterations)
    }

    /// How long one hash takes while all threads hash; rounded up to a nanosecond, and never zero.
    pub(super) fn service(&self) -> Duration {
        let nanos = (self.threads as f64 / self.per_second * 1e9).ceil();
        // A float that is too large becomes the largest integer.
        Duration::from_nanos((nanos as u64).max(1))
    }

    /// How long one may wait and still have its hash within `p99`: in whole milliseconds, which is all that the
    /// configuration can say, and no longer than it accepts.
    pub(super) fn patience(&self, p99: Duration) -> Duration {
        let patience = p99.saturating_sub(self.service()).min(LONGEST_DEADLINE);
        Duration::from_millis(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX))
    }

    /// How many may wait so that the last of them has its hash within `p99`: as many whole rounds of all threads as
    /// fit.
    pub(super) fn queue(&self, p99: Duration) -> usize {
        let rounds = self.patience(p99).as_nanos() / self.service().as_nanos();
        let rounds = rounds.min(MOST_QUEUE / self.threads as u128);
        usize::try_from(rounds).unwrap_or(0) * self.threads
    }

    /// The most logins a second that keep the promises within `p99`.
    pub(super) fn most_logins(&self, p99: Duration) -> f64 {
        highest_utilisation(self.queue(p99)) * self.per_second
    }

    /// The shortest p99, in whole milliseconds, at which `logins_per_second` keep the promises; `None` when they never
    /// do.
    pub(super) fn shortest_p99(&self, logins_per_second: f64) -> Option<Duration> {
        let enough =
            |rounds: usize| logins_per_second <= highest_utilisation(rounds * self.threads) * self.per_second;
        // A dozen places are enough for the highest utilisation that is planned with; more gain nothing.
        let rounds = (1..=12).find(|rounds| enough(*rounds))?;
        let milliseconds = |duration: Duration| duration.as_nanos().div_ceil(1_000_000);
        let service = self.service();
        let wait = milliseconds(service.checked_mul(u32::try_from(rounds).ok()?)?);
        let wait = Duration::from_millis(u64::try_from(wait).ok()?);
        let p99 = Duration::from_millis(u64::try_from(milliseconds(wait.checked_add(service)?)).ok()?);
        (logins_per_second <= self.most_logins(p99)).then_some(p99)
    }
}

/// The utilisation at which [`REFUSED`] of those who come at random find `queue` places taken.
fn highest_utilisation(queue: usize) -> f64 {
    if queue == 0 {
        return 0.0;
    }
    let u = REFUSED.recip().ln() / queue as f64;
    (u / u.exp_m1()).min(HEADROOM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_queue_bears_more_up_to_the_headroom() {
        // By hand, u / (exp(u) − 1): u = ln(100), ln(100) / 5.
        assert!((highest_utilisation(1) - 4.605_170 / 99.0).abs() < 1e-6);
        assert!((highest_utilisation(5) - 0.921_034 / 1.511_886).abs() < 1e-5);
        assert!((1..40).all(|queue| highest_utilisation(queue) <= highest_utilisation(queue + 1)));
        assert!(highest_utilisation(10) < HEADROOM);
        assert_eq!((highest_utilisation(0), highest_utilisation(11)), (0.0, HEADROOM));
    }
}
