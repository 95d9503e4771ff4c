//! Which uses of a session are worth writing down.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::id::SessionId;

/// Beyond this many sessions the memory starts anew: some uses are then noted once more than needed.
const MOST: usize = 100_000;

/// When each session's use was last passed on, so that a thousand requests a second make one touch a minute.
#[derive(Debug)]
pub(super) struct RecentTouches {
    precision: Duration,
    passed_on: Mutex<HashMap<SessionId, Timestamp>>,
}

impl RecentTouches {
    /// Uses of one session that are closer together than `precision` count as one.
    pub(super) fn new(precision: Duration) -> Self {
        Self { precision, passed_on: Mutex::default() }
    }

    /// Whether the use of `session` at `now` should be passed on; remembers it then.
    pub(super) fn is_news(&self, session: SessionId, now: Timestamp) -> bool {
        let mut passed_on = self.passed_on.lock().expect("no code panics while it holds the map");
        if passed_on.get(&session).is_some_and(|last| now < last.plus(self.precision)) {
            return false;
        }
        if passed_on.len() >= MOST {
            passed_on.retain(|_, last| now < last.plus(self.precision));
            if passed_on.len() >= MOST {
                passed_on.clear();
            }
        }
        passed_on.insert(session, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn uses_close_together_are_passed_on_once() {
        let recent = RecentTouches::new(Duration::from_secs(60));
        let (one, other) = (SessionId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
        let at = |seconds: i64| Timestamp::from_seconds(1_000 + seconds);
        assert!(recent.is_news(one, at(0)));
        assert!(!recent.is_news(one, at(59)));
        assert!(recent.is_news(other, at(59)));
        assert!(recent.is_news(one, at(60)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let recent = RecentTouches::new(Duration::from_secs(60));
        for session in 0..(MOST as u128 * 2 + 1) {
            assert!(recent.is_news(SessionId(Uuid::from_u128(session)), Timestamp::from_seconds(1_000)));
        }
        assert!(recent.passed_on.lock().expect("unpoisoned").len() <= MOST);
    }
}
