//! `guardhouse migrate`, on every database.

use std::process::Command;

use super::process::{Installation, finish};
use crate::on_every_database;
use crate::support::Kind;

on_every_database!(the_schema_goes_up_and_down_and_says_where_it_is);

fn states(out: &str) -> Vec<(&str, &str)> {
    out.lines()
        .map(|line| line.split_once(' ').expect("state and name"))
        .map(|(s, n)| (s, n.trim()))
        .collect()
}

fn the_schema_goes_up_and_down_and_says_where_it_is(kind: Kind) {
    let house = Installation::on(kind);
    let before = house.run(&["migrate", "status"]).ok();
    let names: Vec<_> = states(&before).into_iter().map(|(_, name)| name.to_owned()).collect();
    assert!(names.len() >= 6 && states(&before).iter().all(|(state, _)| *state == "missing"), "{before}");
    assert!(names.is_sorted(), "oldest first: {names:?}");

    let up = house.run(&["migrate", "up"]).ok();
    assert!(states(&up).iter().all(|(state, _)| *state == "applied"), "{up}");
    assert_eq!(house.run(&["migrate", "up"]).ok(), up, "a second time changes nothing");

    let down = house.run(&["migrate", "down", "--steps", "2"]).ok();
    let (kept, gone) = names.split_at(names.len() - 2);
    let expected: Vec<_> = kept
        .iter()
        .map(|name| ("applied", name.as_str()))
        .chain(gone.iter().map(|name| ("missing", name.as_str())))
        .collect();
    assert_eq!(states(&down), expected);
    assert_eq!(house.run(&["migrate", "status"]).ok(), down);

    let one = house.run(&["migrate", "down"]).ok();
    assert_eq!(states(&one).iter().filter(|(state, _)| *state == "applied").count(), names.len() - 3);
    assert_eq!(house.run(&["migrate", "up"]).ok(), up);
}

#[test]
fn without_leave_to_migrate_the_server_does_not_touch_the_schema() {
    let house = Installation::on(Kind::Sqlite).set("database.migrate", false);
    let err = house.run(&["serve"]).failed(1);
    assert!(err.contains("guardhouse migrate up"), "it does not say what to do: {err}");
    let keys = house.run(&["keys", "rotate", "--algorithm", "refresh"]);
    assert_ne!(keys.code, Some(0), "keys rotate migrated: {keys:?}");
    assert!(house.run(&["migrate", "status"]).ok().lines().all(|line| line.starts_with("missing")));
    house.run(&["migrate", "up"]).ok();
    house.run(&["keys", "rotate", "--algorithm", "refresh"]).ok();
    assert_eq!(house.serve().get("/health/ready").status, 200);
}

#[test]
fn a_reader_who_leaves_early_is_no_fault() {
    let house = Installation::on(Kind::Sqlite);
    let program = env!("CARGO_BIN_EXE_guardhouse");
    // `head -c 0` leaves before anything is printed.
    let line = format!("{{ {program} migrate status; echo \"status $?\" >&2; }} | head -c 0");
    let done = finish(Command::new("bash").args(["-c", &line]).current_dir(house.directory.path()), "");
    assert!(!done.err.contains("panicked"), "{}", done.err);
}
