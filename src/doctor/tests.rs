//! Each answer is provoked: what was gathered is data here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::config::Sources;
use crate::domain::clock::Timestamp;
use crate::store::keys::StoredKey;
use crate::store::{DatabaseVitals, MigrationState};

fn with(flags: &[(&str, &str)]) -> Config {
    let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { flags, ..Sources::default() }).unwrap_or_else(|faults| panic!("{faults}"))
}

fn of(findings: &[Finding], what: &str) -> Vec<State> {
    findings.iter().filter(|finding| finding.what == what).map(|finding| finding.state).collect()
}

#[track_caller]
fn only(findings: &[Finding], what: &str) -> State {
    let [state] = of(findings, what)[..] else { panic!("{what} is not there once: {findings:#?}") };
    state
}

#[test]
fn settings_that_hardly_anybody_means_are_noticed() {
    const WEAK: [(&str, &str); 2] =
        [("hashing.danger_allow_weak", "true"), ("hashing.argon2.memory", "64KiB")];
    let look = |flags: &[(&str, &str)]| settings::findings(&with(flags));
    let fine = look(&[]);
    assert!(fine.iter().all(|finding| finding.state == State::Ok), "{fine:#?}");
    assert_eq!(only(&look(&WEAK), "settings.hashing"), State::Fail);
    assert_eq!(only(&look(&WEAK), "settings.danger"), State::Warn);
    let bcrypt = [
        ("hashing.algorithm", "bcrypt"),
        ("passwords.max_length", "72"),
        ("hashing.bcrypt.cost", "9"),
        ("hashing.danger_allow_weak", "true"),
    ];
    assert_eq!(only(&look(&bcrypt), "settings.hashing"), State::Fail);
    assert_eq!(only(&look(&bcrypt[..2]), "settings.hashing"), State::Ok);
    let open = [("server.bind", "0.0.0.0:8080")];
    assert_eq!(only(&look(&open), "settings.trusted_proxies"), State::Warn);
    assert_eq!(only(&look(&open), "settings.issuer"), State::Warn, "localhost is nobody else's address");
    let behind =
        [open[0], ("server.trusted_proxies", "10.0.0.1"), ("tokens.issuer", "https://auth.example.org")];
    assert!(look(&behind).iter().all(|finding| finding.state == State::Ok));
    let plain = [("tokens.issuer", "http://auth.example.org")];
    assert_eq!(only(&look(&plain), "settings.issuer"), State::Warn);
    assert_eq!(only(&look(&[plain[0], ("sessions.transport", "cookie")]), "settings.issuer"), State::Fail);
}

#[test]
fn clocks_that_disagree_are_noticed_and_the_way_there_and_back_is_no_difference() {
    let config = with(&[]);
    let at = Timestamp::from_seconds(1_000_000);
    let look = |millis: i64, way: u64| {
        let there = Timestamp::from_micros(at.micros() + millis * 1_000);
        clock::finding("x", &config, [at, there, at.plus(Duration::from_millis(way))]).state
    };
    assert_eq!(look(0, 0), State::Ok);
    assert_eq!(look(9_000, 9_000), State::Ok);
    assert_eq!([look(2_600, 1), look(-2_600, 1)], [State::Warn; 2]);
    assert_eq!([look(5_200, 1), look(-5_200, 1)], [State::Fail; 2]);
}

#[test]
fn databases_that_are_slow_old_behind_or_forgetful_are_noticed() {
    assert_eq!(database::reached("x", Duration::from_millis(3)).state, State::Ok);
    assert_eq!(database::reached("x", Duration::from_millis(300)).state, State::Warn);
    for (version, state) in [
        ("SQLite 3.46.1", State::Ok),
        ("SQLite 3.34.0", State::Fail),
        ("PostgreSQL 15.3 (Debian 15.3-0)", State::Ok),
        ("PostgreSQL 9.6", State::Fail),
        ("MySQL 8.4.2", State::Ok),
        ("MySQL 5.7.44-log", State::Fail),
        ("10.11.6-MariaDB-0+deb12u1", State::Ok),
        ("10.5.1-MariaDB", State::Fail),
        ("CockroachDB 23", State::Warn),
    ] {
        assert_eq!(database::version(version).state, state, "{version}");
    }
    let change = |applied| MigrationState { name: "m".into(), applied };
    let schema =
        |flags: &[(&str, &str)]| database::schema(&[change(true), change(false)], &with(flags)).state;
    assert_eq!(database::schema(&[change(true)], &with(&[])).state, State::Ok);
    assert_eq!(schema(&[]), State::Warn);
    assert_eq!(schema(&[("database.migrate", "false")]), State::Fail);
    for (name, value, state) in [
        ("journal_mode", "wal", State::Ok),
        ("journal_mode", "delete", State::Warn),
        ("journal_mode", "memory", State::Warn),
        ("synchronous", "2", State::Ok),
        ("synchronous", "1", State::Fail),
        ("fsync", "off", State::Fail),
        ("full_page_writes", "off", State::Fail),
        ("synchronous_commit", "off", State::Warn),
        ("synchronous_commit", "remote_apply", State::Ok),
        ("innodb_flush_log_at_trx_commit", "1", State::Ok),
        ("innodb_flush_log_at_trx_commit", "2", State::Warn),
    ] {
        let vitals =
            DatabaseVitals { version: String::new(), now: None, durability: vec![(name, value.to_owned())] };
        assert_eq!(only(&database::durability(&vitals), "database.durability"), state, "{name} = {value}");
    }
}

#[test]
fn a_redis_that_is_old_full_or_forgetful_is_noticed() {
    let vitals = |lines: &[(&str, &str)]| -> BTreeMap<String, String> {
        lines.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let version = |version| redis::version(&vitals(&[("redis_version", version)])).state;
    assert_eq!([version("7.0.15"), version("5.0.14"), version("")], [State::Ok, State::Fail, State::Warn]);
    let policy = |policy| redis::policy(&vitals(&[("maxmemory_policy", policy)])).state;
    assert_eq!([policy("noeviction"), policy("allkeys-lru")], [State::Ok, State::Fail]);
    let memory = |used, most| redis::memory(&vitals(&[("used_memory", used), ("maxmemory", most)])).state;
    assert_eq!(
        [memory("10", "100"), memory("80", "100"), memory("10", "0")],
        [State::Ok, State::Warn, State::Warn]
    );
    let kept = |aof, status| {
        redis::persistence(&vitals(&[("aof_enabled", aof), ("aof_last_write_status", status)])).state
    };
    assert_eq!([kept("1", "ok"), kept("0", "ok"), kept("1", "err")], [State::Ok, State::Warn, State::Fail]);
}

#[test]
fn keys_that_nobody_replaces_are_noticed() {
    let now = Timestamp::from_seconds(2_000_000_000);
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let key = |age, retired: bool| StoredKey {
        id: "k".into(),
        algorithm: "EdDSA".into(),
        slot: 1,
        wrapped: Vec::new(),
        created_at: now.minus(days(age)),
        signs_from: now.minus(days(age)),
        retired_at: retired.then_some(now),
    };
    let look = |flags: &[(&str, &str)], keys: &[StoredKey]| {
        only(&keys::findings(&with(flags), keys, now), "keys.age")
    };
    assert_eq!(look(&[], &[key(89, false), key(400, false)]), State::Ok, "the newest counts");
    assert_eq!(look(&[], &[key(92, false)]), State::Fail);
    assert_eq!(look(&[("keys.lifetime", "0s")], &[key(92, false)]), State::Ok);
    assert_eq!(look(&[("keys.lifetime", "0s")], &[key(400, false)]), State::Warn);
    assert_eq!(look(&[], &[key(1, true)]), State::Warn, "a retired one signs nothing");
    assert_eq!(look(&[], &[]), State::Warn);
    let shared = [("tokens.algorithm", "HS256"), ("tokens.hs256_secret", "qT4Zr8mK1vXc7Bn2Lw9Hd5Gs3Jf6Py0A")];
    assert_eq!(look(&shared, &[]), State::Ok);
}

#[test]
fn files_that_others_may_read_are_noticed() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| place.path().join(name).display().to_string();
    let write = |name: &str, text: &str, mode| {
        std::fs::write(path(name), text).expect("it takes files");
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    const TOKEN: &str = "q8wX1vJ5cR0tY7uZ2nB4mK6pL9sD3fG_hA";
    let enter = |mode| {
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    enter(0o700);
    write("guardhouse.db", "", 0o600);
    write("master.key", "", 0o600);
    write("token", TOKEN, 0o640);
    write("site.toml", "[redis]\nurl = \"redis://:secret@h\"\n", 0o640);
    write("plain.toml", "[log]\nformat = \"json\"\n", 0o644);
    let sources = || Sources {
        files: ["site.toml", "plain.toml"].map(|name| path(name).into()).into(),
        flags: vec![
            ("data_dir".into(), place.path().display().to_string()),
            ("server.ops_token_file".into(), path("token")),
        ],
        ..Sources::default()
    };
    let look = || {
        let sources = sources();
        let config = Config::load(&sources).unwrap_or_else(|faults| panic!("{faults}"));
        files::findings(&config, &sources.files)
    };
    let all = ["files.data_dir", "files.master_key", "files.database", "files.secret", "files.config"];
    let fine = look();
    assert!(all.iter().all(|what| only(&fine, what) == State::Ok), "{fine:#?}");
    write("guardhouse.db", "", 0o640);
    write("master.key", "", 0o604);
    write("token", TOKEN, 0o644);
    write("site.toml", "[redis]\nurl = \"redis://:secret@h\"\n", 0o644);
    let shut = look();
    assert!(all.iter().all(|what| only(&shut, what) == State::Ok), "nobody gets in: {shut:#?}");
    enter(0o755);
    let open = look();
    assert!(all.iter().all(|what| only(&open, what) == State::Fail), "{open:#?}");
    let gib = 1 << 30;
    assert_eq!(
        [files::space(3 * gib, gib), files::space(2 * gib - 1, gib), files::space(gib - 1, gib)]
            .map(|it| it.state),
        [State::Ok, State::Warn, State::Fail]
    );
}

#[test]
fn a_machine_that_gives_too_little_is_noticed() {
    struct Stuck;
    impl Entropy for Stuck {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }
    assert_eq!(machine::entropy(&Stuck).state, State::Fail);
    assert_eq!(machine::entropy(&crate::domain::entropy::SystemEntropy).state, State::Ok);
    let config = with(&[]);
    assert_eq!(machine::open_files(&config, Some(1_024)).state, State::Fail);
    assert_eq!(machine::open_files(&config, Some(16_384)).state, State::Ok);
    assert_eq!(machine::open_files(&config, None).state, State::Ok);
    assert_eq!(machine::total_memory("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
    assert_eq!(machine::memory(&config, 64 << 30).state, State::Ok);
    assert_eq!(machine::memory(&config, 512 << 20).state, State::Warn);
}

#[test]
fn the_report_counts_and_is_coloured_only_where_that_is_asked_for() {
    let report = Report(vec![
        Finding::ok("a", "1"),
        Finding::warn("bb", "2", "do this"),
        Finding::fail("c", "3", "do that"),
    ]);
    assert_eq!(
        report.text(false),
        "ok    a   1\nwarn  bb  2\n          → do this\nfail  c   3\n          → do that\n\
         1 as they should be, 1 to look at, 1 to mend"
    );
    assert!(report.text(true).contains("\u{1b}[31mfail\u{1b}[0m"));
    assert_eq!(report.json()["findings"][1]["state"], "warn");
    assert_eq!(report.json()["fail"], 1);
}
