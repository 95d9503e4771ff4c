//! Good and bad tokens, each signed by a house with the keys that the verifiers trust.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use guardhouse::config::{Config, Sources};
use guardhouse::domain::clock::{Clock, ManualClock, SystemClock, Timestamp};
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::house::Foundations;
use guardhouse::keyring::KeyRingFault;
use guardhouse::lifecycle;
use guardhouse::tokens::import::import;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Keys;
use crate::binary::process::{agent, request};
use crate::support::house::PASSWORD;

/// With letters that a careless encoder of the implicit assertion would escape.
pub(super) const ISSUER: &str = "https://auth.example/häuser/\"1\"";
pub(super) const AUDIENCE: &str = "https://api.example/späti";
pub(super) const LIFETIME_SECONDS: i64 = 600;
pub(super) const NOW: Duration = Duration::ZERO;
pub(super) const A_DAY_AGO: Duration = Duration::from_secs(24 * 60 * 60);

/// How a house signs.
pub(super) struct Setup {
    pub(super) algorithm: &'static str,
    pub(super) keys: Keys,
    /// Besides the algorithm itself.
    pub(super) settings: &'static [(&'static str, &'static str)],
}

/// A token with what the server said about it.
pub(super) struct Issued {
    pub(super) token: String,
    pub(super) user: String,
    pub(super) session: String,
    pub(super) expires_at: Timestamp,
}

impl Issued {
    pub(super) fn from(reply: Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        Self {
            token: text(&reply["access_token"]),
            user: text(&reply["user"]["id"]),
            session: text(&reply["session_id"]),
            expires_at: Timestamp::from_seconds(seconds(&reply["expires_at"]).expect("a time")),
        }
    }
}

impl Setup {
    /// The whole configuration, with `changes`.
    pub(super) fn flags(&self, changes: &[(&str, &str)]) -> impl Iterator<Item = (&'static str, String)> {
        let own = [
            ("tokens.algorithm", self.algorithm.to_owned()),
            ("tokens.issuer", ISSUER.to_owned()),
            ("tokens.audience", AUDIENCE.to_owned()),
            ("tokens.access_lifetime", format!("{LIFETIME_SECONDS}s")),
            // A machine that is busy with other tests must not look like a house that is.
            ("hashing.deadline", "30s".to_owned()),
            ("limits.enabled", "false".to_owned()),
            ("hashing.danger_allow_weak", "true".to_owned()),
            ("hashing.argon2.memory", "64KiB".to_owned()),
            ("hashing.argon2.iterations", "1".to_owned()),
        ];
        let mut flags = own.to_vec();
        if let Keys::Shared { key, secret, .. } = self.keys {
            flags.push((key, secret.to_owned()));
        }
        flags.extend(self.settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        for flag in &mut flags {
            if let Some((_, value)) = changes.iter().find(|(key, _)| *key == flag.0) {
                flag.1 = (*value).to_owned();
            }
        }
        flags.into_iter()
    }

    /// What a house on `data_dir` issues that is configured with `changes` and lives `ago`. It runs in this process,
    /// where its clock can be set.
    pub(super) fn issued_in_process(
        &self,
        data_dir: &Path,
        changes: &[(&str, &str)],
        ago: Duration,
    ) -> Issued {
        let place = [
            ("data_dir", data_dir.display().to_string()),
            ("server.bind", "127.0.0.1:0".to_owned()),
            ("server.ops_bind", "127.0.0.1:0".to_owned()),
            ("server.workers", "1".to_owned()),
        ];
        let flags = place.into_iter().chain(self.flags(changes));
        let flags = flags.map(|(key, value)| (key.to_owned(), value)).collect();
        let config = Config::load(&Sources { flags, ..Sources::default() }).unwrap_or_else(|e| panic!("{e}"));
        let now = SystemClock.now().minus(ago);
        let foundations = Foundations {
            config: Arc::new(config),
            clock: Arc::new(ManualClock::new(now)),
            entropy: Arc::new(SystemEntropy),
            prometheus: crate::support::prometheus(),
        };
        let running = lifecycle::start(foundations, None).unwrap_or_else(|error| panic!("{error}"));
        if let Keys::Imported { secret, .. } = self.keys {
            let key = import(self.algorithm.parse().expect("an algorithm"), secret).expect("a key");
            let desk = running.front.desk.clone();
            let (sender, done) = std::sync::mpsc::channel();
            running.runtime.spawn(async move { sender.send(desk.keys.import(key, true, now).await) });
            match done.recv().expect("the import ends") {
                // An earlier house at the same place has imported it.
                Ok(_) | Err(KeyRingFault::Known(_)) => {}
                Err(fault) => panic!("{fault}"),
            }
        }
        let ask = |path| request(&agent(), running.address, "POST", path, None, Some(&credentials()));
        let mut answer = ask("/auth/register").expect("the house answers");
        if answer.status == 409 {
            answer = ask("/auth/login").expect("the house answers");
        }
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        running.stop();
        Issued::from(answer.json)
    }

    /// A token that is good elsewhere: the same settings, other keys.
    pub(super) fn of_another_installation(&self) -> Issued {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let other = Self { keys: self.keys.of_another_installation(), ..*self };
        other.issued_in_process(directory.path(), &[], NOW)
    }
}

/// Of the one account there is.
pub(super) fn credentials() -> Value {
    json!({ "email": "ada@example.org", "password": PASSWORD })
}

/// A time as JWT or PASETO writes it, or as the contract does; in whole seconds.
pub(super) fn seconds(time: &Value) -> Option<i64> {
    match time {
        Value::String(text) => Some(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp()),
        _ => time.as_i64(),
    }
}
