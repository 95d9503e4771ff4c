//! A server of our own: the same program, in a directory of its own, for as long as a run takes.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::bench::format::printable;
use crate::domain::clock::Stopwatch;
use crate::domain::entropy::{SystemEntropy, bytes};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);
/// How long it may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(20);
/// The pause between two looks at it.
const LOOK: Duration = Duration::from_millis(10);
/// So many octets of its last words are told.
const LAST_WORDS: usize = 600;
/// What makes a load what it is: no limits, answers that say where their time went, and keys that sign at once, because a
/// database that another algorithm was measured on would sign with that one for ten minutes more.
const SETTINGS: [(&str, &str); 5] = [
    ("server.bind", "127.0.0.1:0"),
    ("server.ops_bind", "127.0.0.1:0"),
    ("server.server_timing", "true"),
    ("limits.enabled", "false"),
    ("keys.announcement", "0s"),
];

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Configuration files, as absolute paths.
    pub files: Vec<PathBuf>,
    /// Single settings; ours win.
    pub settings: Vec<(String, String)>,
    /// Settings that nobody else of this machine may read, so not as arguments: variables.
    pub secrets: Vec<(String, String)>,
    /// Whether its database is a file in its own directory whatever the configuration says.
    pub own_database: bool,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The machine refuses.
    #[error("cannot start {0}: {1}")]
    Machine(PathBuf, io::Error),
    /// It ended by itself.
    #[error("the server did not start: {0}")]
    Ended(String),
    /// It did neither.
    #[error("the server did not start within {limit:?}: {words}")]
    TooSlow {
        /// How long it had.
        limit: Duration,
        /// What it said last.
        words: String,
    },
}

/// A running server; stopped, and its directory removed, when dropped.
#[derive(Debug)]
pub struct OwnServer {
    child: Child,
    directory: Directory,
    /// Where it answers.
    pub address: SocketAddr,
    /// Where its operators ask.
    pub ops: SocketAddr,
    /// What differs from the defaults, one line each, without secrets.
    pub configuration: Vec<String>,
}

impl Launch {
    fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.program);
        // A load must not find its way into a database because a variable of this shell names it.
        for (name, _) in std::env::vars_os() {
            let is_ours = name.to_string_lossy().starts_with("GUARDHOUSE__");
            if is_ours || name == "DATABASE_URL" || name == "REDIS_URL" {
                command.env_remove(name);
            }
        }
        command.envs(self.secrets.iter().map(|(name, value)| (name, value)));
        for file in &self.files {
            command.arg("--config").arg(file);
        }
        let data = ("data_dir", directory.join("data").display().to_string());
        let own = self.own_database.then(|| own_database(directory)).into_iter().flatten();
        let fixed = SETTINGS.map(|(key, value)| (key, value.to_owned()));
        let theirs = self.settings.iter().map(|(key, value)| (key.as_str(), value.clone()));
        for (key, value) in theirs.chain(fixed).chain([data]).chain(own) {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command.current_dir(directory).stdin(Stdio::null());
        command
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    ///
    /// See [`NotStarted`].
    pub fn start(&self) -> Result<OwnServer, NotStarted> {
        let machine = |fault| NotStarted::Machine(self.program.clone(), fault);
        let directory = Directory::make().map_err(machine)?;
        let configuration = self.configuration(&directory.0).map_err(machine)?;
        let log = directory.0.join("log");
        let output = fs::File::create(&log).map_err(machine)?;
        let mut command = self.command(&directory.0);
        command.arg("serve").stdout(output.try_clone().map_err(machine)?).stderr(output);
        let mut child = command.spawn().map_err(machine)?;
        let last_words = || last_words(&fs::read_to_string(&log).unwrap_or_default());
        let began = Stopwatch::start();
        let found = loop {
            // `ops.addr` is written second.
            if let [Some(ops), Some(address)] =
                ["ops.addr", "server.addr"].map(|name| directory.address(name))
            {
                break Ok((address, ops));
            }
            match child.try_wait() {
                Ok(None) if began.elapsed() < START => std::thread::sleep(LOOK),
                Ok(None) => break Err(NotStarted::TooSlow { limit: START, words: last_words() }),
                Ok(Some(_)) => break Err(NotStarted::Ended(last_words())),
                Err(fault) => break Err(machine(fault)),
            }
        };
        match found {
            Ok((address, ops)) => Ok(OwnServer { child, directory, address, ops, configuration }),
            Err(fault) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(fault)
            }
        }
    }

    /// What the program itself says about its configuration, without what is as ever and what differs each time.
    fn configuration(&self, directory: &Path) -> io::Result<Vec<String>> {
        let said = self.command(directory).args(["config", "explain"]).output()?;
        let text = String::from_utf8_lossy(&said.stdout);
        let lines = text.lines().filter_map(|line| line.rsplit_once('#'));
        let told = lines.filter(|(setting, origin)| {
            let is_usual = origin.trim() == "default";
            let name = setting.split('=').next().unwrap_or_default().trim();
            let is_place = ["data_dir", "server.bind", "server.ops_bind"].contains(&name)
                || (self.own_database && name == "database.url");
            !is_usual && !is_place
        });
        Ok(told.map(|(setting, _)| setting.trim().to_owned()).collect())
    }
}

/// The settings of a database in `directory`, where a file of theirs may name another one.
fn own_database(directory: &Path) -> [(&'static str, String); 2] {
    let path = directory.join("data/guardhouse.db").display().to_string();
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    [("database.url", format!("sqlite://{path}?mode=rwc")), ("database.url_file", String::new())]
}

/// The end of a log in one line.
fn last_words(log: &str) -> String {
    let mut begin = log.len().saturating_sub(LAST_WORDS);
    while !log.is_char_boundary(begin) {
        begin += 1;
    }
    let words: Vec<_> = log[begin..].split_whitespace().collect();
    printable(&words.join(" "))
}

impl OwnServer {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where its files are, as long as it runs.
    pub fn directory(&self) -> &Path {
        &self.directory.0
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let began = Stopwatch::start();
            while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < STOP {
                std::thread::sleep(LOOK);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory that only this user can enter, since a master key lies in it; removed when dropped.
#[derive(Debug)]
struct Directory(PathBuf);

impl Directory {
    fn make() -> io::Result<Self> {
        let chance = u64::from_ne_bytes(bytes(&SystemEntropy));
        let path = std::env::temp_dir().join(format!("guardhouse-bench-{chance:016x}"));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn address(&self, name: &str) -> Option<SocketAddr> {
        fs::read_to_string(self.0.join("data").join(name)).ok()?.trim().parse().ok()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(program: &str) -> Launch {
        Launch {
            program: program.into(),
            files: Vec::new(),
            settings: Vec::new(),
            secrets: Vec::new(),
            own_database: false,
        }
    }

    #[test]
    fn a_program_that_ends_is_told_with_its_last_words() {
        assert!(matches!(launch("/no/such/program").start(), Err(NotStarted::Machine(..))));
        let Err(NotStarted::Ended(words)) = launch("/bin/ls").start() else { panic!("ls is no server") };
        assert!(words.contains("--set"), "{words}");
    }

    #[test]
    fn last_words_are_the_last_and_move_no_cursor() {
        let log = format!("{}é\u{1b}[2Jend\n", "x".repeat(LAST_WORDS - 8));
        let words = last_words(&log);
        assert!(words.ends_with("end") && !words.contains('\u{1b}'), "{words}");
    }
}
