//! Which chain has something that was not delivered.
//!
//! Chains are looked at one by one, each with one step in an index. Of thousands only a few still grow: those are looked at
//! each time, and the others seldom. One round takes so many steps at most, so that it never outlasts the lease.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::time::Duration;

use crate::domain::audit::chain::Linked;
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;
use crate::store::audit::{cursors, in_chain, next_chain};
use crate::store::{Db, StoreError};

/// Records that are read at once.
const PAGE: u64 = 512;

/// A chain that has not grown for so long is looked at once in such a time only, unless it is one of the `NEWEST`.
const QUIET: Duration = Duration::from_secs(300);

/// So many chains that grew last are looked at each time, however long ago that was: more than there are nodes.
const NEWEST: usize = 32;

/// The most chains that one round looks at, and that it lists.
const STEPS: usize = 512;

/// How far a delivery has come in each chain.
#[derive(Debug, Default)]
pub(super) struct Route {
    chains: BTreeMap<InstanceId, Reached>,
    /// When all chains had been listed, and the last one in a list that is not complete yet.
    listed_at: Option<Timestamp>,
    listing: Option<InstanceId>,
}

#[derive(Debug)]
struct Reached {
    place: u64,
    /// When it grew last; [`Timestamp::MIN`] as long as that is not known.
    grew: Timestamp,
    looked: Option<Timestamp>,
}

impl Route {
    /// Where the delivery `name` was left.
    pub(super) async fn resume(db: &Db, name: &str) -> Result<Self, StoreError> {
        let chains = cursors(db.reader(), name).await?;
        let chains = chains.into_iter().map(|(chain, place)| (chain, Reached::at(place))).collect();
        Ok(Self { chains, ..Self::default() })
    }

    /// The next records of some chain, in their order; empty when there is nothing.
    pub(super) async fn next(&mut self, db: &Db, now: Timestamp) -> Result<Vec<Linked>, StoreError> {
        self.list_new(db).await?;
        self.list_all(db, now).await?;
        let mut grew: Vec<_> = self.chains.values().map(|reached| reached.grew).collect();
        grew.sort_unstable_by(|one, other| other.cmp(one));
        let newest = grew.get(NEWEST - 1).copied().unwrap_or(Timestamp::MIN);
        let mut due: Vec<_> = self.chains.iter().filter(|(_, reached)| reached.is_due(now, newest)).collect();
        // Whoever waited longest is first: no chain that grows without end keeps the others away.
        due.sort_by_key(|(_, reached)| reached.looked);
        for chain in due.into_iter().map(|(chain, _)| *chain).take(STEPS).collect::<Vec<_>>() {
            let Some(reached) = self.chains.get_mut(&chain) else { continue };
            let found = reached.look(db, chain, now).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// Everything of `chain` up to `place` is done.
    pub(super) fn reached(&mut self, chain: InstanceId, place: u64) {
        if let Some(reached) = self.chains.get_mut(&chain) {
            reached.place = place;
        }
    }

    /// Finds chains that have begun. Their names are in the order of their beginnings, except where clocks differ.
    async fn list_new(&mut self, db: &Db) -> Result<(), StoreError> {
        let mut last = self.chains.keys().next_back().copied();
        for _ in 0..STEPS {
            let Some(chain) = next_chain(db.reader(), last).await? else { break };
            self.chains.entry(chain).or_insert(Reached::at(0));
            last = Some(chain);
        }
        Ok(())
    }

    /// Lists all chains once in a while: finds those where clocks differ, and forgets those that have no records any more.
    async fn list_all(&mut self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        if self.listed_at.is_some_and(|at| now.since(at) < QUIET) {
            return Ok(());
        }
        for _ in 0..STEPS {
            let next = next_chain(db.reader(), self.listing).await?;
            let behind = (self.listing.map_or(Unbounded, Excluded), next.map_or(Unbounded, Excluded));
            let gone: Vec<_> = self.chains.range(behind).map(|(chain, _)| *chain).collect();
            for chain in gone {
                self.chains.remove(&chain);
            }
            self.listing = next;
            let Some(chain) = next else {
                self.listed_at = Some(now);
                break;
            };
            self.chains.entry(chain).or_insert(Reached::at(0));
        }
        Ok(())
    }
}

impl Reached {
    /// One that was not looked at yet.
    fn at(place: u64) -> Self {
        Self { place, grew: Timestamp::MIN, looked: None }
    }

    fn is_due(&self, now: Timestamp, newest: Timestamp) -> bool {
        self.grew >= newest
            || now.since(self.grew) < QUIET
            || self.looked.is_none_or(|looked| now.since(looked) >= QUIET)
    }

    /// What is behind the place that was reached.
    async fn look(&mut self, db: &Db, chain: InstanceId, now: Timestamp) -> Result<Vec<Linked>, StoreError> {
        // The first time with the record before, which tells when the chain grew.
        let before = u64::from(self.looked.is_none());
        let after = self.place.saturating_sub(before);
        let mut found = in_chain(db.reader(), chain, Some(after), PAGE).await?;
        if let Some(known) = found.first().filter(|first| first.head.seq <= self.place) {
            self.grew = known.record.at;
            found.remove(0);
        }
        if !found.is_empty() {
            self.grew = now;
        }
        self.looked = Some(now);
        Ok(found)
    }
}
