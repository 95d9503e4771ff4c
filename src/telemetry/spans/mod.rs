//! The spans of a request, for a collector of traces: request → flow → actor → database.
//!
//! Where in its trace the work is travels with its task, and with its messages to the actors, as [`super::stages`] do. Where
//! nobody collects, or this trace is not sampled, there is no such place, and a span costs a look.

mod export;
mod otlp;
mod parent;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use export::Queue;
pub use export::{SpansFault, Tracer};
use otlp::{Kind, Span, Value};
pub use parent::TraceParent;

use crate::domain::clock::{Stopwatch, Timestamp};

tokio::task_local! {
    static HERE: Place;
}

/// A sampled trace, as far as this node has a part in it.
#[derive(Debug)]
struct Trace {
    id: u128,
    begun: Timestamp,
    watch: Stopwatch,
    ids: AtomicU64,
    queue: Arc<Queue>,
}

impl Trace {
    /// From a random beginning in odd steps, which come to every number before they come to one again.
    fn next_id(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        match self.ids.fetch_add(STEP, Ordering::Relaxed) {
            // It says that there is none.
            0 => self.ids.fetch_add(STEP, Ordering::Relaxed),
            id => id,
        }
    }

    /// Nanoseconds since 1970 of what is `after` the beginning.
    fn nanos(&self, after: Duration) -> u64 {
        let begun = self.begun.micros().unsigned_abs().saturating_mul(1_000);
        begun.saturating_add(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// A span under which others begin.
#[derive(Debug, Clone)]
pub struct Place {
    trace: Arc<Trace>,
    span: u64,
}

/// Does `work` below `place`, if there is one.
pub async fn within<F: Future>(place: Option<Place>, work: F) -> F::Output {
    match place {
        Some(place) => HERE.scope(place, work).await,
        None => work.await,
    }
}

/// A span that goes on until it is dropped.
#[derive(Debug)]
pub struct OpenSpan {
    place: Place,
    parent: Option<u64>,
    kind: Kind,
    name: Cow<'static, str>,
    begun: Duration,
    attributes: Vec<(&'static str, Value)>,
    failed: bool,
}

/// Begins a span below that of the current task.
pub fn begin(name: &'static str) -> Option<OpenSpan> {
    HERE.try_with(|here| here.child(name)).ok()
}

/// What the current task did until now for `time` was a span.
pub fn note(name: &'static str, time: Duration) {
    let _ = HERE.try_with(|here| {
        let mut span = here.child(name);
        span.begun = span.begun.saturating_sub(time);
    });
}

impl Place {
    fn child(&self, name: &'static str) -> OpenSpan {
        let place = Self { trace: self.trace.clone(), span: self.trace.next_id() };
        OpenSpan::new(place, Some(self.span), Kind::Internal, name)
    }
}

impl OpenSpan {
    fn new(place: Place, parent: Option<u64>, kind: Kind, name: &'static str) -> Self {
        let (begun, name) = (place.trace.watch.elapsed(), name.into());
        Self { place, parent, kind, name, begun, attributes: Vec::new(), failed: false }
    }

    /// Where others begin below it.
    pub fn place(&self) -> Place {
        self.place.clone()
    }

    /// Under a name that was not known at its beginning.
    pub fn named(mut self, name: String) -> Self {
        self.name = name.into();
        self
    }

    /// Adds what is known now. Nothing that is secret or tells who somebody is.
    pub fn add(&mut self, key: &'static str, value: impl Into<Value>) {
        self.attributes.push((key, value.into()));
    }

    /// Whether the fault was ours.
    pub fn fail_if(&mut self, failed: bool) {
        self.failed |= failed;
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        let trace = &self.place.trace;
        trace.queue.push(Span {
            trace: trace.id,
            id: self.place.span,
            parent: self.parent,
            kind: self.kind,
            name: std::mem::take(&mut self.name),
            begun: trace.nanos(self.begun),
            ended: trace.nanos(trace.watch.elapsed()),
            attributes: std::mem::take(&mut self.attributes),
            failed: self.failed,
        });
    }
}
