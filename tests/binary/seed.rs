//! `guardhouse seed`: the same accounts and sessions in every database, and never among real ones.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::process::{Installation, Server, with_database};
use crate::on_every_database;
use crate::support::Kind;

on_every_database!(made_up_people_sign_in_and_are_the_same_everywhere);

pub const PASSWORD: &str = "correct horse battery staple";

/// The lines of a file of `--tokens`.
pub fn tokens(house: &Installation, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(house.directory.path().join(file)).expect("the tokens were written");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Presents the refresh token of `line`, which must be good.
pub fn refresh(server: &Server, line: &Value) {
    server.post("/auth/refresh", &json!({ "refresh_token": line["refresh_token"] })).ok(200);
}

fn made_up_people_sign_in_and_are_the_same_everywhere(kind: Kind) {
    let (house, other) = (Installation::on(kind), Installation::on(Kind::Sqlite));
    let command = [
        "seed",
        "--users",
        "30",
        "--sessions",
        "70",
        "--seed",
        "5",
        "--tokens",
        "tokens",
        "--tokens-of",
        "7",
    ];
    let said = house.run(&command).ok();
    assert!(said.contains("30 accounts and 70 sessions of the seed 5"), "{said}");
    let lines = tokens(&house, "tokens");
    let numbers: Vec<_> = lines.iter().map(|line| line["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 10, 20, 30, 40, 50, 60]);
    assert_eq!(lines[4]["email"], "user10@seed.example");

    // The same elsewhere: only the keys are each installation's own.
    other.run(&command[..7]).ok();
    let (from, to) = (house.database_url(), other.database_url());
    let compared =
        other.run(&["db", "copy", "--verify-only", "--json", "--from", &from, "--to", &to]).exits(3);
    let report: Value = serde_json::from_str(&compared).unwrap();
    let different: Vec<_> =
        report["differences"].as_array().unwrap().iter().map(|one| &one["table"]).collect();
    assert_eq!(different, ["signing_keys"], "{report}");
    assert_eq!(report["tables"][0]["rows"], 30);
    assert_eq!(report["tables"][2]["rows"], 70);

    // A second run loses what is there, so it has to be said; and it makes the same again.
    std::fs::remove_file(house.directory.path().join("tokens")).unwrap();
    let refused = house.run(&command).failed(1);
    assert!(refused.contains("--replace") && refused.contains("30 accounts"), "{refused}");
    house.run(&[&command[..], &["--replace"]].concat()).ok();
    let again: Value = serde_json::from_str(
        &other.run(&["db", "copy", "--verify-only", "--json", "--from", &from, "--to", &to]).exits(3),
    )
    .unwrap();
    assert_eq!(again["tables"][0], report["tables"][0]);

    let server = house.serve();
    let lines = tokens(&house, "tokens");
    lines.iter().for_each(|line| refresh(&server, line));
    let login = json!({ "email": lines[0]["email"], "password": PASSWORD });
    server.post("/auth/login", &login).ok(200);
    let output = server.terminate();
    assert!(output.contains("made up to measure with"), "{output}");
}

#[test]
fn real_accounts_are_never_mixed_with_made_up_ones() {
    let house = Installation::on(Kind::Sqlite);
    house.run(&["users", "create", "ada@example.org", "--no-password"]).ok();
    for more in [&[][..], &["--replace"]] {
        let refused = house.run(&[&["seed", "--users", "3", "--sessions", "0"], more].concat()).failed(1);
        assert!(refused.contains("is in use") && refused.contains("users"), "{refused}");
    }
    assert_eq!(house.run(&["users", "list"]).ok().lines().count(), 1);
    house.run(&["seed", "--users", "0", "--sessions", "0"]).failed(2);
    let elsewhere = Installation::on(Kind::Sqlite).set("sessions.store", "memory");
    let refused = elsewhere.run(&["seed", "--users", "3", "--sessions", "1"]).failed(1);
    assert!(refused.contains("sessions.store") && refused.contains("memory"), "{refused}");
}

#[test]
fn a_replacement_that_cannot_be_made_leaves_what_is_there_and_can_be_made_later() {
    let house = Installation::on(Kind::Sqlite);
    let seed = ["seed", "--users", "3", "--sessions", "3", "--tokens", "tokens"];
    let accounts = || house.run(&["users", "list"]).ok().lines().count();
    house.run(&seed).ok();
    std::fs::remove_file(house.directory.path().join("tokens")).unwrap();
    let replace = [&seed[..], &["--replace"]].concat();
    house.run(&[&replace[..], &["--password", &"x".repeat(10_000)]].concat()).failed(1);
    assert_eq!(accounts(), 3);

    // Something that refuses when half of it is gone: not even the sessions go then, and neither does the mark.
    let execute = |statements| {
        with_database(&house.database_url(), async |db| {
            db.writer().execute_unprepared(statements).await.unwrap()
        })
    };
    execute(
        "CREATE TABLE refers (id BLOB REFERENCES users (id)); INSERT INTO refers SELECT id FROM users LIMIT 1",
    );
    house.run(&replace).failed(1);
    assert_eq!(accounts(), 3);
    let refused = house.run(&seed).failed(1);
    assert!(refused.contains("3 accounts, 3 sessions"), "{refused}");
    execute("DROP TABLE refers");
    house.run(&replace).ok();
    assert_eq!((accounts(), tokens(&house, "tokens").len()), (3, 3));
}
