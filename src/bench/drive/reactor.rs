//! Waiting for sockets and for the next moment at which a request is due, on one thread.
//!
//! epoll and a timer of its own (`timerfd_create(2)`). The timers of tokio tick in milliseconds, and so do the timeouts
//! of `epoll_wait(2)`: with either, a request that is due in 200 µs would leave 800 µs late, which is more than
//! Guardhouse takes to verify a token. One thread, because it reaches more than any server on the same machine.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::domain::clock::Stopwatch;

/// So many events are taken at a time.
const EVENTS: usize = 256;
/// The token of the timer; those of sockets are smaller.
const TIMER: u64 = u64::MAX;

/// What happened to a socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened {
    /// Its token.
    pub(super) token: u64,
    /// Whether the other side will send nothing more.
    pub(super) closing: bool,
}

/// A clock that begins at its making, and the waiting by it.
pub(super) struct Reactor {
    clock: Stopwatch,
    epoll: OwnedFd,
    timer: OwnedFd,
    armed: Option<Duration>,
    events: Vec<Event>,
}

impl Reactor {
    pub(super) fn new(clock: Stopwatch) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        // By edges: setting it again is enough, and nobody has to read it.
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        Ok(Self { clock, epoll, timer, armed: None, events: Vec::with_capacity(EVENTS) })
    }

    /// The time since the run began.
    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Tells when `socket` can be read or written again, until it is closed.
    pub(super) fn watch(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token), flags)?)
    }

    /// Waits until something happens or `until` has come; fills `happened` with what happened.
    pub(super) fn wait(&mut self, until: Duration, happened: &mut Vec<Happened>) -> io::Result<()> {
        happened.clear();
        self.events.clear();
        let left = until.saturating_sub(self.now());
        let timeout = left.is_zero().then_some(Timespec { tv_sec: 0, tv_nsec: 0 });
        if timeout.is_none() && self.armed != Some(until) {
            let it_value = Timespec::try_from(left).map_err(|_| Errno::INVAL)?;
            let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
            self.armed = Some(until);
        }
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(fault) => return Err(fault.into()),
        }
        let ends = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        for event in &self.events {
            // Copied: the kernel packs them.
            let (token, flags) = (event.data.u64(), event.flags);
            if token == TIMER {
                self.armed = None;
            } else {
                happened.push(Happened { token, closing: flags.intersects(ends) });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_end_on_time_and_not_a_millisecond_later() {
        let mut reactor = Reactor::new(Stopwatch::start()).unwrap();
        let (mut late, mut happened) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let until = reactor.now() + Duration::from_micros(300);
            while reactor.now() < until {
                reactor.wait(until, &mut happened).unwrap();
                assert!(happened.is_empty());
            }
            late.push(reactor.now() - until);
        }
        late.sort();
        // The median, since other processes run here too.
        assert!(late[100] < Duration::from_micros(500), "{:?}", late[100]);
    }
}
