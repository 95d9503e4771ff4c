//! The events that wait for their commit, with those who wait for it.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::actors::gated::Ticket;
use crate::domain::audit::record::Record;

/// Who hears of it when an event is durable.
#[derive(Default)]
pub(super) struct Waiter {
    pub(super) ticket: Option<Ticket<()>>,
    /// The place among those that were acknowledged before; see `audit.durability`.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Two groups: the one in flight and the one that gathers behind it. Every event stays here until it is committed.
pub(super) struct Batch {
    most: usize,
    gathering: Vec<(Record, Waiter)>,
    /// Shared with the write that is under way.
    flying: Arc<Vec<Record>>,
    waiting: Vec<Waiter>,
}

impl Batch {
    /// Groups of at most `most` events.
    pub(super) fn new(most: usize) -> Self {
        Self { most, gathering: Vec::new(), flying: Arc::default(), waiting: Vec::new() }
    }

    pub(super) fn push(&mut self, event: Record, waiter: Waiter) {
        self.gathering.push((event, waiter));
    }

    /// Events that wait for the next group.
    pub(super) fn len(&self) -> usize {
        self.gathering.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gathering.is_empty() && self.flying.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.gathering.len() >= self.most
    }

    /// Makes the oldest events the group in flight. Whether there is anything to write.
    pub(super) fn launch(&mut self) -> bool {
        debug_assert!(self.flying.is_empty(), "one group in flight at a time");
        let group = self.gathering.drain(..self.gathering.len().min(self.most));
        let (events, tickets): (Vec<_>, Vec<_>) = group.unzip();
        (self.flying, self.waiting) = (Arc::new(events), tickets);
        !self.flying.is_empty()
    }

    /// The group in flight.
    pub(super) fn in_flight(&self) -> Arc<Vec<Record>> {
        self.flying.clone()
    }

    /// The group in flight is durable: everybody who waits for it is told.
    pub(super) fn landed(&mut self) {
        self.flying = Arc::default();
        for Waiter { ticket, room } in self.waiting.drain(..) {
            drop(room);
            if let Some(ticket) = ticket {
                ticket.answer(());
            }
        }
    }

    /// The group in flight was not committed, or nobody knows: it goes back to the front of those that wait, in its
    /// old order. Whether there was one.
    pub(super) fn gather_again(&mut self) -> bool {
        let events = std::mem::take(&mut self.flying);
        let back = events.iter().cloned().zip(self.waiting.drain(..));
        self.gathering.splice(0..0, back);
        !events.is_empty()
    }
}
