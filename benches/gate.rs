//! The way to an actor (gate, gated message, ticket, answer) against a channel, actix's own `send`, and a mutex.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message, Supervised};
use criterion::Criterion;
use guardhouse::actors::gate::Gate;
use guardhouse::actors::gated::Gated;
use guardhouse::actors::handle::{Handle, Patience};
use guardhouse::actors::keeper::{Lifeline, keep};
use guardhouse::domain::clock::Stopwatch;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::support::{Contest, concurrently, world};

/// Adds one: the least that an actor can do.
struct Adder;

impl Actor for Adder {
    type Context = Context<Self>;
}

impl Supervised for Adder {}

#[derive(Message)]
#[rtype(result = "u64")]
struct Add(u64);

impl Handler<Add> for Adder {
    type Result = u64;

    fn handle(&mut self, Add(number): Add, _: &mut Self::Context) -> u64 {
        number + 1
    }
}

impl Handler<Gated<Add>> for Adder {
    type Result = ();

    fn handle(&mut self, message: Gated<Add>, _: &mut Self::Context) {
        if let Some((Add(number), ticket)) = message.admit() {
            ticket.answer(number + 1);
        }
    }
}

type Question = (u64, oneshot::Sender<u64>);

const PATIENCE: Patience = Patience { entry: Duration::ZERO, queue: Duration::from_secs(1) };

/// All of them have their receiving end on the same thread.
#[derive(Clone)]
struct Ways {
    channel: mpsc::UnboundedSender<Question>,
    address: Addr<Adder>,
    handle: Handle<Adder>,
    mutex: Arc<Mutex<u64>>,
}

impl Ways {
    fn open() -> Self {
        let (channel, mut questions) = mpsc::unbounded_channel::<Question>();
        world().arbiter.spawn(async move {
            while let Some((number, reply)) = questions.recv().await {
                let _ = reply.send(number + 1);
            }
        });
        let address = keep(&world().arbiter, "adder", Lifeline::default(), || Adder);
        let handle = Handle::new(address.clone(), Gate::new("adder", 8_192, 1));
        Self { channel, address, handle, mutex: Arc::default() }
    }

    async fn by_channel(&self) -> u64 {
        let (reply, answer) = oneshot::channel();
        self.channel.send((1, reply)).expect("the receiving task lives");
        answer.await.expect("the receiving task answers")
    }

    async fn by_actix(&self) -> u64 {
        self.address.send(Add(1)).await.expect("the actor lives")
    }

    async fn by_handle(&self) -> u64 {
        self.handle.ask(Add(1), PATIENCE).await.expect("the gate has room")
    }

    fn by_mutex(&self) -> u64 {
        let mut number = self.mutex.lock().expect("nothing panics while it holds the number");
        *number += 1;
        *number
    }
}

pub(crate) fn bench(criterion: &mut Criterion) {
    hop(criterion, "gate/one_by_one", 1);
    hop(criterion, "gate/64_at_once", 64);
    entering(criterion);
    refusing(criterion);
}

fn hop(criterion: &mut Criterion, name: &str, lanes: usize) {
    let ways = Ways::open();
    let runtime = world().runtime.handle();
    macro_rules! lanes {
        ($way:ident) => {
            |iterations| {
                let ways = ways.clone();
                concurrently(runtime, iterations, lanes, move |_| {
                    let ways = ways.clone();
                    async move {
                        black_box(ways.$way().await);
                    }
                })
            }
        };
    }
    Contest::new(name, "tokio mpsc + oneshot", lanes!(by_channel))
        .against("actix send", lanes!(by_actix))
        .against("gate + actor hop", lanes!(by_handle))
        .against("no hop: a mutex", |iterations| {
            let ways = ways.clone();
            concurrently(runtime, iterations, lanes, move |_| {
                let number = ways.by_mutex();
                async move {
                    black_box(number);
                }
            })
        })
        .hold(criterion);
}

fn entering(criterion: &mut Criterion) {
    let (slots, gate) = (Arc::new(Semaphore::new(8_192)), Gate::new("entered", 8_192, 1));
    Contest::new("gate/entering", "a semaphore's permit", |iterations| {
        each(iterations, || slots.clone().try_acquire_owned().is_ok())
    })
    .against("a gate's permit", |iterations| each(iterations, || gate.enter().is_ok()))
    .hold(criterion);
}

fn refusing(criterion: &mut Criterion) {
    let (slots, gate) = (Arc::new(Semaphore::new(0)), Gate::new("full", 1, 1));
    let _inside = gate.enter().expect("the first finds room");
    Contest::new("gate/refusing_when_full", "an empty semaphore", |iterations| {
        each(iterations, || slots.clone().try_acquire_owned().is_err())
    })
    .against("a full gate", |iterations| each(iterations, || gate.enter().is_err()))
    .hold(criterion);
}

fn each(iterations: u64, expected: impl Fn() -> bool) -> Duration {
    let started = Stopwatch::start();
    for _ in 0..iterations {
        assert!(black_box(expected()));
    }
    started.elapsed()
}
