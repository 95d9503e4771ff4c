//! The files that come with the house load, and say what they promise.

use std::path::{Path, PathBuf};
use std::time::Duration;

use guardhouse::config::{
    Config, HashAlgorithm, LimitStoreKind, SessionStoreKind, Sources, TokenAlgorithm, TokenFormat,
};

use super::support::Site;

const SECRET: &str = "qT4Zr8mK1vXc7Bn2Lw9Hd5Gs3Jf6Py0A";

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

fn site(name: &str) -> Site {
    Site { sources: Sources { files: vec![shipped(name)], ..Sources::default() }, ..Site::new() }
}

fn windows(windows: &[guardhouse::domain::limit::Window]) -> Vec<String> {
    windows.iter().map(ToString::to_string).collect()
}

#[test]
fn the_manual_given_as_a_file_changes_nothing() {
    let values = |config: &Config| {
        config.explain().iter().map(|it| (it.key.clone(), it.value.clone())).collect::<Vec<_>>()
    };
    assert_eq!(values(&site("guardhouse.toml").config()), values(&Config::defaults()));
}

#[test]
fn every_key_in_the_manual_is_read_and_explained_by_a_comment() {
    let text = std::fs::read_to_string(shipped("guardhouse.toml")).expect("the manual is there");
    let is_key = |line: &&str| !line.starts_with(['#', '[']) && line.contains(" = ");
    assert_eq!(text.lines().filter(is_key).count(), Config::defaults().explain().len());
    for paragraph in text.split("\n\n").filter(|paragraph| paragraph.lines().any(|line| is_key(&line))) {
        let commented = paragraph.trim_start().starts_with('#');
        assert!(commented || paragraph.contains("require_"), "no word about:\n{paragraph}");
    }
}

#[test]
fn the_development_file_loads() {
    let config = site("development.toml").config();
    assert!(config.hashing.danger_allow_weak);
    assert!(!config.limits.enabled);
    assert!(config.server.bind.ip().is_loopback());
}

#[test]
fn the_production_example_loads_and_admits_no_danger() {
    let config = site("production.example.toml").env("DATABASE_URL", "postgres://u:p@db/guardhouse").config();
    assert!(!config.hashing.danger_allow_weak && !config.sessions.danger_allow_evicting_redis);
    assert!(config.limits.enabled);
    assert!(config.server.ops_bind.ip().is_loopback());
    assert_eq!(config.hashing.argon2.memory_kib, 46 * 1024);
}

#[test]
fn the_secret_in_the_production_example_is_refused() {
    let text = std::fs::read_to_string(shipped("production.example.toml")).expect("the example is there");
    let sample = text.lines().find_map(|line| line.strip_prefix("# hs256_secret = \"")?.strip_suffix('"'));
    let sample = sample.expect("the example shows a secret");
    assert!(sample.len() >= 32, "too short to show that it is known");
    let fault = Site::new().flag("tokens.hs256_secret", sample).fault();
    assert!(fault.reason.contains("stand in examples"), "{fault}");
}

#[test]
fn the_stateless_profile_needs_nothing_and_takes_the_key_of_the_system_before() {
    assert!(site("profiles/stateless.toml").config().tokens.hs256_secret.is_none());
    let config = site("profiles/stateless.toml").env("GUARDHOUSE__TOKENS__HS256_SECRET", SECRET).config();
    assert_eq!((config.tokens.format, config.tokens.algorithm), (TokenFormat::Jwt, TokenAlgorithm::Hs256));
    assert_eq!(config.tokens.access_lifetime, Duration::from_secs(24 * 3600));
    assert!(!config.sessions.refresh_tokens);
    assert_eq!((config.hashing.algorithm, config.hashing.bcrypt_cost), (HashAlgorithm::Bcrypt, 12));
    assert_eq!(windows(&config.limits.login.address), ["5/1m"]);
    assert_eq!(windows(&config.limits.register.address), ["5/1m"]);
    demands_three_kinds(&config);
}

#[test]
fn the_hybrid_profile_needs_redis_and_nothing_else() {
    assert_eq!(site("profiles/hybrid-redis.toml").fault().key, "sessions.store");
    let config = site("profiles/hybrid-redis.toml").env("REDIS_URL", "redis://h").config();
    assert_eq!(config.limits.store, LimitStoreKind::Redis);
    assert_eq!(config.sessions.store, SessionStoreKind::Redis);
    assert!(config.sessions.refresh_tokens);
    assert_eq!(config.sessions.refresh_lifetime, Duration::from_secs(30 * 24 * 3600));
    assert_eq!(config.sessions.idle_timeout, config.sessions.refresh_lifetime, "also where it is not used");
    assert_eq!(config.tokens.access_lifetime, Duration::from_secs(15 * 60));
    assert_eq!((config.hashing.algorithm, config.hashing.bcrypt_cost), (HashAlgorithm::Bcrypt, 12));
    assert_eq!(windows(&config.limits.login.address), ["5/15m"]);
    assert_eq!(windows(&config.limits.register.address), ["3/1h"]);
    demands_three_kinds(&config);
}

fn demands_three_kinds(config: &Config) {
    let passwords = &config.passwords;
    assert_eq!((passwords.min_length, passwords.max_length), (8, 72));
    assert!(passwords.require_upper && passwords.require_lower && passwords.require_digit);
}
