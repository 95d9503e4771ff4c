//! Clients that register, refresh and log out, and remember what they were told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::process::{Server, agent, request};
use crate::support::house::PASSWORD;
use crate::support::{Answer, User};

/// How many of a kind are asked after an outage.
const SAMPLE: usize = 60;

/// What the clients were told.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Whose registration, and refresh if there was one, was acknowledged; or whose refresh is in doubt.
    pub living: Vec<User>,
    /// Whose logout was acknowledged.
    pub ended: Vec<User>,
    /// Answered with 503.
    pub refused: usize,
    /// How many of the living present a token whose exchange was not acknowledged.
    pub doubtful: usize,
}

impl Outcome {
    pub fn add(&mut self, other: Self) {
        self.living.extend(other.living);
        self.ended.extend(other.ended);
        self.refused += other.refused;
        self.doubtful += other.doubtful;
    }

    /// Asserts that whoever logged out is out, and that whoever did not is in; unless Redis has lost all sessions.
    pub fn holds(&self, server: &Server, kept: bool) {
        assert!(self.refused > 0, "nobody noticed the outage");
        for person in sample(&self.ended) {
            server.get_as(&person.access, "/auth/me").is_problem(401, "token_revoked");
            refresh(server, person).is_problem(401, "refresh_invalid");
        }
        for person in sample(&self.living) {
            let answer = refresh(server, person);
            if kept {
                assert_eq!(answer.status, 200, "{}: {answer:?}", person.email);
            } else if answer.status != 200 {
                // Before the loss: no thief, just somebody who signs in again.
                answer.is_problem(401, "refresh_invalid");
                assert_eq!(server.login(&person.email).id, person.id);
            }
        }
    }
}

fn sample(people: &[User]) -> impl Iterator<Item = &User> {
    people.iter().step_by(people.len().div_ceil(SAMPLE).max(1))
}

fn refresh(server: &Server, person: &User) -> Answer {
    server.post("/auth/refresh", &json!({ "refresh_token": person.refresh }))
}

/// Clients under way.
pub struct Clients {
    workers: Vec<JoinHandle<Outcome>>,
    over: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
}

impl Clients {
    /// Starts `number` clients; `name` makes their people unique.
    pub fn start(address: SocketAddr, name: &str, number: usize) -> Self {
        let (over, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let workers = (0..number).map(|number| {
            let (over, acknowledged, name) = (over.clone(), acknowledged.clone(), format!("{name}-{number}"));
            thread::spawn(move || work(address, &name, &over, &acknowledged))
        });
        Self { workers: workers.collect(), over, acknowledged }
    }

    /// How many people have come and stayed so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Whether [`Self::end`] was called.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Lets the clients finish what they do.
    pub fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Waits for the clients.
    pub fn finish(self) -> Outcome {
        self.end();
        let mut all = Outcome::default();
        for worker in self.workers {
            all.add(worker.join().expect("a client does not panic"));
        }
        all
    }
}

fn work(address: SocketAddr, name: &str, over: &AtomicBool, acknowledged: &AtomicUsize) -> Outcome {
    let (agent, mut outcome) = (agent(), Outcome::default());
    let call = |path: &str, token: Option<&str>, body: Option<Value>| {
        request(&agent, address, "POST", path, token, body.as_ref())
            .expect("the server answers, whatever Redis does")
    };
    for number in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        thread::sleep(Duration::from_millis(2));
        let email = format!("{name}-{number}@example.org");
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = call("/auth/register", None, Some(body));
        if !is_good(&answer, 201, &mut outcome) {
            continue;
        }
        let mut person = User::from(email, &answer);
        if person.refresh.is_empty() {
            // With Redis away the account exists all the same, and nobody is signed in.
            let body = json!({ "email": person.email, "password": PASSWORD });
            let answer = call("/auth/login", None, Some(body));
            if !is_good(&answer, 200, &mut outcome) {
                continue;
            }
            person = User::from(person.email, &answer);
        }
        let answer = call("/auth/refresh", None, Some(json!({ "refresh_token": person.refresh })));
        if !is_good(&answer, 200, &mut outcome) {
            outcome.doubtful += 1;
            outcome.living.push(person);
            continue;
        }
        person = User::from(person.email, &answer);
        acknowledged.fetch_add(1, Ordering::SeqCst);
        if number % 3 != 0 {
            outcome.living.push(person);
        } else if is_good(&call("/auth/logout", Some(&person.access), None), 204, &mut outcome) {
            outcome.ended.push(person);
        }
    }
    outcome
}

/// Whether the answer has the status; otherwise it has to be the problem of an outage.
fn is_good(answer: &Answer, status: u16, outcome: &mut Outcome) -> bool {
    if answer.status == status {
        return true;
    }
    assert!(
        answer.json["code"] == "storage_unavailable" || answer.json["code"] == "overloaded",
        "{answer:?}"
    );
    outcome.refused += 1;
    false
}
