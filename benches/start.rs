//! The program by itself, on SQLite as shipped: how long from its start until it is ready, on a database that is there
//! already, and what it takes of memory while nobody asks for anything.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use criterion::Criterion;
use guardhouse::domain::clock::Stopwatch;

use crate::support::{Client, get, is_named, is_trial, note, percentile};

/// What a warm start and an idle process may take.
const READY: Duration = Duration::from_millis(200);
const IDLE: u64 = 40 << 20;

const STARTS: usize = 20;

pub(crate) fn bench(_: &mut Criterion) {
    if !is_named("start") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    // The first start makes the database and the keys.
    start(directory.path()).0.end();
    let starts = if is_trial() { 1 } else { STARTS };
    let (mut times, mut idle) = (Vec::new(), 0);
    for number in 0..starts {
        let (server, ready) = start(directory.path());
        times.push(ready);
        if number + 1 == starts {
            // Whatever it does first thing is done.
            std::thread::sleep(Duration::from_secs(if is_trial() { 0 } else { 10 }));
            idle = server.resident();
        }
        server.end();
    }
    let (median, worst) = (percentile(&mut times, 0.5), percentile(&mut times, 1.0));
    note(format!(
        "start/ready: {:.0} ms in the middle of {starts}, {:.0} ms at worst (budget {:.0} ms)",
        median.as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e3,
        READY.as_secs_f64() * 1e3,
    ));
    note(format!(
        "start/idle: {:.1} MiB resident (budget {} MiB)",
        idle as f64 / f64::from(1 << 20),
        IDLE >> 20
    ));
}

struct Server(Child);

/// Starts the program on the files in `directory`, and waits until it says that it is ready.
fn start(directory: &Path) -> (Server, Duration) {
    let file = directory.join("data/server.addr");
    let _ = std::fs::remove_file(&file);
    let started = Stopwatch::start();
    let child = Command::new(env!("CARGO_BIN_EXE_guardhouse"))
        .current_dir(directory)
        .args(["serve", "--set", "data_dir=data", "--set", "log.filter=off"])
        .args(["--set", "server.bind=127.0.0.1:0", "--set", "server.ops_bind=127.0.0.1:0"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program can be run");
    let server = Server(child);
    let address: SocketAddr = loop {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not start");
        let told = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        match told {
            Some(address) => break address,
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    let reply = Client::connect(address).exchange(&get("/health/ready", None));
    assert_eq!(reply.status, 200);
    (server, started.elapsed())
}

impl Server {
    /// Memory that is in use now, in octets.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells");
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kibibytes << 10
    }

    fn end(mut self) {
        let id = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}
