//! Records as JSON Lines, for what collects logs: the lines that `guardhouse audit export` has for them.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Carrier, Verdict};
use crate::domain::audit::chain::Linked;
use crate::domain::audit::lines::Line;
use crate::domain::clock::Timestamp;

/// Lines in one write.
const BATCH: usize = 256;

/// A file at this path, opened for every batch: whoever rotates it just renames it.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
}

impl File {
    /// Made when the first line is written, readable for its owner alone.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn append(&self, lines: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().append(true).create(true).read(true).mode(0o600).open(&self.path);
        let mut file = file?;
        if file.metadata()?.len() == 0 {
            // After a loss of power a file whose name was not written is not there.
            std::fs::File::open(self.directory())?.sync_all()?;
        } else if !ends_with_a_line(&mut file)? {
            // A crash, or a full disk, may have left the beginning of a line; it is written again as a whole.
            file.write_all(b"\n")?;
        }
        file.write_all(lines)?;
        file.sync_data()
    }

    fn directory(&self) -> &Path {
        self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

fn ends_with_a_line(file: &mut std::fs::File) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl Carrier for File {
    fn most(&self) -> usize {
        BATCH
    }

    fn carry(&self, messages: &[Linked], _: Timestamp) -> Vec<Verdict> {
        let of = |error| format!("{}: {error}", self.path.display());
        all(messages, self.append(&lines(messages)).map_err(of))
    }
}

/// This process's standard output.
#[derive(Debug)]
pub struct Stdout;

impl Carrier for Stdout {
    fn most(&self) -> usize {
        BATCH
    }

    fn carry(&self, messages: &[Linked], _: Timestamp) -> Vec<Verdict> {
        let mut out = io::stdout().lock();
        let written = out.write_all(&lines(messages)).and_then(|()| out.flush());
        all(messages, written.map_err(|error| format!("standard output: {error}")))
    }
}

fn lines(messages: &[Linked]) -> Vec<u8> {
    let mut lines = Vec::new();
    for linked in messages {
        if serde_json::to_writer(&mut lines, &Line::Record(Box::new(linked.clone()))).is_ok() {
            lines.push(b'\n');
        }
    }
    lines
}

fn all(messages: &[Linked], written: Result<(), String>) -> Vec<Verdict> {
    let verdict = match written {
        Ok(()) => Verdict::Delivered,
        Err(reason) => Verdict::Later { reason, pause: None },
    };
    vec![verdict; messages.len()]
}
