//! A message on its way: its permit, its deadline, its tracing span and the channel for its answer travel with it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use super::gate::{Permit, Refused, Waiting};
use crate::domain::clock::Stopwatch;
use crate::telemetry::spans::{self, OpenSpan};
use crate::telemetry::stages::{Stage, Stages};

/// What happens to a message whose sender has gone away before it was picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// It evaporates: nobody wants the answer.
    Ask,
    /// It is handled all the same.
    Commit,
}

/// A message with its [`Ticket`]. An actor implements `Handler<Gated<M>>` for each of its messages.
#[derive(Debug)]
pub struct Gated<M: Message> {
    message: M,
    ticket: Ticket<M::Result>,
}

impl<M: Message> Message for Gated<M> {
    type Result = ();
}

/// The answer's side of a message. A ticket dropped without an answer says [`Refused::Crashed`] to the sender.
#[derive(Debug)]
pub struct Ticket<R> {
    sending: Sending,
    patience: Duration,
    entered: Waiting,
    picked_up: Option<Stopwatch>,
    span: Span,
    /// Those of the request that sent the message.
    stages: Option<Arc<Stages>>,
    /// From entering the gate to the answer.
    open: Option<OpenSpan>,
    /// Before the reply: who was answered must find the place free again.
    permit: Permit,
    reply: oneshot::Sender<Result<R, Refused>>,
}

/// What the sender waits on.
pub(super) type Answer<R> = oneshot::Receiver<Result<R, Refused>>;

impl<M: Message> Gated<M> {
    pub(super) fn new(
        message: M,
        sending: Sending,
        patience: Duration,
        permit: Permit,
    ) -> (Self, Answer<M::Result>) {
        let (reply, answer) = oneshot::channel();
        let (entered, span) = (Stopwatch::start(), Span::current());
        let stages = Stages::current();
        let open = spans::begin(permit.gate_name());
        let ticket =
            Ticket { sending, patience, entered, picked_up: None, span, stages, open, reply, permit };
        (Self { message, ticket }, answer)
    }

    /// Picks the message up for work that answers later. `None` when there is nothing left to do, which is so only of
    /// an asked message: the sender has gone, or it waited past its deadline and was answered [`Refused::Stale`].
    pub fn admit(self) -> Option<(M, Ticket<M::Result>)> {
        let Self { message, mut ticket } = self;
        let waited = ticket.entered.elapsed();
        ticket.permit.waited(waited);
        ticket.note(ticket.permit.stages().0, waited);
        if let Some(open) = &mut ticket.open {
            open.add("guardhouse.wait_seconds", waited.as_secs_f64());
        }
        if ticket.sending == Sending::Ask && ticket.reply.is_closed() {
            return None;
        }
        if ticket.sending == Sending::Ask && waited > ticket.patience {
            ticket.permit.stale();
            ticket.refuse(Refused::Stale);
            return None;
        }
        ticket.picked_up = Some(Stopwatch::start());
        Some((message, ticket))
    }

    /// Picks the message up and does its work here and now. A panic inside is answered [`Refused::Crashed`] and goes
    /// no further, so the thread lives on. For actors whose state a panic cannot leave half-changed.
    pub fn serve(self, work: impl FnOnce(M) -> M::Result) {
        let Some((message, ticket)) = self.admit() else {
            return;
        };
        let span = ticket.span.clone();
        let done = span.in_scope(|| catch_unwind(AssertUnwindSafe(|| work(message))));
        match done {
            Ok(result) => ticket.answer(result),
            Err(_) => {
                ticket.permit.crashed();
                ticket.refuse(Refused::Crashed);
            }
        }
    }
}

impl<R> Ticket<R> {
    /// Does `work` on behalf of the request that sent the message: its log lines have that request's id.
    pub fn during<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F, R> {
        spans::within(self.open.as_ref().map(OpenSpan::place), work.instrument(self.span.clone()))
    }

    /// Answers, and gives the permit back.
    pub fn answer(self, result: R) {
        if let Some(picked_up) = self.picked_up {
            let worked = picked_up.elapsed();
            self.permit.worked(worked);
            let gate = self.permit.gate_name();
            tracing::debug!(parent: &self.span, gate, millis = worked.as_micros() as f64 / 1e3, "handled");
            self.note(self.permit.stages().1, worked);
        }
        self.reply_with(Ok(result));
    }

    fn note(&self, stage: Option<Stage>, time: Duration) {
        if let (Some(stages), Some(stage)) = (&self.stages, stage) {
            stages.add(stage, time);
        }
    }

    fn refuse(mut self, refused: Refused) {
        if let Some(open) = &mut self.open {
            open.add("guardhouse.refused", refused.name());
            open.fail_if(refused == Refused::Crashed);
        }
        self.reply_with(Err(refused));
    }

    fn reply_with(self, answer: Result<R, Refused>) {
        let Self { permit, reply, open, .. } = self;
        drop((permit, open));
        // Nobody listening any more is no fault: the work was asked for all the same.
        let _ = reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::gate::Gate;

    struct Errand;

    impl Message for Errand {
        type Result = ();
    }

    #[tokio::test]
    async fn work_that_goes_on_elsewhere_is_done_in_the_span_of_the_request() {
        let _logs = tracing::subscriber::set_default(tracing_subscriber::registry());
        let permit = Gate::new("test_span", 1, 1).enter().expect("there is room");
        let span = tracing::info_span!("request");
        let send = || Gated::new(Errand, Sending::Ask, Duration::MAX, permit);
        let (gated, _answer) = span.in_scope(send);
        let (_, ticket) = gated.admit().expect("in time");
        assert!(Span::current().is_none());
        let work = ticket.during(async { Span::current() });
        assert_eq!(work.await.id(), span.id());
        assert!(span.id().is_some());
    }
}
