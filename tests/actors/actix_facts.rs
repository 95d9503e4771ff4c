//! Facts about actix 0.13 that the house builds on. If an update changes one, the code that relies on it has to be
//! looked at again.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context as Poller, Poll, Waker};
use std::thread::ThreadId;

use actix::dev::{ContextFut, channel};
use actix::{
    Actor, ActorContext, Addr, Arbiter, Context, Handler, Message, ResponseFuture, Supervised, Supervisor,
    SyncArbiter, SyncContext,
};
use futures_util::FutureExt;
use futures_util::future::join_all;

use super::in_system;
use super::probe::{Hold, Note, Probe, Traces};

/// Probe's bare messages, without gate and keeper.
#[derive(Message)]
#[rtype(result = "()")]
struct Bang;

#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

/// Waits until the other end is dropped, in a future.
#[derive(Message)]
#[rtype(result = "()")]
struct Later(tokio::sync::oneshot::Receiver<()>, mpsc::Sender<()>);

#[derive(Message)]
#[rtype(result = "()")]
struct Narrow;

impl Handler<Bang> for Probe {
    type Result = ();

    fn handle(&mut self, Bang: Bang, _: &mut Self::Context) {
        panic!("on purpose");
    }
}

impl Handler<Stop> for Probe {
    type Result = ();

    fn handle(&mut self, Stop: Stop, context: &mut Self::Context) {
        context.stop();
    }
}

impl Handler<Narrow> for Probe {
    type Result = ();

    fn handle(&mut self, Narrow: Narrow, context: &mut Self::Context) {
        context.set_mailbox_capacity(1);
    }
}

impl Handler<Later> for Probe {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Later(until, done): Later, _: &mut Self::Context) -> Self::Result {
        Box::pin(async move {
            let _ = until.await;
            let _ = done.send(());
        })
    }
}

fn probe() -> (Arbiter, Addr<Probe>, Traces) {
    let (arbiter, traces) = (Arbiter::new(), Traces::default());
    let own = traces.clone();
    let address = Probe::start_in_arbiter(&arbiter.handle(), move |_| Probe(own));
    (arbiter, address, traces)
}

fn hold(address: &Addr<Probe>) -> mpsc::Sender<()> {
    let ((begun, wait), (end, held)) = (mpsc::channel(), mpsc::channel());
    address.do_send(Hold(begun, held));
    wait.recv().expect("picked up");
    end
}

#[test]
fn the_capacity_of_a_mailbox_does_not_bind() {
    in_system(async {
        let (arbiter, address, traces) = probe();
        address.send(Narrow).await.expect("answered");
        let held = hold(&address);
        let mut sent: Vec<_> = (0..500).map(|number| Box::pin(address.send(Note(number)))).collect();
        for one in &mut sent {
            assert!(one.now_or_never().is_none(), "neither refused nor answered");
        }
        (500..1_000).for_each(|number| address.do_send(Note(number)));
        drop(held);
        assert!(join_all(sent).await.iter().all(Result::is_ok));
        address.send(Note(1_000)).await.expect("answered");
        assert_eq!(traces.handled().len(), 1_001);
        arbiter.stop();
    });
}

#[test]
fn a_send_dropped_before_pick_up_erases_its_message_and_a_do_send_is_never_skipped() {
    in_system(async {
        let (arbiter, address, traces) = probe();
        let held = hold(&address);
        let mut erased = Box::pin(address.send(Note(1)));
        assert!((&mut erased).now_or_never().is_none());
        drop(erased);
        address.do_send(Note(2));
        drop(held);
        address.send(Note(3)).await.expect("answered");
        assert_eq!(traces.handled(), [2, 3]);
        arbiter.stop();
    });
}

#[test]
fn stop_throws_queued_messages_away() {
    in_system(async {
        let (arbiter, address, traces) = probe();
        let held = hold(&address);
        address.do_send(Note(1));
        address.do_send(Stop);
        address.do_send(Note(2));
        let asked = address.send(Note(3));
        drop(held);
        assert!(asked.await.is_err());
        assert_eq!(traces.handled(), [1]);
        arbiter.stop();
    });
}

#[test]
fn an_async_handler_frees_the_actor_at_once_and_is_not_cancelled_by_its_stop() {
    in_system(async {
        let (arbiter, address, traces) = probe();
        let ((until, wait), (done, is_done)) = (tokio::sync::oneshot::channel(), mpsc::channel());
        address.do_send(Later(wait, done));
        address.send(Note(1)).await.expect("answered while the other one is under way");
        address.do_send(Stop);
        assert!(address.send(Note(2)).await.is_err(), "the actor is gone");
        assert!(is_done.try_recv().is_err());
        drop(until);
        is_done.recv().expect("the handler went on to its end");
        assert_eq!(traces.handled(), [1]);
        arbiter.stop();
    });
}

#[test]
fn the_supervisor_of_actix_restarts_after_a_stop_but_not_after_a_panic() {
    in_system(async {
        let (arbiter, traces) = (Arbiter::new(), Traces::default());
        let own = traces.clone();
        let address = Supervisor::start_in_arbiter(&arbiter.handle(), move |_| Probe(own));
        address.do_send(Stop);
        assert_eq!(address.send(Note(1)).await.expect("answered"), 2, "started a second time");
        address.do_send(Bang);
        assert!(address.send(Note(2)).await.is_err(), "nobody is left to answer");
        assert_eq!(traces.handled(), [1]);
        arbiter.stop();
    });
}

#[test]
fn restarting_a_context_after_a_panic_keeps_the_mailbox() {
    in_system(async {
        let traces = Traces::default();
        let (sender, receiver) = channel::channel(1);
        let address = Addr::<Probe>::new(sender);
        let mut context: ContextFut<Probe, Context<Probe>> =
            Context::with_receiver(receiver).into_future(Probe(traces.clone()));
        address.do_send(Note(1));
        address.do_send(Bang);
        address.do_send(Note(2));
        let mut poller = Poller::from_waker(Waker::noop());
        let mut poll = || catch_unwind(AssertUnwindSafe(|| Pin::new(&mut context).poll(&mut poller)));
        assert!(poll().is_err(), "the panic comes through");
        assert!(context.restart());
        let again = Pin::new(&mut context).poll(&mut poller);
        assert_eq!(again, Poll::Pending);
        assert_eq!((traces.started(), traces.handled()), (2, vec![1, 2]));
    });
}

struct Thread(tokio::sync::mpsc::UnboundedSender<ThreadId>);

impl Actor for Thread {
    type Context = SyncContext<Self>;
}

impl Supervised for Thread {}

impl Drop for Thread {
    fn drop(&mut self) {
        let _ = self.0.send(std::thread::current().id());
    }
}

#[derive(Message)]
#[rtype(result = "ThreadId")]
struct Which;

impl Handler<Which> for Thread {
    type Result = actix::MessageResult<Which>;

    fn handle(&mut self, Which: Which, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(std::thread::current().id())
    }
}

impl Handler<Bang> for Thread {
    type Result = ();

    fn handle(&mut self, Bang: Bang, _: &mut Self::Context) {
        panic!("on purpose");
    }
}

#[test]
fn a_sync_arbiter_refuses_nothing_and_loses_a_thread_for_good_with_each_panic() {
    in_system(async {
        let (died, mut deaths) = tokio::sync::mpsc::unbounded_channel();
        let address = SyncArbiter::start(2, move || Thread(died.clone()));
        address.do_send(Bang);
        let dead = deaths.recv().await.expect("one thread unwinds");
        let answers = join_all((0..2_000).map(|_| address.send(Which))).await;
        let alive: HashSet<_> = answers.into_iter().map(|answer| answer.expect("answered")).collect();
        assert_eq!(alive.len(), 1, "only the other thread is left");
        assert!(!alive.contains(&dead));
    });
}
