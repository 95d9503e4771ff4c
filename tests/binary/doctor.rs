//! `guardhouse doctor`, on every database and on Redis. That each answer can be had at all is tested where they are made.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;

use super::process::{Done, Installation};
use crate::on_every_database;
use crate::support::{Kind, PrivateServer};

on_every_database!(a_sound_installation_has_nothing_to_mend_and_what_is_broken_is_named,);

fn findings(done: Done, code: i32) -> Value {
    assert_eq!(done.code, Some(code), "{done:?}");
    serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out))
}

/// The states of `what`.
fn states<'a>(report: &'a Value, what: &str) -> Vec<&'a str> {
    let findings = report["findings"].as_array().expect("a list").iter();
    findings.filter(|it| it["what"] == what).map(|it| it["state"].as_str().expect("a word")).collect()
}

/// Few enough connections for any shell, and hashes as they should be.
fn sound(kind: Kind) -> Installation {
    Installation::on(kind)
        .set("hashing.danger_allow_weak", false)
        .set("hashing.argon2.memory", "19MiB")
        .set("hashing.argon2.iterations", 2)
        .set("server.max_connections", 100)
        .set("limits.memory", "1MiB")
}

fn a_sound_installation_has_nothing_to_mend_and_what_is_broken_is_named(kind: Kind) {
    let mut house = sound(kind);
    // The server of the tests keeps nothing: `scripts/servers` switches that off, and a doctor has to notice.
    let (durability, code): (&[&str], i32) = match kind {
        Kind::Sqlite => (&["ok", "ok"], 0),
        Kind::Postgres => (&["fail", "fail", "ok"], 1),
        Kind::MySql => (&["warn"], 0),
    };
    match kind {
        Kind::Sqlite => {
            let before = findings(house.run(&["doctor", "--json"]), 0);
            assert_eq!(states(&before, "database.reached"), ["warn"], "{before}");
        }
        Kind::Postgres | Kind::MySql => {
            let before = findings(house.run(&["doctor", "--json"]), code);
            assert_eq!(states(&before, "database.schema"), ["warn"], "{before}");
        }
    }
    assert!(!house.data_dir().exists(), "looking made a directory");
    house.serve().terminate();

    let report = findings(house.run(&["doctor", "--json"]), code);
    assert_eq!(states(&report, "database.durability"), durability, "{report}");
    for what in [
        "database.version",
        "database.schema",
        "keys.age",
        "machine.entropy",
        "settings.hashing",
        "files.data_dir",
    ] {
        assert_eq!(states(&report, what), ["ok"], "{what}: {report}");
    }
    assert_ne!(states(&report, "database.reached"), ["fail"], "{report}");
    let clocks = if kind == Kind::Sqlite { &[][..] } else { &["ok"] };
    assert_eq!(states(&report, "database.clock"), clocks, "{report}");
    let counted: u64 =
        ["ok", "warn", "fail"].iter().map(|state| report[state].as_u64().expect("a number")).sum();
    assert_eq!(counted, report["findings"].as_array().unwrap().len() as u64);

    fs::set_permissions(house.data_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(house.data_dir().join("master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    house.change("server.max_connections", 1_000_000);
    let report = findings(house.run(&["doctor", "--json"]), 1);
    for what in ["files.data_dir", "files.master_key"] {
        assert_eq!(states(&report, what), ["fail"], "{what}: {report}");
    }
    let text = house.run(&["doctor"]);
    assert_eq!(text.code, Some(1));
    assert!(text.out.contains("chmod go= ") && text.out.contains(" to mend"), "{}", text.out);
    assert!(!text.out.contains('\u{1b}'), "colours in a pipe: {}", text.out);
}

#[test]
fn a_database_that_does_not_answer_is_named_without_its_password() {
    for scheme in ["postgres", "mysql"] {
        let house = Installation::new()
            .set("database.url", format!("{scheme}://guard:do-not-show@127.0.0.1:1/auth"))
            .set("database.acquire_timeout", "300ms");
        let done = house.run(&["doctor", "--json"]);
        assert!(!done.out.contains("do-not-show") && done.out.contains("127.0.0.1:1"), "{}", done.out);
        assert_eq!(states(&findings(done, 1), "database.reached"), ["fail"]);
    }
}

#[test]
fn a_redis_is_held_to_what_sessions_need() {
    if !crate::proofs::redis::redis_is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let house = sound(Kind::Sqlite).set("sessions.store", "redis").set("redis.url", &redis.url);
    let report = findings(house.run(&["doctor", "--json"]), 0);
    for what in ["reached", "version", "maxmemory_policy", "clock"] {
        assert_eq!(states(&report, &format!("redis.{what}")), ["ok"], "{what}: {report}");
    }
    assert_eq!(states(&report, "redis.persistence").len(), 1, "{report}");
    redis.kill();
    let house = house.set("redis.timeout", "200ms");
    let begun = guardhouse::domain::clock::Stopwatch::start();
    assert_eq!(states(&findings(house.run(&["doctor", "--json"]), 1), "redis.reached"), ["fail"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
}
