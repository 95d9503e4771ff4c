//! The guard's one thread: fetches keys when they are due or somebody met an unknown one, and endings all the time.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::source::SourceFault;
use super::{Guard, GuardFault, Inner};
use crate::domain::clock::Stopwatch;

/// Keys are fetched no more often than this, whatever tokens name and the server says.
const SELDOM: Duration = Duration::from_secs(5);

/// And no less often.
const OFTEN: Duration = Duration::from_secs(300);

/// The pause after an error.
const BACK_OFF: Duration = Duration::from_secs(2);

/// Starts the thread. It ends with the last clone of `guard`, whose end disconnects `woken`. Unless all was `fetched` just
/// now, it begins with that.
pub(super) fn start(guard: &Guard, woken: Receiver<()>, fetched: bool) -> Result<(), GuardFault> {
    let weak = Arc::downgrade(&guard.0);
    let thread = thread::Builder::new().name("guard".into());
    let started = thread.spawn(move || watch(&weak, &woken, fetched));
    started.map(drop).map_err(|error| GuardFault::Thread(error.to_string()))
}

/// When something was fetched last, and how long it may rest.
struct Pace {
    since: Option<Stopwatch>,
    rest: Duration,
}

impl Pace {
    fn new(fetched: bool) -> Self {
        Self { since: fetched.then(Stopwatch::start), rest: Duration::ZERO }
    }

    fn left(&self) -> Duration {
        self.since.as_ref().map_or(Duration::ZERO, |since| self.rest.saturating_sub(since.elapsed()))
    }

    /// Fetches, if it has rested for long enough; after an error it rests for a moment at least.
    fn keep(&mut self, what: &str, fetch: impl FnOnce() -> Result<(), SourceFault>) {
        if !self.left().is_zero() {
            return;
        }
        let fetched = fetch();
        self.since = Some(Stopwatch::start());
        if let Err(error) = fetched {
            tracing::warn!(%error, "{what} could not be fetched");
            self.rest = self.rest.max(BACK_OFF);
        }
    }
}

fn watch(weak: &Weak<Inner>, woken: &Receiver<()>, fetched: bool) {
    let (mut keys, mut endings, mut wanted) = (Pace::new(fetched), Pace::new(fetched), false);
    loop {
        // Whoever presents made-up tokens wakes it as often as they like, and nothing is asked more often for it.
        match woken.recv_timeout(keys.left().min(endings.left())) {
            Ok(()) => wanted = true,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(inner) = weak.upgrade() else { return };
        let guard = Guard(inner);
        let kept = Duration::from_millis(guard.0.max_age.load(Ordering::SeqCst)).clamp(SELDOM, OFTEN);
        let has_none = guard.0.reader.load().is_none();
        keys.rest = if has_none {
            BACK_OFF
        } else if wanted {
            SELDOM
        } else {
            kept
        };
        endings.rest = guard.0.endings.as_ref().map_or(OFTEN, |endings| endings.poll_interval);
        if keys.left().is_zero() {
            wanted = false;
        }
        keys.keep("the published keys", || guard.fetch_keys());
        endings.keep("what was ended", || guard.fetch_endings());
    }
}
