//! The counters of one process; plain code, tested without a store around it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, GrantLog, Home, Outlook, Place, Rule, Verdict};

type Key = (Rule, String);

struct Counter {
    log: GrantLog,
    forgettable_at: Timestamp,
}

impl Counter {
    fn bytes(&self, subject: &str) -> usize {
        OVERHEAD + subject.len() + self.log.bytes()
    }
}

/// What a counter takes beside its subject and its times: its share of a hash table that may be half empty, or just being
/// moved to one of twice the size, and what the allocator adds. `cargo bench -- limiter` measures it.
const OVERHEAD: usize = 384;

/// Counters within a number of octets.
pub struct LimitTable {
    entries: HashMap<Key, Counter>,
    budget: usize,
    bytes: usize,
    swept_at: Timestamp,
}

impl LimitTable {
    /// An empty table that takes at most `budget` octets.
    pub fn new(budget: usize) -> Self {
        Self { entries: HashMap::new(), budget, bytes: 0, swept_at: Timestamp::MIN }
    }

    /// From now on it takes at most `budget` octets. What is there already stays until it expires.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// What taking `cells` would meet at `now`.
    pub fn peek(&self, cells: &[Cell], now: Timestamp) -> Outlook {
        let fresh = GrantLog::default();
        Outlook::of(cells.iter().map(|cell| {
            let log = self.entries.get(&key(cell)).map_or(&fresh, |entry| &entry.log);
            (cell.rule, log.standing(&cell.windows, cell.manner, now))
        }))
    }

    /// Takes a place in each of `cells` at `now`, or in none.
    pub fn take(&mut self, cells: Vec<Cell>, now: Timestamp) -> Verdict {
        let outlook = self.peek(&cells, now);
        if !matches!(outlook, Outlook::Room { .. }) {
            return Verdict::of(outlook, Vec::new());
        }
        let limited: Vec<Cell> = cells.into_iter().filter(|cell| !cell.windows.is_empty()).collect();
        if !self.has_room(&limited, now) {
            return Verdict::TableFull;
        }
        let places = limited.into_iter().map(|cell| {
            let at = self.change(&cell, |log| log.grant(&cell.windows, now));
            Place { cell, at, home: Home::Process }
        });
        Verdict::of(outlook, places.collect())
    }

    /// Counts places that were granted elsewhere, as far as there is room for their keys.
    pub fn note(&mut self, places: &[Place], now: Timestamp) {
        for Place { cell, at, .. } in places {
            if self.has_room(std::slice::from_ref(cell), now) {
                self.change(cell, |log| log.note(&cell.windows, *at));
            }
        }
    }

    fn has_room(&mut self, cells: &[Cell], now: Timestamp) -> bool {
        let growth = cells.iter().map(|cell| match self.entries.get(&key(cell)) {
            Some(counter) => counter.log.growth(),
            None => OVERHEAD + cell.subject.len() + GrantLog::default().growth(),
        });
        let growth: usize = growth.sum();
        let is_full = |table: &Self| table.bytes + growth > table.budget;
        // Looking through all of them takes milliseconds: not for each of a flood of attempts.
        if is_full(self) && now >= self.swept_at.plus(Duration::from_secs(1)) {
            self.sweep(now);
        }
        !is_full(self)
    }

    fn change<T>(&mut self, cell: &Cell, change: impl FnOnce(&mut GrantLog) -> T) -> T {
        let longest = cell.windows.iter().map(|window| window.per).max().unwrap_or_default();
        let counter = || Counter { log: GrantLog::default(), forgettable_at: Timestamp::MIN };
        let entry = self.entries.entry(key(cell));
        let before =
            if let Entry::Occupied(counter) = &entry { counter.get().bytes(&cell.subject) } else { 0 };
        let entry = entry.or_insert_with(counter);
        let changed = change(&mut entry.log);
        entry.forgettable_at = entry.log.forgettable_at(longest);
        self.bytes = self.bytes + entry.bytes(&cell.subject) - before;
        changed
    }

    /// Gives `places` back; a key without any is forgotten.
    pub fn forgive(&mut self, places: &[Place]) {
        for Place { cell, at, .. } in places {
            if let Entry::Occupied(mut counter) = self.entries.entry(key(cell)) {
                counter.get_mut().log.forgive(*at);
                if counter.get().log.is_empty() {
                    self.bytes -= counter.remove().bytes(&cell.subject);
                }
            }
        }
    }

    /// Drops the keys of which no window sees anything at `now`. How many there were.
    pub fn sweep(&mut self, now: Timestamp) -> usize {
        self.swept_at = now;
        let before = self.entries.len();
        let mut gone = 0;
        self.entries.retain(|(_, subject), counter| {
            let stays = counter.forgettable_at > now;
            gone += if stays { 0 } else { counter.bytes(subject) };
            stays
        });
        self.bytes -= gone;
        // A flood that is over gives its memory back.
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
        before - self.entries.len()
    }

    /// Octets that the counters take, as they are reckoned against the budget.
    pub fn bytes(&self) -> usize {
        self.bytes
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
