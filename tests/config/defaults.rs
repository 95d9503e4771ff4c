//! The defaults are promises: documented in the manual, relied on by sites that say nothing.

use std::time::Duration;

use guardhouse::config::{
    Argon2Cost, Audit, AuditAddress, AuditDurability, Backend, Config, HashAlgorithm, LimitStoreKind, Log,
    LogFormat, OnAuditFailure, OnBackendFailure, OnErasure, OnStale, Origin, Passwords, Registration,
    RegistrationMode, Revocation, SessionStoreKind, SessionTransport, Sessions, TokenAlgorithm, TokenFormat,
};
use guardhouse::domain::limit::{Delays, Window};
use secrecy::ExposeSecret;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn the_server_listens_on_loopback_only() {
    let config = Config::defaults();
    let server = config.server;
    assert_eq!(config.data_dir.to_str(), Some("guardhouse-data"));
    assert_eq!(server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(server.ops_bind.to_string(), "127.0.0.1:9090");
    assert_eq!(server.base_path, "");
    assert!(server.trusted_proxies.is_empty());
    assert!(server.docs);
    assert_eq!(server.workers, std::thread::available_parallelism().unwrap());
    assert_eq!(server.body_limit, 16 * 1024);
    assert_eq!(server.max_connections, 10_000);
    assert_eq!(server.client_timeout, 5 * SECOND);
    assert_eq!(server.keep_alive, 75 * SECOND);
    assert_eq!(server.drain_delay, Duration::ZERO);
    assert_eq!(server.shutdown_timeout, 30 * SECOND);
    assert!(!server.server_timing);
    assert!(server.ops_token.is_none() && server.tls.is_none());
}

#[test]
fn the_database_is_sqlite_in_the_data_directory() {
    let config = Config::defaults();
    assert_eq!(config.database.url.expose_secret(), "sqlite://guardhouse-data/guardhouse.db?mode=rwc");
    assert_eq!(config.database.backend, Backend::Sqlite);
    assert_eq!(config.database.pool, 8);
    assert_eq!(config.database.acquire_timeout, 3 * SECOND);
    assert!(config.database.migrate);
    assert!(config.redis.is_none());
}

#[test]
fn sessions_are_in_the_database_and_rotate() {
    let expected = Sessions {
        transport: SessionTransport::Bearer,
        store: SessionStoreKind::Database,
        refresh_tokens: true,
        refresh_lifetime: 30 * DAY,
        refresh_grace: 10 * SECOND,
        idle_timeout: 14 * DAY,
        max_per_user: 100,
        sweep_interval: MINUTE,
        revocation: Revocation {
            poll_interval: SECOND / 5,
            max_staleness: 10 * SECOND,
            on_stale: OnStale::CheckStore,
        },
        danger_allow_evicting_redis: false,
    };
    assert_eq!(Config::defaults().sessions, expected);
}

#[test]
fn tokens_are_short_lived_jwts_that_anyone_can_verify() {
    let tokens = Config::defaults().tokens;
    assert_eq!(tokens.format, TokenFormat::Jwt);
    assert_eq!(tokens.algorithm, TokenAlgorithm::EdDsa);
    assert_eq!(tokens.issuer, "http://localhost:8080");
    assert_eq!(tokens.audience, "guardhouse");
    assert_eq!(tokens.access_lifetime, 15 * MINUTE);
    assert_eq!(tokens.leeway, 5 * SECOND);
    assert!(tokens.hs256_secret.is_none());
}

#[test]
fn hashing_is_argon2id_at_the_owasp_floor_within_its_memory() {
    let hashing = Config::defaults().hashing;
    assert_eq!(hashing.algorithm, HashAlgorithm::Argon2id);
    assert_eq!(hashing.argon2, Argon2Cost { memory_kib: 19 * 1024, iterations: 2, lanes: 1 });
    assert_eq!(hashing.bcrypt_cost, 12);
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(hashing.threads.get(), cores.min(256 / 19));
    assert_eq!(hashing.queue, 128);
    assert_eq!(hashing.deadline, 2 * SECOND);
    assert_eq!(hashing.memory_budget, 256 << 20);
    assert_eq!(hashing.niceness, 10);
    assert_eq!(hashing.failure_time, Duration::ZERO);
    assert!(!hashing.danger_allow_weak);
}

#[test]
fn anyone_may_register_with_a_password_of_eight_characters() {
    let config = Config::defaults();
    let passwords = Passwords {
        min_length: 8,
        max_length: 1024,
        require_upper: false,
        require_lower: false,
        require_digit: false,
        min_strength: 0,
        refuse_similar: true,
        refuse_common: true,
        breach_filter: None,
    };
    assert_eq!(config.passwords, passwords);
    assert_eq!(
        config.registration,
        Registration { mode: RegistrationMode::Open, sign_in: true, reveal_taken: true }
    );
}

#[test]
fn limits_are_on() {
    let limits = Config::defaults().limits;
    let window = |max, per| Window { max, per };
    assert!(limits.enabled);
    assert_eq!(limits.store, LimitStoreKind::Memory);
    assert_eq!(limits.on_backend_failure, OnBackendFailure::Local);
    assert!(!limits.danger_allow_evicting_redis);
    assert_eq!(limits.login.address, [window(20, 15 * MINUTE), window(200, DAY)]);
    assert_eq!(limits.login.account, [window(10, 15 * MINUTE), window(50, DAY)]);
    assert_eq!(limits.register.address, [window(10, 60 * MINUTE)]);
    assert_eq!(limits.login.network, [window(300, 15 * MINUTE)]);
    assert_eq!(limits.login.anywhere, [window(100, 60 * MINUTE)]);
    let second = Duration::from_secs(1);
    assert_eq!(limits.login.delays, Some(Delays { first: second, longest: 60 * second }));
    assert_eq!(limits.login.longest_hold, 3 * second);
    let none: [Window; 0] = [];
    for list in [
        limits.register.network,
        limits.refresh.address,
        limits.refresh.user,
        limits.proof.user,
        limits.oauth2.address,
        limits.oauth2.client,
    ] {
        assert_eq!(list, none);
    }
    assert_eq!(limits.memory, 512 << 20);
}

#[test]
fn nothing_happens_unrecorded() {
    let config = Config::defaults();
    let audit = Audit {
        on_failure: OnAuditFailure::Refuse,
        durability: AuditDurability::Sync,
        batch: 256,
        interval: Duration::from_millis(20),
        spool: 64 << 20,
        address: AuditAddress::Full,
        on_erasure: OnErasure::Keep,
        retention: Duration::ZERO,
        checkpoint: MINUTE,
    };
    assert_eq!(config.audit, audit);
    let otlp = &config.log.otlp;
    assert_eq!((&otlp.endpoint, otlp.sample.to_string().as_str()), (&None, "1.0"));
    assert_eq!(otlp.service_name, "guardhouse");
    let log = Log { filter: "info".to_owned(), format: LogFormat::Pretty, otlp: otlp.clone() };
    assert_eq!(config.log, log);
}

#[test]
fn every_default_says_that_it_is_one() {
    for effective in Config::defaults().explain() {
        assert_eq!(effective.origin, Origin::Default, "{}", effective.key);
    }
}
