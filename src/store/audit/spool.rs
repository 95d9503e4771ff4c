//! The rung below the database: a file that records are appended to and flushed while the database is away.
//!
//! One file a process, `data_dir/audit-spool/<instance>.jsonl`, locked for as long as the process lives. Each line is a
//! record and the beginning of its hash; what a crash left of the last line is not one. A file that nobody holds is of a
//! process that died: the next start reads it. Records have ids, so reading one twice does no harm.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::audit::octets::{Encoding, Hash};
use crate::domain::audit::record::Record;
use crate::domain::id::InstanceId;

const FOLDER: &str = "audit-spool";
const ENDING: &str = "jsonl";

/// The file of one process.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    file: File,
    /// Octets that are read back already.
    read: u64,
    /// Octets that are written and flushed.
    written: u64,
    most: u64,
    /// Whether it cannot be read, and is left as it is.
    broken: bool,
}

/// The file has no room for what was to be appended.
#[derive(Debug, thiserror::Error)]
pub enum NotSpooled {
    /// It is as large as it may get.
    #[error("the spool is full: audit.spool is its limit")]
    Full,
    /// The file system refuses.
    #[error("the spool cannot be written: {0}")]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
struct Line {
    sum: Hash,
    record: Record,
}

impl Line {
    fn sum(record: &Record) -> Hash {
        let personal = record.personal.as_ref();
        Encoding::new("guardhouse audit spool v1")
            .field(record.digest().0)
            .optional(personal.map(|personal| personal.commitment().0))
            .hash()
    }
}

impl Spool {
    /// The file of `instance`, of at most `most` octets. It is made when something is appended first.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, or the file not be opened.
    pub fn open(data_dir: &Path, instance: InstanceId, most: u64) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = folder.join(format!("{instance}.{ENDING}"));
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
        file.lock()?;
        let written = file.metadata()?.len();
        // The file's name has to outlive the power too.
        File::open(&folder)?.sync_all()?;
        Ok(Self { path, file, read: 0, written, most, broken: false })
    }

    /// The files that processes left that are no more. They are held from now on.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn abandoned(data_dir: &Path) -> io::Result<Vec<Self>> {
        let folder = data_dir.join(FOLDER);
        let mut found = Vec::new();
        let entries = match std::fs::read_dir(&folder) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(found),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != ENDING) {
                continue;
            }
            let file = OpenOptions::new().read(true).append(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {
                    let written = file.metadata()?.len();
                    found.push(Self { path, file, read: 0, written, most: written, broken: false });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Appends `records` and flushes them: when this returns, they outlive a crash.
    ///
    /// # Errors
    ///
    /// [`NotSpooled`]; none of them is in the file then.
    pub fn append(&mut self, records: &[Record]) -> Result<(), NotSpooled> {
        let mut lines = Vec::new();
        for record in records {
            let line = Line { sum: Line::sum(record), record: record.clone() };
            serde_json::to_writer(&mut lines, &line).map_err(io::Error::from)?;
            lines.push(b'\n');
        }
        let length = lines.len() as u64;
        if self.written + length > self.most {
            return Err(NotSpooled::Full);
        }
        let appended = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        if let Err(error) = appended {
            // Half a line in the middle would hide what comes behind it.
            self.file.set_len(self.written)?;
            return Err(error.into());
        }
        self.written += length;
        Ok(())
    }

    /// Whether everything was read back.
    pub fn is_empty(&self) -> bool {
        self.read >= self.written
    }

    /// Octets that wait to be read back.
    pub fn waiting(&self) -> u64 {
        if self.broken { 0 } else { self.written.saturating_sub(self.read) }
    }

    /// It cannot be read: it stays where it is, and nobody waits for it.
    pub fn give_up(&mut self) {
        self.broken = true;
    }

    /// Up to `most` records that were not read back yet, and where the reading ended. What is no whole line is left out.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn next(&self, most: usize) -> io::Result<(Vec<Record>, u64)> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.read))?;
        let (mut reader, mut records, mut end) = (BufReader::new(file), Vec::new(), self.read);
        let mut line = Vec::new();
        while records.len() < most && end < self.written {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            end += read as u64;
            match serde_json::from_slice::<Line>(&line) {
                Ok(Line { sum, record }) if sum == Line::sum(&record) => records.push(record),
                Ok(_) | Err(_) => tracing::error!(
                    file = %self.path.display(),
                    end,
                    "a line of the audit spool is not whole and is left out"
                ),
            }
        }
        Ok((records, end))
    }

    /// Everything up to `end` is in the database. The file is emptied when that is all.
    ///
    /// # Errors
    ///
    /// When the file cannot be emptied; what is in it is then read once more, which does no harm.
    pub fn took(&mut self, end: u64) -> io::Result<()> {
        self.read = end;
        if self.is_empty() && self.written > 0 {
            self.file.set_len(0)?;
            (self.read, self.written) = (0, 0);
        }
        Ok(())
    }
}

/// A file in which nothing waits is of no use to anybody.
impl Drop for Spool {
    fn drop(&mut self) {
        if self.is_empty() && !self.broken {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::audit::{Free, FreeKind, Origin, Subject};
    use crate::domain::clock::Timestamp;
    use crate::domain::entropy::SystemEntropy;

    const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(7));

    fn record(number: u128) -> Record {
        let origin = Origin::server("test");
        let event = Free::new(Timestamp::MIN, FreeKind::LoginFailed, Subject::default(), &origin);
        Record::new(Uuid::from_u128(number), INSTANCE, event.event(), "::1".into(), &SystemEntropy)
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder.join(FOLDER)).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn what_is_appended_is_read_back_once_in_its_order_and_the_file_goes_with_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), INSTANCE, 1 << 20).unwrap();
        let all: Vec<_> = (1..=5).map(record).collect();
        spool.append(&all[..2]).unwrap();
        spool.append(&all[2..]).unwrap();
        let (first, end) = spool.next(3).unwrap();
        assert_eq!(first, all[..3]);
        assert_eq!(spool.next(3).unwrap().0, all[..3], "until somebody has taken them");
        spool.took(end).unwrap();
        assert!(!spool.is_empty());
        let (rest, end) = spool.next(9).unwrap();
        assert_eq!(rest, all[3..]);
        spool.took(end).unwrap();
        assert_eq!((spool.is_empty(), spool.waiting()), (true, 0));
        spool.append(&all[..1]).unwrap();
        assert_eq!(spool.next(9).unwrap().0, all[..1], "an emptied file is used again");
        assert!(Spool::abandoned(folder.path()).unwrap().is_empty(), "somebody holds it");
        drop(spool);
        let mut left = Spool::abandoned(folder.path()).unwrap();
        let (records, end) = left[0].next(9).unwrap();
        assert_eq!(records, all[..1]);
        left[0].took(end).unwrap();
        drop(left);
        assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn half_a_line_and_a_changed_one_are_left_out_and_the_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), INSTANCE, 1 << 20).unwrap();
        let all: Vec<_> = (1..=3).map(record).collect();
        spool.append(&all).unwrap();
        let path = files(folder.path()).remove(0);
        drop(spool);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let changed = lines[1].replace("login_failed", "login_succeeded");
        let half = &lines[2][..lines[2].len() / 2];
        std::fs::write(&path, format!("{}\n{changed}\n{half}", lines[0])).unwrap();
        let mut left = Spool::abandoned(folder.path()).unwrap();
        let (records, end) = left[0].next(9).unwrap();
        assert_eq!(records, all[..1]);
        left[0].took(end).unwrap();
        assert!(left[0].is_empty());
    }

    #[test]
    fn a_full_spool_takes_nothing_and_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), INSTANCE, 1_200).unwrap();
        spool.append(&[record(1)]).unwrap();
        let refused = spool.append(&[record(2), record(3)]);
        assert!(matches!(refused, Err(NotSpooled::Full)), "{refused:?}");
        assert_eq!(spool.next(9).unwrap().0.len(), 1);
    }
}
