//! Rate limits, exactly: in no window of the given length are more than `max` attempts granted, whatever the timing.
//!
//! A log of the granted times is the whole state. An attempt at `now` is granted when fewer than `max` grants lie in
//! `(now − per, now]`; then no half-open interval of length `per` ever holds more than `max` of them.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::clock::Timestamp;
use super::duration::{format_duration, parse_duration};

/// `max` grants in every interval of length `per`; written `5/15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Most grants in the interval.
    pub max: u32,
    /// The interval's length.
    pub per: Duration,
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (max, per) =
            text.split_once('/').ok_or("a limit is written count/duration, such as \"5/15m\"")?;
        let max = max.trim().parse().map_err(|_| format!("{max:?} is not a whole number of attempts"))?;
        let per = parse_duration(per.trim())?;
        if max == 0 {
            return Err("a limit of 0 would refuse everybody; the smallest is 1".into());
        }
        if per.is_zero() {
            return Err("a window of no length limits nothing".into());
        }
        Ok(Self { max, per })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.max, format_duration(self.per))
    }
}

/// The granted attempts of one key, oldest first; never more than the largest `max` of its windows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantLog(VecDeque<Timestamp>);

/// What a further attempt would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is room. Afterwards `remaining` more are possible in the tightest `window`, which is whole again
    /// after `reset`.
    Room {
        /// The window with the least room left.
        window: Window,
        /// Further grants possible after this one.
        remaining: u32,
        /// Time until the oldest grant that counts in this window has left it.
        reset: Duration,
    },
    /// There is none in `window`; the first moment with room is `retry_after` away.
    Full {
        /// The window that is full for the longest time.
        window: Window,
        /// Time until an attempt can be granted.
        retry_after: Duration,
    },
}

impl GrantLog {
    /// What an attempt at `now` would meet in `windows`; nothing changes. `None` when no window limits it.
    pub fn standing(&self, windows: &[Window], now: Timestamp) -> Option<Standing> {
        let full = windows
            .iter()
            .filter_map(|&window| {
                // The attempt fits once the max-th youngest grant has left the window.
                let blocking =
                    self.0.len().checked_sub(window.max as usize).and_then(|index| self.0.get(index))?;
                let frees = blocking.plus(window.per);
                (frees > now).then(|| Standing::Full { window, retry_after: frees.since(now) })
            })
            .max_by_key(|standing| match standing {
                Standing::Full { retry_after, .. } => *retry_after,
                Standing::Room { .. } => Duration::ZERO,
            });
        full.or_else(|| {
            windows.iter().map(|&window| self.room(window, now)).min_by_key(|(left, _)| *left).map(|(_, r)| r)
        })
    }

    fn room(&self, window: Window, now: Timestamp) -> (u32, Standing) {
        // The log is in order, so what counts begins at one place.
        let gone = self.0.partition_point(|granted| granted.plus(window.per) <= now);
        let (oldest, used) = (self.0.get(gone), self.0.len() - gone);
        let remaining = window.max.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX)).saturating_sub(1);
        let reset = oldest.map_or(window.per, |granted| granted.plus(window.per).since(now));
        (remaining, Standing::Room { window, remaining, reset })
    }

    /// Notes a grant at `now` and forgets what no window can see any more.
    pub fn grant(&mut self, windows: &[Window], now: Timestamp) {
        // A clock that was set back must not bring the log out of order: that would free places early.
        let at = self.0.back().map_or(now, |last| (*last).max(now));
        self.0.push_back(at);
        let most = windows.iter().map(|window| window.max as usize).max().unwrap_or(0);
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// Takes back the youngest grant: the attempt turned out not to count. Whether there was one.
    pub fn forgive(&mut self) -> bool {
        self.0.pop_back().is_some()
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the log may be thrown away because no window of length `longest` or less sees any of it.
    pub fn forgettable_at(&self, longest: Duration) -> Timestamp {
        self.0.back().map_or(Timestamp::MIN, |last| last.plus(longest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows() -> impl Strategy<Value = Vec<Window>> {
        prop::collection::vec(
            (1u32..6, 1u64..60).prop_map(|(max, per)| Window { max, per: Duration::from_secs(per) }),
            1..3,
        )
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_its_maximum(windows in windows(), gaps in prop::collection::vec(0i64..20, 1..80)) {
            let (mut log, mut granted, mut now) = (GrantLog::default(), Vec::new(), Timestamp::from_seconds(1_000));
            for gap in gaps {
                now = now.plus(Duration::from_secs(gap.unsigned_abs()));
                match log.standing(&windows, now) {
                    Some(Standing::Room { remaining, .. }) => {
                        log.grant(&windows, now);
                        granted.push(now);
                        // What was promised as remaining must be there at once.
                        let mut ahead = log.clone();
                        for _ in 0..remaining {
                            let promised = matches!(ahead.standing(&windows, now), Some(Standing::Room { .. }));
                            prop_assert!(promised);
                            ahead.grant(&windows, now);
                        }
                    }
                    Some(Standing::Full { retry_after, .. }) => {
                        // Exactly then, and not a microsecond earlier.
                        let at = now.plus(retry_after);
                        let (then, before) = (log.standing(&windows, at), log.standing(&windows, at.minus(Duration::from_micros(1))));
                        prop_assert!(matches!(then, Some(Standing::Room { .. })), "{then:?}");
                        prop_assert!(matches!(before, Some(Standing::Full { .. })), "{before:?}");
                    }
                    None => prop_assert!(false, "there are windows"),
                }
            }
            for window in &windows {
                for from in &granted {
                    let inside = granted.iter().filter(|at| *at >= from && **at < from.plus(window.per)).count();
                    prop_assert!(inside <= window.max as usize, "{inside} in {window}");
                }
            }
        }
    }

    #[test]
    fn a_clock_set_back_frees_nothing() {
        let windows = [Window { max: 1, per: Duration::from_secs(10) }];
        let mut log = GrantLog::default();
        log.grant(&windows, Timestamp::from_seconds(100));
        let earlier = log.standing(&windows, Timestamp::from_seconds(50));
        assert!(matches!(earlier, Some(Standing::Full { .. })), "{earlier:?}");
    }

    #[test]
    fn without_windows_there_is_no_limit() {
        assert_eq!(GrantLog::default().standing(&[], Timestamp::MIN), None);
    }

    #[test]
    fn windows_are_read_and_written_as_one_text() {
        let window: Window = "5/15m".parse().expect("a window");
        assert_eq!(window, Window { max: 5, per: Duration::from_secs(900) });
        assert_eq!(window.to_string(), "5/15m");
        for bad in ["5", "0/1m", "5/0s", "x/1m", "5/1", "-1/1m", "5/1m/2"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }
}
