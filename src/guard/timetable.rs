//! When something is fetched again: after its own time when that went well, after growing pauses when it did not.
//! Decided by values alone.

use std::time::Duration;

use crate::domain::clock::Timestamp;

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// One thing that is fetched over and over.
#[derive(Debug)]
pub(super) struct Timetable {
    /// When it was last tried, and with what outcome; `None` before the first time.
    last: Option<Attempt>,
    /// The longest pause after failures.
    longest_pause: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    at: Timestamp,
    /// How long after it the next one is due.
    pause: Duration,
    /// How many failed in a row, this one included.
    failures: u32,
}

impl Timetable {
    /// Due at once.
    pub(super) fn new(longest_pause: Duration) -> Self {
        Self { last: None, longest_pause }
    }

    /// An attempt that began at `at` went well, and is good for `pause`.
    pub(super) fn succeeded(&mut self, at: Timestamp, pause: Duration) {
        self.last = Some(Attempt { at, pause, failures: 0 });
    }

    /// An attempt failed at `at`.
    pub(super) fn failed(&mut self, at: Timestamp) {
        let before = self.failures();
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(before)).min(self.longest_pause);
        self.last = Some(Attempt { at, pause, failures: before.saturating_add(1) });
    }

    /// How many attempts failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.last.map_or(0, |last| last.failures)
    }

    /// How long from `now` until the next attempt is due.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        self.last.map_or(Duration::ZERO, |last| last.wait(now, last.pause))
    }

    /// The same when somebody is in a hurry: `least` after the last attempt, if that is sooner.
    pub(super) fn wait_in_haste(&self, now: Timestamp, least: Duration) -> Duration {
        self.last.map_or(Duration::ZERO, |last| last.wait(now, last.pause.min(least)))
    }
}

impl Attempt {
    fn wait(self, now: Timestamp, pause: Duration) -> Duration {
        // A clock that was set back must not put everything off until it has caught up.
        if now < self.at { Duration::ZERO } else { pause.saturating_sub(now.since(self.at)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000 + seconds)
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_went_well_is_due_after_its_own_time_and_in_haste_sooner() {
        let mut table = Timetable::new(seconds(30));
        assert_eq!(table.wait(at(0)), Duration::ZERO);
        table.succeeded(at(0), seconds(300));
        assert_eq!(table.wait(at(0)), seconds(300));
        assert_eq!(table.wait(at(299)), seconds(1));
        assert_eq!(table.wait(at(300)), Duration::ZERO);
        assert_eq!(table.wait_in_haste(at(1), seconds(5)), seconds(4));
        assert_eq!(table.wait_in_haste(at(5), seconds(5)), Duration::ZERO);
        assert_eq!(table.wait_in_haste(at(5), seconds(900)), seconds(295), "haste is never later");
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_end_with_the_first_success() {
        let mut table = Timetable::new(seconds(5));
        for (failures, pause) in [(1, 1), (2, 2), (3, 4), (4, 5), (5, 5)] {
            table.failed(at(0));
            assert_eq!((table.failures(), table.wait(at(0))), (failures, seconds(pause)));
        }
        for _ in 0..100 {
            table.failed(at(0));
        }
        assert_eq!(table.wait(at(0)), seconds(5), "nothing overflows");
        table.succeeded(at(0), seconds(60));
        table.failed(at(0));
        assert_eq!((table.failures(), table.wait(at(0))), (1, seconds(1)));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_everything_due() {
        let mut table = Timetable::new(seconds(30));
        table.succeeded(at(0), seconds(300));
        assert_eq!(table.wait(at(-1)), Duration::ZERO);
    }
}
