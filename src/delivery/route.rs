//! Which chain has something that was not delivered.
//!
//! Chains are looked at one by one, each with one step in an index. Of thousands only a few still grow: one that has not for
//! a while is looked at seldom.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::audit::chain::Linked;
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;
use crate::store::audit::{cursors, in_chain, next_chain};
use crate::store::{Db, StoreError};

/// Records that are read at once.
const PAGE: u64 = 512;

/// A chain that has not grown for so long is looked at once in such a time only.
const QUIET: Duration = Duration::from_secs(300);

/// How far a delivery has come in each chain.
#[derive(Debug, Default)]
pub(super) struct Route {
    chains: BTreeMap<InstanceId, Reached>,
    /// Where all chains were listed, and when.
    listed_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Reached {
    place: u64,
    /// When it grew last, or was looked at while it was quiet.
    grew: Timestamp,
    looked: Timestamp,
}

impl Route {
    /// Where the delivery `name` was left.
    pub(super) async fn resume(db: &Db, name: &str, now: Timestamp) -> Result<Self, StoreError> {
        let reached = |place| Reached { place, grew: now, looked: Timestamp::MIN };
        let chains = cursors(db.reader(), name).await?;
        let chains = chains.into_iter().map(|(chain, place)| (chain, reached(place))).collect();
        Ok(Self { chains, listed_at: None })
    }

    /// The next records of some chain, in their order; empty when there is nothing.
    pub(super) async fn next(&mut self, db: &Db, now: Timestamp) -> Result<Vec<Linked>, StoreError> {
        self.list(db, now).await?;
        let mut due: Vec<_> = self.chains.iter().filter(|(_, reached)| reached.is_due(now)).collect();
        // Whoever waited longest is first: no chain that grows without end keeps the others away.
        due.sort_by_key(|(_, reached)| reached.looked);
        for chain in due.into_iter().map(|(chain, _)| *chain).collect::<Vec<_>>() {
            let Some(reached) = self.chains.get_mut(&chain) else { continue };
            let found = in_chain(db.reader(), chain, Some(reached.place), PAGE).await?;
            reached.looked = now;
            if !found.is_empty() {
                reached.grew = now;
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
    async fn list(&mut self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        let all = self.listed_at.is_none_or(|at| now.since(at) >= QUIET);
        let mut last = if all { None } else { self.chains.keys().next_back().copied() };
        while let Some(chain) = next_chain(db.reader(), last).await? {
            let begins = Reached { place: 0, grew: now, looked: Timestamp::MIN };
            self.chains.entry(chain).or_insert(begins);
            last = Some(chain);
        }
        if all {
            self.listed_at = Some(now);
        }
        Ok(())
    }
}

impl Reached {
    fn is_due(&self, now: Timestamp) -> bool {
        now.since(self.grew) < QUIET || now.since(self.looked) >= QUIET
    }
}
