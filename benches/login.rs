//! The whole house over HTTP: sign-ins at saturation against the bare hash, refusals, and what a flood does to everybody
//! else.
//!
//! Clients and server share the processors, so what a request costs is measured as the processor time of everything
//! but the client's thread.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use criterion::Criterion;
use guardhouse::domain::clock::Stopwatch;
use serde_json::{Value, json};

use crate::hash_pool::{BareHash, THREADS, jam};
use crate::support::{
    Client, Contest, House, Kind, PASSWORD, bare_server, email, get, in_turn, is_named, is_trial, note,
    percentile, post,
};

pub(crate) const USERS: usize = 100;
/// Connections that sign in over and over: enough that a hash thread never waits for work.
pub(crate) const CLIENTS: usize = 8;

/// The shipped costs; limits that are counted but do not bite, because there is only one address.
pub(crate) const SHIPPED: [(&str, &str); 3] =
    [("hashing.threads", "2"), ("limits.login.address", "10000/10s"), ("limits.login.account", "10000/10s")];

/// Answered with 404 after the token is verified, and before a store is asked or an event recorded: the only kind of
/// verified request that needs nothing else, because no endpoint answers from the token alone.
pub(crate) const NO_STORE: &str = "/users/none";

pub(crate) fn bench(criterion: &mut Criterion) {
    let house = House::raise(Kind::Sqlite, &SHIPPED);
    house.populate(USERS);
    saturated(criterion, &house);
    refused(criterion, &house);
    drop(house);
    if is_named("login") {
        flooded();
    }
}

fn sign_in(number: usize) -> Vec<u8> {
    post("/auth/login", &json!({ "email": email(number % USERS), "password": PASSWORD }))
}

/// Sign-ins a second when more want in than there are hash threads.
fn saturated(criterion: &mut Criterion, house: &House) {
    let mut clients = connect(house.running().address, CLIENTS);
    let mut bare = BareHash::new(&shipped_hashing());
    Contest::new("login/saturated", "bare hashes on as many threads", |iterations| bare.run(iterations))
        .within(0.95, "POST /auth/login", |iterations| {
            let (next, started) = (AtomicU64::new(0), Stopwatch::start());
            std::thread::scope(|scope| {
                for client in &mut clients {
                    scope.spawn(|| {
                        loop {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            if number >= iterations {
                                break;
                            }
                            let reply = client.exchange(&sign_in(number as usize));
                            assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
                        }
                    });
                }
            });
            started.elapsed()
        })
        .in_slices_of(Duration::from_millis(800))
        .hold(criterion);
}

fn shipped_hashing() -> guardhouse::config::Hashing {
    let hashing = guardhouse::config::Config::defaults().hashing;
    guardhouse::config::Hashing { threads: THREADS.try_into().expect("more than none"), ..hashing }
}

/// What it takes to say no while the hash pool is full.
fn refused(criterion: &mut Criterion, house: &House) {
    let hashers = house.desk().hashers;
    let _jam = jam(&hashers, &house.running().runtime);
    let request = sign_in(0);
    let mut client = connect(house.running().address, 1);
    let mut bare = connect(bare_server(300), 1);
    Contest::new("login/refused", "bare actix-web", |iterations| {
        timed(|| in_turn(&mut bare, &request, 200, iterations))
    })
    .against("503 by a full hash pool", |iterations| {
        timed(|| in_turn(&mut client, &request, 503, iterations))
    })
    .hold(criterion);
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Stopwatch::start();
    work();
    started.elapsed()
}

pub(crate) fn connect(address: SocketAddr, count: usize) -> Vec<Client> {
    (0..count).map(|_| Client::connect(address)).collect()
}

pub(crate) fn access_token(address: SocketAddr) -> String {
    let reply = Client::connect(address).exchange(&sign_in(0));
    let json: Value = serde_json::from_slice(&reply.body).expect("JSON");
    json["access_token"].as_str().expect("a token reply").to_owned()
}

/// 256 clients who want in at once and come back when they are told to, beside one who is in already and asks a
/// little something every few milliseconds.
fn flooded() {
    let (clients, time) =
        if is_trial() { (8, Duration::from_millis(300)) } else { (256, Duration::from_secs(6)) };
    let queue = ("hashing.queue", if is_trial() { "2" } else { "128" });
    let house = House::raise(Kind::Sqlite, &[&SHIPPED[..], &[queue]].concat());
    house.populate(USERS);
    let address = house.running().address;
    let token = access_token(address);

    let mut idle = probe(address, &token, time / 3);
    let (over, mut accepted, mut refused) = (AtomicBool::new(false), Vec::new(), Vec::new());
    let mut flooded = Vec::new();
    std::thread::scope(|scope| {
        let client = |number| {
            let (mut client, over) = (Client::connect(address), &over);
            move || {
                let (mut accepted, mut refused) = (Vec::new(), Vec::new());
                while !over.load(Ordering::Relaxed) {
                    let asked = Stopwatch::start();
                    let reply = client.exchange(&sign_in(number));
                    if reply.status == 200 {
                        accepted.push(asked.elapsed());
                    } else {
                        assert_eq!(reply.status, 503);
                        refused.push(asked.elapsed());
                        wait(reply.retry_after.expect("a refusal says when to come back"), over);
                    }
                }
                (accepted, refused)
            }
        };
        let crowd: Vec<_> = (0..clients).map(|number| scope.spawn(client(number))).collect();
        flooded = probe(address, &token, time);
        over.store(true, Ordering::Relaxed);
        for one in crowd {
            let (yes, no) = one.join().expect("a client does not panic");
            accepted.extend(yes);
            refused.extend(no);
        }
    });
    let [idle, during] = [&mut idle, &mut flooded].map(|times| percentile(times, 0.99));
    note(format!(
        "flood of {clients} clients that honour Retry-After, {time:?}: {} signed in (p50 {:.2?}, p99 {:.2?}); {} \
         refused (p50 {:.2?}, p99 {:.2?}; budget 50 ms); a verified request beside it p99 {during:.2?}, idle \
         {idle:.2?} (budget 2 ×)",
        accepted.len(),
        percentile(&mut accepted, 0.5),
        percentile(&mut accepted, 0.99),
        refused.len(),
        percentile(&mut refused, 0.5),
        percentile(&mut refused, 0.99),
    ));
}

/// Waits as the server says, but not beyond the end.
fn wait(seconds: u64, over: &AtomicBool) {
    let started = Stopwatch::start();
    while started.elapsed() < Duration::from_secs(seconds) && !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How long verified requests take that come five milliseconds apart.
fn probe(address: SocketAddr, token: &str, time: Duration) -> Vec<Duration> {
    let request = get(NO_STORE, Some(token));
    let (mut client, mut times, started) = (Client::connect(address), Vec::new(), Stopwatch::start());
    while started.elapsed() < time {
        let asked = Stopwatch::start();
        assert_eq!(client.exchange(&request).status, 404);
        times.push(asked.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    times
}
