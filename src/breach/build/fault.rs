//! Why a filter was not built: which file, which line, what to do. A line is never quoted: it may be a password.

use std::io;
use std::path::PathBuf;

use super::super::layout::{BITS, LONGEST_SOURCE, MOST_ENTRIES};

/// A build that failed; the output is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum BuildFault {
    /// Outside of [`BITS`].
    #[error("a breach filter of {0} bits cannot be built: choose {least} to {most}, usually 20", least = BITS.start(), most = BITS.end())]
    Bits(u8),
    /// The description of the list does not fit.
    #[error("the description of the list has to be one line of at most {LONGEST_SOURCE} octets; shorten it")]
    Source,
    /// The system refused to read the list.
    #[error("the list {} could not be read: {source}", path.display())]
    Input {
        /// The list.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A pipe, a folder or a device.
    #[error("the list {} is not a regular file; it may have to be read twice, so save it to one first", path.display())]
    NotAFile {
        /// The list.
        path: PathBuf,
    },
    /// A line of hashes that is none.
    #[error("line {line} of {} {what}; nothing was written", path.display())]
    Line {
        /// The list.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong with it, and what to do.
        what: &'static str,
    },
    /// More than [`MOST_ENTRIES`].
    #[error("the list {} has more than {MOST_ENTRIES} different entries; keep the more frequent ones", path.display())]
    TooMany {
        /// The list.
        path: PathBuf,
    },
    /// Too many hashes with the same beginning.
    #[error(
        "the hashes in {} are not spread as hashes are: too many begin alike, as in one part of a list; build from the \
         whole list", path.display()
    )]
    Uneven {
        /// The list.
        path: PathBuf,
    },
    /// The second reading did not find what the first one had.
    #[error("the list {} changed while it was read; build again when nobody writes to it", path.display())]
    Changed {
        /// The list.
        path: PathBuf,
    },
    /// The system refused to write the filter.
    #[error("the breach filter {} could not be {doing}: {source}", path.display())]
    Output {
        /// The file that was being written.
        path: PathBuf,
        /// The operation that failed.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Another build is at work, or was killed.
    #[error(
        "{} is there: another build is writing it, or one was interrupted; remove it if none is running",
        path.display()
    )]
    Partial {
        /// The unfinished file.
        path: PathBuf,
    },
    /// Something else has the name of the output.
    #[error("{} is there and is no breach filter, so it is not replaced; choose another output", path.display())]
    NotReplaced {
        /// The output.
        path: PathBuf,
    },
}
