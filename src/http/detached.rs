//! Runs flows on the shared runtime, which owns the connections and outlives the HTTP workers.
//!
//! A handler's future is dropped when its client leaves. A flow that changes something then goes on to its end: half
//! a registration helps nobody. A flow that only reads is ended with its handler.

use std::future::Future;
use std::time::Duration;

use metrics::{counter, histogram};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::problem::{Code, Problem};
use crate::domain::clock::Stopwatch;
use crate::telemetry::spans::{self, OpenSpan};
use crate::telemetry::stages::Stages;

/// The longest a client waits for a flow. A store that hangs must not make requests pile up behind it.
const LONGEST: Duration = Duration::from_secs(15);

/// The shared runtime, and the flows that are under way on it.
#[derive(Debug, Clone)]
pub struct Detached {
    runtime: Handle,
    tasks: TaskTracker,
}

impl Detached {
    /// On `runtime`.
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, tasks: TaskTracker::new() }
    }

    /// Runs a flow that changes something: to its end, whoever leaves. `operation` names it in the metrics.
    pub(super) async fn to_the_end<T, E>(
        &self,
        operation: &'static str,
        flow: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let task = self.spawn(operation, flow);
        wait(task).await
    }

    /// Runs a flow that only reads: it ends when its client leaves.
    pub(super) async fn reading<T, E>(
        &self,
        operation: &'static str,
        flow: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let task = self.spawn(operation, flow);
        let _guard = AbortOnDrop(task.abort_handle());
        wait(task).await
    }

    fn spawn<T, E>(
        &self,
        operation: &'static str,
        flow: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> JoinHandle<Result<T, E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let mut open = spans::begin(operation);
        let place = open.as_ref().map(OpenSpan::place);
        let timed = async move {
            let started = Stopwatch::start();
            let outcome = flow.await;
            let result = if outcome.is_ok() { "success" } else { "failure" };
            histogram!("auth_operation_duration_seconds", "operation" => operation, "outcome" => result)
                .record(started.elapsed());
            tracing::debug!(operation, outcome = result, "flow ended");
            if let Some(open) = &mut open {
                open.add("guardhouse.outcome", result);
            }
            outcome
        };
        let work = Stages::within(Stages::current(), timed.in_current_span());
        self.tasks.spawn_on(spans::within(place, work), &self.runtime)
    }

    /// Waits for every flow that is under way.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn wait<T, E: Into<Problem>>(task: JoinHandle<Result<T, E>>) -> Result<T, Problem> {
    match tokio::time::timeout(LONGEST, task).await {
        Ok(Ok(outcome)) => outcome.map_err(Into::into),
        Ok(Err(panicked)) => {
            counter!("guardhouse_flow_panics_total").increment(1);
            tracing::error!(%panicked, "a flow panicked");
            Err(Problem::new(Code::Internal))
        }
        Err(_) => {
            tracing::warn!("a flow took longer than its client may have to wait");
            Err(Problem::new(Code::StorageUnavailable).header("retry-after", "1"))
        }
    }
}
