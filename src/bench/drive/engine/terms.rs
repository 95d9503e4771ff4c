//! How to drive, and why it may come to nothing.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::bench::drive::target::Target;
use crate::bench::recorder::Live;
use crate::bench::schedule::{Schedule, Window};
use crate::domain::clock::Stopwatch;

/// At which pace.
pub enum Pace {
    /// As scheduled, on as many connections as that takes.
    Open(Schedule),
    /// On all connections, each time as soon as the answer has come.
    Closed,
}

/// How to drive.
pub struct Terms<'a> {
    /// Whom.
    pub target: &'a Target,
    /// What counts.
    pub window: Window,
    /// The most connections in an open loop, all of them in a closed one.
    pub connections: usize,
    /// How long to wait for an answer, and for a connection.
    pub patience: Duration,
    /// How long a connection of a closed loop rests after an answer that is not a good one.
    pub rest_after_refusal: Duration,
    /// When the run began.
    pub clock: Stopwatch,
    /// Who is told how it goes.
    pub watch: Option<SyncSender<Live>>,
    /// Set when it is to end at once.
    pub stop: &'a AtomicBool,
}

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The machine refuses its part; what the server does never ends a run.
    #[error("this machine cannot go on measuring: {0}; more open files may help (ulimit -n)")]
    Machine(#[from] io::Error),
    /// Somebody asked for the end.
    #[error("interrupted")]
    Interrupted,
}
