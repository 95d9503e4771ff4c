//! One run against one server: sends what is due, reads what comes, and ends in time whatever the server does.
//!
//! ```text
//!   schedule ──due──► a free connection ──► sent ──► whole answer ──► Recorder
//!      ▲  waits here,     │ none, and fewer          │ none within
//!      │  and stays due   ▼ than the most            ▼ the patience
//!      └───────────── a new one                   Failure
//! ```
//!
//! What is due and finds no connection stays in the schedule, with the time at which it was due: nothing piles up, and
//! what is still there when the run ends is recorded as never sent.

mod reading;
mod slots;
mod tally;
mod terms;
#[cfg(test)]
mod tests;

use std::iter::Peekable;
use std::sync::atomic::Ordering;
use std::time::Duration;

use self::slots::Slots;
pub use self::tally::Tally;
pub use self::terms::{Fault, Pace, Terms};
use super::asker::Asker;
use super::connection::{Connection, Job};
use super::reactor::Reactor;
use crate::bench::recorder::{Failure, Live};
use crate::bench::schedule::Schedule;

/// The pause between two looks at who waits too long.
const TICK: Duration = Duration::from_millis(50);
/// The pause between two reports to whoever watches.
const LOOK: Duration = Duration::from_millis(500);
/// How long a connection of a closed loop rests after a failure. Without it, a server that is gone would be asked, and
/// its absence counted, a hundred thousand times a second.
const REST_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Asks what `asker` asks at `pace`, until the end of the window and until the last answer has come or was given up.
///
/// # Errors
///
/// See [`Fault`].
pub fn drive(terms: Terms<'_>, pace: Pace, asker: &mut dyn Asker) -> Result<Tally, Fault> {
    let schedule = match pace {
        Pace::Open(schedule) => Some(schedule.peekable()),
        Pace::Closed => None,
    };
    let reactor = Reactor::new(terms.clock)?;
    let tally = Tally::new(terms.window);
    Engine {
        terms,
        schedule,
        asker,
        reactor,
        slots: Slots::default(),
        tally,
        request: Vec::new(),
        live: Live::default(),
    }
    .run()
}

struct Engine<'a> {
    terms: Terms<'a>,
    schedule: Option<Peekable<Schedule>>,
    asker: &'a mut dyn Asker,
    reactor: Reactor,
    slots: Slots,
    tally: Tally,
    request: Vec<u8>,
    live: Live,
}

impl Engine<'_> {
    fn run(mut self) -> Result<Tally, Fault> {
        let end = self.terms.window.end();
        let (mut happened, mut is_over) = (Vec::new(), false);
        let (mut tick, mut look) = (TICK, LOOK);
        loop {
            let now = self.reactor.now();
            if !is_over {
                self.dispatch(now);
                is_over = now >= end || (self.asker.is_finished() && self.slots.in_flight() == 0);
                if is_over {
                    self.give_up_the_rest(now);
                }
            }
            if is_over && self.slots.in_flight() == 0 {
                return Ok(self.tally);
            }
            if now >= tick {
                tick = now + TICK;
                self.sweep(now);
            }
            if now >= look {
                look = now + LOOK;
                self.show();
            }
            if self.terms.stop.load(Ordering::Relaxed) {
                return Err(Fault::Interrupted);
            }
            let mut until = tick;
            if !is_over {
                until = until.min(end).min(self.next_due().unwrap_or(tick));
            }
            self.reactor.wait(until, &mut happened)?;
            happened.iter().for_each(|one| self.happened(*one));
        }
    }

    /// When the next request can leave; none while nothing is free for it.
    fn next_due(&mut self) -> Option<Duration> {
        if self.tally.is_blocked() {
            return None;
        }
        self.schedule.as_mut()?.peek().map(|due| due.at)
    }

    /// Sends all that is due, as far as connections and sessions are free.
    fn dispatch(&mut self, now: Duration) {
        let end = self.terms.window.end();
        self.slots.wake(now);
        loop {
            let due = match &mut self.schedule {
                Some(schedule) => match schedule.peek() {
                    Some(due) if due.at <= now && due.at < end => due.at,
                    _ => break,
                },
                None if now < end => now,
                None => break,
            };
            self.request.clear();
            let has_room = self.slots.has_room(self.terms.connections);
            let ticket = if has_room { self.asker.ask(&mut self.request) } else { None };
            let Some(ticket) = ticket else {
                self.tally.block(now);
                break;
            };
            if let Some(schedule) = &mut self.schedule {
                schedule.next();
                self.tally.begun(due);
            }
            self.begin(Job { ticket, due, began: now, sent: None });
        }
    }

    fn begin(&mut self, job: Job) {
        if let Some(slot) = self.slots.take_idle() {
            if let Some(connection) = self.slots.get(slot) {
                connection.load(&mut self.request, job);
            }
            return self.flush(slot);
        }
        let Ok(mut connection) = Connection::begin(self.terms.target.address) else {
            return self.settle(job, Failure::Connect);
        };
        connection.load(&mut self.request, job);
        let (slot, connection) = self.slots.insert(connection);
        match self.reactor.watch(connection.stream(), slot.token()) {
            Ok(()) => self.tally.connections(self.slots.open()),
            Err(_) => self.fail(slot, Failure::Connect),
        }
    }

    fn rest(&mut self, now: Duration, time: Duration) {
        if self.schedule.is_none() && !time.is_zero() {
            self.slots.rest(now + time);
        }
        self.tally.unblock();
    }

    fn sweep(&mut self, now: Duration) {
        let patience = self.terms.patience;
        for slot in self.slots.older_than(now.saturating_sub(patience)) {
            let is_open = self.slots.get(slot).is_some_and(|late| late.check_open().unwrap_or(false));
            self.fail(slot, if is_open { Failure::Timeout } else { Failure::Connect });
        }
    }

    fn give_up_the_rest(&mut self, now: Duration) {
        let end = self.terms.window.end();
        let Some(schedule) = &mut self.schedule else { return };
        while let Some(due) = schedule.next_if(|due| due.at < end) {
            self.tally.never_sent(due.at, now);
        }
    }

    fn show(&mut self) {
        if let Some(watch) = &self.terms.watch {
            // Who does not look in time misses a look, and nobody waits for it.
            let _ = watch.try_send(std::mem::take(&mut self.live));
        }
    }
}
