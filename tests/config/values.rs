//! Values that are refused for themselves, and their neighbours that are not.

use guardhouse::domain::limit::Rule;

use super::support::toml;

/// Loads `key = value` for each; the first list must pass, the second must give one fault, on that key.
fn range(key: &str, good: &[&str], bad: &[&str]) {
    for value in good {
        if let Err(faults) = toml(&format!("{key} = {value}")).load() {
            panic!("{key} = {value}: {faults}");
        }
    }
    for value in bad {
        let site = toml(&format!("{key} = {value}"));
        let faults = site.load().map(|_| ()).expect_err(&format!("{key} = {value} was accepted"));
        let keys: Vec<_> = faults.all().iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, [key], "{key} = {value}: {faults}");
    }
}

#[test]
fn ranges_end_where_the_manual_says() {
    range("server.body_limit", &["'1KiB'", "'1MiB'"], &["'1023B'", "'1025KiB'", "'1MB'", "16384"]);
    range("server.workers", &["1", "1024", "'auto'", "'2'"], &["0", "1025", "-1", "2.0", "'all'", "true"]);
    range("server.max_connections", &["1", "1000000"], &["0", "1000001"]);
    range("server.client_timeout", &["'1s'", "'1m'"], &["'999ms'", "'61s'"]);
    range("server.keep_alive", &["'0s'", "'1h'"], &["'3601s'"]);
    range("server.drain_delay", &["'0s'", "'2m'"], &["'121s'"]);
    range("server.shutdown_timeout", &["'0s'", "'10m'"], &["'601s'"]);
    range(
        "server.allowed_hosts",
        &["[]", "['a.example', '10.0.0.1', '[::1]']"],
        &["['a.example:80']", "['https://a.example']", "['']", "['*.example']", "['::1']", "['[x]']"],
    );
    range(
        "server.cors_origins",
        &["[]", "['https://a.example', 'http://localhost:3000']"],
        &[
            "['https://a.example/']",
            "['https://a.example:443']",
            "['*']",
            "['a.example']",
            "['null']",
            "['HTTPS://a.example']",
        ],
    );
    range("sessions.transport", &["'bearer'", "'cookie'"], &["'cookies'", "''"]);
    range("database.pool", &["1", "1000"], &["0", "1001"]);
    range("database.acquire_timeout", &["'10ms'", "'5m'"], &["'9ms'", "'301s'"]);
    range("redis.timeout", &["'10ms'", "'1m'"], &["'9ms'", "'61s'"]);
    range("sessions.refresh_lifetime", &["'14d'", "'3650d'"], &["'29s'", "'3651d'"]);
    range("sessions.refresh_grace", &["'0s'", "'5m'"], &["'301s'"]);
    range("sessions.idle_timeout", &["'15m'", "'30d'"], &["'999ms'"]);
    range("sessions.max_per_user", &["1", "100000"], &["0", "100001"]);
    range("sessions.sweep_interval", &["'100ms'", "'1d'"], &["'99ms'", "'25h'"]);
    range("sessions.revocation.poll_interval", &["'10ms'", "'9s'"], &["'9ms'", "'61s'"]);
    range("sessions.revocation.max_staleness", &["'201ms'", "'1h'"], &["'99ms'", "'61m'"]);
    range("tokens.access_lifetime", &["'30s'", "'7d'"], &["'29s'", "'8d'"]);
    range("tokens.leeway", &["'0s'", "'60s'"], &["'61s'"]);
    range("tokens.audience", &["'x'"], &["''", "'a b'", "5"]);
    range("hashing.queue", &["0", "1000000"], &["1000001", "-1"]);
    range("hashing.deadline", &["'10ms'", "'1m'"], &["'9ms'", "'61s'"]);
    range("hashing.memory_budget", &["'1024GiB'"], &["'1MB'", "'1025GiB'", "'1023KiB'"]);
    range("hashing.niceness", &["0", "19"], &["20", "-1"]);
    range("passwords.min_strength", &["0", "4"], &["5", "-1"]);
    range("hashing.failure_time", &["'0ms'", "'5s'"], &["'5001ms'", "'-1s'"]);
    range("hashing.argon2.memory", &["'256MiB'"], &["'20000001B'", "'5GiB'", "19456"]);
    range("hashing.argon2.iterations", &["2", "1000"], &["0", "1001"]);
    range("hashing.argon2.lanes", &["1", "255"], &["0", "256"]);
    range("hashing.bcrypt.cost", &["4", "31"], &["3", "32"]);
    range("passwords.min_length", &["1", "1024"], &["0", "1025"]);
    range("passwords.max_length", &["64", "1024"], &["63", "1025"]);
    range("limits.store", &["'memory'"], &["'database'", "'Redis'", "''"]);
    range("limits.on_backend_failure", &["'local'", "'deny'", "'allow'"], &["'refuse'", "''", "true"]);
    range("limits.memory", &["'1KiB'", "'1024GiB'"], &["'1023B'", "'1025GiB'"]);
    range("limits.login.first_delay", &["'0s'", "'1m'"], &["'2m'", "'-1s'"]);
    range("limits.login.longest_delay", &["'1s'", "'1d'"], &["'0s'", "'2d'"]);
    range("limits.login.longest_hold", &["'0s'", "'30s'"], &["'31s'"]);
    range("audit.batch", &["1", "2000"], &["0", "2001"]);
    range("audit.interval", &["'1ms'", "'10s'"], &["'0s'", "'11s'"]);
    range("audit.durability", &["'sync'", "'group'", "'async'"], &["'never'", "''"]);
    range("audit.spool", &["'0B'", "'1024GiB'"], &["'1025GiB'", "64"]);
    range("audit.retention", &["'0s'", "'1h'", "'3650d'"], &["'59m'", "'3651d'"]);
    range("audit.address", &["'full'", "'prefix'"], &["'none'", "'keyed_hash'", "''"]);
    range("audit.on_erasure", &["'keep'"], &["'erase'", "true"]);
    range("audit.checkpoint", &["'1s'", "'1d'"], &["'999ms'", "'25h'"]);
    range("log.filter", &["'off'"], &["''", "' '"]);
    range(
        "log.otlp.endpoint",
        &["''", "'http://collector:4318/v1/traces'", "'https://[::1]/t'"],
        &[
            "'collector:4318'",
            "'grpc://a/'",
            "'http://u:p@a/'",
            "'http://u@a/'",
            "'http://a/?k=v'",
            "'http://a/#x'",
            "1",
        ],
    );
    range("log.otlp.sample", &["0", "1", "0.25", "1e-3"], &["-0.1", "1.1", "2", "nan", "'0.5'", "true"]);
    range("log.otlp.service_name", &["'x'"], &["''", "' '"]);
    range("data_dir", &["'.'"], &["''"]);
    range("database.migrate", &["true"], &["'true'", "1"]);
}

#[test]
fn a_base_path_leads_somewhere_and_nowhere_else() {
    let bad = &["'/'", "'x'", "'/x/'", "'//x'", "'/x//y'", "'/..'", "'/a/./b'", "'/a b'", "'/a?b'", "'/%2e'"];
    range("server.base_path", &["''", "'/x'", "'/x/y-1._~'"], bad);
}

#[test]
fn proxies_are_networks_and_never_everybody() {
    let bad = &["['0.0.0.0/0']", "['::/0']", "['10.0.0.1/8']", "['proxy']", "'10.0.0.0/8'"];
    range("server.trusted_proxies", &["[]", "['10.0.0.0/8']", "['192.0.2.7', 'fd00::/8']"], bad);
}

#[test]
fn database_addresses_name_a_supported_kind_and_a_host() {
    let good = &[
        "'sqlite::memory:'",
        "'sqlite://x.db'",
        "'postgresql://h/d'",
        "'postgres:///d?host=/run/postgresql'",
        "'mysql://u:p%40@h:3306/d'",
    ];
    let bad =
        &["'oracle://h/d'", "'h/d'", "'mysql:///d'", "'mysql://h:port/d'", "'postgres://u:p#w@h/d'", "7"];
    range("database.url", good, bad);
    let fault = toml("database.url = 'oracle://h/d'").fault();
    assert_eq!(fault.reason, "`oracle` is not a supported kind of database");
    for scheme in ["sqlite", "postgres", "postgresql", "mysql", "mariadb"] {
        assert!(fault.help.as_ref().is_some_and(|help| help.contains(scheme)), "{fault}");
    }
}

#[test]
fn mariadb_is_spoken_to_as_mysql() {
    use secrecy::ExposeSecret;
    let database = toml("database.url = 'mariadb://u:p@h/d?x=1'").config().database;
    assert_eq!(database.backend, guardhouse::config::Backend::MySql);
    assert_eq!(database.url.expose_secret(), "mysql://u:p@h/d?x=1");
}

#[test]
fn redis_addresses_name_a_known_kind_and_a_host() {
    let good = &["'redis://h'", "'rediss://:p@h:1/2'", "'redis-cluster://h'", "'redis-sentinel://h:26379'"];
    range("redis.url", good, &["'http://h'", "'redis:'", "'h:6379'", "'redis://:p/w@h'"]);
}

#[test]
fn algorithms_that_nobody_should_use_are_none_of_ours() {
    for algorithm in ["none", "HS512", "RS1", "PS256", "v2.local", "v3.public"] {
        let fault = toml(&format!("tokens.algorithm = '{algorithm}'")).fault();
        assert!(fault.reason.starts_with(&format!("`{algorithm}` is none of `EdDSA`, `ES256`")), "{fault:?}");
    }
    let fault = toml("tokens.algorithm = 'eddsa'").fault();
    assert_eq!(fault.help.as_deref(), Some("did you mean `EdDSA`"));
}

#[test]
fn a_window_that_could_never_fill_is_a_contradiction() {
    let good = &["[]", "['5/1m']", "['200/1d', '20/15m']", "['5/1m', '6/1h', '7/1d']"];
    let bad = &[
        "['0/1m']",
        "['5/0s']",
        "['5/1m', '5/1h']",
        "['9/1m', '5/1h']",
        "['5/1h', '6/60m']",
        "['5']",
        "['5/1m', 3]",
    ];
    for key in Rule::ALL.iter().map(|rule| format!("limits.{}", rule.as_str())) {
        range(&key, good, bad);
    }
}

#[test]
fn an_unescaped_password_is_refused_before_half_of_it_passes_for_a_port() {
    for password in ["12/3", "12?3", "12#3"] {
        range("database.url", &[], &[&format!("'postgres://u:{password}@h/d'")]);
        range("redis.url", &[], &[&format!("'redis://u:{password}@h'")]);
    }
    range("database.url", &["'postgres://u:12%2F3%3F%23%40@h/d'"], &[]);
}

#[test]
fn a_master_key_is_32_octets_of_base64url() {
    let good = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    assert!(toml(&format!("keys.master_key = '{good}'")).load().is_ok());
    for bad in [&good[1..], &format!("{good}="), &format!("{good}A"), &good.replace('h', "+"), "x"] {
        let fault = toml(&format!("keys.master_key = '{bad}'")).fault();
        assert_eq!((fault.key.as_str(), fault.reason.contains(bad)), ("keys.master_key", false), "{fault:?}");
    }
}

#[test]
fn claims_are_one_json_object() {
    for bad in ["[]", "1", "tenant", "{", r#"{"a": 1} x"#] {
        let fault = toml(&format!("tokens.claims = '{bad}'")).fault();
        assert!(fault.reason.starts_with("it is not a JSON object"), "{bad}: {fault:?}");
    }
}
