//! The whole house over HTTP: sign-ins at saturation against the bare hash, and refusals. What a flood does to everybody
//! else: see `flood`.
//!
//! Clients and server share the processors, so what a request costs is measured as the processor time of everything
//! but the client's thread.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::Criterion;
use guardhouse::domain::clock::Stopwatch;
use serde_json::{Value, json};

use crate::hash_pool::{BareHash, jam};
use crate::support::{Client, Contest, House, Kind, PASSWORD, bare_server, email, in_turn, post};

pub(crate) const USERS: usize = 100;
/// Connections that sign in over and over: enough that a hash thread never waits for work.
pub(crate) const CLIENTS: usize = 8;

/// The shipped costs; limits that are counted but do not bite, because there is only one address.
pub(crate) fn shipped(threads: &'static str) -> [(&'static str, &'static str); 5] {
    let wide = "10000/10s";
    [
        ("hashing.threads", threads),
        ("limits.login.address", wide),
        ("limits.login.network", wide),
        ("limits.login.account", wide),
        ("limits.login.anywhere", wide),
    ]
}

/// Answered with 404 after the token is verified, and before a store is asked or an event recorded: the only kind of
/// verified request that needs nothing else, because no endpoint answers from the token alone.
pub(crate) const NO_STORE: &str = "/users/none";

pub(crate) fn bench(criterion: &mut Criterion) {
    // With one hash thread there is a core for everything else; with two all of it runs on the same two cores, as the bare
    // hashes do that it is compared with, so what a login takes beside its hash shows as a loss.
    for (threads, budget) in [("1", Some(0.95)), ("2", None)] {
        let house = House::raise(Kind::Sqlite, &shipped(threads));
        house.populate(USERS);
        saturated(criterion, &house, threads, budget);
        if threads == "2" {
            refused(criterion, &house);
        }
    }
}

pub(crate) fn sign_in(number: usize) -> Vec<u8> {
    post("/auth/login", &json!({ "email": email(number % USERS), "password": PASSWORD }))
}

/// Sign-ins a second when more want in than there are hash threads.
fn saturated(criterion: &mut Criterion, house: &House, threads: &str, budget: Option<f64>) {
    let mut clients = connect(house.running().address, CLIENTS);
    let mut bare = BareHash::new(&shipped_hashing(threads));
    let name = format!("login/saturated_{threads}");
    let contest = Contest::new(&name, "bare hashes on as many threads", |iterations| bare.run(iterations));
    let by_login = |iterations: u64| {
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
    };
    let contest = match budget {
        Some(budget) => contest.within(budget, "POST /auth/login", by_login),
        None => contest.against("POST /auth/login", by_login),
    };
    contest.in_slices_of(Duration::from_secs(3)).hold(criterion);
}

pub(crate) fn shipped_hashing(threads: &str) -> guardhouse::config::Hashing {
    let hashing = guardhouse::config::Config::defaults().hashing;
    guardhouse::config::Hashing { threads: threads.parse().expect("a number above none"), ..hashing }
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
