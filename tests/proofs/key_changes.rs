//! Three real server processes under load while keys are rotated and the format of tokens is switched, node by node:
//! not one valid token is refused, by none of them.
//!
//! `GUARDHOUSE_PROVE_SWITCHES` says how many changes of the algorithm there are, each with a rotation before it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;
use serde_json::json;

use super::site::{GOOD, NO_SESSION, Site};
use super::size;
use crate::binary::process::{Server, agent, request};
use crate::http::tokens::kid;
use crate::support::{Answer, Kind, User};

#[test]
fn postgres() {
    if Kind::Postgres.is_available() {
        keys_and_formats_change_under_load_and_no_valid_token_is_refused(Kind::Postgres);
    }
}

#[test]
fn mysql() {
    if Kind::MySql.is_available() {
        keys_and_formats_change_under_load_and_no_valid_token_is_refused(Kind::MySql);
    }
}

const CLIENTS: usize = 4;
/// Tokens that are asked about again and again, the oldest among them.
const KEPT: usize = 400;
/// How long a key is announced here, and how often nodes look.
const ANNOUNCED: Duration = Duration::from_millis(900);
const LOOKS: &str = "100ms";

/// What a site is switched to, one after the other.
const ALGORITHMS: [(&str, &str); 6] = [
    ("paseto", "v4.public"),
    ("jwt", "ES256"),
    ("paseto", "v4.local"),
    ("jwt", "HS256"),
    ("jwt", "RS256"),
    ("jwt", "EdDSA"),
];

/// What the clients and the operator share.
#[derive(Default)]
struct Shared {
    /// Nodes that nobody is restarting at the moment.
    up: Mutex<Vec<SocketAddr>>,
    tokens: Mutex<Vec<String>>,
    over: AtomicBool,
    asked: AtomicUsize,
    /// Tokens by the key that signed them.
    by_key: Mutex<BTreeMap<String, usize>>,
}

impl Shared {
    fn nodes(&self) -> Vec<SocketAddr> {
        lock(&self.up).clone()
    }

    fn keep(&self, token: &str) {
        *lock(&self.by_key).entry(kid(token)).or_default() += 1;
        let mut tokens = lock(&self.tokens);
        if tokens.len() == KEPT {
            // The first ones stay for good: they are of the first keys.
            tokens.remove(KEPT / 4);
        }
        tokens.push(token.to_owned());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no client has panicked")
}

/// One client: refreshes its own session and asks about everybody's tokens, each time at another node.
fn client(shared: &Shared, mut person: User, seed: usize) {
    let agent = agent();
    let mut turn = seed;
    while !shared.over.load(Ordering::SeqCst) {
        turn += 1;
        let nodes = shared.nodes();
        let node = nodes[turn * 7 % nodes.len()];
        let call = |method, path: &str, token: Option<&str>, body| -> Option<Answer> {
            let answer = request(&agent, node, method, path, token, body);
            if answer.is_err() {
                // Only a node that is being restarted may leave somebody without an answer.
                assert!(!shared.nodes().contains(&node), "{node} is up and does not answer {method} {path}");
            }
            answer.ok()
        };
        if turn.is_multiple_of(5) {
            let body = json!({ "refresh_token": person.refresh });
            let Some(answer) = call("POST", "/auth/refresh", None, Some(&body)) else { continue };
            assert_eq!(answer.status, 200, "a genuine refresh token was refused: {answer:?}");
            person = User::from(person.email, &answer);
            shared.keep(&person.access);
        } else {
            let token = {
                let tokens = lock(&shared.tokens);
                tokens[turn * 31 % tokens.len()].clone()
            };
            let Some(answer) = call("DELETE", NO_SESSION, Some(&token), None) else { continue };
            assert_eq!(answer.status, GOOD, "a valid token was refused: {token} {answer:?}");
            shared.asked.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn keys_and_formats_change_under_load_and_no_valid_token_is_refused(kind: Kind) {
    let switches: usize = size("GUARDHOUSE_PROVE_SWITCHES", 1);
    let site = Site::on(kind)
        .set("keys.poll_interval", LOOKS)
        .set("keys.announcement", format!("{}ms", ANNOUNCED.as_millis()))
        // A lost answer may be asked for again until a node is back.
        .set("sessions.refresh_grace", "1m");
    const NAMES: [&str; 3] = ["one", "two", "three"];
    let mut nodes: Vec<Server> = NAMES.iter().map(|name| site.serve(name)).collect();
    let shared = Shared::default();
    *lock(&shared.up) = nodes.iter().map(|node| node.address).collect();
    let people: Vec<User> = (0..CLIENTS).map(|number| nodes[0].user(&format!("client-{number}"))).collect();
    let mut switched_to = BTreeSet::new();
    people.iter().for_each(|person| shared.keep(&person.access));
    let (mut rotations, mut expected) = (0, BTreeSet::from([kid(&people[0].access)]));
    thread::scope(|scope| {
        let working: Vec<_> = people
            .into_iter()
            .enumerate()
            .map(|(number, person)| {
                let shared = &shared;
                scope.spawn(move || client(shared, person, number * 1_000))
            })
            .collect();
        let mut rotate = |nodes: &[Server], body| {
            let answer = nodes[0].ops_post("/admin/keys/rotate", &body);
            assert_eq!(answer.status, 201, "{answer:?}");
            let made = answer.json["kid"].as_str().expect("a key").to_owned();
            if answer.json["algorithm"] != "refresh" {
                signs(&shared, &made);
                expected.insert(made);
            }
        };
        let all_working = |what: &str| {
            assert!(working.iter().all(|client| !client.is_finished()), "a client stopped: {what}");
        };
        for switch in 0..switches {
            rotate(&nodes, json!({}));
            rotate(&nodes, json!({ "algorithm": "refresh" }));
            rotations += 2;
            all_working("after a rotation");
            let (format, algorithm) = ALGORITHMS[switch % ALGORITHMS.len()];
            for place in 0..nodes.len() {
                let node = nodes.remove(place);
                lock(&shared.up).retain(|address| *address != node.address);
                node.terminate();
                let changes = [("tokens.format", format), ("tokens.algorithm", algorithm)];
                nodes.insert(place, site.serve_with(NAMES[place], &changes));
                lock(&shared.up).push(nodes[place].address);
                all_working("after a restart");
            }
            let listed = nodes[0].ops("/admin/keys").ok(200);
            let of_it = |key: &&serde_json::Value| key["algorithm"] == algorithm && key["phase"] != "retired";
            let key = listed["keys"].as_array().and_then(|keys| keys.iter().find(of_it));
            let key = key.and_then(|key| key["kid"].as_str()).expect("a key of the new algorithm");
            signs(&shared, key);
            switched_to.insert(key.to_owned());
            all_working("after a switch");
        }
        shared.over.store(true, Ordering::SeqCst);
        working.into_iter().for_each(|client| client.join().expect("every token was good"));
    });
    let by_key = lock(&shared.by_key);
    println!(
        "{kind:?}: {switches} switches of the algorithm on three nodes and {rotations} rotations under load: {} questions \
         about tokens of {} keys, none refused; {} tokens made",
        shared.asked.load(Ordering::SeqCst),
        by_key.len(),
        by_key.values().sum::<usize>(),
    );
    expected.append(&mut switched_to);
    assert_eq!(by_key.keys().cloned().collect::<BTreeSet<_>>(), expected);
    nodes.into_iter().for_each(|node| drop(node.terminate()));
}

/// Waits until tokens of this key are handed out by all who hand out any.
fn signs(shared: &Shared, kid: &str) {
    let began = Stopwatch::start();
    let count = || lock(&shared.by_key).get(kid).copied().unwrap_or_default();
    while count() < 3 * CLIENTS {
        assert!(began.elapsed() < Duration::from_secs(60), "{kid} never signed");
        assert!(!shared.over.load(Ordering::SeqCst));
        thread::sleep(Duration::from_millis(5));
    }
}
