//! The connections of a run: which are idle, which rest, and which an event is about.

use std::collections::VecDeque;
use std::time::Duration;

use crate::bench::drive::connection::Connection;

/// One place. Its generation tells an event about a connection from one about that which was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    index: u32,
    generation: u32,
}

impl Slot {
    pub(super) fn token(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }
}

#[derive(Default)]
struct Place {
    generation: u32,
    connection: Option<Connection>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Slots {
    places: Vec<Place>,
    free: Vec<u32>,
    /// The last one used comes first, so that as few as needed stay in use.
    idle: Vec<Slot>,
    open: usize,
    /// Until when a request of a closed loop rests; all rest for about the same time, so the first ends first.
    resting: VecDeque<Duration>,
}

impl Slots {
    /// Connections that are open or being opened.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Requests under way.
    pub(super) fn in_flight(&self) -> usize {
        self.open - self.idle.len()
    }

    /// Whether one more request may be under way.
    pub(super) fn has_room(&self, most: usize) -> bool {
        self.in_flight() + self.resting.len() < most
    }

    pub(super) fn rest(&mut self, until: Duration) {
        self.resting.push_back(until);
    }

    /// Ends the rest of those whose time has come.
    pub(super) fn wake(&mut self, now: Duration) {
        while self.resting.front().is_some_and(|until| *until <= now) {
            self.resting.pop_front();
        }
    }

    pub(super) fn insert(&mut self, connection: Connection) -> (Slot, &Connection) {
        self.open += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[index as usize];
        let slot = Slot { index, generation: place.generation };
        (slot, place.connection.insert(connection))
    }

    pub(super) fn find(&self, token: u64) -> Option<Slot> {
        let slot = Slot { index: token as u32, generation: (token >> 32) as u32 };
        let place = self.places.get(slot.index as usize)?;
        (place.generation == slot.generation && place.connection.is_some()).then_some(slot)
    }

    /// The place of `slot`, unless another connection took it since.
    fn place(&mut self, slot: Slot) -> Option<&mut Place> {
        self.places.get_mut(slot.index as usize).filter(|place| place.generation == slot.generation)
    }

    pub(super) fn get(&mut self, slot: Slot) -> Option<&mut Connection> {
        self.place(slot)?.connection.as_mut()
    }

    /// Out of its place, which [`Self::put_back`], [`Self::put_idle`] or [`Self::forget`] must follow.
    pub(super) fn take(&mut self, slot: Slot) -> Option<Connection> {
        self.place(slot)?.connection.take()
    }

    pub(super) fn put_back(&mut self, slot: Slot, connection: Connection) {
        self.places[slot.index as usize].connection = Some(connection);
    }

    pub(super) fn put_idle(&mut self, slot: Slot, connection: Connection) {
        self.put_back(slot, connection);
        self.idle.push(slot);
    }

    /// Its connection is gone.
    pub(super) fn forget(&mut self, slot: Slot) {
        let place = &mut self.places[slot.index as usize];
        place.connection = None;
        place.generation = place.generation.wrapping_add(1);
        self.open -= 1;
        self.free.push(slot.index);
    }

    pub(super) fn take_idle(&mut self) -> Option<Slot> {
        self.idle.pop()
    }

    pub(super) fn drop_idle(&mut self, slot: Slot) {
        self.idle.retain(|idle| *idle != slot);
        self.forget(slot);
    }

    /// Those whose request began at `then` or before.
    pub(super) fn older_than(&self, then: Duration) -> Vec<Slot> {
        let places = self.places.iter().enumerate();
        let old = places.filter(|(_, place)| {
            let job = place.connection.as_ref().and_then(|connection| connection.job);
            job.is_some_and(|job| job.began <= then)
        });
        old.map(|(index, place)| Slot { index: index as u32, generation: place.generation }).collect()
    }
}
