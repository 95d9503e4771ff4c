//! Three real server processes: a logout on one, and how long the other two go on to accept the access token.
//!
//! Asked over HTTP by a client that does nothing else, from the moment the logout was acknowledged.
//! `GUARDHOUSE_PROVE_LOGOUTS` says how often; with `GUARDHOUSE_PROVE_STRICT` the 99th percentile must be on target, and
//! without it, on a machine that runs other tests at the same time, the median.

use std::thread;
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;

use super::home::Home;
use super::site::{GOOD, NO_SESSION, Site};
use super::size;
use crate::binary::process::Server;
use crate::support::{Kind, PrivateServer};

/// The longest that 99 of 100 logouts may take to reach another node, through Redis and through the table.
const REDIS_TARGET: Duration = Duration::from_millis(50);
const TABLE_TARGET: Duration = Duration::from_millis(500);

#[test]
fn a_logout_reaches_the_other_nodes_through_redis() {
    if !(Kind::Postgres.is_available() && Home::Redis.is_available()) {
        return;
    }
    let redis = PrivateServer::start("redis");
    let site = Site::on(Kind::Postgres).set("sessions.store", "redis").set("redis.url", &redis.url);
    logouts("Redis, accounts in PostgreSQL", &site, REDIS_TARGET);
}

#[test]
fn a_logout_reaches_the_other_nodes_through_postgres() {
    if Kind::Postgres.is_available() {
        logouts("PostgreSQL", &Site::on(Kind::Postgres), TABLE_TARGET);
    }
}

#[test]
fn a_logout_reaches_the_other_nodes_through_mysql() {
    if Kind::MySql.is_available() {
        logouts("MariaDB or MySQL", &Site::on(Kind::MySql), TABLE_TARGET);
    }
}

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn logouts(name: &str, site: &Site, target: Duration) {
    let rounds: usize = size("GUARDHOUSE_PROVE_LOGOUTS", 6);
    let nodes = ["one", "two", "three"].map(|node| site.serve(node));
    let person = nodes[0].user("ada");
    let (mut lags, mut since_sent, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        // At another point of the pollers' interval each time.
        thread::sleep(Duration::from_millis(round as u64 * 37 % 200));
        let access = nodes[0].login(&person.email).access;
        for node in &nodes {
            assert_eq!(node.verdict(&access), GOOD);
        }
        let sent = Stopwatch::start();
        let (acknowledged, refused) = thread::scope(|scope| {
            let watchers: Vec<_> =
                nodes[1..].iter().map(|node| scope.spawn(|| first_refusal(node, &access, sent))).collect();
            let answer = nodes[0].call("POST", "/auth/logout", Some(&access), None);
            assert_eq!(answer.status, 204, "{answer:?}");
            let acknowledged = sent.elapsed();
            let refused: Vec<_> = watchers.into_iter().map(|watcher| watcher.join().unwrap()).collect();
            (acknowledged, refused)
        });
        // The node itself needs no feed.
        nodes[0].call("DELETE", NO_SESSION, Some(&access), None).is_problem(401, "token_revoked");
        answered.push(acknowledged);
        since_sent.extend(refused.iter().copied());
        lags.extend(refused.into_iter().map(|refused| refused.saturating_sub(acknowledged)));
    }
    let measured = measured_lags(&nodes[1]);
    assert!(measured >= rounds as u64, "guardhouse_revocation_lag_seconds counts {measured}");
    let (median, p99, worst) =
        (percentile(&mut lags, 50), percentile(&mut lags, 99), percentile(&mut lags, 100));
    println!(
        "{name}: {} logouts seen by the other two nodes: median {:.1} ms, p99 {:.1} ms, worst {:.1} ms after the answer \
         (p99 {:.1} ms after it was asked for, of which the logout itself takes {:.1} ms, median)",
        lags.len(),
        millis(median),
        millis(p99),
        millis(worst),
        millis(percentile(&mut since_sent, 99)),
        millis(percentile(&mut answered, 50)),
    );
    let strict = size("GUARDHOUSE_PROVE_STRICT", 0) == 1;
    let judged = if strict { p99 } else { median };
    assert!(judged < target, "{judged:?} is not below {target:?}");
}

/// When `node` first refused the token, since `start`.
fn first_refusal(node: &Server, access: &str, start: Stopwatch) -> Duration {
    loop {
        let answer = node.call("DELETE", NO_SESSION, Some(access), None);
        if answer.status != GOOD {
            answer.is_problem(401, "token_revoked");
            return start.elapsed();
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the logout never arrived");
        thread::sleep(Duration::from_micros(500));
    }
}

/// How many lags the node says it has measured.
fn measured_lags(node: &Server) -> u64 {
    let text = node.ops("/metrics").text;
    let count = text.lines().find_map(|line| line.strip_prefix("guardhouse_revocation_lag_seconds_count "));
    count.map_or(0, |count| count.trim().parse().expect("a number"))
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
