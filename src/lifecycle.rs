//! From start to exit: runtimes, signals, readiness, and the ladder down.
//!
//! ```text
//! thread "guardhouse"  actix system: accepts connections, waits for the end
//! threads "io"         the shared runtime: owns every connection, runs the flows, outlives the HTTP workers
//! HTTP workers         parse, verify tokens, render
//! one arbiter          limiter, session keeper, audit writer
//! hash threads         passwords
//! ```

use std::future::Future;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix::{Arbiter, System};
use actix_web::web;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::actors::keeper::Lifeline;
use crate::domain::clock::Stopwatch;
use crate::house::{self, Certificates, Foundations, Listeners, Reloader, Sockets, StartError};
use crate::http::Front;

/// The files in the data directory that name the addresses of a running server: the public one, the operators' one.
pub const ADDRESS_FILES: [&str; 2] = ["server.addr", "ops.addr"];

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The longest that each of the last writes may take. There are three in sequence: `server.shutdown_timeout` in the manual
/// names their sum.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// A house that answers requests.
pub struct Running {
    /// Where the public listener is.
    pub address: SocketAddr,
    /// Where the operators' listener is.
    pub ops_address: SocketAddr,
    /// What the handlers work with; for tests.
    pub front: web::Data<Front>,
    /// The shared runtime, on which connections may be used; for tests.
    pub runtime: tokio::runtime::Handle,
    stop: watch::Sender<bool>,
    thread: JoinHandle<ExitCode>,
}

/// Starts a house on threads of its own. With a `reloader`, SIGTERM and SIGINT end it, and SIGHUP loads its configuration again.
///
/// # Errors
///
/// [`StartError`]; no thread is left then.
pub fn start(foundations: Foundations, reloader: Option<Reloader>) -> Result<Running, StartError> {
    let (started, wait) = mpsc::channel();
    let (stop, stopped) = watch::channel(false);
    // Before anything is touched: a second server on the same address must not migrate the first one's database.
    let sockets = Sockets::bind(&foundations.config.server)?;
    let scheme = if foundations.config.server.tls.is_some() { "https" } else { "http" };
    tracing::info!(address = %sockets.address, ops_address = %sockets.ops_address, "starting guardhouse {VERSION} on {scheme}://{}", sockets.address);
    // Left by a server that was killed: whoever waits for the files would ask an address where nobody is.
    for name in ADDRESS_FILES {
        let _ = std::fs::remove_file(foundations.config.data_dir.join(name));
    }
    let body = move || match Built::new(&foundations) {
        Err(error) => {
            let _ = started.send(Err(error));
            ExitCode::FAILURE
        }
        Ok((built, system)) => system.block_on(async move {
            let listeners = match house::listen(&foundations, sockets, built.front.clone()) {
                Ok(listeners) => listeners,
                Err(error) => {
                    let _ = started.send(Err(error));
                    // A runtime must not be dropped inside another one.
                    built.runtime.shutdown_background();
                    return ExitCode::FAILURE;
                }
            };
            if let Some(certificates) = &listeners.certificates {
                certificates.watch(built.runtime.handle());
            }
            // Before anybody is told the address: who knows it may already want the end.
            let signals = reloader.as_ref().and_then(|_| catch_signals());
            if let Some(reloader) = reloader {
                reload_on_signal(reloader, listeners.certificates.clone(), &built);
            }
            let addresses = (listeners.address, listeners.ops_address);
            let _ = started.send(Ok((addresses, built.front.clone(), built.runtime.handle().clone())));
            let code = wait_for_the_end(&built.lifeline, stopped, signals).await;
            built.climb_down(&foundations, listeners).await;
            code
        }),
    };
    let thread =
        std::thread::Builder::new().name("guardhouse".into()).spawn(body).map_err(StartError::Runtime)?;
    match wait.recv() {
        Ok(Ok(((address, ops_address), front, runtime))) => {
            Ok(Running { address, ops_address, front, runtime, stop, thread })
        }
        Ok(Err(error)) => {
            let _ = thread.join();
            Err(error)
        }
        Err(_) => Err(StartError::Runtime(std::io::Error::other("the main thread panicked while starting"))),
    }
}

impl Running {
    /// Waits until the house has ended by itself or by a signal.
    pub fn wait(self) -> ExitCode {
        self.thread.join().unwrap_or(ExitCode::FAILURE)
    }

    /// Ends the house in order and waits for it.
    pub fn stop(self) -> ExitCode {
        self.stop.send_replace(true);
        self.wait()
    }
}

struct Built {
    front: web::Data<Front>,
    runtime: Runtime,
    arbiter: Arbiter,
    lifeline: Lifeline,
}

impl Built {
    fn new(foundations: &Foundations) -> Result<(Self, actix::SystemRunner), StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(foundations.config.server.workers.get().clamp(2, 8))
            .thread_name("io")
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        let system = System::new();
        let arbiter = Arbiter::new();
        let lifeline = Lifeline::default();
        let actors = arbiter.handle();
        let building =
            house::build(foundations, runtime.handle().clone(), &actors, &lifeline, house::Role::Server);
        let front = web::Data::new(runtime.block_on(building)?);
        Ok((Self { front, runtime, arbiter, lifeline }, system))
    }

    /// The ladder: each step lets go of what the steps before no longer need.
    async fn climb_down(self, foundations: &Foundations, listeners: Listeners) {
        let Self { front, runtime, arbiter, .. } = self;
        let patience = foundations.config.server.shutdown_timeout;
        tracing::info!("shutting down");
        // Where systemd waits for it (`Type=notify`); elsewhere nobody listens.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        front.drain();
        // 0. Who balances hears that this node is not ready, and until then its requests are answered.
        tokio::time::sleep(foundations.config.server.drain_delay).await;
        let begun = Stopwatch::start();
        // 1. No new connection; requests under way are answered.
        listeners.public.stop(true).await;
        // 2. Flows whose clients have left go on to their end.
        bounded("flows", patience.saturating_sub(begun.elapsed()), front.detached.finish()).await;
        // 3. What the actors still hold is written; meanwhile other nodes take the deliveries over and the spans go out.
        front.deliveries.send_replace(true);
        let writes = async {
            bounded("session touches", LAST_WRITES, front.desk.sessions.drain()).await;
            bounded("audit events", LAST_WRITES, front.desk.audit.drain()).await;
        };
        let spans = async {
            if let Some(tracer) = &front.tracer {
                bounded("spans", LAST_WRITES, tracer.finish()).await;
            }
        };
        tokio::join!(writes, spans, bounded("deliveries", LAST_WRITES, front.deliveries.closed()));
        // 4. The operators could watch until here.
        listeners.ops.stop(false).await;
        // 5. Connections, actors, threads.
        let db = front.desk.db.clone();
        let closing = runtime.spawn(async move { db.close().await });
        bounded("connections", LAST_WRITES, async { drop(closing.await) }).await;
        arbiter.stop();
        let _ = arbiter.join();
        runtime.shutdown_background();
        tracing::info!("shut down");
    }
}

async fn bounded(what: &'static str, patience: Duration, step: impl Future<Output = ()>) {
    if tokio::time::timeout(patience, step).await.is_err() {
        tracing::error!(what, seconds = patience.as_secs(), "gave up waiting while shutting down");
    }
}

/// SIGTERM and SIGINT, from now on.
fn catch_signals() -> Option<(Signal, Signal)> {
    let caught = signal(SignalKind::terminate()).and_then(|t| Ok((t, signal(SignalKind::interrupt())?)));
    caught
        .inspect_err(
            |error| tracing::error!(%error, "signals cannot be caught; they end this process at once"),
        )
        .ok()
}

/// Loads the configuration and the certificates again whenever SIGHUP comes, once at a time, and tells systemd where it waits for that.
fn reload_on_signal(reloader: Reloader, certificates: Option<Arc<Certificates>>, built: &Built) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return tracing::error!(%error, "SIGHUP cannot be caught; it ends this process"),
    };
    let front = built.front.clone();
    built.runtime.spawn(async move {
        while hangup.recv().await.is_some() {
            let begun = sd_notify::NotifyState::monotonic_usec_now();
            if let Ok(begun) = begun {
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Reloading, begun]);
            }
            if let Some(certificates) = &certificates {
                certificates.renew().await;
            }
            reloader.reload(&front).await;
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        }
    });
}

async fn wait_for_the_end(
    lifeline: &Lifeline,
    mut stopped: watch::Receiver<bool>,
    signals: Option<(Signal, Signal)>,
) -> ExitCode {
    let signal = async {
        let Some((mut terminate, mut interrupt)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    };
    tokio::select! {
        name = signal => {
            tracing::info!(signal = name, "asked to end");
            ExitCode::SUCCESS
        }
        _ = stopped.wait_for(|stop| *stop) => ExitCode::SUCCESS,
        actor = lifeline.pulled() => {
            tracing::error!(actor, "an actor keeps failing; ending so that the service manager starts anew");
            ExitCode::FAILURE
        }
    }
}
