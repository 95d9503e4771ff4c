//! The way along one chain, up to the first record that is wrong; from there on only to tell what it was.

use super::{Proven, Wrong};
use crate::domain::audit::chain::{Head, Linked};
use crate::domain::audit::checkpoint::{Checkpoint, Statement};
use crate::domain::id::InstanceId;
use uuid::Uuid;

/// See the module.
#[derive(Debug)]
pub(super) struct Walk {
    chain: InstanceId,
    /// Heads that somebody vouches for, the smallest number first.
    vouched: Vec<(Head, bool)>,
    passed: usize,
    head: Head,
    begin: u64,
    signed: u64,
    erased: u64,
    /// The largest number that was met.
    last: u64,
    broken: Option<Broken>,
}

/// What is known once something is wrong.
#[derive(Debug)]
enum Broken {
    /// Another record stands in the next place, or none.
    Place { found: Option<Uuid>, next: u64, belongs: Option<(Uuid, u64)> },
    /// Certain already.
    Told(Wrong),
}

impl Walk {
    /// Along `chain`, past these signed checkpoints, and past heads that other chains name.
    pub(super) fn new(chain: InstanceId, checkpoints: Vec<Checkpoint>, named: Vec<Head>) -> Self {
        let pruned = checkpoints.iter().filter(|checkpoint| checkpoint.statement == Statement::Pruned);
        let pruned = pruned.map(|checkpoint| checkpoint.head).max_by_key(|head| head.seq);
        let head = pruned.unwrap_or(Head::START);
        let signed = checkpoints.iter().map(|checkpoint| (checkpoint.head, true));
        let named = named.into_iter().map(|head| (head, false));
        let mut vouched: Vec<_> =
            signed.chain(named).filter(|(vouched, _)| vouched.seq >= head.seq).collect();
        vouched.sort_unstable_by_key(|(head, _)| head.seq);
        let (begin, last) = (head.seq + 1, head.seq);
        let mut walk =
            Self { chain, vouched, passed: 0, head, begin, signed: 0, erased: 0, last, broken: None };
        walk.pass_checkpoints();
        walk
    }

    /// The next record. Whether it is proved to be the one that was written.
    pub(super) fn step(&mut self, linked: &Linked) -> bool {
        let seq = linked.head.seq;
        self.last = self.last.max(seq);
        let next = self.head.then(self.chain, &linked.record.digest());
        if let Some(broken) = &mut self.broken {
            if let Broken::Place { belongs: belongs @ None, .. } = broken
                && next.link == linked.head.link
            {
                *belongs = Some((linked.record.id, seq));
            }
            return false;
        }
        let id = linked.record.id;
        if seq < next.seq {
            self.broken = Some(Broken::Told(Wrong::Surplus { seq, id }));
        } else if seq > next.seq {
            let belongs = (next.link == linked.head.link).then_some((id, seq));
            self.broken = Some(Broken::Place { found: None, next: seq, belongs });
        } else if next.link != linked.head.link {
            self.broken = Some(Broken::Place { found: Some(id), next: seq, belongs: None });
        } else if !linked.record.keeps_its_commitment() {
            self.broken = Some(Broken::Told(Wrong::PersonalAltered { seq, id }));
        } else {
            self.head = next;
            self.erased += u64::from(linked.record.personal.is_none());
            return self.pass_checkpoints();
        }
        false
    }

    /// Compares with what was signed here. Whether it agrees.
    fn pass_checkpoints(&mut self) -> bool {
        while let Some((vouched, is_signed)) = self.vouched.get(self.passed).copied() {
            if vouched.seq != self.head.seq {
                return true;
            }
            if vouched.link != self.head.link {
                let after = self.signed.max(self.begin - 1);
                self.broken = Some(Broken::Told(Wrong::Forged { after, seq: vouched.seq }));
                return false;
            }
            if is_signed {
                self.signed = vouched.seq;
            }
            self.passed += 1;
        }
        true
    }

    /// What was found, the last number that was met, and what is wrong.
    pub(super) fn end(self) -> (Proven, u64, Option<Wrong>) {
        let proven = Proven {
            chain: self.chain,
            first: self.begin,
            last: self.head.seq,
            signed: self.signed,
            erased: self.erased,
        };
        let expected = self.head.seq + 1;
        let wrong = match self.broken {
            Some(Broken::Told(wrong)) => Some(wrong),
            Some(Broken::Place { found, belongs: Some((belongs, stands)), .. }) => {
                Some(Wrong::Moved { seq: expected, found, belongs, stands })
            }
            Some(Broken::Place { found: None, next, .. }) => {
                Some(Wrong::Missing { from: expected, to: next - 1 })
            }
            Some(Broken::Place { found: Some(id), .. }) => Some(Wrong::Altered { seq: expected, id }),
            None => self
                .vouched
                .last()
                .filter(|(vouched, _)| vouched.seq > self.head.seq)
                .map(|(vouched, _)| Wrong::Truncated { last: self.head.seq, signed: vouched.seq }),
        };
        (proven, self.last, wrong)
    }
}
