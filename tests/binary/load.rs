//! A load of registrations and refreshes that remembers what the server acknowledged, for tests that end the server
//! in the middle of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use sea_orm::{ColumnTrait, Database, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;

use guardhouse_entity::{audit_events, credentials, sessions, users};

use super::process::{Server, agent, request};
use crate::support::house::PASSWORD;

/// Somebody whose registration was answered with 201.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    pub id: String,
    pub session: String,
    /// The refresh token that was exchanged, when the exchange was acknowledged.
    pub spent: Option<String>,
    /// The newest acknowledged refresh token.
    pub refresh: String,
    /// Whether an exchange of [`Self::refresh`] was sent and not answered: it may have happened.
    pub doubtful: bool,
}

/// What came of the load.
#[derive(Debug, Default)]
pub struct Outcome {
    pub acknowledged: Vec<Acknowledged>,
    /// Answered with something else than 2xx.
    pub refused: usize,
}

/// Clients that register one person after the other, each of whom refreshes once, until the server is gone.
pub struct Load {
    workers: Vec<JoinHandle<Outcome>>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
}

impl Load {
    /// Starts `clients` clients; `name` makes their people unique.
    pub fn start(address: SocketAddr, name: &str, clients: usize) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let worker = |client| {
            let (stop, acknowledged, name) = (stop.clone(), acknowledged.clone(), format!("{name}-{client}"));
            thread::spawn(move || work(address, &name, &stop, &acknowledged))
        };
        let workers = (0..clients).map(worker).collect();
        Self { workers, stop, acknowledged }
    }

    /// How many registrations have been acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits for the clients, who end when the server is gone, or now.
    pub fn finish(self) -> Outcome {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Outcome::default();
        for worker in self.workers {
            let outcome = worker.join().expect("a client does not panic");
            all.acknowledged.extend(outcome.acknowledged);
            all.refused += outcome.refused;
        }
        all
    }
}

fn work(address: SocketAddr, name: &str, stop: &AtomicBool, acknowledged: &AtomicUsize) -> Outcome {
    let (agent, mut outcome) = (agent(), Outcome::default());
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let email = format!("{name}-{number}@example.org");
        let body = json!({ "email": email, "password": PASSWORD });
        let Ok(answer) = request(&agent, address, "POST", "/auth/register", None, Some(&body)) else {
            break;
        };
        if answer.status != 201 {
            outcome.refused += 1;
            continue;
        }
        acknowledged.fetch_add(1, Ordering::SeqCst);
        let text = |pointer| answer.json.pointer(pointer).and_then(|text| text.as_str()).unwrap().to_owned();
        let first = text("/refresh_token");
        let mut person = Acknowledged {
            id: text("/user/id"),
            session: text("/session_id"),
            spent: None,
            refresh: first.clone(),
            doubtful: true,
        };
        let body = json!({ "refresh_token": first });
        let refreshed = request(&agent, address, "POST", "/auth/refresh", None, Some(&body));
        let Ok(answer) = refreshed else {
            outcome.acknowledged.push(person);
            break;
        };
        person.doubtful = answer.status != 200;
        if answer.status == 200 {
            person.spent = Some(first);
            person.refresh = answer.json["refresh_token"].as_str().unwrap().to_owned();
        } else {
            outcome.refused += 1;
        }
        outcome.acknowledged.push(person);
    }
    outcome
}

/// What is in the database at `url` of those whom the server acknowledged: asserts that it is everything.
pub fn nothing_is_missing(url: &str, people: &[Acknowledged]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let there = runtime.block_on(async {
        let db = Database::connect(url).await.expect("the database answers");
        let ids = |found: Result<Vec<uuid::Uuid>, _>| -> std::collections::HashSet<String> {
            found.expect("the table can be read").iter().map(ToString::to_string).collect()
        };
        let events = |kind: &'static str| {
            audit_events::Entity::find()
                .filter(audit_events::Column::Kind.eq(kind))
                .select_only()
                .column(audit_events::Column::UserId)
                .into_tuple()
                .all(&db)
        };
        let there = [
            (
                "an account",
                ids(users::Entity::find()
                    .select_only()
                    .column(users::Column::Id)
                    .into_tuple()
                    .all(&db)
                    .await),
            ),
            (
                "a credential",
                ids(credentials::Entity::find()
                    .select_only()
                    .column(credentials::Column::UserId)
                    .into_tuple()
                    .all(&db)
                    .await),
            ),
            (
                "a session",
                ids(sessions::Entity::find()
                    .select_only()
                    .column(sessions::Column::Id)
                    .into_tuple()
                    .all(&db)
                    .await),
            ),
            ("a record of the registration", ids(events("registered").await)),
            ("a record of the sign-in", ids(events("login_succeeded").await)),
        ];
        db.close().await.expect("the connection closes");
        there
    });
    for (what, ids) in &there {
        let id = |person: &Acknowledged| {
            if *what == "a session" { person.session.clone() } else { person.id.clone() }
        };
        let missing: Vec<_> = people.iter().filter(|person| !ids.contains(&id(person))).collect();
        assert!(missing.is_empty(), "{} acknowledged people are without {what}: {missing:?}", missing.len());
    }
}

/// Asserts that of every chain of refresh tokens the newest acknowledged one is good and no spent one is. The server
/// must be strict (`sessions.refresh_grace = "0s"`).
pub fn no_token_is_valid_twice(server: &Server, people: &[Acknowledged]) {
    for person in people.iter().filter(|person| !person.doubtful) {
        let newest = server.post("/auth/refresh", &json!({ "refresh_token": person.refresh }));
        assert_eq!(newest.status, 200, "{person:?}: {newest:?}");
        if let Some(spent) = &person.spent {
            let spent = server.post("/auth/refresh", &json!({ "refresh_token": spent }));
            spent.is_problem(401, "refresh_replayed");
        }
    }
}

/// Who is recorded as signed in after registration, and how often.
pub fn sign_ins(url: &str) -> std::collections::HashMap<String, usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let users: Vec<uuid::Uuid> = runtime.block_on(async {
        let db = Database::connect(url).await.expect("the database answers");
        let found = audit_events::Entity::find()
            .filter(audit_events::Column::Kind.eq("login_succeeded"))
            .select_only()
            .column(audit_events::Column::UserId)
            .into_tuple()
            .all(&db)
            .await
            .expect("the table can be read");
        db.close().await.expect("the connection closes");
        found
    });
    let mut times = std::collections::HashMap::new();
    for user in users {
        *times.entry(user.to_string()).or_default() += 1;
    }
    times
}
