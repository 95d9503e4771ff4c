//! `kill -9` in the middle of a load: what was acknowledged is there afterwards, and no token is good twice.
//!
//! `GUARDHOUSE_KILL_ROUNDS` makes it longer; `scripts/kill-test` sets it.

use std::thread;
use std::time::Duration;

use crate::binary::load::{Load, no_token_is_valid_twice, nothing_is_missing, sign_ins};
use crate::binary::process::{Installation, until};
use crate::on_every_database;
use crate::support::Kind;

on_every_database!(
    everything_acknowledged_survives_kill_9,
    a_crash_loses_no_more_events_than_the_durability_says_and_the_log_is_provable,
);

/// How many people a round checks over HTTP; the database is asked about everybody.
const CHECKED: usize = 50;

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn everything_acknowledged_survives_kill_9(kind: Kind) {
    let rounds = std::env::var("GUARDHOUSE_KILL_ROUNDS")
        .map_or(2, |rounds| rounds.parse().expect("GUARDHOUSE_KILL_ROUNDS is a whole number"));
    let house = Installation::on(kind).set("sessions.refresh_grace", "0s").set("log.filter", "warn");
    let (mut untouched, mut acknowledged, mut refused, mut doubtful) = (Vec::new(), 0, 0, 0);
    for round in 0..rounds {
        let server = house.serve();
        let load = Load::start(server.address, &format!("round{round}"), 8);
        until("some load", || load.acknowledged() >= 5);
        // Never at the same point of what the server does now and then.
        thread::sleep(Duration::from_millis(150 + round * 137 % 700));
        server.kill();
        let outcome = load.finish();
        nothing_is_missing(&house.database_url(), &outcome.acknowledged);

        let server = house.serve();
        let step = outcome.acknowledged.len().div_ceil(CHECKED).max(1);
        let mut some = Vec::new();
        for (number, person) in outcome.acknowledged.iter().enumerate() {
            // The check ends their sessions.
            if number % step == 0 { &mut some } else { &mut untouched }.push(person.clone());
        }
        no_token_is_valid_twice(&server, &some);
        server.terminate();
        house.run(&["audit", "verify"]).ok();
        acknowledged += outcome.acknowledged.len();
        doubtful += outcome.acknowledged.iter().filter(|person| person.doubtful).count();
        refused += outcome.refused;
    }
    // What earlier rounds acknowledged is still there after the later ones.
    nothing_is_missing(&house.database_url(), &untouched);
    println!(
        "{kind:?}: {rounds} times kill -9, {acknowledged} registrations acknowledged, 0 missing; {refused} requests refused, \
         {doubtful} refreshes under way when the server died"
    );
}

/// `sync` is the default, and what the test above asks for: none.
#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn a_crash_loses_no_more_events_than_the_durability_says_and_the_log_is_provable(kind: Kind) {
    let rounds = std::env::var("GUARDHOUSE_KILL_ROUNDS")
        .map_or(1, |rounds| rounds.parse().expect("GUARDHOUSE_KILL_ROUNDS is a whole number"));
    for (durability, batch, bound) in [("sync", 16, 0), ("group", 16, 16), ("async", 16, 8_192)] {
        let house = Installation::on(kind)
            .set("audit.durability", durability)
            .set("audit.batch", batch)
            .set("audit.checkpoint", "1s")
            .set("log.filter", "warn");
        let (mut acknowledged, mut lost) = (0, 0);
        for round in 0..rounds {
            let server = house.serve();
            let load = Load::start(server.address, &format!("{durability}{round}"), 8);
            until("some load", || load.acknowledged() >= 20);
            thread::sleep(Duration::from_millis(50 + round * 173 % 900));
            server.kill();
            let people = load.finish().acknowledged;
            // The next start reads what is left: rows without a place are adopted a minute later, by whoever runs then.
            let server = house.serve();
            server.terminate();
            let recorded = sign_ins(&house.database_url());
            let missing = people.iter().filter(|person| !recorded.contains_key(&person.id)).count();
            assert!(missing <= bound, "{durability}: {missing} acknowledged sign-ins are not recorded");
            assert!(recorded.values().all(|times| *times == 1), "no event is there twice");
            house.run(&["audit", "verify"]).ok();
            acknowledged += people.len();
            lost += missing;
        }
        println!(
            "{kind:?} {durability}: {rounds} times kill -9, {acknowledged} sign-ins acknowledged, {lost} not recorded"
        );
    }
}
