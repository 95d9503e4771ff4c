//! A file that appears under its name whole or not at all, and never in another's place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// What is being written, beside its name; it goes away again unless it is committed.
pub(super) struct WholeFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        ensure!(!path.exists(), "{} is there already, and nothing is written over", path.display());
        let mut partial = OsString::from(path);
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial);
        let file = file.with_context(|| {
            format!(
                "{} cannot be made; if it is left from a run that was killed, remove it",
                partial.display()
            )
        })?;
        Ok(Self { file, partial, path: path.to_owned() })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, once all of it is on the disk. How long it is.
    pub(super) fn commit(self) -> anyhow::Result<u64> {
        let named = || self.path.display().to_string();
        self.file.sync_all().with_context(|| format!("{} cannot be flushed", self.partial.display()))?;
        // Unlike renaming, linking fails where somebody else has taken the name meanwhile.
        fs::hard_link(&self.partial, &self.path).with_context(|| format!("{} cannot be made", named()))?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let flushed = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        flushed.with_context(|| format!("the folder of {} cannot be flushed", named()))?;
        Ok(self.file.metadata().with_context(named)?.len())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Committed or not, only the name remains. If it cannot be removed, the next run says so.
        let _ = fs::remove_file(&self.partial);
    }
}
