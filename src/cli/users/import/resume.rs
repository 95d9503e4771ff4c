//! How far an import has come, in a file beside its source: so that it goes on there after a crash or a Ctrl-C.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// So much of the beginning of a file tells it from others of its length.
const HEAD: u64 = 64 * 1024;

/// The mark: which file, and how many of its records are done.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    octets: u64,
    head_sha256: String,
    format: String,
    /// Records that are dealt with, counted from the beginning of the file.
    pub(super) records: u64,
}

impl Mark {
    fn beginning(source: &Path, format: &str) -> anyhow::Result<Self> {
        let file = File::open(source).with_context(|| format!("cannot read {}", source.display()))?;
        let octets = file.metadata()?.len();
        let mut head = Vec::new();
        file.take(HEAD).read_to_end(&mut head)?;
        let head_sha256 =
            digest(&SHA256, &head).as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
        Ok(Self { octets, head_sha256, format: format.to_owned(), records: 0 })
    }
}

/// The file of the mark.
pub(super) struct Resume {
    path: PathBuf,
    mark: Mark,
}

impl Resume {
    /// The mark of an import of `source` that was begun, or a new one.
    pub(super) fn open(source: &Path, format: &str, start_over: bool) -> anyhow::Result<Self> {
        let path = beside(source, "import-state");
        let mark = Mark::beginning(source, format)?;
        if start_over {
            return Ok(Self { path, mark });
        }
        let stored = match std::fs::read(&path) {
            Ok(stored) => stored,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self { path, mark }),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let stored: Mark = serde_json::from_slice(&stored)
            .with_context(|| format!("{} is not the state of an import; use --start-over", path.display()))?;
        let records = stored.records;
        if (Mark { records: 0, ..stored }) != mark {
            bail!(
                "{} belongs to an import of another file of this name, or as another format; use --start-over to begin \
                 this one",
                path.display()
            );
        }
        Ok(Self { path, mark: Mark { records, ..mark } })
    }

    /// Records that are dealt with.
    pub(super) fn done(&self) -> u64 {
        self.mark.records
    }

    /// Everything up to record `records` is dealt with, and stored.
    pub(super) fn reached(&mut self, records: u64) -> anyhow::Result<()> {
        self.mark.records = records;
        let partial = beside(&self.path, "partial");
        std::fs::write(&partial, serde_json::to_vec(&self.mark)?)
            .and_then(|()| std::fs::rename(&partial, &self.path))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// The import is over.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// `path` with a further ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_goes_on_and_another_file_does_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let source = directory.path().join("users.jsonl");
        std::fs::write(&source, "one\ntwo\n").expect("written");
        let mut import = Resume::open(&source, "jsonl", false).expect("new");
        assert_eq!(import.done(), 0);
        import.reached(1).expect("written");
        assert_eq!(Resume::open(&source, "jsonl", false).expect("known").done(), 1);
        assert_eq!(Resume::open(&source, "jsonl", true).expect("anew").done(), 0);
        let other = Resume::open(&source, "csv", false).err().expect("another format");
        assert!(other.to_string().contains("--start-over"), "{other}");
        std::fs::write(&source, "one\ntwx\n").expect("written");
        assert!(Resume::open(&source, "jsonl", false).is_err(), "the same length, and other octets");
        std::fs::write(&source, "one\ntwo\n").expect("written");
        Resume::open(&source, "jsonl", false).expect("known").finish().expect("removed");
        assert_eq!(Resume::open(&source, "jsonl", false).expect("new").done(), 0);
        std::fs::write(beside(&source, "import-state"), "{").expect("written");
        assert!(Resume::open(&source, "jsonl", false).is_err());
    }
}
