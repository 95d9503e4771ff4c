//! Why a filter cannot be used: which file, what is wrong with it, what to do.

use std::io::{self, ErrorKind};

use super::layout::VERSION;

/// A breach filter that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilterFault {
    /// The system refused to open or to read it.
    #[error(
        "the breach filter {file} could not be read: {source}; check its path and that this process may read it"
    )]
    Unreadable {
        /// The path as it was given.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It is something else, such as the list that a filter is made of.
    #[error("{file} is no breach filter; give the file that was built from the list, not the list")]
    NotAFilter {
        /// The path as it was given.
        file: String,
    },
    /// Another release made it.
    #[error(
        "the breach filter {file} has version {found}, this release reads {VERSION}; build it anew from its list"
    )]
    Version {
        /// The path as it was given.
        file: String,
        /// The version it has.
        found: u16,
    },
    /// It is not as it was written.
    #[error(
        "the breach filter {file} is damaged: {what}; copy it again or build it anew, under a name of its own that \
             is then moved into place"
    )]
    Damaged {
        /// The path as it was given.
        file: String,
        /// What does not fit.
        what: &'static str,
    },
}

impl FilterFault {
    /// What a failed read of `file` means.
    pub(super) fn of_reading(file: String, source: io::Error) -> Self {
        match source.kind() {
            ErrorKind::UnexpectedEof => Self::Damaged { file, what: "it ends too early" },
            _ => Self::Unreadable { file, source },
        }
    }
}

/// With the system's kind where there is one, [`ErrorKind::InvalidData`] where the file is to blame.
impl From<FilterFault> for io::Error {
    fn from(fault: FilterFault) -> Self {
        let kind = match &fault {
            FilterFault::Unreadable { source, .. } => source.kind(),
            FilterFault::NotAFilter { .. } | FilterFault::Version { .. } | FilterFault::Damaged { .. } => {
                ErrorKind::InvalidData
            }
        };
        Self::new(kind, fault)
    }
}
