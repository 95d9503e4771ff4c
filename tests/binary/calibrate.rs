//! `guardhouse calibrate`: what it proposes is a configuration, and what cannot be had is said.

use super::process::Installation;

#[test]
fn a_proposal_is_a_configuration_that_is_accepted() {
    let house = Installation::new();
    let wishes = ["--logins-per-second", "0.05", "--p99", "60s", "--memory", "64MiB", "--each", "1ms"];
    let lines = house.run(&[&["calibrate"], &wishes[..]].concat()).ok();
    for key in ["threads", "queue", "deadline", "memory_budget = \"64MiB\"", "[hashing.argon2]", "iterations"]
    {
        assert!(lines.contains(key), "{key}: {lines}");
    }
    std::fs::write(house.directory.path().join("proposed.toml"), &lines).unwrap();
    house.run(&["config", "check", "--config", "proposed.toml"]).ok();
    let explained = house.run(&["config", "explain", "--config", "proposed.toml"]).ok();
    let of_file = explained.lines().filter(|line| line.contains("proposed.toml")).count();
    assert_eq!(of_file, 8, "each of its keys is one: {explained}");
}

#[test]
fn a_wish_that_no_machine_fulfils_is_refused_with_what_would_work() {
    let house = Installation::new();
    let wishes = ["--logins-per-second", "1000000", "--p99", "100", "--memory", "67108864", "--each", "1ms"];
    let said = house.run(&[&["calibrate"], &wishes[..]].concat()).failed(3);
    assert!(said.contains("logins"), "{said}");
    for (wrong, told) in [("--p99", "soon"), ("--memory", "much"), ("--logins-per-second", "-3")] {
        let mut wishes = wishes.map(str::to_owned);
        let at = wishes.iter().position(|word| word == wrong).unwrap() + 1;
        wishes[at] = told.to_owned();
        let arguments: Vec<_> =
            std::iter::once("calibrate").chain(wishes.iter().map(String::as_str)).collect();
        let said = house.run(&arguments).failed(2);
        assert!(said.contains(wrong), "{said}");
    }
}
