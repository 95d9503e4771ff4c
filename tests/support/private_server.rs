//! A database server of its own for a test that stops it: the common one serves the tests beside it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// One server under `scripts/servers`, gone with the test.
#[derive(Debug)]
pub struct PrivateServer {
    name: &'static str,
    /// Its address, with a user who may create databases.
    pub url: String,
    state: String,
    script: String,
    run: Child,
}

impl PrivateServer {
    /// Starts the server that `scripts/servers` calls `name`; takes a few seconds.
    pub fn start(name: &'static str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/servers").display().to_string();
        let variable = format!("GUARDHOUSE_TEST_{}_URL", name.to_uppercase());
        // `cat` waits for the end of its input, which comes when this process lets go of it, however it ends.
        let tell =
            format!("echo \"${variable}\"; echo \"$GUARDHOUSE_TEST_SERVERS_DIR\"; exec cat >/dev/null");
        let mut run = Command::new(&script)
            .args(["run", "--only", name, "--", "bash", "-c", &tell])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("scripts/servers can be run");
        let mut told = BufReader::new(run.stdout.take().expect("piped")).lines();
        let mut line = || told.next().expect("the server started").expect("a line of text");
        let (url, state) = (line(), line());
        Self { name, url, state, script, run }
    }

    /// Ends the server in order.
    pub fn stop(&self) {
        self.control("stop");
    }

    /// Ends the server with SIGKILL.
    pub fn kill(&self) {
        self.control("kill");
    }

    /// Brings the server back with the same data on the same port; returns when it answers.
    pub fn start_again(&self) {
        self.control("start");
    }

    /// Empties a stopped Redis.
    pub fn wipe(&self) {
        self.control("wipe");
    }

    fn control(&self, verb: &str) {
        let done = Command::new(&self.script)
            .args([verb, self.name])
            .env("GUARDHOUSE_TEST_SERVERS_DIR", &self.state)
            .stderr(Stdio::null())
            .status();
        assert!(done.expect("scripts/servers can be run").success(), "{verb} {} failed", self.name);
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        drop(self.run.stdin.take());
        let _ = self.run.wait();
    }
}
