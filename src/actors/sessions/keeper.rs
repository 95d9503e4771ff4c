//! The actor behind [`super::Sessions`]: timers, the feed, the pending touches.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Supervised, WrapFuture};
use futures_util::future::BoxFuture;
use metrics::{counter, gauge, histogram};
use tokio::sync::oneshot;

use super::follow::Freshness;
use super::{Answer, Parts};
use crate::actors::gated::Gated;
use crate::domain::clock::Timestamp;
use crate::domain::id::SessionId;
use crate::domain::revocation::Revocation;
use crate::store::session::Touch;
use crate::store::{StoreError, revocations};

/// The longest one reading of the feed may take: a host that is gone sends no error.
const LONGEST_READ: Duration = Duration::from_secs(5);

/// Touches written in one transaction.
const TOUCHES_AT_A_TIME: usize = 500;

/// Most rows that one step of the sweep removes.
const SWEEP_BATCH: u64 = 1_000;

pub(super) type Work<T> = Box<dyn FnOnce(Parts) -> BoxFuture<'static, Answer<T>> + Send>;

/// Any call of the store: the one message behind the facade's methods.
pub(super) struct Call<T>(pub(super) Work<T>);

impl<T: Send + 'static> Message for Call<T> {
    type Result = Answer<T>;
}

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Touched(pub(super) Touch);

/// Reads the feed, and says when that is done.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Poll(pub(super) Option<oneshot::Sender<()>>);

/// Writes the pending touches.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Flush;

/// Removes what is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Sweep;

/// Writes the pending touches and answers when that is done: the last message before the end.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Drain(pub(super) oneshot::Sender<()>);

#[derive(Debug, Message)]
#[rtype(result = "SessionsSnapshot")]
pub(super) struct Observe;

/// What an operator sees of the session keeper.
#[derive(Debug, Clone, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct SessionsSnapshot {
    /// Uses not yet written to the store.
    pub pending_touches: usize,
    /// Revocations held in memory.
    pub revocations: usize,
    /// Seconds since the feed was last read.
    pub feed_age_seconds: f64,
}

pub(super) struct SessionKeeper {
    parts: Parts,
    timers: Timers,
    /// The last use of each session since the last flush; at most one entry a session, at most [`MOST_TOUCHES`].
    touches: HashMap<SessionId, Touch>,
    cursor: revocations::Cursor,
    polling: bool,
    /// How far the session store's own feed is known.
    store_feed: Freshness,
    /// Those who wait for the next reading of the feed.
    waiting: Vec<oneshot::Sender<()>>,
}

/// How often the keeper does what nobody asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timers {
    pub(super) poll: Duration,
    pub(super) flush: Duration,
    pub(super) sweep: Duration,
}

/// Beyond, a touch is dropped: last-seen is a convenience, memory is not.
const MOST_TOUCHES: usize = 100_000;

impl Actor for SessionKeeper {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.polling = false;
        context.run_interval(self.timers.poll, |_, context| context.notify(Poll(None)));
        context.run_interval(self.timers.flush, |_, context| context.notify(Flush));
        context.run_interval(self.timers.sweep, |_, context| context.notify(Sweep));
    }
}

impl Supervised for SessionKeeper {}

impl<T: Send + 'static> Handler<Gated<Call<T>>> for SessionKeeper {
    type Result = ();

    fn handle(&mut self, message: Gated<Call<T>>, _: &mut Self::Context) {
        let Some((Call(work), ticket)) = message.admit() else {
            return;
        };
        let work = work(self.parts.clone());
        let work = ticket.during(work);
        self.parts.runtime.spawn(async move { ticket.answer(work.await) });
    }
}

impl Handler<Touched> for SessionKeeper {
    type Result = ();

    fn handle(&mut self, Touched(touch): Touched, _: &mut Self::Context) {
        if self.touches.len() < MOST_TOUCHES || self.touches.contains_key(&touch.session) {
            self.touches.insert(touch.session, touch);
        }
    }
}

impl Handler<Poll> for SessionKeeper {
    type Result = ();

    fn handle(&mut self, Poll(done): Poll, context: &mut Self::Context) {
        self.waiting.extend(done);
        if std::mem::replace(&mut self.polling, true) {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let (parts, mut cursor) = (self.parts.clone(), self.cursor.clone());
        let read = self.parts.runtime.spawn(async move {
            let now = parts.clock.now();
            let reading = tokio::time::timeout(LONGEST_READ, cursor.read(parts.db.reader(), now)).await;
            let news = reading.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())));
            (cursor, news, now)
        });
        context.spawn(read.into_actor(self).map(|read, keeper, context| {
            keeper.polling = false;
            if let Ok((cursor, news, asked_at)) = read {
                keeper.take_news(cursor, news, asked_at);
            }
            for done in waiting {
                let _ = done.send(());
            }
            // Who asked while this read was under way wants to know what came after its beginning.
            if !keeper.waiting.is_empty() {
                context.notify(Poll(None));
            }
        }));
    }
}

impl Handler<Flush> for SessionKeeper {
    type Result = ();

    fn handle(&mut self, _: Flush, _: &mut Self::Context) {
        let work = self.flush();
        self.parts.runtime.spawn(work);
    }
}

impl Handler<Sweep> for SessionKeeper {
    type Result = ();

    fn handle(&mut self, _: Sweep, _: &mut Self::Context) {
        let parts = self.parts.clone();
        self.parts.runtime.spawn(async move {
            let now = parts.clock.now();
            parts.view.forget_expired(now);
            match sweep(&parts, now).await {
                Ok(swept) => counter!("guardhouse_sessions_swept_total").increment(swept),
                Err(error) => {
                    tracing::warn!(%error, "expired sessions could not be removed; trying again later")
                }
            }
            if let Ok(earliest) = parts.store.earliest_end().await {
                let overdue = earliest.map_or(Duration::ZERO, |end| now.since(end));
                gauge!("guardhouse_sessions_overdue_seconds").set(overdue.as_secs_f64());
            }
        });
    }
}

impl Handler<Drain> for SessionKeeper {
    type Result = ();

    fn handle(&mut self, Drain(done): Drain, _: &mut Self::Context) {
        let work = self.flush();
        self.parts.runtime.spawn(async move {
            work.await;
            let _ = done.send(());
        });
    }
}

impl Handler<Gated<Observe>> for SessionKeeper {
    type Result = ();

    fn handle(&mut self, message: Gated<Observe>, _: &mut Self::Context) {
        let Some((Observe, ticket)) = message.admit() else {
            return;
        };
        let now = self.parts.clock.now();
        ticket.answer(SessionsSnapshot {
            pending_touches: self.touches.len(),
            revocations: self.parts.view.len(),
            feed_age_seconds: self.parts.view.staleness(now).as_secs_f64(),
        });
    }
}

impl SessionKeeper {
    /// With a feed that has been read up to `cursor`.
    pub(super) fn new(
        parts: Parts,
        timers: Timers,
        cursor: revocations::Cursor,
        store_feed: Freshness,
    ) -> Self {
        Self {
            parts,
            timers,
            touches: HashMap::new(),
            cursor,
            polling: false,
            store_feed,
            waiting: Vec::new(),
        }
    }

    fn take_news(&mut self, cursor: revocations::Cursor, news: Answer<Vec<Revocation>>, asked_at: Timestamp) {
        match news {
            Ok(news) => {
                self.cursor = cursor;
                for revocation in &news {
                    self.parts.view.insert(revocation);
                    let lag = self.parts.clock.now().since(revocation.at);
                    histogram!("guardhouse_revocation_lag_seconds").record(lag);
                }
                self.parts.view.mark_fresh(self.store_feed.and(asked_at));
                gauge!("guardhouse_revocations").set(self.parts.view.len() as f64);
                if let Some(fresh_at) = self.parts.view.fresh_at() {
                    gauge!("guardhouse_revocations_fresh_timestamp_seconds").set(fresh_at.seconds() as f64);
                }
            }
            Err(error) => tracing::warn!(%error, "the revocation feed could not be read"),
        }
    }

    fn flush(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let mut touches: Vec<Touch> = std::mem::take(&mut self.touches).into_values().collect();
        // In one order on every node, so that two of them cannot wait for each other's rows.
        touches.sort_by_key(|touch| touch.session);
        let store = self.parts.store.clone();
        async move {
            // A few at a time: what waits for the writer must not wait for all of them.
            for some in touches.chunks(TOUCHES_AT_A_TIME) {
                if let Err(error) = store.touch(some).await {
                    tracing::warn!(%error, touches = some.len(), "uses of sessions could not be noted");
                }
            }
        }
    }
}

async fn sweep(parts: &Parts, now: Timestamp) -> Answer<u64> {
    let mut total = 0;
    loop {
        let sessions = parts.store.sweep(now, SWEEP_BATCH).await?;
        let announcements = revocations::sweep(parts.db.writer(), now, SWEEP_BATCH).await?;
        total += sessions;
        if sessions < SWEEP_BATCH && announcements < SWEEP_BATCH {
            return Ok(total);
        }
    }
}
