//! The file on its way to the house: read on a thread of its own, handed over in batches.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use secrecy::SecretString;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{Import, complain};
use crate::flows::Visit;
use crate::flows::import::MOST;
use crate::transfer::{FirebaseHash, Options, OptionsFault, Record, SourceFormat, Unreadable, read};

/// A record with its place in the file, or why there is none.
pub(super) type Item = Result<(Record, Place), Unreadable>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) record: u64,
    pub(super) line: Option<u64>,
}

/// The file on its way to the house.
pub(super) struct Source {
    path: PathBuf,
    format: SourceFormat,
    options: Options,
    pub(super) octets: u64,
    pub(super) read: Arc<AtomicU64>,
}

impl Source {
    pub(super) fn open(command: &Import, visit: &Visit) -> anyhow::Result<Self> {
        let octets = std::fs::metadata(&command.file)?.len();
        let source = Self {
            path: command.file.clone(),
            format: command.format,
            options: options(command, visit)?,
            octets,
            read: Arc::default(),
        };
        // What the options say must be wrong here and not on the thread.
        read(source.format, std::io::empty(), &source.options)?;
        Ok(source)
    }

    /// Reads batches of records, without the first `skip`, on a thread of its own.
    pub(super) fn start(self, skip: u64) -> Receiver<Vec<Item>> {
        let (sender, batches) = channel(4);
        std::thread::spawn(move || {
            if let Err(fault) = self.pump(skip, &sender) {
                complain(fault);
            }
        });
        batches
    }

    fn pump(self, skip: u64, batches: &Sender<Vec<Item>>) -> Result<(), OptionsFault> {
        let file = match File::open(&self.path) {
            Ok(file) => Counted { file, read: self.read },
            Err(error) => {
                let reason = format!("cannot read {}: {error}", self.path.display());
                let unreadable = Unreadable { record: 0, line: None, email: None, reason, fatal: true };
                let _ = batches.blocking_send(vec![Err(unreadable)]);
                return Ok(());
            }
        };
        let mut records = read(self.format, BufReader::with_capacity(1 << 16, file), &self.options)?;
        let mut batch = Vec::with_capacity(MOST);
        while let Some(item) = records.next() {
            let place = Place { record: records.record(), line: records.line() };
            if place.record <= skip && !matches!(&item, Err(unreadable) if unreadable.fatal) {
                continue;
            }
            batch.push(item.map(|record| (record, place)));
            if batch.len() == MOST && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                // Whoever stored them gave up, and has said why.
                return Ok(());
            }
        }
        let _ = batches.blocking_send(batch);
        Ok(())
    }
}

pub(super) fn options(command: &Import, visit: &Visit) -> anyhow::Result<Options> {
    let firebase =
        match (&command.firebase_signer_key_file, command.firebase_rounds, command.firebase_mem_cost) {
            (Some(path), Some(rounds), Some(mem_cost)) => Some(FirebaseHash {
                signer_key: first_line(path)?,
                salt_separator: command.firebase_salt_separator.clone(),
                rounds,
                mem_cost,
            }),
            _ => None,
        };
    Ok(Options { firebase, hash_dialect: command.hash_dialect.clone(), now: visit.now })
}

pub(super) fn first_line(path: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(SecretString::from(text.trim()))
}

/// Counts what is read.
pub(super) struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let octets = self.file.read(buffer)?;
        self.read.fetch_add(octets as u64, Ordering::Relaxed);
        Ok(octets)
    }
}
