//! The spool files of one data directory: the own one, and those that died processes left.

use std::io;
use std::path::Path;

use super::spool::{NotSpooled, Spool};
use crate::domain::audit::record::Record;
use crate::domain::id::InstanceId;

/// See the module. What is in it is handed back oldest file first, the own one last.
#[derive(Debug)]
pub struct Spools {
    own: Spool,
    inherited: Vec<Spool>,
    /// Where the last reading ended.
    end: Option<u64>,
}

impl Spools {
    /// The spool of `instance`, of at most `most` octets, and with `inherits` the files that nobody holds.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used.
    pub fn open(data_dir: &Path, instance: InstanceId, most: u64, inherits: bool) -> io::Result<Self> {
        let inherited = if inherits { Spool::abandoned(data_dir)? } else { Vec::new() };
        let inherited: Vec<_> = inherited.into_iter().filter(|spool| !spool.is_empty()).collect();
        if !inherited.is_empty() {
            let (files, octets) = (inherited.len(), inherited.iter().map(Spool::waiting).sum::<u64>());
            tracing::warn!(files, octets, "found records in the audit spool of processes that are no more");
        }
        Ok(Self { own: Spool::open(data_dir, instance, most)?, inherited, end: None })
    }

    /// Octets that wait for the database.
    pub fn waiting(&self) -> u64 {
        self.own.waiting() + self.inherited.iter().map(Spool::waiting).sum::<u64>()
    }

    /// Appends to the own file; see [`Spool::append`].
    ///
    /// # Errors
    ///
    /// [`NotSpooled`]
    pub fn append(&mut self, records: &[Record]) -> Result<(), NotSpooled> {
        self.own.append(records)
    }

    /// Up to `most` records that wait. A file that cannot be read is left where it is, for people.
    pub fn next(&mut self, most: usize) -> Vec<Record> {
        loop {
            let source = self.inherited.first().unwrap_or(&self.own);
            match source.next(most) {
                Ok((records, end)) => {
                    self.end = Some(end);
                    return records;
                }
                Err(error) => {
                    tracing::error!(%error, "the audit spool cannot be read; its file is left as it is")
                }
            }
            if self.inherited.is_empty() {
                self.own.give_up();
                return Vec::new();
            }
            self.inherited.remove(0).give_up();
        }
    }

    /// What was handed out last is in the database.
    pub fn took(&mut self) {
        let Some(end) = self.end.take() else { return };
        let source = self.inherited.first_mut().unwrap_or(&mut self.own);
        if let Err(error) = source.took(end) {
            // It is read once more at the next start, which does no harm.
            tracing::warn!(%error, "the audit spool could not be emptied");
        }
        // Its file goes with it.
        self.inherited.retain(|spool| !spool.is_empty());
    }
}
