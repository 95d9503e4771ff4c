//! What `config explain` will print: every value, none of the secrets.

use guardhouse::config::Config;

use super::support::{Site, effective};

const TOKEN: &str = "ops-token-qT4Zr8mK1vXc7Bn2Lw9Hd5";

fn secretive() -> Site {
    Site::new()
        .flag("server.ops_token", TOKEN)
        .flag("tokens.hs256_secret", "qT4Zr8mK1vXc7Bn2Lw9Hd5Gs3Jf6Py0A")
        .flag("database.url", "postgres://alice:qT4Zr8mK@db.example:5433/house?password=qT4Zr8mK")
        .flag("redis.url", "rediss://:qT4Zr8mK@redis.example:6380/2")
}

#[test]
fn secrets_are_not_explained_and_addresses_only_so_far() {
    let config = secretive().config();
    let value = |key| effective(&config, key).0;
    assert_eq!(value("server.ops_token"), "(redacted)");
    assert_eq!(value("tokens.hs256_secret"), "(redacted)");
    assert_eq!(value("database.url"), "\"postgres://db.example:5433/house\"");
    assert_eq!(value("redis.url"), "\"rediss://redis.example:6380/2\"");
}

#[test]
fn no_secret_gets_into_what_is_printed_for_debugging() {
    let config = secretive().config();
    for shown in [format!("{config:?}"), format!("{:?}", config.explain())] {
        assert!(!shown.contains("qT4Zr8mK"), "{shown}");
        assert!(!shown.contains("alice"), "{shown}");
    }
}

#[test]
fn unset_secrets_say_so() {
    let config = Config::defaults();
    for key in ["server.ops_token", "tokens.hs256_secret", "redis.url", "redis.url_file"] {
        assert_eq!(effective(&config, key).0, "(not set)", "{key}");
    }
    assert_eq!(effective(&config, "database.url").0, "\"sqlite://guardhouse-data/guardhouse.db?mode=rwc\"");
}

#[test]
fn what_is_explained_can_be_loaded_again_and_explains_itself_alike() {
    let config = Site::new()
        .flag("tokens.issuer", r#"https://a"b\c"#)
        .flag("limits.login.address", "5/90s,50/1d")
        .flag("server.trusted_proxies", "10.0.0.0/8,::1")
        .flag("server.body_limit", "1536B")
        .flag("hashing.deadline", "1500ms")
        .flag("database.url", "sqlite::memory:")
        .config();
    let set = config.explain().iter().filter(|effective| !effective.value.starts_with('('));
    let text: String = set.map(|effective| format!("{} = {}\n", effective.key, effective.value)).collect();
    let again = super::support::toml(&text).config();
    let values = |config: &Config| {
        config.explain().iter().map(|it| (it.key.clone(), it.value.clone())).collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&config));
    assert_eq!(again.tokens.issuer, r#"https://a"b\c"#);
}

#[test]
fn each_key_is_explained_once() {
    let config = Config::defaults();
    let mut keys: Vec<_> = config.explain().iter().map(|effective| &effective.key).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all);
}
