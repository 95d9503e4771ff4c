//! What can be wrong with a log, in words for people.

use std::fmt;

use uuid::Uuid;

use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::id::InstanceId;

/// Something is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which.
    pub chain: InstanceId,
    /// What.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A record is not what was linked.
    Altered {
        /// Its number.
        seq: u64,
        /// Its id, as it stands there now.
        id: Uuid,
    },
    /// The personal data of a record are not what was committed to.
    PersonalAltered {
        /// Its number.
        seq: u64,
        /// Its id.
        id: Uuid,
    },
    /// Another record stands where one belongs that is still there.
    Moved {
        /// The place.
        seq: u64,
        /// What stands there; `None` when nothing does.
        found: Option<Uuid>,
        /// What belongs there.
        belongs: Uuid,
        /// Where that stands now.
        stands: u64,
    },
    /// Records are not there.
    Missing {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A number comes again, or one that was removed long ago.
    Surplus {
        /// The number.
        seq: u64,
        /// The record that has no place.
        id: Uuid,
    },
    /// The links hold, but what was signed is another chain: records were written anew.
    Forged {
        /// The last record before, that is what it was.
        after: u64,
        /// The number that was signed.
        seq: u64,
    },
    /// The chain ends before what was signed.
    Truncated {
        /// The last record that is there.
        last: u64,
        /// The number that was signed.
        signed: u64,
    },
    /// A checkpoint is signed by none of the trusted keys, or was altered.
    Unsigned(Checkpoint),
    /// A chain, or its end, that another chain or an anchor names is not there.
    Gone {
        /// The last record that is there, if anything is.
        last: Option<u64>,
        /// The number that is named.
        seq: u64,
        /// The chain that names it; `None`: an anchor does.
        by: Option<InstanceId>,
    },
    /// Personal data are not there, and no record says that they were erased.
    ErasedUntold {
        /// The number of the first such record.
        seq: u64,
        /// Whose they were.
        person: Option<Uuid>,
    },
}

impl Wrong {
    /// Whether the end of a chain is missing.
    pub(super) fn is_a_loss(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::Gone { .. })
    }

    /// The number of the first record that it is about.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Altered { seq, .. }
            | Self::PersonalAltered { seq, .. }
            | Self::Moved { seq, .. }
            | Self::Missing { from: seq, .. }
            | Self::Surplus { seq, .. }
            | Self::Gone { seq, .. }
            | Self::ErasedUntold { seq, .. } => *seq,
            Self::Forged { after, .. } => after + 1,
            Self::Truncated { last, .. } => last + 1,
            Self::Unsigned(checkpoint) => checkpoint.head.seq,
        }
    }

    /// One word for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "altered",
            Self::PersonalAltered { .. } => "personal_altered",
            Self::Moved { .. } => "moved",
            Self::Missing { .. } => "missing",
            Self::Surplus { .. } => "surplus",
            Self::Forged { .. } => "forged",
            Self::Truncated { .. } => "truncated",
            Self::Unsigned(_) => "unsigned",
            Self::Gone { .. } => "gone",
            Self::ErasedUntold { .. } => "erased_untold",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = self.chain;
        match &self.wrong {
            Wrong::Altered { seq, id } => {
                write!(
                    f,
                    "record {seq} of chain {chain} ({id}) was altered, or is not the one that was written"
                )
            }
            Wrong::PersonalAltered { seq, id } => {
                write!(
                    f,
                    "the address, user agent or request id of record {seq} of chain {chain} ({id}) was altered"
                )
            }
            Wrong::Moved { seq, found: Some(found), belongs, stands } => write!(
                f,
                "the order of chain {chain} was changed: record {found} stands in place {seq}, where {belongs} belongs, \
                 which stands in place {stands}"
            ),
            Wrong::Moved { seq, found: None, belongs, stands } => write!(
                f,
                "the order of chain {chain} was changed: nothing stands in place {seq}, where {belongs} belongs, which \
                 stands in place {stands}"
            ),
            Wrong::Missing { from: 1, to } => write!(
                f,
                "records 1 to {to} of chain {chain} are missing, and no signed record says that they were pruned"
            ),
            Wrong::Missing { from, to } if from == to => {
                write!(f, "record {from} of chain {chain} is missing")
            }
            Wrong::Missing { from, to } => write!(f, "records {from} to {to} of chain {chain} are missing"),
            Wrong::Surplus { seq, id } => {
                write!(
                    f,
                    "record {id} in place {seq} of chain {chain} is one too many, or was pruned and is back"
                )
            }
            Wrong::Forged { after, seq } => write!(
                f,
                "records {} to {seq} of chain {chain} are not those that were signed: at least one was written anew",
                after + 1
            ),
            Wrong::Truncated { last, signed } => write!(
                f,
                "chain {chain} ends with record {last}, but {signed} was signed: records {} to {signed} are missing",
                last + 1
            ),
            Wrong::Unsigned(checkpoint) => write!(
                f,
                "the checkpoint at record {} of chain {chain} is signed by no trusted key (it names {}), or was altered",
                checkpoint.head.seq, checkpoint.kid
            ),
            Wrong::Gone { last, seq, by } => {
                match by {
                    Some(by) => write!(f, "chain {by} names record {seq} of chain {chain}, ")?,
                    None => write!(f, "an anchor names record {seq} of chain {chain}, ")?,
                }
                match last {
                    Some(last) => write!(f, "which ends with record {last}"),
                    None => f.write_str("of which nothing is there"),
                }
            }
            Wrong::ErasedUntold { seq, person: Some(person) } => write!(
                f,
                "record {seq} of chain {chain} has lost the personal data of {person}, and no record says that they were \
                 erased"
            ),
            Wrong::ErasedUntold { seq, person: None } => {
                write!(
                    f,
                    "record {seq} of chain {chain} has lost its personal data, which were nobody's to erase"
                )
            }
        }
    }
}
