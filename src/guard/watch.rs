//! What is fetched when: keys when they are due or somebody met an unknown one, endings all the time. Requests reach it
//! only by one flag and one bell, so that no number of bad tokens makes it ask the server more often.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::source::SourceFault;
use super::timetable::Timetable;
use super::{Guard, GuardFault, Inner};

/// The longest pauses after failures. Keys are kept meanwhile; of endings nothing is known.
const KEYS_PAUSE: Duration = Duration::from_secs(30);
const ENDINGS_PAUSE: Duration = Duration::from_secs(5);

/// The work behind a guard. Its own thread does it, unless the guard came from
/// [`build_with_rounds`](super::GuardBuilder::build_with_rounds).
pub struct Rounds {
    guard: Weak<Inner>,
    woken: Receiver<()>,
    keys: Timetable,
    endings: Timetable,
}

impl Rounds {
    pub(super) fn of(guard: &Guard, woken: Receiver<()>) -> Self {
        let keys = Timetable::new(KEYS_PAUSE);
        Self { guard: Arc::downgrade(&guard.0), woken, keys, endings: Timetable::new(ENDINGS_PAUSE) }
    }

    /// The first fetch of everything.
    pub(super) fn begin(&mut self, guard: &Guard) -> Result<(), SourceFault> {
        self.fetch_keys(guard)?;
        self.fetch_endings(guard)
    }

    /// Fetches what is due, and says how long until something is due again; `None` when no guard is left.
    pub fn run_due(&mut self) -> Option<Duration> {
        let guard = Guard(self.guard.upgrade()?);
        if self.keys_wait(&guard).is_zero() {
            // Told where it is found out; what is known stays known.
            let _ = self.fetch_keys(&guard);
        }
        let Some(endings) = &guard.0.endings else { return Some(self.keys_wait(&guard)) };
        if self.endings.wait(guard.0.clock.now()).is_zero() {
            let _ = self.fetch_endings(&guard);
        }
        // Whatever the clock does, a look now and then costs nothing.
        let wait = self.endings.wait(guard.0.clock.now()).min(ENDINGS_PAUSE.max(endings.poll_interval));
        Some(wait.min(self.keys_wait(&guard)))
    }

    fn keys_wait(&self, guard: &Guard) -> Duration {
        let now = guard.0.clock.now();
        if guard.0.wanted.load(Ordering::SeqCst) {
            self.keys.wait_in_haste(now, guard.0.refresh.0)
        } else {
            self.keys.wait(now)
        }
    }

    fn fetch_keys(&mut self, guard: &Guard) -> Result<(), SourceFault> {
        // Before asking: a token that is refused from now on may be newer than the answer.
        guard.0.wanted.store(false, Ordering::SeqCst);
        let asked_at = guard.0.clock.now();
        let fetched = guard.fetch_keys();
        tell(&self.keys, &fetched, "the published keys");
        match &fetched {
            Ok(()) => {
                let (least, most) = guard.0.refresh;
                let kept = Duration::from_millis(guard.0.max_age.load(Ordering::SeqCst));
                self.keys.succeeded(asked_at, kept.clamp(least, most));
            }
            Err(_) => self.keys.failed(guard.0.clock.now()),
        }
        fetched
    }

    fn fetch_endings(&mut self, guard: &Guard) -> Result<(), SourceFault> {
        let Some(endings) = &guard.0.endings else { return Ok(()) };
        let asked_at = guard.0.clock.now();
        let fetched = guard.fetch_endings();
        tell(&self.endings, &fetched, "what was ended");
        match &fetched {
            Ok(()) => self.endings.succeeded(asked_at, endings.poll_interval),
            Err(_) => self.endings.failed(guard.0.clock.now()),
        }
        fetched
    }

    /// After a panic, when nobody knows how far it got: both count as failed.
    fn recover(&mut self) -> Option<Duration> {
        let guard = Guard(self.guard.upgrade()?);
        let now = guard.0.clock.now();
        self.keys.failed(now);
        self.endings.failed(now);
        let wait = self.keys.wait(now).min(self.endings.wait(now));
        tracing::error!("the source of a guard panicked; it is asked again in {wait:?}");
        Some(wait)
    }

    /// Until no guard is left.
    fn run(mut self) {
        loop {
            // A source that panics must not leave the guard with the keys and endings of this moment for ever.
            let due = catch_unwind(AssertUnwindSafe(|| self.run_due())).unwrap_or_else(|_| self.recover());
            let Some(wait) = due else { return };
            match self.woken.recv_timeout(wait) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// Puts `rounds` on a thread of their own. It ends with the last clone of the guard, whose end disconnects the bell.
pub(super) fn start(rounds: Rounds) -> Result<(), GuardFault> {
    let started = thread::Builder::new().name("guard".into()).spawn(move || rounds.run());
    started.map(drop).map_err(|error| GuardFault::Thread(error.to_string()))
}

/// Once when it begins to fail and once when that is over: an outage would fill the log.
fn tell(before: &Timetable, fetched: &Result<(), SourceFault>, what: &str) {
    match (before.failures(), fetched) {
        (0, Ok(())) => {}
        (0, Err(error)) => {
            tracing::warn!(%error, "{what} could not be fetched; what is known is used meanwhile")
        }
        (failures, Ok(())) => tracing::info!(failures, "{what} could be fetched again"),
        (failures, Err(error)) => tracing::debug!(%error, failures, "{what} still could not be fetched"),
    }
}
