//! A rolling restart of three real server processes under load, behind a balancer that asks for readiness: nobody's
//! request fails, and nobody is signed out.
//!
//! `GUARDHOUSE_PROVE_ROLLS` says how often all three are restarted.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::redis::redis_is_available;
use super::site::Site;
use super::size;
use crate::binary::process::{Server, agent, request, until};
use crate::support::house::PASSWORD;
use crate::support::{Kind, User};

#[test]
fn postgres() {
    if Kind::Postgres.is_available() && redis_is_available() {
        let redis = std::env::var("GUARDHOUSE_TEST_REDIS_URL").expect("it is available");
        // A database of this test's own in that Redis.
        let site =
            Site::on(Kind::Postgres).set("sessions.store", "redis").set("redis.url", format!("{redis}/5"));
        roll(site, "PostgreSQL and Redis");
    }
}

#[test]
fn mysql() {
    if Kind::MySql.is_available() {
        roll(Site::on(Kind::MySql), "MariaDB");
    }
}

const NAMES: [&str; 3] = ["one", "two", "three"];
const CLIENTS: usize = 6;

/// How often the balancer asks each node whether it is ready, and how long a node that ends goes on answering.
const PROBES: Duration = Duration::from_millis(100);
const DRAIN: &str = "3s";

/// What balancer and clients share.
#[derive(Default)]
struct Balancer {
    /// Every node there is, and those that were ready when they were asked last.
    known: Mutex<Vec<SocketAddr>>,
    ready: Mutex<Vec<SocketAddr>>,
    over: AtomicBool,
    answered: AtomicUsize,
    refreshed: AtomicUsize,
    signed_in: AtomicUsize,
    failed: Mutex<Vec<String>>,
}

impl Balancer {
    fn probe(&self) {
        let agent = agent();
        while !self.over.load(Ordering::SeqCst) {
            let known = self.known.lock().unwrap().clone();
            let is_ready = |node: &SocketAddr| {
                request(&agent, *node, "GET", "/health/ready", None, None)
                    .is_ok_and(|answer| answer.status == 200)
            };
            let ready = known.into_iter().filter(is_ready).collect();
            *self.ready.lock().unwrap() = ready;
            thread::sleep(PROBES);
        }
    }

    fn fail(&self, what: String) {
        self.failed.lock().unwrap().push(what);
    }

    /// Refreshes, asks who it is, and now and then signs in again: each time at the next node.
    fn client(&self, mut person: User, number: usize) {
        let agent = agent();
        let mut turn = number;
        while !self.over.load(Ordering::SeqCst) {
            turn += 1;
            let ready = self.ready.lock().unwrap().clone();
            let Some(&node) = ready.get(turn % ready.len().max(1)) else { continue };
            let (method, path, token, body, wanted) = match turn % 8 {
                0 => {
                    ("POST", "/auth/login", None, json!({ "email": person.email, "password": PASSWORD }), 200)
                }
                1 | 5 => ("POST", "/auth/refresh", None, json!({ "refresh_token": person.refresh }), 200),
                _ => ("GET", "/auth/me", Some(person.access.clone()), json!(null), 200),
            };
            let body = Some(&body).filter(|body| !body.is_null());
            match request(&agent, node, method, path, token.as_deref(), body) {
                Err(error) => self.fail(format!("{method} {path}: {error}")),
                Ok(answer) if answer.status != wanted => self.fail(format!("{method} {path}: {answer:?}")),
                Ok(answer) => {
                    self.answered.fetch_add(1, Ordering::SeqCst);
                    match turn % 8 {
                        0 => drop(self.signed_in.fetch_add(1, Ordering::SeqCst)),
                        1 | 5 => {
                            self.refreshed.fetch_add(1, Ordering::SeqCst);
                            person = User::from(person.email, &answer);
                        }
                        _ => assert_eq!(answer.json["email"], person.email),
                    }
                }
            }
        }
        // The session of the beginning, or its last successor.
        let node = self.ready.lock().unwrap()[0];
        let body = json!({ "refresh_token": person.refresh });
        let answer =
            request(&agent, node, "POST", "/auth/refresh", None, Some(&body)).expect("everybody is up");
        assert_eq!(answer.status, 200, "{} was signed out: {answer:?}", person.email);
    }
}

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn roll(site: Site, stores: &str) {
    let rolls: usize = size("GUARDHOUSE_PROVE_ROLLS", 1);
    // Everybody signs in over and over: the oldest session of theirs must not give way to that.
    let site = site.set("server.drain_delay", DRAIN).set("sessions.max_per_user", 100_000);
    let mut nodes: Vec<Server> = NAMES.iter().map(|name| site.serve(name)).collect();
    let balancer = Balancer::default();
    let addresses = |nodes: &[Server]| nodes.iter().map(|node| node.address).collect::<Vec<_>>();
    *balancer.known.lock().unwrap() = addresses(&nodes);
    *balancer.ready.lock().unwrap() = addresses(&nodes);
    let people: Vec<User> = (0..CLIENTS).map(|number| nodes[0].user(&format!("roller-{number}"))).collect();
    thread::scope(|scope| {
        scope.spawn(|| balancer.probe());
        let clients: Vec<_> = people
            .into_iter()
            .enumerate()
            .map(|(number, person)| {
                let balancer = &balancer;
                scope.spawn(move || balancer.client(person, number))
            })
            .collect();
        let goes_on = |what: &str| {
            let before = balancer.answered.load(Ordering::SeqCst);
            until(what, || balancer.answered.load(Ordering::SeqCst) > before + 10 * CLIENTS);
        };
        for _ in 0..rolls {
            for place in 0..NAMES.len() {
                goes_on("answers by three nodes");
                let node = nodes.remove(place);
                node.terminate();
                goes_on("answers by two nodes");
                nodes.insert(place, site.serve(NAMES[place]));
                *balancer.known.lock().unwrap() = addresses(&nodes);
                let address = nodes[place].address;
                until("the node is back", || balancer.ready.lock().unwrap().contains(&address));
            }
        }
        balancer.over.store(true, Ordering::SeqCst);
        clients.into_iter().for_each(|client| client.join().expect("nobody was signed out"));
    });
    let failed = balancer.failed.into_inner().unwrap();
    println!(
        "{stores}: {} restarts of three nodes, {} requests answered ({} sign-ins, {} refreshes), {} failed, 0 sign-outs",
        rolls * NAMES.len(),
        balancer.answered.load(Ordering::SeqCst),
        balancer.signed_in.load(Ordering::SeqCst),
        balancer.refreshed.load(Ordering::SeqCst),
        failed.len(),
    );
    assert_eq!(failed, Vec::<String>::new());
    nodes.into_iter().for_each(|node| drop(node.terminate()));
}
