//! What a running server takes over from a new configuration, and what waits for the next start.
//!
//! A key may be taken over when nothing that was built at the start depends on it, and when no check ties it to a key that
//! has to wait: the mixture of old and new settings must be one that a start would accept too.

use super::reader::Effective;
use super::{Config, Limits, Server, Sessions};

/// The keys, or sections, that a running server takes over. `tests/config/reload.rs` changes every key of the manual and
/// holds this list to what happens.
const TAKEN_OVER: [&str; 19] = [
    "server.ops_token",
    "server.ops_token_file",
    "sessions.refresh_grace",
    "sessions.max_per_user",
    "sessions.revocation.on_stale",
    "keys.announcement",
    "keys.lifetime",
    "keys.poll_interval",
    "passwords",
    "registration",
    "limits.login",
    "limits.register",
    "limits.refresh",
    "limits.proof",
    "limits.oauth2",
    "limits.memory",
    "limits.on_backend_failure",
    "clients",
    "log.filter",
];

/// Whether a running server takes `key` over on SIGHUP.
pub fn can_be_reloaded(key: &str) -> bool {
    let is_within =
        |root: &&str| key.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    TAKEN_OVER.iter().any(is_within)
}

/// A key that a new configuration sets to something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub key: String,
    /// What held until now, as [`Effective::value`].
    pub from: String,
    /// What was written instead. Of a secret neither says anything.
    pub to: String,
    /// Whether it holds from now on, rather than from the next start.
    pub taken: bool,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, from, to, .. } = self;
        // Two secrets look alike.
        if from == to { write!(f, "{key}: another secret") } else { write!(f, "{key}: {from} → {to}") }
    }
}

impl Config {
    /// What holds after a server that runs with this configuration was given `new`, and what is different in there.
    pub fn taking_over(&self, new: &Self) -> (Self, Vec<Change>) {
        // Without it the listener would not have been opened to other machines.
        let token_stays =
            new.server.ops_token.is_none() && !self.server.ops_bind.ip().to_canonical().is_loopback();
        let is_taken =
            |key: &str| can_be_reloaded(key) && !(token_stays && key.starts_with("server.ops_token"));
        let changes = self.changes(new, is_taken);

        let ops_token = if token_stays { &self.server.ops_token } else { &new.server.ops_token };
        let mut sessions = Sessions {
            refresh_grace: new.sessions.refresh_grace,
            max_per_user: new.sessions.max_per_user,
            ..self.sessions.clone()
        };
        sessions.revocation.on_stale = new.sessions.revocation.on_stale;
        let mut keys = new.keys.clone();
        keys.master_key.clone_from(&self.keys.master_key);
        let mut log = self.log.clone();
        log.filter.clone_from(&new.log.filter);
        let mut marks = self.marks.clone();
        if !token_stays {
            marks.take_over(&new.marks, "server.ops_token");
        }
        let after = Self {
            server: Server { ops_token: ops_token.clone(), ..self.server.clone() },
            sessions,
            keys,
            passwords: new.passwords.clone(),
            registration: new.registration.clone(),
            limits: Limits {
                enabled: self.limits.enabled,
                store: self.limits.store,
                danger_allow_evicting_redis: self.limits.danger_allow_evicting_redis,
                ..new.limits.clone()
            },
            clients: new.clients.clone(),
            log,
            effective: self.effective_with(new, is_taken),
            marks,
            ..self.clone()
        };
        (after, changes)
    }

    fn changes(&self, new: &Self, is_taken: impl Fn(&str) -> bool) -> Vec<Change> {
        const ABSENT: &str = "(not there)";
        let value = |config: &Self, key: &str| {
            let found = config.effective.iter().find(|effective| effective.key == key);
            found.map_or_else(|| ABSENT.to_owned(), |effective| effective.value.clone())
        };
        let gone = self.effective.iter().filter(|old| !new.effective.iter().any(|it| it.key == old.key));
        let keys = new.effective.iter().chain(gone).map(|effective| effective.key.clone());
        let changes = keys.filter_map(|key| {
            let (from, to) = (value(self, &key), value(new, &key));
            let is_same = from == to && self.marks.agree(&new.marks, &key);
            (!is_same).then(|| Change { taken: is_taken(&key), key, from, to })
        });
        changes.collect()
    }

    fn effective_with(&self, new: &Self, is_taken: impl Fn(&str) -> bool) -> Vec<Effective> {
        let of = |new: &Effective| {
            let old = || self.effective.iter().find(|old| old.key == new.key).cloned();
            if is_taken(&new.key) { Some(new.clone()) } else { old() }
        };
        new.effective.iter().filter_map(of).collect()
    }
}
