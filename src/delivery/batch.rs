//! What is under way: the next records of one chain, and what came of each.
//!
//! Between two tries only their places are kept and the records are read anew: what was erased meanwhile is not sent.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::counter;

use super::Verdict;
use super::backoff::given_up;
use crate::domain::audit::chain::Linked;
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;
use crate::store::audit::{DeadLetter, at_places};
use crate::store::{Db, StoreError};

pub(super) struct Batch {
    pub(super) chain: InstanceId,
    /// The last record that is done with when this batch is.
    pub(super) last: u64,
    pub(super) records: usize,
    pub(super) dead: Vec<DeadLetter>,
    pub(super) delivered: bool,
    /// Those that are neither delivered nor given up, the least tried first.
    open: Vec<Open>,
    /// When the first of the records was made.
    begins: Timestamp,
}

struct Open {
    place: u64,
    at: Timestamp,
    tries: u32,
}

/// What came of one try.
#[derive(Default)]
pub(super) struct Came {
    /// Whether the receiver took anything.
    pub(super) delivered: bool,
    /// Why it is to be left alone, and for how long it asked for that.
    pub(super) failure: Option<(String, Option<Duration>)>,
}

impl Batch {
    /// Of the records `found`, which are next in a chain; only those that are `wanted` are to be sent. Nothing where there is
    /// no record.
    pub(super) fn new(found: &[Linked], wanted: impl Fn(&Linked) -> bool) -> Option<Self> {
        let (first, last) = (found.first()?, found.last()?);
        let open = |linked: &Linked| Open { place: linked.head.seq, at: linked.record.at, tries: 0 };
        Some(Self {
            chain: last.chain,
            last: last.head.seq,
            records: found.len(),
            dead: Vec::new(),
            delivered: false,
            open: found.iter().filter(|linked| wanted(linked)).map(open).collect(),
            begins: first.record.at,
        })
    }

    pub(super) fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// When the oldest of what is open was made.
    pub(super) fn oldest(&self) -> Timestamp {
        self.open.iter().map(|open| open.at).min().unwrap_or(self.begins)
    }

    /// Reads what is open, as it is now. A record that is gone is done with.
    pub(super) async fn read(&mut self, db: &Db) -> Result<Vec<Linked>, StoreError> {
        let places: Vec<_> = self.open.iter().map(|open| open.place).collect();
        let found = at_places(db.reader(), self.chain, &places).await?;
        let mut found: BTreeMap<_, _> = found.into_iter().map(|linked| (linked.head.seq, linked)).collect();
        self.open.retain(|open| found.contains_key(&open.place));
        Ok(self.open.iter().filter_map(|open| found.remove(&open.place)).collect())
    }

    /// Notes the `verdicts` on `messages`, which are what is open, as `delivery` got them.
    pub(super) fn note(
        &mut self,
        delivery: &str,
        messages: &[Linked],
        verdicts: Vec<Verdict>,
        now: Timestamp,
    ) -> Came {
        let mut came = Came::default();
        // What a carrier says nothing about it has not tried.
        let verdicts = verdicts.into_iter().chain(std::iter::repeat(Verdict::Untried));
        for ((mut open, linked), verdict) in
            std::mem::take(&mut self.open).into_iter().zip(messages).zip(verdicts)
        {
            // Whoever is busy says nothing about a message.
            open.tries += u32::from(!matches!(verdict, Verdict::Untried | Verdict::Busy { .. }));
            let outcome = if let Some(reason) = given_up(&verdict, open.tries) {
                tracing::error!(delivery, record = %linked.record.id, reason, "a record was not delivered");
                let place = (linked.chain, linked.head.seq);
                let reason = reason.to_owned();
                if let Verdict::Later { pause, .. } = verdict {
                    // The next message would fare no better.
                    came.failure.get_or_insert((reason.clone(), pause));
                }
                self.dead.push(DeadLetter { record: linked.record.id, place, at: now, reason });
                "dead"
            } else {
                match verdict {
                    Verdict::Delivered => {
                        came.delivered = true;
                        "delivered"
                    }
                    Verdict::Untried => {
                        self.open.push(open);
                        continue;
                    }
                    Verdict::Refused(reason) => {
                        came.failure.get_or_insert((reason, None));
                        self.open.push(open);
                        "retried"
                    }
                    Verdict::Later { reason, pause } | Verdict::Busy { reason, pause } => {
                        let asked = came.failure.take().and_then(|(_, asked)| asked);
                        came.failure = Some((reason, pause.max(asked)));
                        self.open.push(open);
                        "retried"
                    }
                }
            };
            counter!("guardhouse_deliveries_total", "delivery" => delivery.to_owned(), "outcome" => outcome)
                .increment(1);
        }
        // One message that never gets through holds up none of the others.
        self.open.sort_by_key(|open| open.tries);
        self.delivered |= came.delivered;
        came
    }
}
