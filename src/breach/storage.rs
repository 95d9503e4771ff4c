//! Where the octets of a filter are. Read by position: a mapped file would need unsafe code, and would kill the process
//! if somebody cut the file short; here that is an error. Neither way keeps a copy of ours in memory.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::fault::FilterFault;

#[derive(Debug)]
pub(super) enum Storage {
    File { file: File, path: PathBuf },
    Embedded(&'static [u8]),
}

impl Storage {
    /// A regular file, and nothing that would make us wait, such as a pipe.
    pub(super) fn open(path: &Path) -> Result<Self, FilterFault> {
        let unreadable = |source| FilterFault::Unreadable { file: path.display().to_string(), source };
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(FilterFault::NotAFilter { file: path.display().to_string() });
        }
        Ok(Self::File { file: File::open(path).map_err(unreadable)?, path: path.to_owned() })
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Embedded(_) => "(built in)".to_owned(),
        }
    }

    pub(super) fn octets(&self) -> io::Result<u64> {
        match self {
            Self::File { file, .. } => Ok(file.metadata()?.len()),
            Self::Embedded(octets) => Ok(octets.len() as u64),
        }
    }

    /// Fills `buffer` with the octets from `at` on, or fails with [`ErrorKind::UnexpectedEof`].
    pub(super) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        match self {
            Self::File { file, .. } => file.read_exact_at(buffer, at),
            Self::Embedded(octets) => {
                let rest = usize::try_from(at).ok().and_then(|at| octets.get(at..));
                let part = rest.and_then(|rest| rest.get(..buffer.len()));
                buffer.copy_from_slice(part.ok_or(ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}
