//! The log of one key's grants, which is the whole state of a limit.
//!
//! An attempt at `now` is granted when fewer than `max` grants lie in `(now − per, now]`; then no half-open interval of
//! length `per` ever holds more than `max` of them.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Manner, Window};
use crate::domain::clock::Timestamp;

/// The granted attempts of one key, oldest first; never more than the largest `max` of its windows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantLog(VecDeque<Timestamp>);

/// What one window sees of a log: all that is needed to decide. The script in Redis answers in the same terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The window.
    pub window: Window,
    /// The `max`-th youngest grant, where there are so many: an attempt fits once it has left the window.
    pub blocking: Option<Timestamp>,
    /// How many grants the window sees.
    pub used: usize,
    /// The oldest of them.
    pub oldest: Option<Timestamp>,
}

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
    /// There is none in `window`, of a cell that slows down instead of refusing.
    Over {
        /// The window that is full for the longest time.
        window: Window,
        /// How long the attempt has to wait before it goes on.
        wait: Duration,
    },
    /// There is none in `window`; the first moment with room is `retry_after` away.
    Full {
        /// The window that is full for the longest time.
        window: Window,
        /// Time until an attempt can be granted.
        retry_after: Duration,
    },
}

impl Standing {
    /// The decision: what an attempt at `now` meets, given what each window sees and when the `newest` grant was. `None`
    /// when no window limits it.
    pub fn of(
        views: impl Iterator<Item = View> + Clone,
        newest: Option<Timestamp>,
        manner: Manner,
        now: Timestamp,
    ) -> Option<Self> {
        let full = views
            .clone()
            .filter_map(|View { window, blocking, .. }| Some((window, blocking?.plus(window.per))));
        let delayed = views.clone().min_by_key(|view| view.window.per).and_then(|shortest| {
            let delay = manner.delay(shortest.window, shortest.used)?;
            Some((shortest.window, newest?.plus(delay)))
        });
        let shut = full.chain(delayed).filter(|(_, opens)| *opens > now).max_by_key(|(_, opens)| *opens);
        if let Some((window, opens)) = shut {
            let retry_after = opens.since(now);
            return Some(match manner {
                Manner::Slow { longest } => Self::Over { window, wait: retry_after.min(longest) },
                Manner::Refuse | Manner::Delay(_) => Self::Full { window, retry_after },
            });
        }
        let room = views.map(|View { window, used, oldest, .. }| {
            let used = u32::try_from(used).unwrap_or(u32::MAX);
            let remaining = window.max.saturating_sub(used).saturating_sub(1);
            let reset = oldest.map_or(window.per, |granted| granted.plus(window.per).since(now));
            (window, remaining, reset)
        });
        let (window, remaining, reset) = room.min_by_key(|(_, remaining, _)| *remaining)?;
        Some(Self::Room { window, remaining, reset })
    }
}

impl GrantLog {
    /// What an attempt at `now` would meet in `windows`; nothing changes. `None` when no window limits it.
    pub fn standing(&self, windows: &[Window], manner: Manner, now: Timestamp) -> Option<Standing> {
        let views = windows.iter().map(|&window| self.view(window, now));
        Standing::of(views, self.0.back().copied(), manner, now)
    }

    fn view(&self, window: Window, now: Timestamp) -> View {
        let nth = self.0.len().checked_sub(window.max as usize);
        // The log is in order, so what counts begins at one place.
        let gone = self.0.partition_point(|granted| granted.plus(window.per) <= now);
        View {
            window,
            blocking: nth.and_then(|index| self.0.get(index)).copied(),
            used: self.0.len() - gone,
            oldest: self.0.get(gone).copied(),
        }
    }

    /// Notes a grant at `now` and forgets what no window can see any more. Under which time it is noted.
    pub fn grant(&mut self, windows: &[Window], now: Timestamp) -> Timestamp {
        // A clock that was set back must not bring the log out of order: that would free places early.
        let at = self.0.back().map_or(now, |last| (*last).max(now));
        self.note(windows, at);
        at
    }

    /// Notes what was granted elsewhere under the time `at`, in its place among the others.
    pub fn note(&mut self, windows: &[Window], at: Timestamp) {
        self.0.insert(self.0.partition_point(|other| *other <= at), at);
        let most = windows.iter().map(|window| window.max as usize).max().unwrap_or(0);
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// Takes back the grant that was noted under `at`: the attempt turned out not to count. Whether it was still there.
    /// No other is taken instead: an older one would make room too early for those that stay.
    pub fn forgive(&mut self, at: Timestamp) -> bool {
        let found = self.0.binary_search(&at);
        found.is_ok_and(|index| self.0.remove(index).is_some())
    }

    /// Octets that the times take.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Timestamp>()
    }

    /// Octets more that one further time may take: the room for times doubles when it is used up.
    pub fn growth(&self) -> usize {
        let least = 4;
        if self.0.len() < self.0.capacity() { 0 } else { self.bytes().max(least * size_of::<Timestamp>()) }
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
