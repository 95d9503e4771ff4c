//! A file that appears under its name whole or not at all, and never in another's place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// What is being written, beside its name; it goes away again unless it is committed.
pub(super) struct WholeFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    /// Whether it stays beside its name.
    is_kept: bool,
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
        Ok(Self { file, partial, path: path.to_owned(), is_kept: false })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, once all of it is on the disk. How long it is.
    pub(super) fn commit(mut self) -> anyhow::Result<u64> {
        let named = || self.path.display().to_string();
        self.file.sync_all().with_context(|| format!("{} cannot be flushed", self.partial.display()))?;
        let given = name(&self.partial, &self.path, |from, to| fs::hard_link(from, to));
        if let Err(error) = given {
            self.is_kept = true;
            let partial = self.partial.display();
            return Err(error).with_context(|| {
                format!(
                    "{} cannot be made; all of it is in {partial}, which can be renamed",
                    self.path.display()
                )
            });
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let flushed = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        flushed.with_context(|| format!("the folder of {} cannot be flushed", named()))?;
        Ok(self.file.metadata().with_context(named)?.len())
    }
}

/// Gives what is at `from` the name `to`, and never in another's place: unlike renaming, linking fails where somebody has taken
/// the name meanwhile. A file system without links may know the renaming that does, too.
fn name(from: &Path, to: &Path, link: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    let linked = link(from, to);
    let has_no_links = |error: &io::Error| {
        matches!(
            error.raw_os_error().map(Errno::from_raw_os_error),
            Some(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS)
        )
    };
    match linked {
        Err(error) if has_no_links(&error) => Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?),
        linked => linked,
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // Committed or not, only the name remains. If it cannot be removed, the next run says so.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn where_there_are_no_links_a_file_gets_its_name_by_renaming_and_never_in_anothers_place() {
        for errno in [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS] {
            let folder = tempfile::tempdir().expect("a directory");
            let [from, to] = ["a.partial", "a"].map(|name| folder.path().join(name));
            let link = |_: &Path, _: &Path| Err(errno.into());
            fs::write(&from, "first").expect("written");
            name(&from, &to, link).expect("renamed");
            assert_eq!((fs::read_to_string(&to).expect("read").as_str(), from.exists()), ("first", false));
            fs::write(&from, "second").expect("written");
            let refused = name(&from, &to, link).expect_err("the name is taken");
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&to).expect("read"), "first");
            assert!(from.exists());
        }
        let full = name(Path::new("a"), Path::new("b"), |_, _| Err(Errno::NOSPC.into()));
        assert_eq!(
            full.expect_err("nothing else is tried").raw_os_error(),
            Some(Errno::NOSPC.raw_os_error())
        );
    }

    #[test]
    fn what_is_whole_but_cannot_get_its_name_is_kept_and_named() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("all.age");
        let file = WholeFile::create(&path).expect("made");
        file.file().write_all(b"all").expect("written");
        fs::write(&path, "of somebody else").expect("written");
        let refused = file.commit().expect_err("the name is taken").to_string();
        assert!(refused.contains("all.age.partial"), "{refused}");
        assert_eq!(fs::read(folder.path().join("all.age.partial")).expect("read"), b"all");
        assert_eq!(fs::read(&path).expect("read"), b"of somebody else");
        // What is not whole goes away.
        let other = folder.path().join("other.age");
        drop(WholeFile::create(&other).expect("made"));
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 2);
    }
}
