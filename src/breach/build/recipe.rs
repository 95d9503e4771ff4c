//! What goes into a build and what is told of it.

use std::path::Path;

use super::super::layout::{BITS, LONGEST_SOURCE};
use super::fault::BuildFault;

/// A filter to be built.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// The list: a regular file, since it may be read twice.
    pub input: &'a Path,
    /// What its lines are.
    pub kind: InputKind,
    /// A stranger is taken for an entry about once in 2^bits; within [`BITS`], usually
    /// [`DEFAULT_BITS`](super::super::DEFAULT_BITS). A filter takes about `bits` + 1.8 bits an entry.
    pub bits: u8,
    /// What the list is, from whom and of when, for people: at most [`LONGEST_SOURCE`] octets, no control characters.
    pub source: &'a str,
    /// Where the filter is to be. A filter that is there is replaced, any other file is not.
    pub output: &'a Path,
}

/// What the lines of a list are. Lines end with LF or CR LF; the last one need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A password each, octets as they are, in any encoding. Where the line is UTF-8 and NFKC makes another text of it,
    /// as `domain::password::Password` does, that one becomes an entry too: so it is found as it is hashed, and also
    /// as it leaked. Empty lines and those longer than any password may be (1,024 octets) are left out.
    Passwords,
    /// The SHA-1 of a password in 40 hexadecimal digits of either case each, and then perhaps `:` and how often it was
    /// seen, as in the lists of Have I Been Pwned. Any other line is an error.
    Sha1Lines {
        /// Leaves out the passwords that were seen less often; with 2 or more, each line needs its count.
        min_count: u64,
    },
}

impl Recipe<'_> {
    pub(super) fn check(&self) -> Result<(), BuildFault> {
        if !BITS.contains(&self.bits) {
            return Err(BuildFault::Bits(self.bits));
        }
        if self.source.len() > LONGEST_SOURCE || self.source.chars().any(char::is_control) {
            return Err(BuildFault::Source);
        }
        Ok(())
    }
}

/// What a build is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading lines of hashes, as long as they are in order.
    Counting,
    /// Reading the list into memory.
    Gathering,
    /// Writing the filter.
    Writing,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which stage. A list that turns out to be out of order goes from counting to gathering.
    pub stage: Stage,
    /// Octets of the input, or entries where they are written from memory.
    pub done: u64,
    /// What `done` will be at the end of the stage; 0 for an empty list.
    pub total: u64,
}

/// A filter that was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildReport {
    /// Lines of the input.
    pub lines: u64,
    /// Lines that gave no entry: empty, too long, or seen less often than asked for.
    pub left_out: u64,
    /// Different fingerprints.
    pub entries: u64,
    /// Octets of the filter.
    pub octets: u64,
    /// Whether the list was in order, so that it was never in memory.
    pub streamed: bool,
}
