//! An import of many accounts takes a constant amount of memory, and the people sign in afterwards.
//!
//! `GUARDHOUSE_PROVE_USERS` accounts with hashes of four kinds. `GUARDHOUSE_PROVE_PROGRAM` is the program to measure,
//! where it is not the one of this build.

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;
use serde_json::json;

use super::size;
use crate::binary::process::Installation;
use crate::on_every_database;
use crate::support::Kind;

on_every_database!(many_accounts_are_imported_in_constant_memory_and_sign_in);

/// Hashes of four systems, and their passwords.
const HASHES: [(&str, &str); 4] = [
    ("test", "$2y$04$mIJxfrCaEI3GukZe11CiXublhEFanu5.ododkll1WphfSp6pn4zIu"),
    ("not a password", "pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs="),
    ("test", "$scrypt$ln=8,r=8,p=1$wlhLyXmP8b53bm1NKYVQqg$mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU+VxWA"),
    ("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
];

/// Accounts that sign in, spread over the file.
const SAMPLE: u64 = 40;

/// What an import may take, whatever the size of the file: an unoptimised program with its pool of connections.
const MOST_MEMORY_MIB: u64 = 160;

#[expect(clippy::print_stdout, reason = "the figures for docs/benchmarks")]
fn many_accounts_are_imported_in_constant_memory_and_sign_in(kind: Kind) {
    let users: u64 = size("GUARDHOUSE_PROVE_USERS", 4_000);
    let house = Installation::on(kind).set("hashing.memory_budget", "32MiB");
    house.run(&["migrate", "up"]).ok();
    let mut text = String::new();
    for number in 0..users {
        let (_, hash) = HASHES[(number % 4) as usize];
        writeln!(text, "{}", json!({ "email": email(number), "name": "Somebody", "password_hash": hash }))
            .unwrap();
    }
    let octets = text.len() as u64;
    std::fs::write(house.directory.path().join("many.jsonl"), text).unwrap();

    let (took, memory) = import(&house);
    let (again, _) = import(&house);
    println!(
        "{kind:?}: {users} accounts ({} MiB) imported in {:.1} s, {:.0} a second, {memory} MiB of memory at most; imported \
         again, all there already, {:.0} a second",
        octets >> 20,
        took.as_secs_f64(),
        users as f64 / took.as_secs_f64(),
        users as f64 / again.as_secs_f64(),
    );
    assert!(memory <= MOST_MEMORY_MIB, "{memory} MiB for {users} accounts");

    let server = house.serve();
    for step in 0..SAMPLE {
        let number = step * (users - 1) / (SAMPLE - 1);
        let password = HASHES[(number % 4) as usize].0;
        server.post("/auth/login", &json!({ "email": email(number), "password": password })).ok(200);
        server
            .post("/auth/login", &json!({ "email": email(number), "password": "another one" }))
            .is_problem(401, "invalid_credentials");
    }
    server.terminate();
}

fn email(number: u64) -> String {
    format!("somebody.{number}@example.org")
}

/// How long it took, and the most memory that it had, in MiB.
fn import(house: &Installation) -> (Duration, u64) {
    let mut command = house.command(&["users", "import", "many.jsonl", "--format", "jsonl"]);
    let watch = Stopwatch::start();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("started");
    let mut memory = 0;
    let status = loop {
        memory = peak_kib(&child).unwrap_or(0).max(memory);
        match child.try_wait().expect("our own child") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert!(status.success(), "{status}");
    assert!(memory > 0, "the memory was never seen");
    (watch.elapsed(), memory >> 10)
}

pub(super) fn peak_kib(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}
