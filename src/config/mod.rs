//! The configuration: layers of text in, checked values out, every fault at once.
//!
//! The manual `config/guardhouse.toml` is at once the lowest layer: it holds every key with its default. Above it lie
//! the files of `--config`, then `DATABASE_URL` and `REDIS_URL`, then `GUARDHOUSE__SECTION__KEY`, then `--set`.
//!
//! One file a section. To add a key: write it into the manual, give the section's struct a field, and take it there
//! with the reader; whether the key is known, where it came from and how it is explained follow from that.
//!
//! Nothing here opens a connection, logs, or knows what a setting is used for; nothing else in the house reads the
//! environment or a file for a setting.

mod address;
mod audit;
mod clients;
mod contradictions;
mod database;
mod deliveries;
mod explain;
mod fault;
mod hashing;
mod keys;
mod leaf;
mod leaves;
mod limits;
mod lines;
mod log;
mod manual;
mod markdown;
mod marks;
mod named;
mod otlp;
mod passwords;
mod reader;
mod redis;
mod registration;
mod reload;
mod schema;
pub(crate) mod secrets;
mod server;
mod sessions;
mod sources;
mod tokens;
pub mod units;
mod unknown;
mod words;

use std::path::PathBuf;

pub use audit::{Audit, AuditAddress, AuditDurability, OnAuditFailure, OnErasure};
pub use clients::{Client, ClientRight, Clients, SecretHashes};
pub use database::{Backend, Database};
pub use deliveries::{Deliveries, Delivery, Target};
pub use explain::Explanation;
pub use fault::{Fault, Faults, Origin};
pub use hashing::{Argon2Cost, BCRYPT_FLOOR, HashAlgorithm, Hashing, OWASP_FLOOR, reaches_owasp_floor};
pub use keys::Keys;
pub use limits::{
    LimitStoreKind, Limits, LoginLimits, OauthLimits, OnBackendFailure, ProofLimits, RefreshLimits,
    RegisterLimits,
};
pub use log::{Log, LogFormat};
pub use markdown::manual as manual_in_markdown;
pub use otlp::{Otlp, Share};
pub use passwords::Passwords;
pub use reader::{Effective, Overridden};
pub use redis::Redis;
pub use registration::{Registration, RegistrationMode};
pub use reload::{Change, can_be_reloaded};
pub use schema::schema;
pub use server::{Server, Tls};
pub use sessions::{OnStale, Revocation, SessionStoreKind, SessionTransport, Sessions};
pub use sources::{MANUAL, Sources};
pub use tokens::{TokenAlgorithm, TokenFormat, Tokens};

use crate::domain::secret::Sha256Digest;
use marks::Marks;
use reader::Reader;

/// Everything the house needs to know before it starts; every value checked, alone and against the others.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the server keeps its own files (SQLite, the audit spool, `server.addr`); relative to the working directory
    /// unless absolute. Not created here.
    pub data_dir: PathBuf,
    /// Listeners, proxies, timeouts.
    pub server: Server,
    /// The SQL database.
    pub database: Database,
    /// Redis, where an address was given.
    pub redis: Option<Redis>,
    /// Sessions, refresh tokens, revocation.
    pub sessions: Sessions,
    /// Access tokens.
    pub tokens: Tokens,
    /// The keyring.
    pub keys: Keys,
    /// Password hashing: algorithm, cost, threads.
    pub hashing: Hashing,
    /// What a new password must look like.
    pub passwords: Passwords,
    /// Who may register.
    pub registration: Registration,
    /// How often somebody may try.
    pub limits: Limits,
    /// Services that may ask about tokens.
    pub clients: Clients,
    /// How the audit log is written.
    pub audit: Audit,
    /// Where the audit log's records are sent.
    pub deliveries: Deliveries,
    /// What is logged, and how.
    pub log: Log,
    effective: Vec<Effective>,
    marks: Marks,
}

impl Config {
    /// Reads all sources and checks everything.
    ///
    /// # Errors
    ///
    /// Every fault there is: files that cannot be read, unknown keys, wrong types, values out of range, settings that
    /// contradict each other.
    pub fn load(sources: &Sources) -> Result<Self, Faults> {
        let mut reader = Reader::new(sources);
        let config = Self::read(&mut reader);
        let (effective, marks) = reader.finish()?;
        Ok(Self { effective, marks, ..config })
    }

    fn read(reader: &mut Reader) -> Self {
        let data_dir: PathBuf = reader.take("data_dir");
        let config = Self {
            server: Server::read(reader),
            database: Database::read(reader, &data_dir),
            redis: Redis::read(reader),
            sessions: Sessions::read(reader),
            tokens: Tokens::read(reader),
            keys: Keys::read(reader),
            hashing: Hashing::read(reader),
            passwords: Passwords::read(reader),
            registration: Registration::read(reader),
            limits: Limits::read(reader),
            clients: clients::read(reader),
            audit: Audit::read(reader),
            deliveries: deliveries::read(reader),
            log: Log::read(reader),
            data_dir,
            effective: Vec::new(),
            marks: Marks::default(),
        };
        contradictions::check(reader, &config);
        config
    }

    /// The configuration of the manual alone: no file, no environment, no flag.
    ///
    /// # Panics
    ///
    /// When the embedded manual contradicts the checks; the tests load it.
    pub fn defaults() -> Self {
        Self::load(&Sources::default())
            .expect("the embedded manual is a valid configuration; a test loads it")
    }

    /// What holds for every key and where it was set, section by section; secrets redacted.
    ///
    /// Tells what was loaded: fields that were changed afterwards do not show.
    pub fn explain(&self) -> &[Effective] {
        &self.effective
    }

    /// A SHA-256 over every key with its value, as [`Self::explain`] tells them: the same for two servers that run with
    /// the same settings, wherever they got them. Of a secret it covers only whether there is one.
    pub fn digest(&self) -> Sha256Digest {
        let mut lines: Vec<_> = self
            .effective
            .iter()
            .map(|effective| format!("{} = {}\n", effective.key, effective.value))
            .collect();
        lines.sort_unstable();
        Sha256Digest::of(&lines.concat())
    }
}
