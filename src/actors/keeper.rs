//! Supervision that survives panics.
//!
//! actix's own supervisor restarts an actor that stopped, but a panic tears down the whole task, and the mailbox with
//! it. The keeper polls the actor's context itself, catches the panic, and restarts the actor on the same mailbox: the
//! message that was being handled is answered [`super::Refused::Crashed`], those behind it are handled next. A guard
//! that keeps falling over is worse than one that is restarted, so too many restarts pull the [`Lifeline`].

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use actix::dev::{ContextFut, channel};
use actix::{Actor, Addr, ArbiterHandle, Context, Supervised};
use metrics::counter;
use tokio::sync::watch;

use crate::domain::clock::Stopwatch;

/// More restarts than this within [`RESTART_WINDOW`] are given up on.
const MOST_RESTARTS: usize = 5;
/// See [`MOST_RESTARTS`].
const RESTART_WINDOW: Duration = Duration::from_secs(60);

/// Pulled when the process cannot be trusted any more; the lifecycle then shuts it down in order, with exit code 1.
#[derive(Debug, Clone)]
pub struct Lifeline(watch::Sender<Option<&'static str>>);

impl Default for Lifeline {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Lifeline {
    /// Asks for an orderly shutdown because of `actor`.
    pub fn pull(&self, actor: &'static str) {
        self.0.send_replace(Some(actor));
    }

    /// Waits until somebody pulls; returns because of whom.
    pub async fn pulled(&self) -> &'static str {
        let mut watched = self.0.subscribe();
        match watched.wait_for(Option::is_some).await.map(|actor| *actor) {
            Ok(Some(actor)) => actor,
            // `self` holds the sender, so the channel cannot close while we wait.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

/// Starts the actor that `make` builds, on the thread of `arbiter`, under a keeper.
pub fn keep<A>(
    arbiter: &ArbiterHandle,
    name: &'static str,
    lifeline: Lifeline,
    make: impl FnOnce() -> A + Send + 'static,
) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    let (sender, receiver) = channel::channel(1);
    arbiter.spawn_fn(move || {
        let context = Context::with_receiver(receiver).into_future(make());
        actix::spawn(Keeper { context, name, lifeline, restarts: VecDeque::new() });
    });
    Addr::new(sender)
}

struct Keeper<A: Actor<Context = Context<A>>> {
    context: ContextFut<A, Context<A>>,
    name: &'static str,
    lifeline: Lifeline,
    restarts: VecDeque<Stopwatch>,
}

impl<A> Future for Keeper<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<()> {
        let keeper = self.get_mut();
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut keeper.context).poll(poller))) {
            Ok(poll) => poll,
            Err(_) if keeper.may_restart() && keeper.context.restart() => {
                poller.waker().wake_by_ref();
                Poll::Pending
            }
            Err(_) => {
                keeper.lifeline.pull(keeper.name);
                Poll::Ready(())
            }
        }
    }
}

impl<A: Actor<Context = Context<A>>> Keeper<A> {
    fn may_restart(&mut self) -> bool {
        counter!("guardhouse_actor_restarts_total", "actor" => self.name).increment(1);
        self.restarts.retain(|restart| restart.elapsed() < RESTART_WINDOW);
        self.restarts.push_back(Stopwatch::start());
        let may = self.restarts.len() <= MOST_RESTARTS;
        tracing::error!(
            actor = self.name,
            restarts = self.restarts.len(),
            giving_up = !may,
            "an actor panicked"
        );
        may
    }
}

// The context is `Unpin`, and nothing else here is pinned.
impl<A: Actor<Context = Context<A>>> Unpin for Keeper<A> {}
