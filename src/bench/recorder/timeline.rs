//! The same over time: slots of a second, or of two, four, eight … where a run is so long that there would be too many.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::{Sample, Stage};
use crate::bench::latencies::LONGEST;
use crate::bench::micros;

/// How many slots there are at most, about 12 KiB each.
pub const MOST_SLOTS: u32 = 600;

/// The slots of one run; those after the last request are missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    measured: Duration,
    slot: Duration,
    slots: Vec<Slot>,
}

/// One slot. A request lies in the one in which it was due; only [`Self::answered`] goes by when it was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Requests that were due in it.
    pub due: u64,
    /// Those of them with a good answer, whenever it came.
    pub good: u64,
    /// Good answers that came in it.
    pub answered: u64,
    /// The sum of service times of the good ones, in microseconds.
    pub service_micros: u64,
    /// The same of each stage.
    pub stage_micros: [u64; Stage::ALL.len()],
    /// Latencies of the good ones, in microseconds and two digits.
    latency: Histogram<u32>,
}

impl Timeline {
    /// For so long a measurement.
    pub fn new(measured: Duration) -> Self {
        let mut slot = Duration::from_secs(1);
        while slot.saturating_mul(MOST_SLOTS) < measured && slot < Duration::from_secs(1 << 40) {
            slot *= 2;
        }
        Self { measured, slot, slots: Vec::new() }
    }

    /// The slots in their order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// How many slots the whole measurement has.
    pub fn len(&self) -> usize {
        self.measured.as_nanos().div_ceil(self.slot.as_nanos()) as usize
    }

    /// Whether the measurement has no length.
    pub fn is_empty(&self) -> bool {
        self.measured.is_zero()
    }

    /// When slot `index` begins, and how long it is: the last one may be shorter.
    pub fn bounds(&self, index: usize) -> (Duration, Duration) {
        let start = self.slot.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX));
        (start, self.slot.min(self.measured.saturating_sub(start)))
    }

    /// A good answer came `at`, since the beginning of the measurement.
    pub(super) fn answered(&mut self, at: Duration) {
        self.slot_mut(at).answered += 1;
    }

    /// A request was due `at`, since the beginning of the measurement.
    pub(super) fn due(&mut self, at: Duration, sample: &Sample<'_>) {
        let slot = self.slot_mut(at);
        slot.due += 1;
        if !sample.outcome.is_good() {
            return;
        }
        slot.good += 1;
        slot.latency.saturating_record(micros::of(sample.latency().min(LONGEST)).max(1));
        slot.service_micros += micros::of(sample.service().min(LONGEST));
        for (stage, sum) in Stage::ALL.into_iter().zip(&mut slot.stage_micros) {
            *sum += sample.stages.get(stage).map_or(0, micros::of);
        }
    }

    /// Adds all of `other`, which is as long.
    pub(super) fn merge(&mut self, other: &Self) {
        self.grow(other.slots.len());
        self.slots.iter_mut().zip(&other.slots).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    fn slot_mut(&mut self, at: Duration) -> &mut Slot {
        let index = (at.as_secs() / self.slot.as_secs()) as usize;
        self.grow(index + 1);
        &mut self.slots[index]
    }

    fn grow(&mut self, count: usize) {
        if self.slots.len() < count {
            self.slots.resize_with(count, Slot::new);
        }
    }
}

impl Slot {
    fn new() -> Self {
        let bounds = Histogram::new_with_bounds(1, micros::of(LONGEST), 2);
        Self {
            due: 0,
            good: 0,
            answered: 0,
            service_micros: 0,
            stage_micros: [0; Stage::ALL.len()],
            latency: bounds.expect("one microsecond to ten minutes in two digits"),
        }
    }

    /// The latency that a `share` (0 to 1) of its good answers do not exceed; none without any.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        (self.good > 0).then(|| Duration::from_micros(self.latency.value_at_quantile(share)))
    }

    fn merge(&mut self, other: &Self) {
        self.due += other.due;
        self.good += other.good;
        self.answered += other.answered;
        self.service_micros += other.service_micros;
        self.stage_micros.iter_mut().zip(other.stage_micros).for_each(|(mine, theirs)| *mine += theirs);
        self.latency.add(&other.latency).expect("all slots have the same bounds");
    }
}
