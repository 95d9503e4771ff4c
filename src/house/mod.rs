//! The composition root: configuration → stores → keys → actors → flows → HTTP. Reads from top to bottom.

mod audit;
mod keys;
mod line;
mod listeners;
mod public;
mod reload;
mod stores;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::ArbiterHandle;
use arc_swap::{ArcSwap, ArcSwapOption};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::Handle as Runtime;
use tokio::sync::watch;

pub use audit::audit_keys;
pub use listeners::{Listeners, Sockets, listen};
pub use reload::{ReloadFault, Reloader, reload};
pub use tls::{Certificates, TlsFault};

use crate::actors::audit::Parts as AuditParts;
use crate::actors::keeper::Lifeline;
use crate::actors::{Audit, Hashers, Limits, Sessions, sessions};
use crate::breach::{FilterFault, Lists};
use crate::config::{Config, HashAlgorithm, RegistrationMode, SessionStoreKind, SessionTransport};
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::id::{InstanceId, uuid_v7};
use crate::domain::password::Policy;
use crate::domain::session::Lifetimes;
use crate::flows::keys::look;
use crate::flows::{Desk, Rules};
use crate::http::openapi::Docs;
use crate::http::{CallerSites, Detached, Dominance, Front, Impatience};
use crate::keyring::KeyRingFault;
use crate::store::redis::Redis;
use crate::store::{Db, StoreError, installation};
use crate::telemetry::spans::{SpansFault, Tracer};
use crate::tokens::revocations::Revocations;

/// bcrypt reads no further than this; a longer password must be refused rather than cut.
const BCRYPT_READS: usize = 72;

/// What a house is built on. Tests bring a clock that stands still and entropy that repeats.
#[derive(Clone)]
pub struct Foundations {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub entropy: Arc<dyn Entropy>,
    /// Renders the process's metrics.
    pub prometheus: PrometheusHandle,
}

/// Why the house does not stand.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("the data directory {path} cannot be used: {reason}")]
    DataDir {
        /// Which.
        path: String,
        /// Why not.
        reason: std::io::Error,
    },
    /// The database is away or refuses.
    #[error(
        "the database {place} cannot be used: {reason}; check database.url and that the database is there"
    )]
    Database {
        /// Its address, without what is secret in it.
        place: String,
        /// Why not.
        reason: StoreError,
    },
    /// The schema is not there, and making it is not this server's task.
    #[error(
        "{0}; database.migrate is false: run `guardhouse migrate up` with a database user that may change the schema"
    )]
    Schema(KeyRingFault),
    /// Half of the accounts would be missing.
    #[error(
        "the database is the target of a copy or a restore that has not come to its end; run that again, or empty the database"
    )]
    UnfinishedCopy,
    /// Redis is away or refuses.
    #[error("Redis cannot be used: {0}; check redis.url and that the server runs")]
    Redis(StoreError),
    /// What was revoked cannot be read.
    #[error("the feed of revocations cannot be read: {0}; without it this node would accept what was ended")]
    Feed(StoreError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyRingFault),
    /// The filter of stolen passwords cannot be used.
    #[error("{0} (passwords.breach_filter)")]
    Breached(#[from] FilterFault),
    /// The certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// A delivery cannot be begun.
    #[error("the delivery `{name}` cannot be begun: {reason}")]
    Delivery {
        /// Which.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Traces cannot be exported.
    #[error("traces cannot be exported: {0} (log.otlp.endpoint)")]
    Spans(#[from] SpansFault),
    /// An address is not free.
    #[error("cannot listen on {address} ({key}): {reason}")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// The setting it comes from.
        key: &'static str,
        /// Why not.
        reason: std::io::Error,
    },
    /// The operating system refuses threads.
    #[error("the operating system refuses a runtime: {0}")]
    Runtime(std::io::Error),
}

/// Connects the database and brings its schema up to date, where that is configured.
///
/// # Errors
///
/// [`StartError::DataDir`], [`StartError::Database`]
pub async fn database(config: &Config) -> Result<Db, StartError> {
    data_dir(config)?;
    Db::connect(&config.database).await.map_err(|reason| unusable(config, reason))
}

/// As [`database`], for a command that reads or writes all of it while nobody waits.
///
/// # Errors
///
/// As [`database`].
pub async fn whole_database(config: &Config) -> Result<Db, StartError> {
    data_dir(config)?;
    Db::connect_unhurried(&config.database).await.map_err(|reason| unusable(config, reason))
}

/// What a house is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers requests, and looks after sessions and keys by itself.
    Server,
    /// Does what one command says, in a configuration that need not be the server's: it decides nothing by itself.
    Tool,
}

/// Builds everything but the listeners. Must run on the shared `runtime`, which owns the connections from then on;
/// the actors live on `arbiter`.
///
/// # Errors
///
/// [`StartError`]; nothing is listening then.
pub async fn build(
    foundations: &Foundations,
    runtime: Runtime,
    arbiter: &ArbiterHandle,
    lifeline: &Lifeline,
    role: Role,
) -> Result<Front, StartError> {
    let Foundations { config, clock, entropy, .. } = foundations;
    let rules = rules(config)?;
    let db = database(config).await?;
    if config.database.migrate {
        migrate(&db).await.map_err(|reason| unusable(config, reason))?;
    }
    stores::look_at_marks(&db).await?;
    let (keys, audit_keys) = keys::open(foundations, &db).await.map_err(|fault| match fault {
        KeyRingFault::Store(StoreError::Other(_)) if !config.database.migrate => StartError::Schema(fault),
        other => other.into(),
    })?;

    let live_keys = audit::LiveKeys::new(&audit_keys);
    let redis = stores::redis(config).await?;
    let (store, contents) = stores::sessions(foundations, &db, redis.as_ref()).await?;
    let forgets = config.sessions.store == SessionStoreKind::Memory;
    let view = Arc::new(Revocations::new().with_id(uuid_v7(clock.now(), &**entropy)));
    if role == Role::Server {
        let since = installation::sessions_since(&db, contents, forgets, clock.now()).await;
        view.refuse_sessions_opened_before(since.map_err(|reason| unusable(config, reason))?);
    }

    let hashers = Hashers::start(&config.hashing, entropy.clone());
    let watched_redis = redis.clone();
    let shared = redis.map(|redis| stores::counters(config, redis, &runtime));
    let limits = Limits::start(&config.limits, shared.flatten(), arbiter, lifeline.clone());
    let parts = sessions::Parts {
        store,
        db: db.clone(),
        view: view.clone(),
        clock: clock.clone(),
        runtime: runtime.clone(),
    };
    let sessions = Sessions::start(&config.sessions, parts, arbiter, lifeline.clone());
    let sessions = sessions.await.map_err(StartError::Feed)?;
    let instance = InstanceId::generate(clock.now(), &**entropy);
    let parts = AuditParts {
        spools: audit::spools(config, instance, role)?,
        sink: Arc::new(db.clone()),
        runtime: runtime.clone(),
        entropy: entropy.clone(),
        instance,
        clock: clock.clone(),
        signer: Some(live_keys.signing.clone()),
        addresses: audit::addresses(config, &audit_keys),
        adopts: role == Role::Server,
    };
    let audit = Audit::start(&config.audit, parts, arbiter, lifeline.clone());

    let desk = Desk {
        db,
        hashers,
        limits,
        sessions,
        audit,
        access_tokens: keys.access_tokens(),
        refresh_tokens: keys.refresh_tokens(),
        keys,
        revocations: view,
        entropy: entropy.clone(),
        rules: Arc::new(ArcSwap::from_pointee(rules)),
    };
    let (deliveries, _) = watch::channel(false);
    if role == Role::Server {
        reload::loaded(&desk.audit, config, "start", clock.now());
        look(&desk.keys, &desk.audit, clock.now()).await?;
        start_upkeep(foundations, &runtime, &desk, watched_redis);
        let (db, log) = (desk.db.clone(), desk.audit.clone());
        audit::prune_now_and_then(foundations, &runtime, db, log, live_keys.clone());
        live_keys.watch(desk.keys.clone(), &runtime);
        audit::deliver(foundations, &runtime, &desk.db, &deliveries)?;
        keys::watch(desk.keys.clone(), desk.audit.clone(), clock.clone(), &runtime);
    }
    let tracer = match role {
        Role::Server => Tracer::start(&config.log.otlp, instance, entropy.clone())?,
        Role::Tool => None,
    };
    Ok(Front {
        desk,
        detached: Detached::new(runtime),
        clock: clock.clone(),
        tls: config.server.tls.is_some(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        body_limit: config.server.body_limit,
        body_timeout: config.server.client_timeout.saturating_mul(2),
        ops_token: ArcSwapOption::new(config.server.ops_token.clone().map(Arc::new)),
        config: ArcSwap::new(config.clone()),
        sites: CallerSites {
            hosts: config.server.allowed_hosts.clone(),
            origins: config.server.cors_origins.clone(),
            cookies: config.sessions.transport == SessionTransport::Cookie,
        },
        dominance: Dominance::default(),
        impatience: Impatience::default(),
        audit_keys: live_keys.public,
        tracer,
        server_timing: config.server.server_timing,
        docs: config.server.docs.then(|| Docs::new(&config.server.base_path)),
        deliveries,
        draining: AtomicBool::new(false),
    })
}

/// Several nodes may start on one new database. Whoever comes second fails over the first one's tables, and finds a
/// moment later that there is nothing left to do.
async fn migrate(db: &Db) -> Result<(), StoreError> {
    const TRIES: u32 = 5;
    let mut tried = 0;
    loop {
        match db.migrate_up().await {
            Err(error) if tried < TRIES => {
                tracing::warn!(%error, "the schema could not be brought up to date; trying again");
                tried += 1;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            done => return done,
        }
    }
}

fn unusable(config: &Config, reason: StoreError) -> StartError {
    StartError::Database { place: config.database.place(), reason }
}

fn data_dir(config: &Config) -> Result<(), StartError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let path = &config.data_dir;
    let refused = |reason| StartError::DataDir { path: path.display().to_string(), reason };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(refused)?;
    let mode = std::fs::metadata(path).map_err(refused)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!(%path, "others may look into the data directory, which holds password hashes and keys: chmod 700 it");
    }
    Ok(())
}

fn rules(config: &Config) -> Result<Rules, FilterFault> {
    let passwords = &config.passwords;
    let cut = match config.hashing.algorithm {
        HashAlgorithm::Bcrypt => BCRYPT_READS,
        HashAlgorithm::Argon2id => usize::MAX,
    };
    Ok(Rules {
        passwords: Policy {
            min_length: passwords.min_length,
            max_length: passwords.max_length.min(cut),
            require_upper: passwords.require_upper,
            require_lower: passwords.require_lower,
            require_digit: passwords.require_digit,
            min_strength: passwords.min_strength,
            refuse_similar: passwords.refuse_similar,
        },
        lists: Lists::open(passwords.refuse_common, passwords.breach_filter.as_deref())?,
        registration_open: config.registration.mode == RegistrationMode::Open,
        sign_in_after_registration: config.registration.sign_in,
        reveal_taken: config.registration.reveal_taken,
        limits: (&config.limits).into(),
        clients: Arc::new(config.clients.clone()),
        access_lifetime: config.tokens.access_lifetime,
        refresh_tokens: config.sessions.refresh_tokens,
        lifetimes: if config.sessions.refresh_tokens {
            Lifetimes { absolute: config.sessions.refresh_lifetime, idle: config.sessions.idle_timeout }
        } else {
            // Nothing prolongs such a session: it lives as long as its only access token.
            Lifetimes { absolute: config.tokens.access_lifetime, idle: config.tokens.access_lifetime }
        },
        refresh_grace: config.sessions.refresh_grace,
        most_sessions: config.sessions.max_per_user,
        max_staleness: config.sessions.revocation.max_staleness,
        on_stale: config.sessions.revocation.on_stale,
    })
}

/// What must happen now and then and belongs to no actor's own timers.
fn start_upkeep(foundations: &Foundations, runtime: &Runtime, desk: &Desk, redis: Option<Redis>) {
    let (limits, db) = (desk.limits.clone(), desk.db.clone());
    let (prometheus, clock) = (foundations.prometheus.clone(), foundations.clock.clone());
    runtime.spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(5));
        loop {
            tick.tick().await;
            prometheus.run_upkeep();
            db.tell_connections();
            if let Some(redis) = &redis {
                redis.tell_times();
            }
            let _ = limits.sweep(clock.now()).await;
        }
    });
}
