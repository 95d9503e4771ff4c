//! A login flood: five times as many as can be hashed come at their own pace, whatever the server does, beside people
//! who are in already; with the hash threads at the shipped priority, and at everybody's.
//!
//! Clients and server share the processors: what is measured here is worse than what a client elsewhere sees.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use criterion::Criterion;
use guardhouse::domain::clock::Stopwatch;

use crate::hash_pool::BareHash;
use crate::login::{USERS, access_token, shipped, shipped_hashing, sign_in};
use crate::support::{Client, House, Kind, get, is_named, is_trial, note, percentile, resident_bytes};

/// So many times what the machine can hash come.
const TIMES: f64 = 5.0;

/// Connections that bring them: more than are ever waiting at a time.
const CONNECTIONS: usize = 400;

pub(crate) fn bench(_: &mut Criterion) {
    if !is_named("flood") {
        return;
    }
    for (threads, niceness) in [("1", "10"), ("1", "0"), ("2", "10")] {
        flood(threads, niceness);
    }
    impatient();
}

/// What came of the logins of one flood.
#[derive(Default)]
struct Outcome {
    accepted: Vec<Duration>,
    refused: Vec<Duration>,
}

impl Outcome {
    fn add(&mut self, status: u16, took: Duration) {
        match status {
            200 => self.accepted.push(took),
            503 => self.refused.push(took),
            other => panic!("a login in a flood was answered {other}"),
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.accepted.extend(other.accepted);
        self.refused.extend(other.refused);
        self
    }
}

/// Hashes a second of the same parameters on as many threads of the same priority, with nothing else to do.
fn capacity(threads: &str, time: Duration) -> f64 {
    let mut bare = BareHash::new(&shipped_hashing(threads));
    let warm_up = bare.run(10).as_secs_f64() / 10.0;
    let hashes = (time.as_secs_f64() / warm_up).ceil() as u64;
    hashes as f64 / bare.run(hashes).as_secs_f64()
}

fn flood(threads: &'static str, niceness: &'static str) {
    let (time, connections) =
        if is_trial() { (Duration::from_millis(400), 16) } else { (Duration::from_secs(15), CONNECTIONS) };
    let house =
        House::raise(Kind::Sqlite, &[&shipped(threads)[..], &[("hashing.niceness", niceness)]].concat());
    house.populate(USERS);
    let address = house.running().address;
    let token = access_token(address);
    let before = capacity(threads, time / 5);
    let resting = resident_bytes();
    let mut idle = ask_now_and_then(address, &get("/auth/me", Some(&token)), 200, time / 3);

    let (mut reads, mut health) = (Vec::new(), Vec::new());
    let mut most = 0;
    // To the last answer: who was let in near the end is answered after it.
    let started = Stopwatch::start();
    let outcome = std::thread::scope(|scope| {
        let logins = scope.spawn(|| open_loop(address, connections, TIMES * before, time));
        let health_probe = scope.spawn(|| ask_now_and_then(address, &get("/health/ready", None), 200, time));
        let memory = scope.spawn(|| most_memory(time));
        reads = ask_now_and_then(address, &get("/auth/me", Some(&token)), 200, time);
        health = health_probe.join().expect("health is answered throughout");
        most = memory.join().expect("reading memory does not fail");
        logins.join().expect("a login is accepted or refused")
    });
    let took = started.elapsed().as_secs_f64();
    let after = capacity(threads, time / 5);
    let Outcome { mut accepted, mut refused } = outcome;
    let rate = accepted.len() as f64 / took;
    let capacity = (before + after) / 2.0;
    note(format!(
        "flood at {TIMES} × capacity for {time:?}, each refused once, {threads} hash threads, niceness {niceness}: {rate:.1} logins/s accepted, {:.2} of the {capacity:.1} \
         bare hashes/s before and after (budget 0.95); accepted p50 {:.2?} p99 {:.2?}; {:.1}/s refused, p50 {:.2?} p99 \
         {:.2?} (budget 50 ms)",
        rate / capacity,
        percentile(&mut accepted, 0.5),
        percentile(&mut accepted, 0.99),
        refused.len() as f64 / took,
        percentile(&mut refused, 0.5),
        percentile(&mut refused, 0.99),
    ));
    let (mebibyte, answers) = (1 << 20, (reads.len(), health.len()));
    let [idle, reading, healthy] = [&mut idle, &mut reads, &mut health].map(|times| percentile(times, 0.99));
    note(format!(
        "… {threads} hash threads, niceness {niceness}: GET /auth/me p99 {reading:.2?} during the flood ({} asked, all answered), idle {idle:.2?}: {:.1} ×; \
         GET /health/ready p99 {healthy:.2?} ({} asked); memory {} MiB at rest, {} MiB at most, with {connections} client threads in it",
        answers.0,
        reading.as_secs_f64() / idle.as_secs_f64(),
        answers.1,
        resting / mebibyte,
        most / mebibyte,
    ));
}

/// Logins that come evenly, `rate` a second, and are not held up by one another while a connection is free. Times count
/// from when a login was due, so that a server that stalls is charged for those that had to wait for it.
fn open_loop(address: SocketAddr, connections: usize, rate: f64, time: Duration) -> Outcome {
    let mut clients: Vec<_> = (0..connections).map(|_| Client::connect(address)).collect();
    let (next, started) = (AtomicU64::new(0), Stopwatch::start());
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                let next = &next;
                scope.spawn(move || {
                    let mut outcome = Outcome::default();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let due = Duration::from_secs_f64(number as f64 / rate);
                        if due >= time {
                            return outcome;
                        }
                        std::thread::sleep(due.saturating_sub(started.elapsed()));
                        let status = client.exchange(&sign_in(number as usize)).status;
                        outcome.add(status, started.elapsed().saturating_sub(due));
                        if status == 503 {
                            // Who was refused goes away for as long as told; the next one is somebody else.
                            *client = Client::connect(address);
                        }
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a client does not panic"))
            .fold(Outcome::default(), Outcome::merge)
    })
}

/// 256 clients who come back at once, whatever they are told.
fn impatient() {
    let (time, clients) =
        if is_trial() { (Duration::from_millis(300), 8) } else { (Duration::from_secs(10), 256) };
    let house = House::raise(Kind::Sqlite, &shipped("2"));
    house.populate(USERS);
    let address = house.running().address;
    let before = capacity("2", time / 4);
    let over = AtomicBool::new(false);
    let outcome = std::thread::scope(|scope| {
        let crowd: Vec<_> = (0..clients)
            .map(|number| {
                let (mut client, over) = (Client::connect(address), &over);
                scope.spawn(move || {
                    let mut outcome = Outcome::default();
                    while !over.load(Ordering::Relaxed) {
                        let asked = Stopwatch::start();
                        let status = client.exchange(&sign_in(number)).status;
                        outcome.add(status, asked.elapsed());
                    }
                    outcome
                })
            })
            .collect();
        std::thread::sleep(time);
        over.store(true, Ordering::Relaxed);
        crowd
            .into_iter()
            .map(|one| one.join().expect("a client does not panic"))
            .fold(Outcome::default(), Outcome::merge)
    });
    let capacity = (before + capacity("2", time / 4)) / 2.0;
    let rate = outcome.accepted.len() as f64 / time.as_secs_f64();
    note(format!(
        "{clients} clients that retry at once for {time:?}: {rate:.1} logins/s, {:.2} of the capacity of {capacity:.1} (budget \
         0.80); {:.0} refusals/s",
        rate / capacity,
        outcome.refused.len() as f64 / time.as_secs_f64(),
    ));
}

/// How long the answers take of somebody who asks every five milliseconds.
fn ask_now_and_then(address: SocketAddr, request: &[u8], status: u16, time: Duration) -> Vec<Duration> {
    let (mut client, mut times, started) = (Client::connect(address), Vec::new(), Stopwatch::start());
    while started.elapsed() < time {
        let asked = Stopwatch::start();
        let reply = client.exchange(request);
        if reply.status != status {
            note(format!("… answered {}: {}", reply.status, String::from_utf8_lossy(&reply.body)));
        }
        times.push(asked.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    times
}

fn most_memory(time: Duration) -> u64 {
    let (mut most, started) = (0, Stopwatch::start());
    while started.elapsed() < time {
        most = most.max(resident_bytes());
        std::thread::sleep(Duration::from_millis(100));
    }
    most
}
