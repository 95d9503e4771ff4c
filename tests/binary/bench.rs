//! `guardhouse bench`: every load against a server that it starts itself, what cannot be measured, and who may not be loaded.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::process::{Done, Installation, until};
use crate::on_every_database;
use crate::proofs::redis::{Admin, redis_is_available};
use crate::support::Kind;

on_every_database!(a_matrix_makes_its_database_anew_and_touches_no_other);

/// Cheap hashes: the load is what is tested, and not the machine.
const SETTINGS: [&str; 4] = [
    "hashing.deadline=30s",
    "hashing.danger_allow_weak=true",
    "hashing.argon2.memory=64KiB",
    "hashing.argon2.iterations=1",
];
const SHORT: [&str; 11] =
    ["--self", "--time", "1s", "--warm-up", "200ms", "--slices", "2", "--users", "6", "--patience", "5s"];

fn bench(arguments: &[&str]) -> Done {
    let settings: Vec<&str> = SETTINGS.iter().flat_map(|setting| ["--set", setting]).collect();
    Installation::on(Kind::Sqlite).run(&[&["bench"], arguments, &settings].concat())
}

#[test]
fn every_load_is_answered_well_by_a_server_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    for load in ["login", "register", "refresh", "verify", "logout", "mixed"] {
        let (json, html) = (directory.path().join(load), directory.path().join("page.html"));
        let files = ["--json", json.to_str().unwrap(), "--html", html.to_str().unwrap()];
        let pace = ["--rate", "20"];
        let done = bench(&[&[load], &SHORT[..], &pace, &files].concat());
        assert_eq!(done.code, Some(0), "{load}: {} {}", done.out, done.err);
        assert!(done.out.contains("ceiling  this client reaches"), "{}", done.out);
        let result: Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
        let slices = result["slices"].as_array().unwrap();
        let sum = |of: fn(&Value) -> u64| slices.iter().map(of).sum::<u64>();
        let good = sum(|slice| slice["outcomes"]["good"].as_u64().unwrap());
        let bad = sum(|slice| slice["outcomes"]["errors"].as_object().unwrap().len() as u64);
        assert!((15..=75).contains(&good) && bad == 0, "{load}: {good} good: {}", done.out);
        assert!(std::fs::read_to_string(&html).unwrap().contains("<svg"));
        let limits = Value::from("limits.enabled = false");
        assert!(result["server"]["configuration"].as_array().unwrap().contains(&limits), "{result}");
        assert!(result["host"]["file_system"].is_string(), "{result}");
        if load == "login" {
            tells_where_the_time_went(slices);
        }
    }
    let a = directory.path().join("verify");
    let a = a.to_str().unwrap();
    let done = bench(&["compare", a, a]);
    assert!(matches!(done.code, Some(0 | 4)), "{} {}", done.out, done.err);
    let other = directory.path().join("login");
    let done = bench(&["compare", a, other.to_str().unwrap()]);
    assert_eq!(done.code, Some(4), "{}", done.out);
    let done = bench(&["compare", a, "/no/such/file"]);
    assert_eq!(done.code, Some(2), "{}", done.err);
}

/// From the server's side: the stages of its answers, what it used, who waits.
fn tells_where_the_time_went(slices: &[Value]) {
    let all = |name: &str| -> Vec<Value> {
        slices.iter().flat_map(|slice| slice[name].as_array().unwrap().clone()).collect()
    };
    let hashing = |second: &Value| second["stage_mean_micros"][1].as_u64().unwrap();
    assert!(all("seconds").iter().map(hashing).sum::<u64>() > 0, "no answer told its hash");
    let resources = all("resources");
    assert!(!resources.is_empty(), "nothing was read of the server");
    assert!(resources.iter().all(|one| !one["hash_queue"].is_null()), "{resources:?}");
}

#[test]
fn a_ramp_finds_what_is_carried_and_a_matrix_of_them_compares_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let ramp = ["--self", "--users", "6", "--ramp", "20..30", "--step", "500ms", "--p99", "5s"];
    let done = bench(&[&["verify"], &ramp[..], &["--json", &file("run")]].concat());
    assert_eq!(done.code, Some(0), "{} {}", done.out, done.err);
    assert!(
        done.out.starts_with("verify, a ramp from 20/s to 30/s, 0.5 s each, at most 512"),
        "{}",
        done.out
    );
    assert!(done.out.contains("carried up to 30.0/s; that was the highest rate tried"), "{}", done.out);
    let result: Value = serde_json::from_str(&std::fs::read_to_string(file("run")).unwrap()).unwrap();
    let steps = result["ramp"]["steps"].as_array().unwrap();
    assert!(steps.len() >= 2 && steps.iter().all(|step| step["requests"].as_u64() > Some(0)), "{result}");
    assert_eq!(result["slices"], Value::Array(Vec::new()));

    let more = ["--action", "verify", "--hash", "64KiBx1", "--json", &file("m"), "--html", &file("page")];
    let done = bench(&[&["matrix"], &ramp[1..], &more[..]].concat());
    assert_eq!(done.code, Some(0), "{} {}", done.out, done.err);
    assert!(done.out.contains("knee  30.0/s  p99 ") && done.out.contains(", perhaps more"), "{}", done.out);
    assert!(std::fs::read_to_string(file("page")).unwrap().contains("<td>30.0/s</td>"));
    let done = bench(&["compare", &file("m"), &file("m")]);
    assert_eq!(done.code, Some(4), "the knee may lie beyond: {} {}", done.out, done.err);
    assert!(done.out.contains("knee"), "{}", done.out);
}

fn a_matrix_makes_its_database_anew_and_touches_no_other(kind: Kind) {
    // What all servers and commands here share, so that a command can read what a server wrote.
    let key = "bWFzdGVyLWtleS1vZi10aGlzLXRlc3Qtb25seS0zMmI";
    let house = Installation::on(kind).set("keys.master_key", key);
    let there = format!("there={}", house.new_database_url());
    let matrix = || {
        let servers =
            ["--databases", "there", "--database-url", &there, "--formats", "jwt-eddsa,paseto-local"];
        let load = ["--action", "register", "--rate", "20", "--hash", "64KiBx1"];
        let key = format!("keys.master_key={key}");
        bench(&[&["matrix"], &servers[..], &load, &SHORT[1..], &["--set", &key]].concat())
    };
    for _ in 0..2 {
        let out = matrix().ok();
        assert_eq!(out.matches(" 0 % errors, ceiling").count(), 2, "{out}");
    }
    // Those of the last server, and not of all four.
    let users = house.run(&["users", "list"]).ok().lines().count();
    assert!((20..90).contains(&users), "{users}");

    house.run(&["seed", "--users", "3", "--sessions", "0", "--replace"]).ok();
    assert!(matrix().failed(1).contains("was filled by `guardhouse seed`"));
    let real = Installation::on(kind);
    real.run(&["users", "create", "ada@example.org", "--no-password"]).ok();
    let there = format!("there={}", real.database_url());
    let refused = bench(&["matrix", "--databases", "there", "--database-url", &there]).failed(1);
    assert!(refused.contains("is in use: there are rows in users"), "{refused}");
    assert_eq!(real.run(&["users", "list"]).ok().lines().count(), 1);
}

#[test]
fn a_matrix_empties_a_redis_of_its_own_and_leaves_it_empty() {
    if !redis_is_available() {
        return;
    }
    let server = std::env::var("GUARDHOUSE_TEST_REDIS_URL").expect("it is available");
    let mut redis = Admin::connect(&server);
    // A number of a database that no other test uses.
    redis.tell(&["SELECT", "11"]);
    redis.tell(&["FLUSHDB"]);
    let url = format!("{server}/11");
    let matrix = || {
        let servers = ["--sessions", "redis", "--redis-url", &url, "--formats", "jwt-eddsa,paseto-local"];
        let load = ["--action", "login", "--rate", "20", "--hash", "64KiBx1"];
        bench(&[&["matrix"], &servers[..], &load, &SHORT[1..]].concat())
    };
    let out = matrix().ok();
    assert_eq!(out.matches(" 0 % errors, ceiling").count(), 2, "{out}");
    assert_eq!(redis.tell(&["DBSIZE"]), "0", "whoever uses it next is not ours");
    redis.tell(&["SET", "somebody", "else"]);
    assert!(matrix().failed(1).contains("the Redis of --redis-url is in use"));
    assert_eq!(redis.tell(&["DBSIZE"]), "1");
    redis.tell(&["FLUSHDB"]);
}

#[test]
fn an_interrupted_matrix_keeps_what_it_has_measured() {
    let directory = tempfile::tempdir().unwrap();
    let json = directory.path().join("matrix.json");
    let cells = || {
        let text = std::fs::read_to_string(&json).unwrap_or_default();
        let result: Value = serde_json::from_str(&text).unwrap_or_default();
        result["cells"].as_array().map_or(0, Vec::len)
    };
    let house = Installation::on(Kind::Sqlite);
    let formats = "jwt-eddsa,jwt-es256,jwt-hs256,paseto-local,paseto-public";
    let matrix =
        ["bench", "matrix", "--action", "verify", "--rate", "20", "--hash", "64KiBx1", "--formats", formats];
    let mut command =
        house.command(&[&matrix[..], &SHORT[1..], &["--json", json.to_str().unwrap()]].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the first cell", || cells() > 0);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!((1..5).contains(&cells()));
}

#[test]
fn what_nobody_would_read_is_refused() {
    for wrong in [
        &["matrix", "--self"][..],
        &["matrix", "--url", "http://127.0.0.1:9"],
        &["login", "--step", "1s"],
        &["login", "--rate", "5", "--p99", "1s"],
    ] {
        bench(wrong).failed(2);
    }
    for command in ["login", "matrix"] {
        let refused = bench(&[command, "--json", "/no/such/directory/file"]).failed(1);
        assert!(refused.contains("cannot write /no/such/directory/file"), "{refused}");
    }
}

#[test]
fn what_a_matrix_would_measure_under_a_wrong_name_is_refused_or_overridden() {
    let refused = bench(&["matrix", "--set", "database.url=postgres://127.0.0.1:9/x"]).failed(1);
    assert!(refused.contains("--set database.url would hold for every server"), "{refused}");
    let refused = bench(&["matrix", "--database-url", "postgres=postgres://127.0.0.1:9/x"]).failed(1);
    assert!(refused.contains("postgres is not among --databases"), "{refused}");
    // A file names a database that is not there, and the cell is on SQLite all the same.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("guardhouse.toml");
    std::fs::write(&file, "[database]\nurl = \"postgres://127.0.0.1:9/x\"\n").unwrap();
    let load = ["--action", "verify", "--rate", "20", "--hash", "64KiBx1"];
    let done = bench(&[&["matrix", "--config", file.to_str().unwrap()], &load[..], &SHORT[1..]].concat());
    assert!(done.code == Some(0) && done.out.contains("ceiling"), "{} {}", done.out, done.err);
}

#[test]
fn a_cell_that_cannot_start_is_told_and_the_others_are_measured() {
    let matrix = ["matrix", "--databases", "sqlite,postgres", "--formats", "jwt-eddsa,paseto-local"];
    let action = ["--action", "verify", "--rate", "20", "--sessions", "memory"];
    let hash = ["--hash", "64KiBx1"];
    let done = bench(&[&matrix[..], &action, &hash, &SHORT[1..]].concat());
    assert_eq!(done.code, Some(0), "{} {}", done.out, done.err);
    assert_eq!(done.out.matches("not measured: no address was given").count(), 2, "{}", done.out);
    assert_eq!(done.out.matches("ceiling").count(), 2, "{}", done.out);
}

#[test]
fn people_that_were_seeded_are_among_all_that_there_are() {
    let house = Installation::on(Kind::Sqlite);
    let house = SETTINGS
        .iter()
        .filter_map(|setting| setting.split_once('='))
        .fold(house, |house, (key, value)| house.set(key, value));
    let house = house.set("limits.enabled", "false");
    house.run(&["seed", "--users", "60", "--sessions", "0"]).ok();
    let server = house.serve();
    let url = format!("http://{}", server.address);
    let seeded = |load: &str, accounts: &str| {
        let pace =
            ["--seeded", accounts, "--users", "6", "--rate", "20", "--warm-up", "200ms", "--time", "1s"];
        house.run(&[&["bench", load, "--url", &url, "--slices", "1"][..], &pace].concat())
    };
    for load in ["login", "verify", "refresh", "logout", "mixed"] {
        let done = seeded(load, "60");
        assert!(
            done.code == Some(0) && done.out.contains(" 0 % errors"),
            "{load}: {} {}",
            done.out,
            done.err
        );
    }
    let done = seeded("login", "600");
    assert!(
        done.code == Some(0) && done.out.contains("401"),
        "user100 and further are not there: {}",
        done.out
    );
    assert!(seeded("login", "5").failed(1).contains("--users 6 are more than the 5 accounts of --seeded"));
    // Nobody was registered.
    let users = house.run(&["users", "list", "--json"]).ok();
    let users: Vec<Value> = users.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(users.len(), 60);
    server.terminate();
}

#[test]
fn the_operations_listener_is_read_without_the_process() {
    let house = Installation::on(Kind::Sqlite);
    let server = house.serve();
    let [url, ops] = [server.address, server.ops_address].map(|address| format!("http://{address}"));
    let load = ["--users", "2", "--rate", "20", "--warm-up", "0s", "--time", "2s", "--slices", "1"];
    let from = ["bench", "verify", "--url", &url, "--ops-url", &ops, "--json", "result"];
    house.run(&[&from[..], &load].concat()).ok();
    let text = std::fs::read_to_string(house.directory.path().join("result")).unwrap();
    let result: Value = serde_json::from_str(&text).unwrap();
    let readings = result["slices"][0]["resources"].as_array().unwrap();
    let is_told = |one: &Value| one["hash_queue"].is_u64() && one["rss_bytes"].is_null();
    assert!(!readings.is_empty() && readings.iter().all(is_told), "{readings:?}");
    assert!(result["host"]["file_system"].is_null() && result["notes"].to_string().contains("server_timing"));
    server.terminate();
}

#[test]
fn who_may_not_be_loaded_is_not() {
    let done = bench(&["login", "--url", "http://192.0.2.1"]);
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("--i-may-load-this-server"), "{}", done.err);
    let done = bench(&["login", "--url", "https://127.0.0.1"]);
    assert!(done.code == Some(1) && done.err.contains("only http://"), "{}", done.err);
    let done = bench(&["login", "--url", "http://127.0.0.1:9", "--patience", "1s"]);
    assert!(done.code == Some(1) && done.err.contains("no server answers"), "{}", done.err);
}
