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

/// At most so many counters.
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
    pub fn peek(&self, cells: &[Cell], now: Timestamp) -> Outlook {
        let fresh = GrantLog::default();
        Outlook::of(cells.iter().map(|cell| {
            let log = self.entries.get(&key(cell)).map_or(&fresh, |entry| &entry.log);
            (cell.rule, log.standing(&cell.windows, now))
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
        let new = cells.iter().filter(|cell| !self.entries.contains_key(&key(cell))).count();
        let is_full = |table: &Self| table.entries.len() + new > table.most_keys;
        // Looking through all of them takes milliseconds: not for each of a flood of attempts.
        if is_full(self) && now >= self.swept_at.plus(Duration::from_secs(1)) {
            self.sweep(now);
        }
        !is_full(self)
    }

    fn change<T>(&mut self, cell: &Cell, change: impl FnOnce(&mut GrantLog) -> T) -> T {
        let longest = cell.windows.iter().map(|window| window.per).max().unwrap_or_default();
        let counter = || Counter { log: GrantLog::default(), forgettable_at: Timestamp::MIN };
        let entry = self.entries.entry(key(cell)).or_insert_with(counter);
        let changed = change(&mut entry.log);
        entry.forgettable_at = entry.log.forgettable_at(longest);
        changed
    }

    /// Gives `places` back; a key without any is forgotten.
    pub fn forgive(&mut self, places: &[Place]) {
        for Place { cell, at, .. } in places {
            if let Entry::Occupied(mut counter) = self.entries.entry(key(cell)) {
                counter.get_mut().log.forgive(*at);
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
