//! What server and client use meanwhile, once a second, and what whoever watches is shown.
//!
//! On a thread of its own: a reading that takes long, or a slow terminal, makes no request late.

mod metrics;
mod process;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};
use std::time::Duration;

pub use self::process::Process;
use crate::bench::recorder::{Live, Reading};
use crate::bench::result::Resources;
use crate::bench::schedule::Window;
use crate::domain::clock::Stopwatch;

/// The pause between two readings.
const EACH: Duration = Duration::from_secs(1);
/// Not more readings than in ten hours.
const MOST_READINGS: usize = 36_000;

/// Where the readings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The server's process, where it runs on this machine.
    pub server: Option<u32>,
    /// The operations listener and its token.
    pub ops: Option<(SocketAddr, Option<String>)>,
}

/// Who watches a run.
pub trait Watcher: Send {
    /// Something else begins, which `what` names.
    fn begin(&mut self, what: &str);
    /// How it went since the last look; `at` so far of the whole `window`.
    fn look(&mut self, reading: &Reading, at: Duration, window: &Window);
}

/// Nobody.
pub struct Nobody;

impl Watcher for Nobody {
    fn begin(&mut self, _: &str) {}
    fn look(&mut self, _: &Reading, _: Duration, _: &Window) {}
}

/// What was read during one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings {
    /// Of the server.
    pub server: Vec<Resources>,
    /// Shares of one core that the client used, from reading to reading of the measured time.
    pub client_cores: Vec<f64>,
    /// Why the server's are missing, where something was asked for and could not be read.
    pub missing: Option<String>,
}

/// A sampler at work.
pub struct Sampler<'scope> {
    thread: ScopedJoinHandle<'scope, Readings>,
    /// Where the engine tells how it goes.
    pub watch: SyncSender<Live>,
}

impl<'scope> Sampler<'scope> {
    /// Begins to read. It ends by itself when the engine has dropped its end of the channel.
    ///
    /// # Errors
    ///
    /// No thread to be had.
    pub fn start(
        scope: &'scope Scope<'scope, '_>,
        sources: &'scope Sources,
        window: Window,
        clock: Stopwatch,
        watcher: &'scope mut dyn Watcher,
    ) -> std::io::Result<Self> {
        let (watch, receiver) = sync_channel(4);
        let work = move || sample(sources, window, clock, watcher, &receiver);
        let thread = Builder::new().name("bench-sampler".to_owned()).spawn_scoped(scope, work)?;
        Ok(Self { thread, watch })
    }

    /// What was read.
    pub fn finish(self) -> Readings {
        drop(self.watch);
        self.thread.join().unwrap_or_default()
    }
}

fn sample(
    sources: &Sources,
    window: Window,
    clock: Stopwatch,
    watcher: &mut dyn Watcher,
    receiver: &Receiver<Live>,
) -> Readings {
    let (mut readings, mut live) = (Readings::default(), Live::default());
    let mut server = sources.server.map(Process::new);
    let mut own = process::OwnTime::now();
    let (mut next, mut looked, mut read) = (EACH, Duration::ZERO, clock.elapsed());
    loop {
        match receiver.recv_timeout(next.saturating_sub(clock.elapsed())) {
            Ok(mut seen) => {
                live.drain(&mut seen);
                let now = clock.elapsed();
                watcher.look(&live.look(now.saturating_sub(looked)), now, &window);
                looked = now;
            }
            Err(RecvTimeoutError::Timeout) => {
                let now = clock.elapsed();
                let since = now.saturating_sub(read).as_secs_f64().max(1e-3);
                (next, read) = (now + EACH, now);
                let at = now.as_secs_f64() - window.warm_up.as_secs_f64();
                let client = own.lap() / since;
                let is_within = at >= 1.0 && now <= window.end() + EACH;
                if is_within && readings.client_cores.len() < MOST_READINGS {
                    readings.client_cores.push(client);
                }
                // Each for itself: who runs elsewhere has no process here, and can be asked all the same.
                let hash_queue = sources.ops.as_ref().and_then(metrics::hash_queue);
                let used = server.as_mut().map(|process| process.read(since)).transpose();
                let used = used.unwrap_or_else(|fault| {
                    readings.missing.get_or_insert_with(|| fault.to_string());
                    None
                });
                let is_known = used.is_some() || hash_queue.is_some();
                if is_known && readings.server.len() < MOST_READINGS {
                    let (cpu_cores, rss_bytes) = used.unzip();
                    readings.server.push(Resources { at, cpu_cores, rss_bytes, hash_queue });
                }
            }
            Err(RecvTimeoutError::Disconnected) => return readings,
        }
    }
}

/// Sets a flag when somebody asks this process to end, so that what was started for a run can be stopped first.
///
/// # Errors
///
/// No thread to be had.
pub fn stop_on_signal(flag: &'static AtomicBool) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Builder::new().name("bench-signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            else {
                return;
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            flag.store(true, Ordering::Relaxed);
        });
    })
}
