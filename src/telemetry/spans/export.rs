//! The way of spans to the collector: a queue that has an end, and one thread. No request ever waits for either.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{Counter, counter};
use tokio::sync::watch;

use super::otlp::{Kind, Span, Value, body};
use super::{OpenSpan, Place, Trace, TraceParent};
use crate::config::{Otlp, Share};
use crate::domain::clock::{Stopwatch, Timestamp};
use crate::domain::entropy::{Entropy, bytes};
use crate::domain::id::InstanceId;
use crate::guard::agent::{agent, read};

/// Spans that wait at most, a few MiB.
pub(super) const MOST_WAITING: usize = 8_192;

/// Spans in one request to the collector.
pub(super) const BATCH: usize = 512;

/// The longest that a span waits for others to go with it.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest that the collector may take for a batch.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum SpansFault {
    /// The collector cannot be asked.
    #[error("{0}")]
    Agent(String),
    /// There is no thread for it.
    #[error("the operating system refuses a thread: {0}")]
    Thread(std::io::Error),
}

#[derive(Debug, Default)]
struct Waiting {
    spans: Vec<Span>,
    ending: bool,
}

/// The spans that wait for the thread.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    full: Counter,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::default(), wake: Condvar::new(), full: dropped("full") }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in there can be half-done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, span: Span) {
        let mut waiting = self.lock();
        if waiting.spans.len() >= MOST_WAITING || waiting.ending {
            self.full.increment(1);
            return;
        }
        waiting.spans.push(span);
        if waiting.spans.len() == BATCH {
            self.wake.notify_one();
        }
    }

    /// The next batch, and whether the end has come. Waits until there is something to do, or a pause long.
    pub(super) fn take(&self) -> (Vec<Span>, bool) {
        let has_time = |waiting: &mut Waiting| !waiting.ending && waiting.spans.len() < BATCH;
        let waited = self.wake.wait_timeout_while(self.lock(), PAUSE, has_time);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let count = waiting.spans.len().min(BATCH);
        (waiting.spans.drain(..count).collect(), waiting.ending)
    }

    pub(super) fn end(&self) {
        self.lock().ending = true;
        self.wake.notify_one();
    }
}

fn dropped(reason: &'static str) -> Counter {
    counter!("guardhouse_spans_dropped_total", "reason" => reason)
}

/// Begins traces and sends them on; its drop ends that.
pub struct Tracer {
    queue: Arc<Queue>,
    entropy: Arc<dyn Entropy>,
    share: Share,
    /// Closed when the thread has ended.
    ended: watch::Receiver<()>,
}

impl Tracer {
    /// Starts the thread, where there is a collector.
    ///
    /// # Errors
    ///
    /// [`SpansFault`]
    pub fn start(
        settings: &Otlp,
        instance: InstanceId,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Option<Self>, SpansFault> {
        let Some(endpoint) = settings.endpoint.clone() else {
            return Ok(None);
        };
        let agent = agent(TIMEOUT, None, endpoint.scheme() == "https").map_err(SpansFault::Agent)?;
        let resource = [
            ("service.name", Value::from(settings.service_name.clone())),
            ("service.version", env!("CARGO_PKG_VERSION").into()),
            ("service.instance.id", instance.0.to_string().into()),
        ];
        let send = move |spans: &[Span]| {
            let request = agent.post(endpoint.as_str()).header("content-type", "application/json");
            let answer = request.send(body(&resource, spans)).map_err(|error| error.to_string())?;
            let status = answer.status();
            // Read in any case: only then the connection is used again.
            let body = read(answer).unwrap_or_default();
            if status.is_success() { Ok(rejected(&body)) } else { Err(format!("it answers {status}")) }
        };
        let queue = Arc::new(Queue::new());
        let (ending, ended) = watch::channel(());
        let taken = queue.clone();
        let body = move || {
            export(&taken, send);
            drop(ending);
        };
        std::thread::Builder::new().name("spans".into()).spawn(body).map_err(SpansFault::Thread)?;
        Ok(Some(Self { queue, entropy, share: settings.sample, ended }))
    }

    /// Begins the span of a request that came at `now`, where its trace is sampled. What `caller` says of the trace's id is
    /// taken over. Whether it is sampled a caller decides only who `is_trusted`: by it, and by a trace id of their choice,
    /// anybody could otherwise have each of their requests recorded.
    pub fn begin(
        &self,
        now: Timestamp,
        caller: Option<&TraceParent<'_>>,
        is_trusted: bool,
    ) -> Option<OpenSpan> {
        let fresh = bytes::<32>(&*self.entropy);
        let word = |at: usize| u64::from_le_bytes(fresh[at..at + 8].try_into().unwrap_or_default());
        let [dice, ids, high, low] = [0, 8, 16, 24].map(word);
        let is_sampled = match caller {
            Some(caller) if is_trusted => caller.is_sampled,
            _ => self.share.takes(dice),
        };
        if !is_sampled {
            return None;
        }
        let fresh = ((u128::from(high) << 64) | u128::from(low)).max(1);
        let trace = Arc::new(Trace {
            id: caller.and_then(TraceParent::id).unwrap_or(fresh),
            begun: now,
            watch: Stopwatch::start(),
            ids: ids.into(),
            queue: self.queue.clone(),
        });
        let span = trace.next_id();
        let parent = caller.map(|caller| caller.span);
        Some(OpenSpan::new(Place { trace, span }, parent, Kind::Server, "request"))
    }

    /// Takes no more spans, and waits until those that wait have been sent or dropped.
    pub async fn finish(&self) {
        self.queue.end();
        // Nothing is ever sent through it.
        let _ = self.ended.clone().changed().await;
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.queue.end();
    }
}

/// How many spans the collector has not taken of a batch that it answers with `body`: OTLP's `partialSuccess`, where 64 bits
/// are a text.
pub(super) fn rejected(body: &[u8]) -> u64 {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let rejected = &answer["partialSuccess"]["rejectedSpans"];
    rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0)
}

/// Sends batch after batch until the end. `send` says how many the collector rejected of a batch that it took. One that it
/// does not take is dropped: traces are no records.
pub(super) fn export(queue: &Queue, send: impl Fn(&[Span]) -> Result<u64, String>) {
    let (sent, refused) = (counter!("guardhouse_spans_exported_total"), dropped("refused"));
    let mut is_heard = true;
    loop {
        let (spans, ending) = queue.take();
        if spans.is_empty() {
            if ending {
                return;
            }
            continue;
        }
        let done = if ending && !is_heard { Err("the end has come".into()) } else { send(&spans) };
        let (count, was_heard) = (spans.len() as u64, is_heard);
        is_heard = done.is_ok();
        match done {
            Ok(rejected) => {
                let rejected = rejected.min(count);
                sent.increment(count - rejected);
                refused.increment(rejected);
                if !was_heard {
                    tracing::info!("the collector of traces takes spans again");
                }
            }
            Err(reason) => {
                refused.increment(count);
                if was_heard {
                    tracing::warn!(
                        reason,
                        "the collector of traces (log.otlp.endpoint) takes no spans; they are dropped"
                    );
                }
            }
        }
    }
}
