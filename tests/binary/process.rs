//! Running the binary: an installation (directory, database, settings), commands in it, and servers on it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;
use guardhouse::store::Db;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::database::Scratch;
use crate::support::test_db::settings;
use crate::support::{Answer, Kind};

/// The longest anything here may take on a busy machine; far beyond what it takes on any other.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many of a server's last complaints are shown where a test fails.
const MOST_FAULTS: usize = 40;

/// Waits until `ready` says so.
#[track_caller]
pub fn until(what: &str, ready: impl FnMut() -> bool) {
    until_within(PATIENCE, what, ready);
}

/// As [`until`], for what takes its time by design.
#[track_caller]
pub fn until_within(patience: Duration, what: &str, mut ready: impl FnMut() -> bool) {
    let began = Stopwatch::start();
    while !ready() {
        assert!(began.elapsed() < patience, "{what} did not happen within {patience:?}");
        thread::sleep(Duration::from_millis(3));
    }
}

/// A place where Guardhouse is installed: a working directory, a database, settings.
pub struct Installation {
    pub directory: tempfile::TempDir,
    settings: Vec<(String, String)>,
    /// Where it is not SQLite in the data directory; goes in by `DATABASE_URL`, as it mostly does in real life.
    scratch: Option<Scratch>,
}

impl Installation {
    /// As it is out of the box, but for the ports.
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            settings: Vec::new(),
            scratch: None,
        }
        .set("server.bind", "127.0.0.1:0")
        .set("server.ops_bind", "127.0.0.1:0")
    }

    /// On `kind`, with cheap hashes and without limits.
    pub fn on(kind: Kind) -> Self {
        let mut installation = Self::new()
            // A machine that is busy with other tests must not look like a server that is.
            .set("hashing.deadline", "30s")
            .set("hashing.danger_allow_weak", true)
            .set("hashing.argon2.memory", "64KiB")
            .set("hashing.argon2.iterations", 1)
            .set("limits.enabled", false);
        if kind != Kind::Sqlite {
            installation.scratch = Some(kind.create(installation.directory.path()));
        }
        installation
    }

    /// Sets one key, by flag.
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.change(key, value);
        self
    }

    /// As [`Self::set`], later.
    pub fn change(&mut self, key: &str, value: impl ToString) {
        self.settings.push((key.to_owned(), value.to_string()));
    }

    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("guardhouse-data")
    }

    /// The address of the database.
    pub fn database_url(&self) -> String {
        self.scratch.as_ref().map_or_else(
            || format!("sqlite://{}", self.data_dir().join("guardhouse.db").display()),
            |scratch| scratch.url.clone(),
        )
    }

    /// The address of the database for a command that may have to make it.
    pub fn new_database_url(&self) -> String {
        let url = self.database_url();
        if self.scratch.is_some() {
            return url;
        }
        std::fs::create_dir_all(self.data_dir()).expect("the data directory can be made");
        format!("{url}?mode=rwc")
    }

    /// Takes the master key of `other` along, as one does who moves to another database.
    pub fn take_master_key_of(&self, other: &Self) {
        std::fs::create_dir_all(self.data_dir()).expect("the data directory can be made");
        let (from, to) = (other.data_dir().join("master.key"), self.data_dir().join("master.key"));
        std::fs::copy(from, to).expect("there is a master key");
    }

    /// The program with this installation's settings and `arguments`; nothing of this process's environment but
    /// `PATH` reaches it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(self.directory.path());
        if let Some(scratch) = &self.scratch {
            command.env("DATABASE_URL", &scratch.url);
        }
        for (key, value) in &self.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command.args(arguments);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        finish(&mut self.command(arguments), "")
    }

    /// As [`Self::run`], with `input` on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        finish(&mut self.command(arguments), input)
    }

    /// Starts a server and waits until it answers.
    pub fn serve(&self) -> Server {
        Server::start(&mut self.command(&["serve"]), &self.data_dir())
    }
}

/// Does `work` with the database at `url`, beside the program.
pub fn with_database<T>(url: &str, work: impl AsyncFnOnce(Db) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = Db::connect(&settings(url, &[])).await.expect("the database answers");
        let done = work(db.clone()).await;
        db.close().await;
        done
    })
}

/// The program without any setting, run in `directory`: that of this build, or the one that a proof is to measure.
pub fn bare(directory: &Path) -> Command {
    let program = std::env::var_os("GUARDHOUSE_PROVE_PROGRAM");
    let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_guardhouse").into()));
    command.env_clear().current_dir(directory);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    /// What it printed, if it ended well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// What it printed, if it ended with `code`, which is one that says more than "failed".
    #[track_caller]
    pub fn exits(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.out
    }

    /// What it complained about, if it failed with `code`.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.err
    }
}

/// Runs `command` to its end with `input` on standard input.
pub fn finish(command: &mut Command, input: &str) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");
    let mut stdin = child.stdin.take().expect("piped");
    // A command that reads nothing closes its end first.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output: Output = child.wait_with_output().expect("the program ends");
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub ops_address: SocketAddr,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    agent: ureq::Agent,
}

impl Server {
    /// Starts `command`, whose server has its files in `data_dir`.
    pub fn start(command: &mut Command, data_dir: &Path) -> Self {
        Self::launch(command, data_dir, true)
    }

    /// As [`Self::start`], and nobody reads what it prints: the other ends of its pipes are closed.
    pub fn start_unheard(command: &mut Command, data_dir: &Path) -> Self {
        Self::launch(command, data_dir, false)
    }

    fn launch(command: &mut Command, data_dir: &Path, heard: bool) -> Self {
        // What a killed predecessor left is not ours; that the server itself removes it is tested elsewhere.
        for name in ["server.addr", "ops.addr"] {
            let _ = std::fs::remove_file(data_dir.join(name));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be run");
        let output = Arc::new(Mutex::new(String::new()));
        let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let readers =
            if heard { vec![collect(stdout, &output), collect(stderr, &output)] } else { Vec::new() };
        let mut address_in = |name: &str| {
            let (path, mut found) = (data_dir.join(name), None);
            until("the start of the server", || {
                let ended = child.try_wait().expect("a child can be waited for");
                assert!(ended.is_none(), "{ended:?}: {}", output.lock().unwrap());
                found = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                found.is_some()
            });
            found.expect("found just now")
        };
        // `ops.addr` is written second.
        let (ops_address, address) = (address_in("ops.addr"), address_in("server.addr"));
        Self { child, address, ops_address, output, readers, agent: agent() }
    }

    /// Everything printed so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the server runs");
    }

    /// Waits for the end. How it ended, and everything it printed.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let mut ended = None;
        until("the end of the server", || {
            ended = self.child.try_wait().expect("a child can be waited for");
            ended.is_some()
        });
        for reader in self.readers.drain(..) {
            reader.join().expect("the reader of the log ends");
        }
        (ended.expect("ended just now"), self.output())
    }

    /// Asks it to end, and sees that it does so well. Everything it printed.
    #[track_caller]
    pub fn terminate(self) -> String {
        self.signal(Signal::TERM);
        let (status, output) = self.wait();
        assert_eq!(status.code(), Some(0), "{output}");
        output
    }

    /// `kill -9`.
    pub fn kill(self) {
        self.signal(Signal::KILL);
        self.wait();
    }

    /// A request with a JSON body, and `token` as its bearer.
    pub fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        request(&self.agent, self.address, method, path, token, body).expect("the server answers")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None, None)
    }

    pub fn get_as(&self, token: &str, path: &str) -> Answer {
        self.call("GET", path, Some(token), None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, None, Some(body))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            // Why a test failed is often known to the server alone.
            let output = self.output();
            let faults: Vec<_> =
                output.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
            println!("the server at {} said at the end:", self.address);
            faults
                .iter()
                .skip(faults.len().saturating_sub(MOST_FAULTS))
                .for_each(|line| println!("  {line}"));
        }
    }
}

fn collect(stream: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let into = into.clone();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = into.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    })
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .into()
}

/// One request to `address`; an error when no whole answer came.
pub fn request(
    agent: &ureq::Agent,
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer, ureq::Error> {
    let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let bytes = match body {
        Some(body) => {
            request = request.header("content-type", "application/json");
            serde_json::to_vec(body).expect("a JSON value")
        }
        None => Vec::new(),
    };
    let (parts, mut body) = agent.run(request.body(bytes).expect("a well-formed request"))?.into_parts();
    let text = body.read_to_string()?;
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, text, json })
}
