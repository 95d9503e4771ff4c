//! The file that says what was not imported, and why.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::Context;

use super::Import;
use super::resume::beside;
use crate::transfer::Unreadable;

/// The file of what was rejected; made with the first of them.
pub(super) struct Rejects {
    pub(super) path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Rejects {
    pub(super) fn open(command: &Import, appends: bool) -> anyhow::Result<Self> {
        let path = command.rejects.clone().unwrap_or_else(|| beside(&command.file, "rejects"));
        if path.exists() && !appends {
            std::fs::remove_file(&path).with_context(|| format!("cannot replace {}", path.display()))?;
        }
        Ok(Self { path, file: None })
    }

    pub(super) fn write(&mut self, unreadable: &Unreadable) -> anyhow::Result<()> {
        let failed = || format!("cannot write {}", self.path.display());
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            let file = options.create(true).append(true).mode(0o600).open(&self.path).with_context(failed)?;
            self.file = Some(BufWriter::new(file));
        }
        let file = self.file.as_mut().expect("just opened");
        writeln!(file, "{}", unreadable.to_json()).with_context(failed)
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.flush().with_context(|| format!("cannot write {}", self.path.display()))
    }
}
