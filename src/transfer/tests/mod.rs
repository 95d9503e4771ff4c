//! Every fixture is read twice: as it is, and one byte at a time, so that each boundary of a buffer falls everywhere.

mod auth0;
mod auth0_hashes;
mod csv;
mod django;
mod elements;
mod firebase;
mod jsonl;
mod keycloak;
mod limits;
mod options;
mod round_trip;
mod supabase;

use std::io::{self, BufRead, ErrorKind, Read};

use secrecy::ExposeSecret;

use super::{Options, Reader, Record, SourceFormat, Unreadable, read};

/// bcrypt, as far as readers look at it.
const BCRYPT: &str = "$2b$10$abcdefghijklmnopqrstuuLtr61Zun9VeMy6q1tHddJGde8vA6ORO";

/// Gives out one byte at a time, is interrupted before each, and fails in the end when it is told to.
struct Drip<'a> {
    bytes: &'a [u8],
    fails: bool,
    interrupted: bool,
}

impl<'a> Drip<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, fails: false, interrupted: false }
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("only the buffer is asked")
    }
}

impl BufRead for Drip<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.bytes.is_empty() && self.fails {
            return Err(io::Error::other("the disk is gone"));
        }
        Ok(&self.bytes[..self.bytes.len().min(1)])
    }

    fn consume(&mut self, amount: usize) {
        self.bytes = &self.bytes[amount..];
    }
}

/// A record with everything to be seen.
fn told(record: &Record) -> String {
    let hash = record.hash.as_ref().map(|hash| hash.expose_secret());
    format!("{record:?} {hash:?}")
}

fn reader<'a>(format: SourceFormat, input: impl BufRead + 'a, options: &Options) -> Reader<'a> {
    read(format, input, options).unwrap_or_else(|fault| panic!("{fault}"))
}

fn all_with(
    format: SourceFormat,
    file: impl AsRef<[u8]>,
    options: &Options,
) -> Vec<Result<Record, Unreadable>> {
    let whole: Vec<_> = reader(format, file.as_ref(), options).collect();
    let drip = Drip::new(file.as_ref());
    let dripped = reader(format, drip, options).map(|read| read.map(|record| told(&record)));
    let seen = whole.iter().map(|read| read.as_ref().map(told).map_err(Clone::clone));
    assert_eq!(seen.collect::<Vec<_>>(), dripped.collect::<Vec<_>>());
    whole
}

fn all(format: SourceFormat, file: impl AsRef<[u8]>) -> Vec<Result<Record, Unreadable>> {
    all_with(format, file, &Options::default())
}

/// The only record of `file`.
fn one_with(format: SourceFormat, file: impl AsRef<[u8]>, options: &Options) -> Record {
    let mut all = all_with(format, file, options);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).expect("a record")
}

fn one(format: SourceFormat, file: impl AsRef<[u8]>) -> Record {
    one_with(format, file, &Options::default())
}

/// Why the only thing in `file` is no record.
fn reject_with(format: SourceFormat, file: impl AsRef<[u8]>, options: &Options) -> Unreadable {
    let mut all = all_with(format, file, options);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).expect_err("no record")
}

fn reject(format: SourceFormat, file: impl AsRef<[u8]>) -> Unreadable {
    reject_with(format, file, &Options::default())
}

/// The address or the reason of each, and whether it is the end.
fn outline(all: &[Result<Record, Unreadable>]) -> Vec<(&str, bool)> {
    all.iter()
        .map(|read| match read {
            Ok(record) => (record.email.as_str(), false),
            Err(unreadable) => (unreadable.reason.as_str(), unreadable.fatal),
        })
        .collect()
}

fn hash(record: &Record) -> Option<&str> {
    record.hash.as_ref().map(|hash| hash.expose_secret())
}

fn created(record: &Record) -> Option<String> {
    record.created_at.map(|moment| moment.to_string())
}

fn last_login(record: &Record) -> Option<String> {
    record.last_login_at.map(|moment| moment.to_string())
}
