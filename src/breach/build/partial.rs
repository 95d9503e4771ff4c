//! The output until it has its name: a file beside it that vanishes unless it is committed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::super::layout::MAGIC;
use super::fault::BuildFault;

pub(super) struct Partial {
    file: File,
    path: PathBuf,
    committed: bool,
}

impl Partial {
    /// Beside `output`, so that it can be renamed to it.
    pub(super) fn create(output: &Path) -> Result<Self, BuildFault> {
        if !may_be_replaced(output).map_err(|source| fault(output, "looked at", source))? {
            return Err(BuildFault::NotReplaced { path: output.to_owned() });
        }
        let mut path = OsString::from(output);
        path.push(".partial");
        let path = PathBuf::from(path);
        // New, or two builds would write into one file.
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => Ok(Self { file, path, committed: false }),
            Err(taken) if taken.kind() == ErrorKind::AlreadyExists => Err(BuildFault::Partial { path }),
            Err(source) => Err(fault(&path, "created", source)),
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn fault(&self, source: io::Error) -> BuildFault {
        fault(&self.path, "written", source)
    }

    /// Gives it its name, once all of it is on the disk.
    pub(super) fn commit(mut self, output: &Path) -> Result<(), BuildFault> {
        self.file.sync_all().map_err(|source| fault(&self.path, "flushed", source))?;
        fs::rename(&self.path, output).map_err(|source| fault(output, "put into place", source))?;
        self.committed = true;
        // The new name is an entry of the folder, which has to reach the disk too.
        let folder =
            output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flushed = File::open(folder).and_then(|folder| folder.sync_all());
        flushed.map_err(|source| fault(output, "flushed into its folder", source))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.committed {
            // If this fails too, the next build names the file and says what to do.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether nothing is lost: `output` does not exist, or is a filter of any version.
fn may_be_replaced(output: &Path) -> io::Result<bool> {
    match fs::metadata(output) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(true),
        Err(other) => Err(other),
        Ok(there) if !there.is_file() => Ok(false),
        Ok(_) => {
            let mut beginning = Vec::new();
            File::open(output)?.take(MAGIC.len() as u64).read_to_end(&mut beginning)?;
            Ok(beginning == MAGIC)
        }
    }
}

fn fault(path: &Path, doing: &'static str, source: io::Error) -> BuildFault {
    BuildFault::Output { path: path.to_owned(), doing, source }
}
