//! `docs/profiles.md` names the test of each task, each test stands in it, and its commands work.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::binary::process::{bare, finish};

const TEXT: &str = include_str!("../../docs/profiles.md");
const ROOMS: [(&str, &str); 2] =
    [("stateless", include_str!("stateless.rs")), ("hybrid_redis", include_str!("hybrid_redis.rs"))];

/// The tests of a file: those by themselves, and those that are stamped for each database.
fn tests(source: &str) -> Vec<&str> {
    let stamped = source.split_once("on_every_database!(").and_then(|(_, rest)| rest.split_once(')'));
    let stamped: Vec<&str> =
        stamped.map(|(names, _)| names.split(',').map(str::trim).collect()).unwrap_or_default();
    let mut found = Vec::new();
    let mut is_test = false;
    for line in source.lines() {
        if let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next())
            && (std::mem::take(&mut is_test) || stamped.contains(&name))
        {
            found.push(name);
        }
        is_test |= line == "#[test]";
    }
    found
}

#[test]
fn the_document_names_the_test_of_each_task_in_the_order_of_the_list() {
    for (room, source) in ROOMS {
        let there = tests(source);
        assert!(there.len() > 15, "{room}: only {there:?}");
        let prefix = format!("{room}::");
        let codes = TEXT.split('`').skip(1).step_by(2);
        let named: Vec<&str> = codes.filter_map(|code| code.strip_prefix(&prefix)).collect();
        let sets = [&there, &named].map(|names| names.iter().collect::<BTreeSet<_>>());
        assert_eq!(sets[0], sets[1], "left: tests/profiles/{room}.rs, right: docs/profiles.md");
        assert_eq!(there, named, "the same, in another order");
    }
}

#[test]
fn the_commands_of_the_document_work() {
    let blocks: Vec<&str> =
        TEXT.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 4, "only {} blocks", blocks.len());
    let directory = tempfile::tempdir().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    std::os::unix::fs::symlink(config, directory.path().join("config")).unwrap();
    std::fs::write(directory.path().join("users.csv"), "email,password_hash\nada@example.org,\n").unwrap();
    let program = bare(directory.path()).get_program().to_owned();
    // Servers are started by other tests; here their configuration is looked at.
    let prelude = "guardhouse() {\n    if [ \"$1\" = serve ]; then shift; set -- config check \"$@\"; fi\n    \
        \"$PROGRAM\" \"$@\"\n}\n";
    let mut started = 0;
    for block in blocks {
        let mut bash = Command::new("bash");
        bash.args(["-eu", "-o", "pipefail", "-c", &format!("{prelude}{block}")]);
        bash.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("PROGRAM", &program);
        let done = finish(bash.current_dir(directory.path()), "");
        assert_eq!(done.code, Some(0), "{block}\n{done:?}");
        started += done.out.matches("the configuration is right").count();
    }
    let commands = ["\nguardhouse serve", "\nguardhouse config check"];
    assert_eq!(started, commands.map(|command| TEXT.matches(command).count()).iter().sum::<usize>());
}
