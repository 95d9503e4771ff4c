//! `guardhouse bench`: every load against a server that it starts itself, what cannot be measured, and who may not be loaded.

use serde_json::Value;

use super::process::{Done, Installation};
use crate::support::Kind;

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
fn a_cell_that_cannot_start_is_told_and_the_others_are_measured() {
    let matrix = ["matrix", "--databases", "sqlite,postgres", "--formats", "jwt-eddsa,paseto-local"];
    let action = ["--action", "verify", "--rate", "20", "--sessions", "memory"];
    let hash = ["--hash", "64KiBx1"];
    let done = bench(&[&matrix[..], &action, &hash, &SHORT].concat());
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
fn who_may_not_be_loaded_is_not() {
    let done = bench(&["login", "--url", "http://192.0.2.1"]);
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("--i-may-load-this-server"), "{}", done.err);
    let done = bench(&["login", "--url", "https://127.0.0.1"]);
    assert!(done.code == Some(1) && done.err.contains("only http://"), "{}", done.err);
    let done = bench(&["login", "--url", "http://127.0.0.1:9", "--patience", "1s"]);
    assert!(done.code == Some(1) && done.err.contains("no server answers"), "{}", done.err);
}
