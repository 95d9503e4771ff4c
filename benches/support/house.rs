//! A whole house with the machine's own clock and entropy, configured as shipped but for what the bench says.

use std::sync::Arc;

use guardhouse::config::{Config, Sources};
use guardhouse::domain::account::{SecurityEpoch, User};
use guardhouse::domain::audit::Origin;
use guardhouse::domain::clock::{Clock, SystemClock};
use guardhouse::domain::email::Email;
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::domain::id::UserId;
use guardhouse::domain::password::Password;
use guardhouse::domain::role::{Role, Roles};
use guardhouse::flows::{Desk, Visit};
use guardhouse::house::Foundations;
use guardhouse::lifecycle::{self, Running};
use guardhouse::store::{credentials, users};
use secrecy::{ExposeSecret, SecretString};

use super::database::{Kind, Scratch};
use super::world;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "Correct-horse-9-battery";

pub(crate) struct House {
    running: Option<Running>,
    /// Dropped after the house has ended.
    _scratch: Scratch,
    _directory: tempfile::TempDir,
}

impl House {
    /// A house on a database of its own with one HTTP worker.
    pub(crate) fn raise(kind: Kind, settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let scratch = kind.create(directory.path());
        let data_dir = directory.path().display().to_string();
        let ours = [
            ("data_dir", data_dir.as_str()),
            ("database.url", &scratch.url),
            ("server.bind", "127.0.0.1:0"),
            ("server.ops_bind", "127.0.0.1:0"),
            ("server.workers", "1"),
            // Connections wait for their turn while others are measured.
            ("server.keep_alive", "10m"),
            // A disk that somebody else keeps busy slows a bench down and does not end it.
            ("database.acquire_timeout", "60s"),
        ];
        let flags = ours.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let sources = Sources { flags: flags.collect(), ..Sources::default() };
        let config = Config::load(&sources).unwrap_or_else(|faults| panic!("{faults}"));
        let foundations = Foundations {
            config: Arc::new(config),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            prometheus: world().prometheus.clone(),
        };
        let running = lifecycle::start(foundations, None).unwrap_or_else(|error| panic!("{error}"));
        Self { running: Some(running), _scratch: scratch, _directory: directory }
    }

    /// The house's parts: its addresses, its desk, its runtime.
    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("the house stands until its drop")
    }

    /// What the flows work with.
    pub(crate) fn desk(&self) -> Desk {
        self.running().front.desk.clone()
    }

    /// Adds users `user-0@example.org` and so on, all with [`PASSWORD`]; one hash is made and given to all of them.
    pub(crate) fn populate(&self, count: usize) {
        let desk = self.desk();
        let work = async move {
            let password = Password::parse(&SecretString::from(PASSWORD)).expect("a password");
            let hash = desk.hashers.hash(password).await.expect("the pool is idle");
            for number in 0..count {
                let now = SystemClock.now();
                let user = User {
                    id: UserId::generate(now, &*desk.entropy),
                    email: Email::parse(&email(number)).expect("an address"),
                    email_verified: false,
                    name: None,
                    roles: Roles::from(vec![Role::user()]),
                    disabled_at: None,
                    unlocked_at: None,
                    security: SecurityEpoch::default(),
                    created_at: now,
                    updated_at: now,
                    last_login_at: None,
                };
                users::insert(desk.db.writer(), &user).await.expect("a new user");
                credentials::insert(desk.db.writer(), user.id, hash.expose_secret(), now)
                    .await
                    .expect("a new credential");
            }
        };
        self.wait(work);
    }

    /// Runs `work` where the connections live.
    pub(crate) fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let (sender, receiver) = std::sync::mpsc::channel();
        self.running().runtime.spawn(async move {
            let _ = sender.send(work.await);
        });
        receiver.recv().expect("the work does not panic")
    }
}

/// The address of the user with this number.
pub(crate) fn email(number: usize) -> String {
    format!("user-{number}@example.org")
}

/// A visit now, from this machine.
pub(crate) fn visit() -> Visit {
    let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: None, request_id: "bench".into() };
    Visit { now: SystemClock.now(), origin }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}
