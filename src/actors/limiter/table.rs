//! The counters themselves, in the memory of this process; plain code, tested without an actor.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::limit::{GrantLog, Standing, Window};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Sign-in attempts from one address.
    LoginAddress,
    /// Sign-in attempts for one account from one neighbourhood. Not for the account alone: then anybody could lock
    /// its owner out.
    LoginAccount,
    /// Registrations from one address.
    RegisterAddress,
}

impl Rule {
    /// The rule's name in answers, metrics and the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginAddress => "login.address",
            Self::LoginAccount => "login.account",
            Self::RegisterAddress => "register.address",
        }
    }
}

/// One counter that an attempt takes a place in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The limit it belongs to.
    pub rule: Rule,
    /// Whom it counts for.
    pub subject: String,
    /// The limit's windows.
    pub windows: Arc<[Window]>,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No window applies.
    Unlimited,
    /// A place was taken in every cell; told is the tightest one.
    Granted {
        /// Whose limit is the tightest.
        rule: Rule,
        /// How it stands.
        standing: Standing,
    },
    /// No place was taken in any cell; told is the one that is full for the longest time.
    Limited {
        /// Whose limit is full.
        rule: Rule,
        /// The window that is full.
        window: Window,
        /// When there is room again.
        retry_after: Duration,
    },
    /// The table holds as many keys as it may, and this one would be new. Nobody's counter is thrown away for it:
    /// an attacker with many addresses could otherwise reset any.
    TableFull,
}

type Key = (Rule, String);

struct Counter {
    log: GrantLog,
    forgettable_at: Timestamp,
}

/// The counters of one process.
pub struct LimitTable {
    entries: HashMap<Key, Counter>,
    most_keys: usize,
    swept_at: Timestamp,
}

impl LimitTable {
    /// An empty table for at most `most_keys` keys.
    pub fn new(most_keys: usize) -> Self {
        Self { entries: HashMap::new(), most_keys, swept_at: Timestamp::MIN }
    }

    /// What taking `cells` would meet at `now`.
    pub fn peek(&self, cells: &[Cell], now: Timestamp) -> Verdict {
        let mut tightest: Option<(Rule, Standing)> = None;
        let mut fullest: Option<(Rule, Window, Duration)> = None;
        for cell in cells {
            let log = self.entries.get(&key(cell)).map(|entry| &entry.log);
            let fresh = GrantLog::default();
            match log.unwrap_or(&fresh).standing(&cell.windows, now) {
                Some(Standing::Full { window, retry_after }) => {
                    let candidate = (cell.rule, window, retry_after);
                    fullest =
                        Some(fullest.filter(|(_, _, longest)| *longest >= retry_after).unwrap_or(candidate));
                }
                Some(standing @ Standing::Room { remaining, .. }) => {
                    let tighter = tightest.is_none_or(|(_, other)| match other {
                        Standing::Room { remaining: least, .. } => remaining < least,
                        Standing::Full { .. } => false,
                    });
                    if tighter {
                        tightest = Some((cell.rule, standing));
                    }
                }
                None => {}
            }
        }
        match (fullest, tightest) {
            (Some((rule, window, retry_after)), _) => Verdict::Limited { rule, window, retry_after },
            (None, Some((rule, standing))) => Verdict::Granted { rule, standing },
            (None, None) => Verdict::Unlimited,
        }
    }

    /// Takes a place in each of `cells` at `now`, or in none.
    pub fn take(&mut self, cells: &[Cell], now: Timestamp) -> Verdict {
        let verdict = self.peek(cells, now);
        if !matches!(verdict, Verdict::Granted { .. }) {
            return verdict;
        }
        let limited = || cells.iter().filter(|cell| !cell.windows.is_empty());
        let new = limited().filter(|cell| !self.entries.contains_key(&key(cell))).count();
        if self.entries.len() + new > self.most_keys {
            // Looking through all of them takes milliseconds: not for each of a flood of attempts.
            if now >= self.swept_at.plus(Duration::from_secs(1)) {
                self.sweep(now);
            }
            if self.entries.len() + new > self.most_keys {
                return Verdict::TableFull;
            }
        }
        for cell in limited() {
            let longest = cell.windows.iter().map(|window| window.per).max().unwrap_or_default();
            let entry = self
                .entries
                .entry(key(cell))
                .or_insert_with(|| Counter { log: GrantLog::default(), forgettable_at: Timestamp::MIN });
            entry.log.grant(&cell.windows, now);
            entry.forgettable_at = entry.log.forgettable_at(longest);
        }
        verdict
    }

    /// Gives back the youngest place in each of `cells`; a key without any is forgotten.
    pub fn forgive(&mut self, cells: &[Cell]) {
        for cell in cells {
            if let Entry::Occupied(mut counter) = self.entries.entry(key(cell)) {
                counter.get_mut().log.forgive();
                if counter.get().log.is_empty() {
                    counter.remove();
                }
            }
        }
    }

    /// Drops the keys of which no window sees anything at `now`. How many there were.
    pub fn sweep(&mut self, now: Timestamp) -> usize {
        self.swept_at = now;
        let before = self.entries.len();
        self.entries.retain(|_, entry| entry.forgettable_at > now);
        before - self.entries.len()
    }

    /// Keys in the table.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn key(cell: &Cell) -> Key {
    (cell.rule, cell.subject.clone())
}
