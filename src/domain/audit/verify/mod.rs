//! Whether an audit log still is what was written: fed one chain after the other, each in the order of its numbers.
//!
//! Of each chain the first record that is wrong is named; what comes behind it proves nothing by itself. Memory does
//! not grow with the log, only with its chains and with the people whose data was erased.

mod fault;
mod walk;

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

pub use fault::{Fault, Wrong};

use super::chain::{Head, Linked, named_predecessor};
use super::checkpoint::Checkpoint;
use super::octets::PublicKey;
use super::{BoundKind, FreeKind};
use crate::domain::id::InstanceId;
use walk::Walk;

/// What was found of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The chain.
    pub chain: InstanceId,
    /// The number of its first record that is still there; one more than the last where none is.
    pub first: u64,
    /// The number of the last record that is proved to be what it was.
    pub last: u64,
    /// The number up to which a signature vouches for it; 0 where there is none.
    pub signed: u64,
    /// Records without their personal data.
    pub erased: u64,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Every chain.
    pub chains: Vec<Proven>,
    /// What is wrong: at most one fault of the records of each chain, the first, and what else there is.
    pub faults: Vec<Fault>,
}

/// Takes a log in and says what is wrong with it.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<PublicKey>,
    anchors: Vec<Checkpoint>,
    walk: Option<Walk>,
    /// Chains that are done, with the number of their last record, proved or not.
    seen: HashMap<InstanceId, u64>,
    /// What chains say of others, with who says it.
    named: Vec<(InstanceId, Head, InstanceId)>,
    /// The first record without its personal data of each person, or of nobody.
    erased: HashMap<Option<Uuid>, (InstanceId, u64)>,
    /// Whose data was erased with a record that says so.
    erasures: HashSet<Uuid>,
    report: Report,
}

impl Verifier {
    /// With the public keys that are trusted, and checkpoints that were kept elsewhere.
    pub fn new(keys: Vec<PublicKey>, anchors: Vec<Checkpoint>) -> Self {
        let mut faults = Vec::new();
        for anchor in &anchors {
            if !anchor.is_signed_by(&keys) {
                faults.push(Fault { chain: anchor.chain, wrong: Wrong::Unsigned(anchor.clone()) });
            }
        }
        Self {
            keys,
            anchors,
            walk: None,
            seen: HashMap::new(),
            named: Vec::new(),
            erased: HashMap::new(),
            erasures: HashSet::new(),
            report: Report { chains: Vec::new(), faults },
        }
    }

    /// Begins a chain, with the checkpoints that are stored for it in any order. Those whose names are newer come
    /// first, so that what a chain says of an older one is known before that one is read.
    pub fn chain(&mut self, chain: InstanceId, stored: Vec<Checkpoint>) {
        self.end_chain();
        let (good, bad): (Vec<_>, Vec<_>) = stored
            .into_iter()
            .partition(|checkpoint| checkpoint.chain == chain && checkpoint.is_signed_by(&self.keys));
        let unsigned = |checkpoint| Fault { chain, wrong: Wrong::Unsigned(checkpoint) };
        self.report.faults.extend(bad.into_iter().map(unsigned));
        let anchors = self.anchors.iter().filter(|anchor| anchor.chain == chain);
        let anchors = anchors.filter(|anchor| anchor.is_signed_by(&self.keys)).cloned();
        let heads: Vec<_> =
            self.named.iter().filter(|(named, ..)| *named == chain).map(|(_, head, _)| *head).collect();
        self.walk = Some(Walk::new(chain, good.into_iter().chain(anchors).collect(), heads));
    }

    /// The next record of the chain that was begun.
    pub fn record(&mut self, linked: &Linked) {
        let Some(walk) = &mut self.walk else { return };
        if !walk.step(linked) {
            return;
        }
        let record = &linked.record;
        if record.personal.is_none() {
            self.erased.entry(record.acting()).or_insert((linked.chain, linked.head.seq));
        }
        if record.kind == BoundKind::PersonalDataErased.as_str() {
            self.erasures.extend(record.user);
        }
        if record.kind == FreeKind::ChainBegun.as_str()
            && let Some((chain, head)) = record.detail.as_deref().and_then(named_predecessor)
        {
            self.named.push((chain, head, linked.chain));
        }
    }

    fn end_chain(&mut self) {
        let Some(walk) = self.walk.take() else { return };
        let (proven, last, wrong) = walk.end();
        let chain = proven.chain;
        self.seen.insert(chain, last);
        self.report.chains.push(proven);
        self.report.faults.extend(wrong.map(|wrong| Fault { chain, wrong }));
    }

    /// What was found, after the last record of the last chain.
    pub fn finish(mut self) -> Report {
        self.end_chain();
        let named = self.named.iter().map(|(chain, head, by)| (*chain, head.seq, Some(*by)));
        let anchored = self.anchors.iter().map(|anchor| (anchor.chain, anchor.head.seq, None));
        for (chain, seq, by) in named.chain(anchored) {
            let missing = self.seen.get(&chain).is_none_or(|last| *last < seq);
            let told = self.report.faults.iter().any(|fault| fault.chain == chain && fault.wrong.is_a_loss());
            if missing && !told {
                let last = self.seen.get(&chain).copied();
                self.report.faults.push(Fault { chain, wrong: Wrong::Gone { last, seq, by } });
            }
        }
        let mut unexplained: Vec<_> = self
            .erased
            .into_iter()
            .filter(|(person, _)| person.is_none_or(|person| !self.erasures.contains(&person)))
            .collect();
        unexplained.sort_unstable_by_key(|(_, place)| *place);
        for (person, (chain, seq)) in unexplained {
            self.report.faults.push(Fault { chain, wrong: Wrong::ErasedUntold { seq, person } });
        }
        self.report
    }
}
