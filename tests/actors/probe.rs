//! An actor for tests: it can be held, made to panic, and says what it was given.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix::{Actor, Arbiter, Context, Handler, Message, Supervised};
use futures_util::FutureExt;
use guardhouse::actors::gate::{Gate, Refused};
use guardhouse::actors::gated::Gated;
use guardhouse::actors::handle::{Handle, Patience};
use guardhouse::actors::keeper::{Lifeline, keep};

/// Nobody is in a hurry.
pub const PATIENT: Patience = Patience { entry: Duration::ZERO, queue: Duration::MAX };

/// What happened to a probe, seen from outside.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    started: Arc<AtomicUsize>,
    handled: Arc<Mutex<Vec<u32>>>,
}

impl Traces {
    /// How often `started` ran.
    pub fn started(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    /// The notes that were worked on, in their order.
    pub fn handled(&self) -> Vec<u32> {
        self.handled.lock().unwrap().clone()
    }
}

pub struct Probe(pub Traces);

impl Actor for Probe {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.0.started.fetch_add(1, Ordering::SeqCst);
    }
}

impl Supervised for Probe {}

/// Keeps the actor busy until the other end is dropped; says when it begins to be.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Hold(pub mpsc::Sender<()>, pub mpsc::Receiver<()>);

/// Remembers the number; answers how often the actor was started.
#[derive(Message)]
#[rtype(result = "usize")]
pub struct Note(pub u32);

/// Panics while it is being handled.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Explode;

/// Panics inside [`Gated::serve`], which keeps the panic to itself.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Fizzle;

/// Takes that long.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Toil(pub Duration);

impl Handler<Hold> for Probe {
    type Result = ();

    fn handle(&mut self, Hold(begun, end): Hold, _: &mut Self::Context) {
        let _ = begun.send(());
        let _ = end.recv();
    }
}

impl Handler<Note> for Probe {
    type Result = usize;

    fn handle(&mut self, Note(number): Note, _: &mut Self::Context) -> usize {
        self.0.handled.lock().unwrap().push(number);
        self.0.started()
    }
}

impl Handler<Gated<Note>> for Probe {
    type Result = ();

    fn handle(&mut self, message: Gated<Note>, _: &mut Self::Context) {
        let Some((Note(number), ticket)) = message.admit() else {
            return;
        };
        self.0.handled.lock().unwrap().push(number);
        ticket.answer(self.0.started());
    }
}

impl Handler<Gated<Explode>> for Probe {
    type Result = ();

    fn handle(&mut self, message: Gated<Explode>, _: &mut Self::Context) {
        if let Some(_picked_up) = message.admit() {
            panic!("on purpose");
        }
    }
}

impl Handler<Gated<Fizzle>> for Probe {
    type Result = ();

    fn handle(&mut self, message: Gated<Fizzle>, _: &mut Self::Context) {
        message.serve(|Fizzle| panic!("on purpose"));
    }
}

impl Handler<Gated<Toil>> for Probe {
    type Result = ();

    fn handle(&mut self, message: Gated<Toil>, _: &mut Self::Context) {
        message.serve(|Toil(time)| std::thread::sleep(time));
    }
}

/// A probe on a thread of its own, under a keeper, behind a gate.
pub struct Kept {
    pub handle: Handle<Probe>,
    pub traces: Traces,
    pub lifeline: Lifeline,
    arbiter: Arbiter,
}

impl Kept {
    /// Behind a gate with this name and `capacity`; must be called inside an actix system.
    pub fn new(gate: &'static str, capacity: usize) -> Self {
        let (traces, lifeline, arbiter) = (Traces::default(), Lifeline::default(), Arbiter::new());
        let probe = Probe(traces.clone());
        let address = keep(&arbiter.handle(), gate, lifeline.clone(), move || probe);
        Self { handle: Handle::new(address, Gate::new(gate, capacity, 1)), traces, lifeline, arbiter }
    }

    /// Keeps the actor from picking anything up; what is sent meanwhile queues. It goes on when the result is dropped.
    pub fn hold(&self) -> mpsc::Sender<()> {
        let ((begun, wait), (end, held)) = (mpsc::channel(), mpsc::channel());
        self.handle.address().do_send(Hold(begun, held));
        wait.recv().expect("the actor picks it up");
        end
    }

    /// Sends a note and says what became of it.
    pub async fn note(&self, number: u32) -> Result<usize, Refused> {
        self.handle.commit(Note(number), PATIENT).await
    }

    /// Sends a note and leaves at once, before there can be an answer.
    pub fn note_and_leave(&self, number: u32, commit: bool) {
        let left = if commit {
            self.handle.commit(Note(number), PATIENT).now_or_never()
        } else {
            self.handle.ask(Note(number), PATIENT).now_or_never()
        };
        assert!(left.is_none(), "the actor is held, so there can be no answer yet");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.arbiter.stop();
    }
}
