//! Redis goes away and comes back under load, in order, by SIGKILL, and without its data. What was acknowledged is
//! there, what was not is told so, the configured mode is observed, and the server recovers by itself.
//!
//! `GUARDHOUSE_PROVE_OUTAGES` says how often each happens to each mode; by default each happens once to some mode.

mod clients;

use std::thread;
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;

use super::home::Home;
use super::redis::Admin;
use super::site::{GOOD, Site};
use super::size;
use crate::binary::process::{Server, until};
use crate::support::{Kind, PrivateServer};
use clients::{Clients, Outcome};

/// `max_staleness`.
const MAX: Duration = Duration::from_secs(1);

/// How much younger than its reading the view may be: one wait of the feed, one tick of the timer, a busy machine.
const AGE: Duration = Duration::from_millis(700);

/// What may pass between the return of Redis and the moment when everything is as before; and on a machine that runs
/// other tests at the same time.
const RECOVERY: Duration = Duration::from_secs(1);
const BUSY_RECOVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Stopped,
    Killed,
    KilledAndEmptied,
}

#[test]
fn check_store_cannot_check_and_says_so() {
    outages("check_store", 503, &[How::Killed, How::KilledAndEmptied]);
}

#[test]
fn refuse_refuses() {
    outages("refuse", 503, &[How::Stopped]);
}

#[test]
fn allow_goes_on() {
    outages("allow", GOOD, &[How::Killed]);
}

/// One answer to the probe: from when to when, and what.
struct Seen(Duration, Duration, u16);

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn outages(mode: &str, stale: u16, small: &[How]) {
    if !Home::Redis.is_available() {
        return;
    }
    let rounds: usize = size("GUARDHOUSE_PROVE_OUTAGES", 0);
    let all = [How::Stopped, How::Killed, How::KilledAndEmptied];
    let outages = if rounds == 0 { small.to_vec() } else { all.repeat(rounds) };
    let recovery = if rounds == 0 { BUSY_RECOVERY } else { RECOVERY };
    let redis = PrivateServer::start("redis");
    let site = Site::on(Kind::Sqlite)
        .set("sessions.store", "redis")
        .set("redis.url", &redis.url)
        // A refresh whose answer was lost may be tried again when everything is over.
        .set("sessions.refresh_grace", "5m")
        .set("sessions.revocation.on_stale", mode)
        .set("sessions.revocation.max_staleness", "1s")
        .set("sessions.revocation.poll_interval", "50ms");
    // Each check waits for Redis this long: with the shipped second too few would fit into an outage.
    let site = if mode == "check_store" { site.set("redis.timeout", "200ms") } else { site };
    let server = site.serve("one");
    let (mut total, mut recoveries) = (Outcome::default(), Vec::new());
    for (number, how) in outages.iter().copied().enumerate() {
        // What is acknowledged is on its way to the disk: what is lost then is not Redis's own loss.
        Admin::connect(&redis.url).tell(&["CONFIG", "SET", "appendfsync", "always"]);
        let probe = server.user(&format!("probe{number}"));
        let clients = Clients::start(server.address, &format!("outage{number}"), 3);
        until("some load", || clients.acknowledged() >= 20);
        let watch = Stopwatch::start();
        let (down, up, again, seen) = thread::scope(|scope| {
            let probing = scope.spawn(|| probe_for(&server, &probe.access, watch, &clients));
            thread::sleep(Duration::from_millis(300));
            let down = watch.elapsed();
            if how == How::Stopped {
                redis.stop()
            } else {
                redis.kill()
            }
            let gone = watch.elapsed();
            if how == How::KilledAndEmptied {
                redis.wipe();
            }
            thread::sleep(MAX + AGE + Duration::from_millis(600));
            let starting = scope.spawn(|| redis.start_again());
            until("Redis is back", || Admin::answers(&redis.url));
            let up = watch.elapsed();
            until("the server is ready by itself", || server.get("/health/ready").status == 200);
            let newcomer = server.user(&format!("newcomer{number}"));
            until("the newcomer is known", || server.verdict(&newcomer.access) == GOOD);
            until("the feed is fresh", || is_fresh(&server));
            let recovered = watch.elapsed();
            starting.join().expect("the server is started");
            thread::sleep(Duration::from_millis(400));
            clients.end();
            ((down, gone), up, recovered, probing.join().expect("the probe does not panic"))
        });
        let recovered = again - up;
        assert!(recovered < recovery, "{mode}, {how:?}: recovered only after {recovered:?}");
        recoveries.push(recovered);
        observed(&format!("{mode}, {how:?}"), stale, down, (up, again), how == How::KilledAndEmptied, &seen);
        let outcome = clients.finish();
        outcome.holds(&server, how != How::KilledAndEmptied);
        total.add(outcome);
    }
    assert!(!server.output().contains("panicked"), "{}", server.output());
    let worst = recoveries.iter().max().expect("there were outages");
    println!(
        "{mode}: Redis went {} times; {} sessions and {} logouts acknowledged, 0 lost beyond what Redis lost; {} requests refused \
         with 503, {} refreshes in doubt and good at the next try; recovery at worst {} ms",
        outages.len(),
        total.living.len(),
        total.ended.len(),
        total.refused,
        total.doubtful,
        worst.as_millis(),
    );
}

/// Whether the view of what has ended is no older than configured.
fn is_fresh(server: &Server) -> bool {
    let age = server.ops("/admin/actors").json["sessions"]["feed_age_seconds"].as_f64();
    age.expect("the actors are shown") < MAX.as_secs_f64()
}

/// Asks with a live session's token until the load is over.
fn probe_for(server: &Server, access: &str, watch: Stopwatch, clients: &Clients) -> Vec<Seen> {
    let mut seen = Vec::new();
    while !clients.is_over() {
        let from = watch.elapsed();
        let status = server.verdict(access);
        seen.push(Seen(from, watch.elapsed(), status));
        thread::sleep(Duration::from_millis(5));
    }
    seen
}

/// Asserts that the probe was answered as configured: as ever until the view was stale, then by the mode, and as ever
/// again from the moment when all else was. The pairs of times are a beginning and an end.
fn observed(
    name: &str,
    stale: u16,
    down: (Duration, Duration),
    (up, again): (Duration, Duration),
    emptied: bool,
    seen: &[Seen],
) {
    let (mut fresh, mut in_mode, mut after) = (0, 0, 0);
    for Seen(from, to, status) in seen {
        let told = format!("{name}: {status} between {from:?} and {to:?}; away {down:?} to {up:?}");
        if *to < down.0 + MAX - AGE {
            assert_eq!(*status, GOOD, "{told}");
            fresh += 1;
        } else if *from > down.1 + MAX + Duration::from_millis(100) && *to < up {
            assert_eq!(*status, stale, "{told}");
            in_mode += 1;
        } else if *from > again {
            assert_eq!(*status, GOOD, "{told}");
            after += 1;
        } else {
            // In between either; and whoever checks an emptied Redis finds no session.
            assert!(*status == GOOD || *status == stale || (emptied && *status == 401), "{told}");
        }
    }
    assert!(fresh > 0 && in_mode > 1 && after > 0, "{name}: {fresh} {in_mode} {after}");
}
