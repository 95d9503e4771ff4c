//! Each key, set away from its default in a file, a variable and a flag: the checked value has to follow, and has to
//! know where it came from. A key of the manual that is missing here fails the last test.

use guardhouse::config::{Config, Origin};
use secrecy::{ExposeSecret, SecretString};

use super::support::Site;

pub(super) struct Case {
    pub(super) key: &'static str,
    /// As it stands in a file.
    pub(super) toml: &'static str,
    /// As it stands in a variable or after a flag.
    pub(super) text: &'static str,
    /// What the checked value is to read.
    pub(super) expected: &'static str,
    pub(super) value: fn(&Config) -> String,
    /// Other keys that this one needs beside it.
    pub(super) with: &'static [(&'static str, &'static str)],
}

fn open(secret: &Option<SecretString>) -> String {
    secret.as_ref().map(|secret| secret.expose_secret().to_owned()).unwrap_or_default()
}

macro_rules! cases {
    ($($key:literal = $toml:literal | $text:literal => $value:expr, $expected:literal $(, with $($other:literal = $set:literal),+)?;)+) => {
        &[$(Case {
            key: $key, toml: $toml, text: $text, expected: $expected,
            value: |c| { let value: fn(&Config) -> _ = $value; value(c).to_string() },
            with: &[$($(($other, $set)),+)?],
        }),+]
    };
}

#[rustfmt::skip]
pub(super) const CASES: &[Case] = cases![
    "data_dir" = r#""/srv/gh""# | "/srv/gh" => |c| c.data_dir.display().to_string(), "/srv/gh";
    "server.bind" = r#""0.0.0.0:81""# | "0.0.0.0:81" => |c| c.server.bind, "0.0.0.0:81";
    "server.ops_bind" = r#""[::1]:91""# | "[::1]:91" => |c| c.server.ops_bind, "[::1]:91";
    "server.base_path" = r#""/id/v1""# | "/id/v1" => |c| c.server.base_path.clone(), "/id/v1";
    "server.trusted_proxies" = r#"["10.0.0.0/8", "::1"]"# | "10.0.0.0/8, ::1" => |c| format!("{:?}", c.server.trusted_proxies), "[10.0.0.0/8, ::1/128]";
    "server.proxy_protocol" = "true" | "true" => |c| c.server.proxy_protocol, "true", with "server.trusted_proxies" = "10.0.0.0/8";
    "server.allowed_hosts" = r#"["Auth.example.org", "[::1]"]"# | "Auth.example.org, [::1]" => |c| c.server.allowed_hosts.join(" "), "auth.example.org [::1]";
    "server.cors_origins" = r#"["https://app.example.org", "http://localhost:3000"]"# | "https://app.example.org, http://localhost:3000" => |c| c.server.cors_origins.join(" "), "https://app.example.org http://localhost:3000";
    "server.docs" = "false" | "false" => |c| c.server.docs, "false";
    "server.workers" = "3" | "3" => |c| c.server.workers, "3";
    "server.body_limit" = r#""32KiB""# | "32KiB" => |c| c.server.body_limit, "32768";
    "server.max_connections" = "77" | "77" => |c| c.server.max_connections, "77";
    "server.client_timeout" = r#""7s""# | "7s" => |c| c.server.client_timeout.as_millis(), "7000";
    "server.keep_alive" = r#""0s""# | "0s" => |c| c.server.keep_alive.as_millis(), "0";
    "server.drain_delay" = r#""7s""# | "7s" => |c| c.server.drain_delay.as_secs(), "7";
    "server.shutdown_timeout" = r#""1m30s""# | "1m30s" => |c| c.server.shutdown_timeout.as_millis(), "90000";
    "server.server_timing" = "true" | "true" => |c| c.server.server_timing, "true";
    "server.tls.certificate" = r#""/srv/tls.crt""# | "/srv/tls.crt" => |c| c.server.tls.as_ref().map(|tls| tls.certificate.display().to_string()).unwrap_or_default(), "/srv/tls.crt", with "server.tls.key" = "/srv/tls.key";
    "server.tls.key" = r#""/srv/tls.key""# | "/srv/tls.key" => |c| c.server.tls.as_ref().map(|tls| tls.key.display().to_string()).unwrap_or_default(), "/srv/tls.key", with "server.tls.certificate" = "/srv/tls.crt";
    "server.ops_token" = r#""0123456789012345678901234567890a""# | "0123456789012345678901234567890a" => |c| open(&c.server.ops_token), "0123456789012345678901234567890a";
    "database.url" = r#""mysql://u:p@h/d""# | "mysql://u:p@h/d" => |c| format!("{:?} {}", c.database.backend, c.database.url.expose_secret()), "MySql mysql://u:p@h/d";
    "database.pool" = "20" | "20" => |c| c.database.pool, "20";
    "database.acquire_timeout" = r#""250ms""# | "250ms" => |c| c.database.acquire_timeout.as_millis(), "250";
    "database.migrate" = "false" | "false" => |c| c.database.migrate, "false";
    "redis.url" = r#""rediss://h:6380/1""# | "rediss://h:6380/1" => |c| c.redis.as_ref().map(|r| r.url.expose_secret().to_owned()).unwrap_or_default(), "rediss://h:6380/1";
    "redis.timeout" = r#""5s""# | "5s" => |c| c.redis.as_ref().map_or(0, |r| r.timeout.as_secs()), "5", with "redis.url" = "redis://h";
    "sessions.store" = r#""memory""# | "memory" => |c| c.sessions.store, "memory";
    "sessions.transport" = r#""cookie""# | "cookie" => |c| c.sessions.transport, "cookie";
    "sessions.refresh_tokens" = "false" | "false" => |c| c.sessions.refresh_tokens, "false";
    "sessions.refresh_lifetime" = r#""20d""# | "20d" => |c| c.sessions.refresh_lifetime.as_secs(), "1728000";
    "sessions.refresh_grace" = r#""0s""# | "0s" => |c| c.sessions.refresh_grace.as_secs(), "0";
    "sessions.idle_timeout" = r#""1h""# | "1h" => |c| c.sessions.idle_timeout.as_secs(), "3600";
    "sessions.max_per_user" = "5" | "5" => |c| c.sessions.max_per_user, "5";
    "sessions.sweep_interval" = r#""5m""# | "5m" => |c| c.sessions.sweep_interval.as_secs(), "300";
    "sessions.danger_allow_evicting_redis" = "true" | "true" => |c| c.sessions.danger_allow_evicting_redis, "true";
    "sessions.revocation.poll_interval" = r#""50ms""# | "50ms" => |c| c.sessions.revocation.poll_interval.as_millis(), "50";
    "sessions.revocation.max_staleness" = r#""1m""# | "1m" => |c| c.sessions.revocation.max_staleness.as_secs(), "60";
    "sessions.revocation.on_stale" = r#""refuse""# | "refuse" => |c| c.sessions.revocation.on_stale, "refuse";
    "tokens.format" = r#""paseto""# | "paseto" => |c| c.tokens.format, "paseto", with "tokens.algorithm" = "v4.public";
    "tokens.algorithm" = r#""v4.public""# | "v4.public" => |c| c.tokens.algorithm, "v4.public", with "tokens.format" = "paseto";
    "tokens.issuer" = r#""https://a.example""# | "https://a.example" => |c| c.tokens.issuer.clone(), "https://a.example";
    "tokens.audience" = r#""12345""# | "12345" => |c| c.tokens.audience.clone(), "12345";
    "tokens.access_lifetime" = r#""5m""# | "5m" => |c| c.tokens.access_lifetime.as_secs(), "300";
    "tokens.leeway" = r#""0s""# | "0s" => |c| c.tokens.leeway.as_secs(), "0";
    "tokens.hs256_secret" = r#""83475610293847561029384756102938""# | "83475610293847561029384756102938" => |c| open(&c.tokens.hs256_secret), "83475610293847561029384756102938";
    "tokens.hs256_former_secret" = r#""93475610293847561029384756102939""# | "93475610293847561029384756102939" => |c| open(&c.tokens.hs256_former_secret), "93475610293847561029384756102939";
    "tokens.roles_claim" = r#""groups""# | "groups" => |c| c.tokens.roles_claim.clone(), "groups";
    "tokens.claims" = r#"'{"a": [1]}'"# | r#"{"a": [1]}"# => |c| format!("{:?}", c.tokens.claims.0), r#"{"a": Array [Number(1)]}"#;
    "keys.master_key" = r#""AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8""# | "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" => |c| open(&c.keys.master_key), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    "keys.announcement" = r#""1h""# | "1h" => |c| c.keys.announcement.as_secs(), "3600";
    "keys.lifetime" = r#""30d""# | "30d" => |c| c.keys.lifetime.as_secs(), "2592000";
    "keys.poll_interval" = r#""1s""# | "1s" => |c| c.keys.poll_interval.as_secs(), "1";
    "hashing.algorithm" = r#""bcrypt""# | "bcrypt" => |c| c.hashing.algorithm, "bcrypt";
    "hashing.threads" = "5" | "5" => |c| c.hashing.threads, "5";
    "hashing.queue" = "0" | "0" => |c| c.hashing.queue, "0";
    "hashing.deadline" = r#""500ms""# | "500ms" => |c| c.hashing.deadline.as_millis(), "500";
    "hashing.memory_budget" = r#""1GiB""# | "1GiB" => |c| c.hashing.memory_budget, "1073741824";
    "hashing.niceness" = "0" | "0" => |c| c.hashing.niceness, "0";
    "hashing.failure_time" = r#""600ms""# | "600ms" => |c| c.hashing.failure_time.as_millis(), "600";
    "hashing.danger_allow_weak" = "true" | "true" => |c| c.hashing.danger_allow_weak, "true";
    "hashing.argon2.memory" = r#""46MiB""# | "46MiB" => |c| c.hashing.argon2.memory_kib, "47104";
    "hashing.argon2.iterations" = "4" | "4" => |c| c.hashing.argon2.iterations, "4";
    "hashing.argon2.lanes" = "2" | "2" => |c| c.hashing.argon2.lanes, "2";
    "hashing.bcrypt.cost" = "11" | "11" => |c| c.hashing.bcrypt_cost, "11";
    "passwords.min_length" = "15" | "15" => |c| c.passwords.min_length, "15";
    "passwords.max_length" = "72" | "72" => |c| c.passwords.max_length, "72";
    "passwords.require_upper" = "true" | "true" => |c| c.passwords.require_upper, "true";
    "passwords.require_lower" = "true" | "true" => |c| c.passwords.require_lower, "true";
    "passwords.require_digit" = "true" | "true" => |c| c.passwords.require_digit, "true";
    "passwords.min_strength" = "3" | "3" => |c| c.passwords.min_strength, "3";
    "passwords.refuse_similar" = "false" | "false" => |c| c.passwords.refuse_similar, "false";
    "passwords.refuse_common" = "false" | "false" => |c| c.passwords.refuse_common, "false";
    "passwords.breach_filter" = r#""/srv/breached.gcs""# | "/srv/breached.gcs" => |c| c.passwords.breach_filter.clone().unwrap_or_default().display().to_string(), "/srv/breached.gcs";
    "registration.mode" = r#""closed""# | "closed" => |c| c.registration.mode, "closed";
    "registration.sign_in" = "false" | "false" => |c| c.registration.sign_in, "false";
    "registration.reveal_taken" = "false" | "false" => |c| c.registration.reveal_taken, "false";
    "limits.enabled" = "false" | "false" => |c| c.limits.enabled, "false";
    "limits.store" = r#""redis""# | "redis" => |c| c.limits.store, "redis", with "redis.url" = "redis://h";
    "limits.on_backend_failure" = r#""deny""# | "deny" => |c| c.limits.on_backend_failure, "deny";
    "limits.danger_allow_evicting_redis" = "true" | "true" => |c| c.limits.danger_allow_evicting_redis, "true";
    "limits.memory" = r#""1MiB""# | "1MiB" => |c| c.limits.memory, "1048576";
    "limits.login.address" = r#"["5/15m", "50/1d"]"# | r#"["5/15m", "50/1d"]"# => |c| windows(&c.limits.login.address), "5/15m 50/1d";
    "limits.login.account" = r#"["6/1m"]"# | "6/1m" => |c| windows(&c.limits.login.account), "6/1m";
    "limits.login.network" = r#"["7/1m"]"# | "7/1m" => |c| windows(&c.limits.login.network), "7/1m";
    "limits.login.anywhere" = r#"["8/1m"]"# | "8/1m" => |c| windows(&c.limits.login.anywhere), "8/1m";
    "limits.login.first_delay" = r#""2s""# | "2s" => |c| format!("{:?}", c.limits.login.delays.map(|delays| delays.first)), "Some(2s)";
    "limits.login.longest_delay" = r#""5m""# | "5m" => |c| format!("{:?}", c.limits.login.delays.map(|delays| delays.longest)), "Some(300s)";
    "limits.login.longest_hold" = r#""9s""# | "9s" => |c| c.limits.login.longest_hold.as_secs(), "9";
    "limits.register.network" = r#"["9/1m"]"# | "9/1m" => |c| windows(&c.limits.register.network), "9/1m";
    "limits.refresh.address" = r#"["9/1m"]"# | "9/1m" => |c| windows(&c.limits.refresh.address), "9/1m";
    "limits.refresh.user" = r#"["9/1m"]"# | "9/1m" => |c| windows(&c.limits.refresh.user), "9/1m";
    "limits.proof.user" = r#"["9/1m"]"# | "9/1m" => |c| windows(&c.limits.proof.user), "9/1m";
    "limits.oauth2.address" = r#"["9/1m"]"# | "9/1m" => |c| windows(&c.limits.oauth2.address), "9/1m";
    "limits.oauth2.client" = r#"["9/1m"]"# | "9/1m" => |c| windows(&c.limits.oauth2.client), "9/1m";
    "limits.register.address" = "[]" | "" => |c| windows(&c.limits.register.address), "";
    "audit.on_failure" = r#""continue""# | "continue" => |c| c.audit.on_failure, "continue";
    "audit.durability" = r#""async""# | "async" => |c| c.audit.durability, "async";
    "audit.batch" = "1" | "1" => |c| c.audit.batch, "1";
    "audit.interval" = r#""1s""# | "1s" => |c| c.audit.interval.as_secs(), "1";
    "audit.spool" = r#""1GiB""# | "1GiB" => |c| c.audit.spool, "1073741824";
    "audit.address" = r#""keyed-hash""# | "keyed-hash" => |c| c.audit.address, "keyed-hash";
    "audit.on_erasure" = r#""pseudonymise""# | "pseudonymise" => |c| c.audit.on_erasure, "pseudonymise";
    "audit.retention" = r#""400d""# | "400d" => |c| c.audit.retention.as_secs(), "34560000";
    "audit.checkpoint" = r#""5m""# | "5m" => |c| c.audit.checkpoint.as_secs(), "300";
    "log.filter" = r#""guardhouse=debug,info""# | "guardhouse=debug,info" => |c| c.log.filter.clone(), "guardhouse=debug,info";
    "log.format" = r#""json""# | "json" => |c| c.log.format, "json";
    "log.otlp.endpoint" = r#""http://[::1]:4318/v1/traces""# | "http://[::1]:4318/v1/traces" => |c| c.log.otlp.endpoint.as_ref().map(ToString::to_string).unwrap_or_default(), "http://[::1]:4318/v1/traces";
    "log.otlp.sample" = "0.05" | "0.05" => |c| c.log.otlp.sample, "0.05";
    "log.otlp.service_name" = r#""id""# | "id" => |c| c.log.otlp.service_name.clone(), "id";
];

fn windows(windows: &[guardhouse::domain::limit::Window]) -> String {
    windows.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn check(case: &Case, way: &str, site: Site, origin: impl Fn(&Site) -> Origin) {
    let site = case.with.iter().fold(site, |site, (key, value)| {
        site.env(&format!("GUARDHOUSE__{}", key.to_ascii_uppercase().replace('.', "__")), value)
    });
    let config = site.load().unwrap_or_else(|faults| panic!("{} by {way}: {faults}", case.key));
    assert_eq!((case.value)(&config), case.expected, "{} by {way}", case.key);
    let (_, actual) = super::support::effective(&config, case.key);
    assert_eq!(actual, origin(&site), "{} by {way}", case.key);
}

#[test]
fn each_case_differs_from_the_default() {
    let defaults = Config::defaults();
    for case in CASES {
        assert_ne!((case.value)(&defaults), case.expected, "{}", case.key);
    }
}

#[test]
fn each_key_can_be_set_in_a_file() {
    for case in CASES {
        let text = format!("# a comment\n\n{} = {}\n", case.key, case.toml);
        check(case, "file", Site::new().file("site.toml", &text), |site| site.origin_in("site.toml", 3));
    }
}

#[test]
fn each_key_can_be_set_by_a_variable() {
    for case in CASES {
        let name = format!("GUARDHOUSE__{}", case.key.to_ascii_uppercase().replace('.', "__"));
        let origin = Origin::Environment(name.clone());
        check(case, "variable", Site::new().env(&name, case.text), |_| origin.clone());
    }
}

#[test]
fn each_key_can_be_set_by_a_flag_in_either_notation() {
    for case in CASES {
        for value in [case.text, case.toml] {
            let origin = Origin::Flag(format!("--set {}", case.key));
            check(case, "flag", Site::new().flag(case.key, value), |_| origin.clone());
        }
    }
}

#[test]
fn no_key_of_the_manual_is_missing_here() {
    let defaults = Config::defaults();
    let mut explained: Vec<_> = defaults.explain().iter().map(|effective| effective.key.as_str()).collect();
    let mut tested: Vec<_> = CASES.iter().map(|case| case.key).collect();
    // The files of secrets have tests of their own.
    explained.retain(|key| !key.ends_with("_file"));
    explained.sort_unstable();
    tested.sort_unstable();
    assert_eq!(explained, tested);
}
