//! The log as a file: JSON Lines, enough to prove it without the database.
//!
//! The public keys come first, then each chain, the newest name first: its checkpoints, its records. The last line says
//! how many records there are, so that a file that was cut off is noticed.

use serde::{Deserialize, Serialize};

use super::chain::Linked;
use super::checkpoint::Checkpoint;
use super::octets::PublicKey;
use super::verify::Verifier;
use crate::domain::id::InstanceId;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase")]
pub enum Line {
    /// What verifies signatures, as the server that wrote the file says.
    Key {
        /// Its name.
        kid: String,
        /// 64 hexadecimal digits.
        public: PublicKey,
    },
    /// A chain begins, with its checkpoints.
    Chain {
        /// Which.
        chain: InstanceId,
        /// All of them.
        checkpoints: Vec<Checkpoint>,
    },
    /// A record of that chain.
    Record(Box<Linked>),
    /// The last line.
    End {
        /// How many records there are.
        records: u64,
    },
}

/// A file is not a whole log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotALog {
    /// The last line is missing.
    #[error("the file ends before its last line: it was cut off")]
    CutOff,
    /// There are more or fewer records than its last line says.
    #[error("the file has {found} records, but its last line says {told}")]
    Miscounted {
        /// Those that are there.
        found: u64,
        /// Those that should be.
        told: u64,
    },
    /// There is something behind the last line.
    #[error("there is something behind the last line")]
    Surplus,
}

/// Feeds lines to a verifier.
#[derive(Debug, Default)]
pub struct Reading {
    records: u64,
    told: Option<u64>,
}

impl Reading {
    /// The next line. Keys in the file are not trusted by being there.
    ///
    /// # Errors
    ///
    /// [`NotALog::Surplus`]
    pub fn line(&mut self, line: Line, verifier: &mut Verifier) -> Result<(), NotALog> {
        if self.told.is_some() {
            return Err(NotALog::Surplus);
        }
        match line {
            Line::Key { .. } => {}
            Line::Chain { chain, checkpoints } => verifier.chain(chain, checkpoints),
            Line::Record(linked) => {
                self.records += 1;
                verifier.record(&linked);
            }
            Line::End { records } => self.told = Some(records),
        }
        Ok(())
    }

    /// Whether that was all.
    ///
    /// # Errors
    ///
    /// [`NotALog`]
    pub fn end(self) -> Result<u64, NotALog> {
        match self.told {
            None => Err(NotALog::CutOff),
            Some(told) if told != self.records => Err(NotALog::Miscounted { found: self.records, told }),
            Some(told) => Ok(told),
        }
    }
}
