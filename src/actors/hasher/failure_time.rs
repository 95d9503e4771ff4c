//! How long a failed sign-in takes: as long as every other, whatever was compared.
//!
//! A hash that was made elsewhere may be twenty times dearer than those made here, and one that cannot be read at all
//! costs nothing beyond the decoy. Who only sees answers must not learn which of them an address has, or that it has
//! none. So the answer to a failure waits until a time has passed since its work began that is enough for the dearest
//! hash this pool has seen. It waits in a timer: no thread and no place in the queue is taken meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::domain::clock::Stopwatch;

/// A failure takes so many times the dearest work: that leaves room for a hash renewed beside it, and for noise.
const ROOM: u64 = 2;

/// No failure is held for longer, whatever it cost.
const LONGEST: Duration = Duration::from_secs(5);

/// Crowding is counted in parts of this.
const UNIT: u64 = 1_024;

/// What failures have in common.
#[derive(Debug)]
pub(super) struct FailureTime {
    least: Duration,
    /// The most processor time that one comparison took. Unlike wall time, other work on the machine does not raise it.
    dearest_nanos: AtomicU64,
    /// Wall time ÷ processor time of recent comparisons, in [`UNIT`]s: how much the threads are kept from running.
    crowding: AtomicU64,
}

impl FailureTime {
    pub(super) fn new(least: Duration) -> Self {
        Self { least, dearest_nanos: AtomicU64::new(0), crowding: AtomicU64::new(UNIT) }
    }

    /// Takes note of what `work` cost this thread.
    pub(super) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        let (wall, before) = (Stopwatch::start(), thread_time());
        let done = work();
        self.note(thread_time().saturating_sub(before), wall.elapsed());
        done
    }

    fn note(&self, processor: Duration, wall: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.dearest_nanos.fetch_max(nanos(processor), Ordering::Relaxed);
        let now = nanos(wall).saturating_mul(UNIT) / nanos(processor).max(1);
        let before = self.crowding.load(Ordering::Relaxed);
        // A moving mean over the last eight or so, never below one; two threads that race lose one sample.
        let next = before - before / 8 + now.clamp(UNIT, 64 * UNIT) / 8;
        self.crowding.store(next.max(UNIT), Ordering::Relaxed);
    }

    /// How long a failure takes from the beginning of its work.
    pub(super) fn slot(&self) -> Duration {
        let crowding = self.crowding.load(Ordering::Relaxed);
        let dearest = self.dearest_nanos.load(Ordering::Relaxed).saturating_mul(crowding) / UNIT;
        Duration::from_nanos(dearest.saturating_mul(ROOM)).max(self.least).min(LONGEST)
    }

    /// How long to wait still, `elapsed` after the work began: to the end of the slot, or of the next whole one.
    pub(super) fn remaining(&self, elapsed: Duration) -> Duration {
        remaining(self.slot(), elapsed)
    }
}

fn remaining(slot: Duration, elapsed: Duration) -> Duration {
    if slot.is_zero() {
        return Duration::ZERO;
    }
    let past = elapsed.as_nanos() % slot.as_nanos();
    slot - Duration::from_nanos(u64::try_from(past).unwrap_or_default())
}

/// Processor time of the calling thread.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn every_failure_ends_with_its_slot_or_a_whole_number_of_them() {
        let slot = 20 * MILLI;
        for (elapsed, waits) in [(0, 20), (1, 19), (19, 1), (20, 20), (21, 19), (65, 15)] {
            assert_eq!(remaining(slot, elapsed * MILLI), waits * MILLI, "after {elapsed} ms");
        }
        assert_eq!(remaining(Duration::ZERO, MILLI), Duration::ZERO);
    }

    #[test]
    fn the_slot_holds_twice_the_dearest_work_seen_and_no_less_than_configured() {
        let failures = FailureTime::new(5 * MILLI);
        assert_eq!(failures.slot(), 5 * MILLI);
        failures.note(12 * MILLI, 12 * MILLI);
        assert_eq!(failures.slot(), 24 * MILLI);
        failures.note(250 * MILLI, 250 * MILLI);
        failures.note(12 * MILLI, 12 * MILLI);
        assert_eq!(failures.slot(), 500 * MILLI, "one dear hash is enough, and is not forgotten");
        failures.note(Duration::from_secs(60), Duration::from_secs(60));
        assert_eq!(failures.slot(), LONGEST);
        assert_eq!(FailureTime::new(40 * MILLI).slot(), 40 * MILLI);
    }

    #[test]
    fn a_crowded_machine_makes_the_slot_longer_for_as_long_as_it_is_crowded() {
        let failures = FailureTime::new(Duration::ZERO);
        for _ in 0..100 {
            failures.note(10 * MILLI, 30 * MILLI);
        }
        let crowded = failures.slot();
        assert!(crowded > 55 * MILLI && crowded <= 60 * MILLI, "{crowded:?}");
        for _ in 0..100 {
            failures.note(10 * MILLI, 10 * MILLI);
        }
        assert!(failures.slot() < 22 * MILLI, "{:?}", failures.slot());
    }

    #[test]
    fn what_is_measured_is_the_work_of_this_thread() {
        let failures = FailureTime::new(Duration::ZERO);
        failures.measure(|| std::thread::sleep(5 * MILLI));
        let slept = failures.dearest_nanos.load(Ordering::Relaxed);
        assert!(slept < 2_000_000, "sleeping is no work: {slept} ns");
        let crowding = failures.crowding.load(Ordering::Relaxed);
        assert!(crowding > UNIT, "but it shows that the thread was kept from running");
    }
}
