//! The ladder down: the database, once more, the spool, and what finds no place anywhere is counted.
//!
//! While the database is away, who waits is answered once their events are flushed to the spool; the timer tries the
//! database with what the spool holds. Order in the chain is then that of arrival there, not of the events.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use metrics::{counter, gauge, histogram};

use super::messages::Retry;
use super::writer::AuditWriter;
use crate::domain::audit::octets::Salt;
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::Stopwatch;
use crate::domain::entropy::bytes;
use crate::store::StoreError;
use crate::store::audit::{Appended, Group, NotSpooled, Spools, Strays};

/// Pauses between tries while the database is away: from, to.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// So many tries have to fail before events go to the spool.
const TRIES: u32 = 2;

/// How old a row without a place has to be before another process may take it: its own has had the time.
const STRAY: Duration = Duration::from_secs(60);

/// A group that was tried.
struct Tried {
    bound: usize,
    /// How many strays were asked for.
    strays: Option<usize>,
    written: Result<Appended, StoreError>,
    records: usize,
    spools: Option<Spools>,
}

impl AuditWriter {
    /// Whether events go to the spool now.
    pub(super) fn is_spooling(&self) -> bool {
        self.failures >= TRIES && self.spools.is_some() && !self.spool_failed
    }

    /// Writes what has gathered to wherever it can be written.
    pub(super) fn flush(&mut self, context: &mut Context<Self>) {
        if self.flushing {
            return;
        }
        if self.is_spooling() {
            self.write_to_spool(context);
        } else {
            self.write_to_database(context);
        }
    }

    pub(super) fn write_to_database(&mut self, context: &mut Context<Self>) {
        self.tried_for_drain = true;
        self.tell_losses();
        let bound = if self.links.is_due() { self.links.ask(self.pace.batch) } else { Vec::new() };
        let strays = std::mem::take(&mut self.adopting).then(|| Strays {
            before: self.parts.clock.now().minus(STRAY),
            salts: (0..self.pace.batch).map(|_| Salt(bytes(&*self.recorder.entropy))).collect(),
        });
        let mut spools = if self.spooled > 0 { self.spools.take() } else { None };
        if !self.batch.launch() && bound.is_empty() && strays.is_none() && spools.is_none() {
            return;
        }
        self.flushing = true;
        self.last_flush = Some(Stopwatch::start());
        let opening = self.head.is_none_or(|head| head.seq == 0).then(|| {
            let (now, origin) = (self.parts.clock.now(), Origin::server("audit"));
            let begun = Free::new(now, FreeKind::ChainBegun, Subject::default(), &origin);
            self.recorder.record(begun.event())
        });
        let may_be_stored = self.head.is_none() || spools.is_some();
        let (fresh, most, longest) = (self.batch.in_flight(), self.pace.batch, self.longest);
        let (sink, chain, head) = (self.parts.sink.clone(), self.parts.instance, self.head);
        let (asked, strays_asked) = (bound.len(), strays.as_ref().map(|strays| strays.salts.len()));
        let write = self.parts.runtime.spawn(async move {
            let mut records = fresh;
            if let Some(taken) = spools.take() {
                let (back, read) = blocking(taken, move |spools| spools.next(most)).await?;
                records = Arc::new([read, records.to_vec()].concat());
                spools = Some(back);
            }
            let group = Arc::new(Group { records, may_be_stored, bound, strays, opening });
            // The database may never answer: a host that is gone sends no error.
            let written = tokio::time::timeout(longest, sink.append(chain, head, &group)).await;
            let written =
                written.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())));
            if written.is_ok()
                && let Some(taken) = spools.take()
            {
                spools = Some(blocking(taken, Spools::took).await?.0);
            }
            Ok(Tried { bound: asked, strays: strays_asked, written, records: group.records.len(), spools })
        });
        context.spawn(write.into_actor(self).map(
            move |tried: Result<Result<_, StoreError>, _>, writer, context| {
                writer.flushing = false;
                let tried = tried.map_err(|panicked| StoreError::Other(panicked.to_string())).flatten();
                let tried = tried.unwrap_or_else(|error| Tried {
                    bound: asked,
                    strays: strays_asked,
                    written: Err(error),
                    records: 0,
                    spools: None,
                });
                writer.tried(tried, context);
            },
        ));
    }

    fn tried(&mut self, tried: Tried, context: &mut Context<Self>) {
        let Tried { bound, strays, written, records, spools } = tried;
        self.tried_for_drain = true;
        match spools {
            Some(spools) => self.give_back(spools),
            // Lost with a panic: its file stays, and the next start reads it.
            None if self.spools.is_none() => self.spooled = 0,
            None => {}
        }
        match written {
            Ok(appended) => {
                self.links.answered(bound, &appended.linked);
                // As many as were asked for: there may be more.
                self.adopting |= strays.is_some_and(|asked| asked == appended.adopted);
                counter!("guardhouse_audit_linked_total")
                    .increment((appended.linked.len() + appended.adopted) as u64);
                self.committed(&appended, records, context);
            }
            Err(error) => {
                self.adopting |= strays.is_some();
                self.failed(&error, context);
            }
        }
    }

    fn give_back(&mut self, spools: Spools) {
        self.spooled = spools.waiting();
        gauge!("guardhouse_audit_spooled_bytes").set(self.spooled as f64);
        self.spools = Some(spools);
    }

    fn committed(&mut self, appended: &Appended, records: usize, context: &mut Context<Self>) {
        self.failures = 0;
        self.spool_failed = false;
        self.condition.failing.store(false, Ordering::Relaxed);
        (self.head, self.certain) = (Some(appended.head), appended.head);
        self.batch.landed();
        histogram!("guardhouse_audit_batch_size").record(records as f64);
        counter!("guardhouse_audit_written_total").increment(records as u64);
        gauge!("guardhouse_audit_pending").set(self.batch.len() as f64);
        if !self.batch.is_empty() || self.adopting || self.links.is_hurried() || self.spooled > 0 {
            self.flush(context);
        }
        self.finish_draining(context);
    }

    fn failed(&mut self, error: &StoreError, context: &mut Context<Self>) {
        self.failures += 1;
        self.head = None;
        let spooling = self.spools.is_some() && !self.spool_failed;
        self.condition.failing.store(!spooling, Ordering::Relaxed);
        counter!("guardhouse_audit_write_failures_total").increment(1);
        tracing::error!(
            %error,
            failures = self.failures,
            "audit events could not be written; they are kept and tried again"
        );
        self.batch.gather_again();
        self.links.hurry();
        self.retry_later(context);
        if self.is_spooling() {
            self.write_to_spool(context);
        }
        self.finish_draining(context);
    }

    pub(super) fn retry_later(&mut self, context: &mut Context<Self>) {
        if !self.retrying {
            self.retrying = true;
            let pause = RETRY.0.saturating_mul(1 << self.failures.min(10)).min(RETRY.1);
            context.notify_later(Retry, pause);
        }
    }

    fn write_to_spool(&mut self, context: &mut Context<Self>) {
        self.tell_losses();
        if !self.batch.is_empty() {
            let Some(spools) = self.spools.take() else { return };
            self.batch.launch();
            self.flushing = true;
            self.last_flush = Some(Stopwatch::start());
            let records = self.batch.in_flight();
            let write = self.parts.runtime.spawn(blocking(spools, move |spools| spools.append(&records)));
            context.spawn(write.into_actor(self).map(|written, writer, context| {
                writer.flushing = false;
                let written = written.map_err(|panicked| StoreError::Other(panicked.to_string())).flatten();
                writer.spooled(written, context);
            }));
        }
    }

    fn spooled(
        &mut self,
        written: Result<(Spools, Result<(), NotSpooled>), StoreError>,
        context: &mut Context<Self>,
    ) {
        let refused = match written {
            Ok((spools, appended)) => {
                self.give_back(spools);
                appended.err().map(|refused| refused.to_string())
            }
            Err(error) => Some(error.to_string()),
        };
        self.spool_failed = refused.is_some();
        self.condition.failing.store(self.spool_failed, Ordering::Relaxed);
        match refused {
            None => {
                counter!("guardhouse_audit_spooled_total").increment(self.batch.in_flight().len() as u64);
                self.batch.landed();
            }
            Some(reason) => {
                tracing::error!(reason, "audit events could not be spooled either; they are kept in memory");
                self.batch.gather_again();
            }
        }
        if std::mem::take(&mut self.retry_now) {
            self.write_to_database(context);
        } else {
            self.retry_later(context);
            if self.is_spooling() {
                self.write_to_spool(context);
            }
        }
        self.finish_draining(context);
    }
}

/// Does `work` on a thread that may wait for the disk, and hands the spools back.
async fn blocking<T: Send + 'static>(
    mut spools: Spools,
    work: impl FnOnce(&mut Spools) -> T + Send + 'static,
) -> Result<(Spools, T), StoreError> {
    let working = tokio::task::spawn_blocking(move || {
        let done = work(&mut spools);
        (spools, done)
    });
    working.await.map_err(|panicked| StoreError::Other(panicked.to_string()))
}
