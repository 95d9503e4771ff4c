//! Everything goes from SQLite to PostgreSQL, on to MariaDB and back to SQLite, is killed on the way, and is the same at the
//! end: digests, and refresh tokens that were issued before.
//!
//! `GUARDHOUSE_PROVE_USERS` accounts and `GUARDHOUSE_PROVE_SESSIONS` sessions; each copy is killed
//! `GUARDHOUSE_PROVE_KILLS` times. Where a database is not there it is left out.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;
use serde_json::Value;

use super::size;
use crate::binary::copy::killed;
use crate::binary::process::Installation;
use crate::binary::seed::{refresh, tokens};
use crate::support::Kind;

/// What a copy may take, whatever the size: an unoptimised program with its pools of connections.
const MOST_MEMORY_MIB: u64 = 160;
/// What a back-up and a restore may take, whatever the size: at the beginning there are 128 MiB for scrypt in it.
const MOST_MEMORY_OF_A_FILE_MIB: u64 = 208;

#[test]
fn everything_goes_round_all_databases_and_is_the_same_at_the_end() {
    let users: u64 = size("GUARDHOUSE_PROVE_USERS", 1_000);
    let sessions: u64 = size("GUARDHOUSE_PROVE_SESSIONS", 2_000);
    let kills: usize = size("GUARDHOUSE_PROVE_KILLS", 1);
    let others = [Kind::Postgres, Kind::MySql].into_iter().filter(|kind| kind.is_available());
    let way: Vec<_> = [Kind::Sqlite].into_iter().chain(others).chain([Kind::Sqlite]).collect();
    let houses: Vec<_> = way.iter().map(|kind| Installation::on(*kind)).collect();
    let (first, last) = (&houses[0], &houses[houses.len() - 1]);

    let (many, of) = (users.to_string(), sessions.to_string());
    let mut seed = first.command(&[
        "seed",
        "--users",
        &many,
        "--sessions",
        &of,
        "--tokens",
        "tokens",
        "--tokens-of",
        "40",
    ]);
    let (_, took, memory) = measured(&mut seed, MOST_MEMORY_MIB);
    tell("seed", Kind::Sqlite, took, memory, users * 2 + sessions);

    let (mut digests, mut all_kills) = (Vec::new(), 0);
    for (place, pair) in houses.windows(2).enumerate() {
        let (from, to) = (pair[0].database_url(), pair[1].new_database_url());
        let copy = ["db", "copy", "--from", &from, "--to", &to, "--json"];
        let watch = Stopwatch::start();
        let killed = killed(|| first.command(&copy), &to, kills);
        // The small edition may be too fast for some of its kills.
        assert!(killed == kills || std::env::var("GUARDHOUSE_PROVE_KILLS").is_err(), "{killed} of {kills}");
        all_kills += killed;
        let (said, _, memory) = measured(&mut first.command(&copy), MOST_MEMORY_MIB);
        let took = watch.elapsed();
        let report: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(report["same"], true, "{report}");
        assert!(
            killed == 0 || report["resumed"].as_u64() > Some(0),
            "it was killed {killed} times: {report}"
        );
        digests.push(report["tables"].clone());
        tell(
            &format!("{:?} to (killed {killed} times)", way[place]),
            way[place + 1],
            took,
            memory,
            rows(&report),
        );
    }
    assert!(all_kills > 0, "no copy was killed in the middle");
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
    for table in digests[0].as_array().expect("tables") {
        println!("{:18} {:>9} {}", table["table"], table["rows"], table["digest"]);
    }

    in_a_file(first, &digests[0]);
    last.take_master_key_of(first);
    let server = last.serve();
    let lines = tokens(first, "tokens");
    assert_eq!(lines.len(), 40);
    lines.iter().for_each(|line| refresh(&server, line));
    server.terminate();
    println!("{} refresh tokens from before were good afterwards", lines.len());
}

/// A back-up, its proof and its restoration: they hold `tables`, and their memory has a bound, too.
fn in_a_file(house: &Installation, tables: &Value) {
    let (to, directory) = (Installation::on(Kind::Sqlite), house.directory.path());
    let [file, key] = ["all.age", "key"].map(|name| directory.join(name).display().to_string());
    std::fs::write(&key, "a passphrase of some words").expect("written");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).expect("ours");
    let named = [file.as_str(), "--passphrase-file", &key, "--json"];
    for (house, what) in [(house, &["backup"][..]), (&to, &["restore", "--verify-only"]), (&to, &["restore"])]
    {
        let (said, took, memory) =
            measured(&mut house.command(&[what, &named].concat()), MOST_MEMORY_OF_A_FILE_MIB);
        let report: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(&report["tables"], tables, "{what:?}");
        tell(&what.join(" "), Kind::Sqlite, took, memory, rows(&report));
    }
}

fn rows(report: &Value) -> u64 {
    report["tables"].as_array().expect("tables").iter().filter_map(|table| table["rows"].as_u64()).sum()
}

fn tell(what: &str, kind: Kind, took: Duration, memory: u64, rows: u64) {
    let seconds = took.as_secs_f64();
    println!(
        "{what} {kind:?}: {rows} rows in {seconds:.1} s, {:.0} a second, {memory} MiB at most",
        rows as f64 / seconds
    );
}

/// Runs `command` well to its end: what it printed, how long it took, and the most memory that it had, in MiB, which is at most
/// `bound`.
fn measured(command: &mut Command, bound: u64) -> (String, Duration, u64) {
    let watch = Stopwatch::start();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("started");
    let mut most = 0;
    let status = loop {
        most = super::import::peak_kib(&child).unwrap_or(0).max(most);
        match child.try_wait().expect("our own child") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut said = String::new();
    // It is short enough for the pipe.
    child.stdout.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    assert!(status.success(), "{status}");
    assert!(most > 0 && most >> 10 <= bound, "{most} KiB");
    (said, watch.elapsed(), most >> 10)
}
