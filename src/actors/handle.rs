//! The way to an actor: its address behind its gate.

use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};

use super::gate::{Gate, Permit, Refused};
use super::gated::{Gated, Sending};

/// How long to wait at which point.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a permit. Zero: refuse at once, and also when the wait in the queue is likely to be too long.
    pub entry: Duration,
    /// In the queue; past it the message is answered [`Refused::Stale`] without work.
    pub queue: Duration,
}

/// Sends messages to one actor, through its gate. Clones share both.
pub struct Handle<A: Actor> {
    address: Addr<A>,
    gate: Gate,
}

impl<A: Actor> std::fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Handle").field(&self.gate.name()).finish()
    }
}

impl<A: Actor> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), gate: self.gate.clone() }
    }
}

impl<A: Actor> Handle<A> {
    /// To `address`, through `gate`.
    pub fn new(address: Addr<A>, gate: Gate) -> Self {
        Self { address, gate }
    }

    /// The gate, for observing it.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The address, for timers and tests.
    pub fn address(&self) -> &Addr<A> {
        &self.address
    }

    /// Sends `message` and waits for the answer. If this future is dropped before the actor picks the message up,
    /// the message evaporates. Right for hashing and look-ups.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn ask<M>(&self, message: M, patience: Patience) -> Result<M::Result, Refused>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Gated<M>>,
        A::Context: ToEnvelope<A, Gated<M>>,
    {
        self.send(message, Sending::Ask, patience).await
    }

    /// Sends `message` and waits for the answer. Once it is let in it is handled, even if this future is dropped.
    /// Right for what must be remembered or ended.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn commit<M>(&self, message: M, patience: Patience) -> Result<M::Result, Refused>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Gated<M>>,
        A::Context: ToEnvelope<A, Gated<M>>,
    {
        self.send(message, Sending::Commit, patience).await
    }

    /// Sends `message` without waiting for the answer. Once it is let in it is handled.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`]
    pub fn commit_later<M>(&self, message: M) -> Result<(), Refused>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Gated<M>>,
        A::Context: ToEnvelope<A, Gated<M>>,
    {
        let permit = self.gate.enter()?;
        let (gated, _) = Gated::new(message, Sending::Commit, Duration::MAX, permit);
        self.address.do_send(gated);
        Ok(())
    }

    /// As [`Self::ask`], with a permit that was taken before: for who wants to know early that there is no room.
    ///
    /// # Errors
    ///
    /// [`Refused`], but not [`Refused::Full`].
    pub async fn ask_with<M>(&self, permit: Permit, message: M, queue: Duration) -> Result<M::Result, Refused>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Gated<M>>,
        A::Context: ToEnvelope<A, Gated<M>>,
    {
        self.send_with(permit, message, Sending::Ask, queue).await
    }

    async fn send<M>(&self, message: M, sending: Sending, patience: Patience) -> Result<M::Result, Refused>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Gated<M>>,
        A::Context: ToEnvelope<A, Gated<M>>,
    {
        let permit = self.enter(patience).await?;
        self.send_with(permit, message, sending, patience.queue).await
    }

    async fn send_with<M>(
        &self,
        permit: Permit,
        message: M,
        sending: Sending,
        queue: Duration,
    ) -> Result<M::Result, Refused>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Gated<M>>,
        A::Context: ToEnvelope<A, Gated<M>>,
    {
        let (gated, answer) = Gated::new(message, sending, queue, permit);
        self.address.do_send(gated);
        answer.await.unwrap_or(Err(Refused::Crashed))
    }

    /// A permit, for a message to come.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`]
    pub async fn enter(&self, patience: Patience) -> Result<Permit, Refused> {
        if patience.entry.is_zero() {
            self.gate.enter_in_time(patience.queue)
        } else {
            self.gate.enter_within(patience.entry).await
        }
    }
}
