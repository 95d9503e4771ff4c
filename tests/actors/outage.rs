//! A real database is stopped and started under a house that people register with: what was acknowledged is there,
//! what was not was told so, and the house recovers by itself.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guardhouse::domain::audit::{Free, FreeKind, Origin, Subject};
use guardhouse::domain::clock::{Stopwatch, Timestamp};
use guardhouse_entity::{audit_events, users};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};

use crate::proofs::size;
use crate::support::house::PASSWORD;
use crate::support::{Kind, PrivateServer, TestHouse};

#[test]
fn an_outage_of_postgres_loses_nothing_that_was_acknowledged() {
    outage(Kind::Postgres, "postgres");
}

#[test]
fn an_outage_of_mysql_loses_nothing_that_was_acknowledged() {
    outage(Kind::MySql, "mysql");
}

/// What the people at the door were told.
#[derive(Debug, Default)]
struct Told {
    registered: Mutex<Vec<String>>,
    answers: AtomicUsize,
    signed_in: AtomicUsize,
    refused: AtomicUsize,
    odd: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Told {
    /// The status of an answer that may be `good`, or else has to be the problem of an outage.
    fn note(&self, status: u16, text: &str, good: u16) -> bool {
        self.answers.fetch_add(1, Ordering::SeqCst);
        if status == good {
            return true;
        }
        let code = serde_json::from_str::<Value>(text).map_or(Value::Null, |body| body["code"].clone());
        if status == 503 && code.is_string() {
            self.refused.fetch_add(1, Ordering::SeqCst);
        } else {
            self.odd.lock().unwrap().push(format!("{status} {text}"));
        }
        false
    }

    fn registrations(&self) -> usize {
        self.registered.lock().unwrap().len()
    }
}

fn person(told: &Told, address: &str, number: usize) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let post = |path: &str, body: Value| {
        let sent = agent
            .post(format!("http://{address}{path}"))
            .header("content-type", "application/json")
            .send(body.to_string());
        let mut answer = sent.expect("the house answers, whatever its database does");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a text"))
    };
    for round in 0.. {
        if told.over.load(Ordering::SeqCst) {
            return;
        }
        let email = format!("person{number}-{round}@example.org");
        let (status, text) = post("/auth/register", json!({ "email": email, "password": PASSWORD }));
        if told.note(status, &text, 201) {
            told.registered.lock().unwrap().push(email.clone());
            // Without a token the account is there, but its owner could not be signed in.
            if text.contains("access_token") {
                told.signed_in.fetch_add(1, Ordering::SeqCst);
            }
            let (status, text) = post("/auth/login", json!({ "email": email, "password": PASSWORD }));
            if told.note(status, &text, 200) {
                told.signed_in.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// Waits until `what` holds; the load goes on meanwhile.
fn until(what: &str, told: &Told, mut holds: impl FnMut() -> bool) {
    let waiting = Stopwatch::start();
    while !holds() {
        assert!(waiting.elapsed() < Duration::from_secs(30), "never: {what}; {told:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn outage(kind: Kind, name: &'static str) {
    if !kind.is_available() {
        return;
    }
    let server = PrivateServer::start(name);
    let house = TestHouse::on(kind)
        .on_server(&server.url)
        .set("database.acquire_timeout", "1s")
        .set("hashing.queue", 64)
        .start();
    let told = Arc::new(Told::default());
    let people: Vec<_> = (0..4)
        .map(|number| {
            let (told, address) = (told.clone(), house.address().to_string());
            std::thread::spawn(move || person(&told, &address, number))
        })
        .collect();
    let ready = || house.get("/health/ready").status;

    for (round, kill) in [(1, false), (2, true)] {
        let before = told.registrations();
        until("people register", &told, || told.registrations() >= before + 20);
        assert_eq!(ready(), 200);
        if kill {
            server.kill()
        } else {
            server.stop()
        }
        let refused = told.refused.load(Ordering::SeqCst);
        until("people are refused", &told, || told.refused.load(Ordering::SeqCst) >= refused + 8);
        assert_eq!(ready(), 503, "outage {round}");
        assert_eq!(house.get("/health/live").status, 200);
        server.start_again();
        until("the house is ready by itself", &told, || ready() == 200);
    }
    let before = (told.registrations(), told.signed_in.load(Ordering::SeqCst));
    until("people register and sign in again", &told, || {
        told.registrations() >= before.0 + 20 && told.signed_in.load(Ordering::SeqCst) >= before.1 + 40
    });
    told.over.store(true, Ordering::SeqCst);
    people.into_iter().for_each(|person| person.join().expect("no panic at the door"));
    assert_eq!(*told.odd.lock().unwrap(), [""; 0], "neither success nor 503");

    // Every acknowledged registration is there, with the record of its transaction; so is every sign-in.
    let desk = house.desk();
    let (stored, records, sign_ins) = house.io(async move {
        desk.audit.drain().await;
        let stored: Vec<String> = users::Entity::find()
            .select_only()
            .column(users::Column::Email)
            .into_tuple()
            .all(desk.db.reader())
            .await
            .expect("readable");
        let count = async |kind: &str| {
            let events = audit_events::Entity::find().filter(audit_events::Column::Kind.eq(kind));
            events.all(desk.db.reader()).await.expect("readable").len()
        };
        (stored, count("registered").await, count("login_succeeded").await)
    });
    let unique: HashSet<_> = stored.iter().collect();
    let registered = told.registered.lock().unwrap().clone();
    for email in &registered {
        assert!(unique.contains(email), "{email} was acknowledged and is lost");
    }
    assert_eq!(stored.len(), records, "no account without its record, no record without its account");
    let signed_in = told.signed_in.load(Ordering::SeqCst);
    assert!(sign_ins >= signed_in, "{sign_ins} records of {signed_in} sign-ins");
    let last = registered.last().expect("there were many");
    house.login(last);
    println!(
        "{name}: {} answers, {} registrations acknowledged, {} stored, {} refused with 503, {sign_ins} sign-ins recorded",
        told.answers.load(Ordering::SeqCst),
        registered.len(),
        stored.len(),
        told.refused.load(Ordering::SeqCst),
    );
    // The drop of the house asserts that the places of the audit log have no hole.
    house.proves_its_audit_log();
    drop(house);
}

#[test]
fn while_postgres_is_away_observations_are_acknowledged_from_the_spool() {
    spool(Kind::Postgres, "postgres");
}

#[test]
fn while_mysql_is_away_observations_are_acknowledged_from_the_spool() {
    spool(Kind::MySql, "mysql");
}

fn spool(kind: Kind, name: &'static str) {
    if !kind.is_available() {
        return;
    }
    let server = PrivateServer::start(name);
    let house = TestHouse::on(kind)
        .on_server(&server.url)
        .set("database.acquire_timeout", "1s")
        .set("audit.batch", 16)
        .start();
    let record = |from: usize, to: usize| {
        let audit = house.desk().audit;
        house.io(async move {
            let events = (from..to).map(|number| {
                let subject = Subject::default().detail(number.to_string());
                let event =
                    Free::new(Timestamp::MIN, FreeKind::AccessDenied, subject, &Origin::server("test"));
                audit.record(event)
            });
            futures_util::future::join_all(events).await
        })
    };
    let all_taken = |answers: Vec<_>| assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    all_taken(record(0, 5));
    server.kill();
    // For as long as is asked for, people go on knocking and everything observed is acknowledged.
    let (away, lasting) =
        (Stopwatch::start(), Duration::from_secs(size("GUARDHOUSE_PROVE_OUTAGE_SECONDS", 0)));
    let (mut taken, mut turned_away) = (5, 0);
    while taken == 5 || away.elapsed() < lasting {
        all_taken(record(taken, taken + 100));
        taken += 100;
        let login = json!({ "email": "nobody@example.org", "password": PASSWORD });
        let answer = house.post("/auth/login", login);
        assert_eq!(answer.status, 503, "{answer:?}");
        turned_away += 1;
    }
    let gone_for = away.elapsed();
    let desk = house.desk();
    let snapshot = house.io(async move { desk.audit.observe().await.expect("the writer answers") });
    assert!(snapshot.spooled > 0 && snapshot.pending == 0, "{snapshot:?}");
    server.start_again();
    until("the spool is read back", &Told::default(), || {
        let desk = house.desk();
        house.io(async move { desk.audit.observe().await }).is_ok_and(|snapshot| snapshot.spooled == 0)
    });
    all_taken(record(taken, taken + 5));
    let mut details: Vec<usize> = house
        .events("access_denied")
        .into_iter()
        .map(|event| event.detail.expect("a number").parse().expect("a number"))
        .collect();
    details.sort_unstable();
    assert_eq!(details, (0..taken + 5).collect::<Vec<_>>(), "each once");
    house.proves_its_audit_log();
    println!(
        "{name}: away for {gone_for:?}; {} events acknowledged meanwhile, {turned_away} sign-ins refused with 503; all {} stored \
         once, no hole",
        taken - 5,
        taken + 5
    );
}
