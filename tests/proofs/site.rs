//! An installation of several real server processes: one database, one master key, a data directory for each.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::binary::process::{Server, agent, bare, request};
use crate::support::database::Scratch;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, User};

/// What all nodes have in common.
pub struct Site {
    pub directory: TempDir,
    settings: Vec<(String, String)>,
    database: Scratch,
}

impl Site {
    /// On a fresh database, with cheap hashes and without limits.
    pub fn on(kind: Kind) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = kind.create(directory.path());
        let site = Self { directory, settings: Vec::new(), database };
        let url = site.database.url.clone();
        site.set("database.url", url)
            .set("server.bind", "127.0.0.1:0")
            .set("server.ops_bind", "127.0.0.1:0")
            .set("server.workers", 1)
            .set("server.ops_token", OPS_TOKEN)
            .set("hashing.threads", 1)
            .set("hashing.danger_allow_weak", true)
            .set("hashing.argon2.memory", "64KiB")
            .set("hashing.argon2.iterations", 1)
            .set("limits.enabled", false)
            // What is counted on the wire is counted without this look.
            .set("keys.poll_interval", "1h")
            .set("keys.announcement", "0s")
            .set("log.filter", "warn")
    }

    /// Sets one key, by flag.
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.push((key.to_owned(), value.to_string()));
        self
    }

    /// The address of the database.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// The data directory of node `name`.
    pub fn data_dir(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts node `name`, anew or again, and waits until it answers. The first node that ever starts makes the master
    /// key; further ones get a copy.
    pub fn serve(&self, name: &str) -> Server {
        self.serve_with(name, &[])
    }

    /// As [`Self::serve`], with some settings of this start only.
    pub fn serve_with(&self, name: &str, changes: &[(&str, &str)]) -> Server {
        let (data, common) = (self.data_dir(name), self.directory.path().join("master.key"));
        if !data.exists() {
            private_directory(&data);
            if common.exists() {
                std::fs::copy(&common, data.join("master.key")).expect("a copy of the key");
            }
        }
        let server = Server::start(&mut self.command(&data, changes), &data);
        if !common.exists() {
            std::fs::copy(data.join("master.key"), &common).expect("the first node made the key");
        }
        server
    }

    fn command(&self, data: &std::path::Path, changes: &[(&str, &str)]) -> Command {
        let mut command = bare(self.directory.path());
        let changes = changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let data = ("data_dir".to_owned(), data.display().to_string());
        for (key, value) in self.settings.iter().cloned().chain([data]).chain(changes) {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command.arg("serve");
        command
    }
}

/// What opens the operators' listener.
const OPS_TOKEN: &str = "an-operators-token-of-these-tests-3f9c1a7e5b2d";

fn private_directory(path: &std::path::Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path).expect("a directory");
}

/// What every test does at a door.
impl Server {
    /// Registers a person who is then signed in.
    pub fn user(&self, name: &str) -> User {
        let email = format!("{name}@example.org");
        let answer = self.post("/auth/register", &json!({ "email": email, "password": PASSWORD }));
        assert_eq!(answer.status, 201, "{answer:?}");
        User::from(email, &answer)
    }

    /// Signs a person in once more.
    pub fn login(&self, email: &str) -> User {
        let answer = self.post("/auth/login", &json!({ "email": email, "password": PASSWORD }));
        assert_eq!(answer.status, 200, "{answer:?}");
        User::from(email.to_owned(), &answer)
    }

    /// `GET` on the operators' listener.
    pub fn ops(&self, path: &str) -> Answer {
        request(&agent(), self.ops_address, "GET", path, Some(OPS_TOKEN), None).expect("the server answers")
    }

    /// `POST` on the operators' listener.
    pub fn ops_post(&self, path: &str, body: &serde_json::Value) -> Answer {
        let answer = request(&agent(), self.ops_address, "POST", path, Some(OPS_TOKEN), Some(body));
        answer.expect("the server answers")
    }

    /// What this node makes of an access token, asking no store by itself: 404 for a good one.
    pub fn verdict(&self, access: &str) -> u16 {
        self.call("DELETE", NO_SESSION, Some(access), None).status
    }
}

/// A call that needs a valid token and nothing else: that this is no session's id is seen before any store is asked.
pub const NO_SESSION: &str = "/auth/sessions/not-a-session";

/// What [`NO_SESSION`] answers to a good token.
pub const GOOD: u16 = 404;
