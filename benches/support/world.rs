//! What surrounds actors and flows in a running house: a runtime with two threads, an arbiter, a metrics recorder.

use std::future::Future;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle, System};
use futures_util::future::join_all;
use guardhouse::domain::clock::Stopwatch;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::{Builder, Handle, Runtime};

/// The surroundings, one for the process.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) arbiter: ArbiterHandle,
    pub(crate) prometheus: PrometheusHandle,
}

/// The surroundings. Metrics are recorded for real: without a recorder they would cost nothing here and something in
/// production.
pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let prometheus =
            guardhouse::telemetry::metrics::install().expect("the first recorder of the process");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            System::new().block_on(async move {
                let arbiter = Arbiter::new();
                let _ = sender.send(arbiter.handle());
                std::future::pending::<()>().await;
            });
        });
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let upkeep = prometheus.clone();
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                upkeep.run_upkeep();
            }
        });
        World { runtime, arbiter: receiver.recv().expect("the actix system starts"), prometheus }
    })
}

/// Calls `make` inside the actix system.
pub(crate) fn in_actix<T: Send + 'static>(make: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    world().arbiter.spawn_fn(move || {
        let _ = sender.send(make());
    });
    receiver.recv().expect("the arbiter lives as long as the process")
}

/// Does `operation` as often as `iterations` says, by `lanes` tasks on `runtime` that each do theirs one after the
/// other. Each call is told its lane.
pub(crate) fn concurrently<F>(
    runtime: &Handle,
    iterations: u64,
    lanes: usize,
    operation: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Duration
where
    F: Future<Output = ()> + Send,
{
    let work = async move {
        let started = Stopwatch::start();
        let tasks = (0..lanes as u64).map(|lane| {
            let share = iterations / lanes as u64 + u64::from(lane < iterations % lanes as u64);
            let operation = operation.clone();
            tokio::spawn(async move {
                for _ in 0..share {
                    operation(lane as usize).await;
                }
            })
        });
        for done in join_all(tasks).await {
            done.expect("the operation does not panic");
        }
        started.elapsed()
    };
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move {
        let _ = sender.send(work.await);
    });
    receiver.recv().expect("the operation does not panic")
}
