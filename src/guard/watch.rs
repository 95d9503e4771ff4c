//! The guard's one thread: fetches keys when they are due or somebody met an unknown one, and endings all the time.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::{Guard, GuardFault, Inner};
use crate::domain::clock::Stopwatch;

/// Keys are fetched no more often than this, whatever tokens name and the server says.
const SELDOM: Duration = Duration::from_secs(5);

/// And no less often.
const OFTEN: Duration = Duration::from_secs(300);

/// The pause after an error.
const BACK_OFF: Duration = Duration::from_secs(2);

/// Starts the thread. It ends with the last clone of `guard`, whose end disconnects `woken`.
pub(super) fn start(guard: &Guard, woken: Receiver<()>) -> Result<(), GuardFault> {
    let weak = Arc::downgrade(&guard.0);
    let thread = thread::Builder::new().name("guard".into());
    let started = thread.spawn(move || watch(&weak, &woken));
    started.map(drop).map_err(|error| GuardFault::Thread(error.to_string()))
}

fn watch(weak: &Weak<Inner>, woken: &Receiver<()>) {
    // Whoever built the guard has just fetched; a lazy one asks by waking.
    let (mut since_keys, mut wanted, mut pause) = (Stopwatch::start(), false, Duration::ZERO);
    loop {
        match woken.recv_timeout(pause) {
            Ok(()) => wanted = true,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(inner) = weak.upgrade() else { return };
        let guard = Guard(inner);
        let has_none = guard.0.reader.load().is_none();
        let kept = Duration::from_millis(guard.0.max_age.load(Ordering::SeqCst)).clamp(SELDOM, OFTEN);
        let due = if wanted { SELDOM } else { kept };
        let mut failed = false;
        if has_none || since_keys.elapsed() >= due {
            (since_keys, wanted) = (Stopwatch::start(), false);
            failed |= is_told(guard.fetch_keys(), "the published keys");
        }
        failed |= is_told(guard.fetch_endings(), "what was ended");
        let poll = guard.0.endings.as_ref().map_or(SELDOM, |endings| endings.poll_interval);
        pause = if failed { poll.max(BACK_OFF) } else { poll };
    }
}

fn is_told(fetched: Result<(), super::SourceFault>, what: &str) -> bool {
    if let Err(error) = &fetched {
        tracing::warn!(%error, "{what} could not be fetched");
    }
    fetched.is_err()
}
