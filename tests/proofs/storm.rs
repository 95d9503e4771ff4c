//! Many callers with the same refresh token at once: all get the same successor, and nobody is taken for a thief.
//! Afterwards, each late replay is caught.
//!
//! Most of it goes through the flows, in one process with a clock that stands still; a part goes over HTTP.
//! `GUARDHOUSE_PROVE_SESSIONS` × `GUARDHOUSE_PROVE_CALLERS`, of which `GUARDHOUSE_PROVE_HTTP_SESSIONS` over HTTP.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use guardhouse::domain::clock::{Clock, ManualClock, Stopwatch, Timestamp};
use guardhouse::flows::Desk;
use guardhouse::flows::authenticate::{AuthenticateError, authenticate};
use guardhouse::flows::refresh::RefreshError;
use guardhouse_entity::audit_events;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::task::JoinSet;

use super::home::Home;
use super::people::{Person, exchange, generation, is_good, move_in};
use super::size;
use crate::in_every_home;
use crate::support::{Answer, TestHouse};

in_every_home!(every_caller_gets_the_same_successor_and_every_late_replay_is_caught);

/// How many refreshes are under way at once: fewer than the session keeper lets in.
const AT_ONCE: usize = 400;

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn every_caller_gets_the_same_successor_and_every_late_replay_is_caught(home: Home) {
    let sessions: usize = size("GUARDHOUSE_PROVE_SESSIONS", 24);
    let callers: usize = size("GUARDHOUSE_PROVE_CALLERS", 20);
    let at_the_door = size("GUARDHOUSE_PROVE_HTTP_SESSIONS", 6).min(sessions);
    let opened = home.open();
    let house = opened
        .plan()
        .set("database.pool", 8)
        .set("database.acquire_timeout", "30s")
        // The clock moves past the grace at once: the view of revocations must not count as stale for that.
        .set("sessions.revocation.max_staleness", "1h")
        .start();
    let (desk, clock) = (house.desk(), house.clock.clone());
    let people = {
        let (desk, clock) = (desk.clone(), clock.clone());
        house.io(async move { move_in(&desk, sessions, clock.now()).await })
    };
    let (outside, inside) = people.split_at(at_the_door);

    let watch = Stopwatch::start();
    let mut successors = storm_at_the_door(&house, outside, callers);
    let (some, store) = (inside.to_vec(), desk.clone());
    let now = clock.now();
    successors.extend(house.io(async move { storm(&store, &some, callers, now).await }));
    let stormed = watch.elapsed();

    // Nobody was taken for a thief, and each session made exactly one step.
    let refreshes = (sessions * callers) as u64;
    assert_eq!(count(&house, "token_refreshed"), refreshes);
    assert_eq!((count(&house, "refresh_replayed"), count(&house, "refresh_refused")), (0, 0));
    for successor in successors.iter().step_by(sessions.div_ceil(50)) {
        let me = house.get_as(successor.access.expose_secret(), "/auth/me").ok(200);
        assert_eq!(me["id"], successor.user.to_string());
    }
    let (all, store) = (people.clone(), desk.clone());
    house.io(async move { one_step_each(&store, &all, now).await });

    // The window ends.
    clock.advance(Duration::from_secs(10));
    let watch = Stopwatch::start();
    for (person, successor) in people.iter().zip(&successors).take(at_the_door) {
        assert_eq!(person.session, successor.session);
        refresh_at(&house, &person.refresh).is_problem(401, "refresh_replayed");
        refresh_at(&house, &successor.refresh).is_problem(401, "refresh_invalid");
        let me = house.get_as(successor.access.expose_secret(), "/auth/me");
        me.is_problem(401, "token_revoked");
    }
    let pairs: Vec<_> = people.iter().cloned().zip(successors).skip(at_the_door).collect();
    let store = desk.clone();
    house.io(async move { late(&store, pairs, clock).await });
    assert_eq!(count(&house, "refresh_replayed"), sessions as u64);
    println!(
        "{home:?}: {sessions} sessions × {callers} callers ({at_the_door} sessions over HTTP): {refreshes} refreshes, all \
         good, in {:.1} s; {sessions} steps, 0 forks, 0 false revocations; {sessions} late replays caught in {:.1} s",
        stormed.as_secs_f64(),
        watch.elapsed().as_secs_f64(),
    );
}

/// All callers of each session at once. The successors, in the order of `people`.
async fn storm(desk: &Desk, people: &[Person], callers: usize, now: Timestamp) -> Vec<Person> {
    let mut successors = Vec::with_capacity(people.len());
    for group in people.chunks(AT_ONCE.div_ceil(callers)) {
        let mut calls = JoinSet::new();
        for caller in 0..group.len() * callers {
            // Callers of one session follow each other, so that they meet at the store.
            let place = caller / callers;
            let (desk, person) = (desk.clone(), group[place].clone());
            calls.spawn(async move {
                let refreshed =
                    exchange(&desk, &person.refresh, now).await.expect("every caller gets a pair");
                let access = refreshed.signed_in.access_token;
                assert!(
                    is_good(&desk, &access, person.session, now).await,
                    "an access token that is not good"
                );
                let (refresh, _) = refreshed.signed_in.refresh.expect("refresh tokens are given out");
                (place, !refreshed.replayed, Person { access, refresh, ..person })
            });
        }
        let mut answers: Vec<Vec<(bool, Person)>> = vec![Vec::new(); group.len()];
        for (place, first, successor) in calls.join_all().await {
            answers[place].push((first, successor));
        }
        successors.extend(answers.into_iter().map(|answers| agreed(answers, callers)));
    }
    successors
}

/// What `callers` callers of one session were all given.
fn agreed(answers: Vec<(bool, Person)>, callers: usize) -> Person {
    assert_eq!(answers.len(), callers);
    let firsts = answers.iter().filter(|(first, _)| *first).count();
    assert_eq!(firsts, 1, "one of the callers makes the step");
    let tokens: HashSet<&str> = answers.iter().map(|(_, one)| one.refresh.expose_secret()).collect();
    assert_eq!(tokens.len(), 1, "the chain has forked");
    let (_, successor) = answers.into_iter().next().expect("there is a caller");
    assert_eq!(generation(successor.refresh.expose_secret()), 1);
    successor
}

/// The same over HTTP: as many threads as callers, who wait for each other before each session.
fn storm_at_the_door(house: &TestHouse, people: &[Person], callers: usize) -> Vec<Person> {
    let start = Arc::new(std::sync::Barrier::new(callers));
    let answers: Vec<Vec<Answer>> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..callers)
            .map(|_| {
                scope.spawn(|| {
                    let refresh = |person: &Person| {
                        start.wait();
                        refresh_at(house, &person.refresh)
                    };
                    people.iter().map(refresh).collect()
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().expect("a caller does not panic")).collect()
    });
    let successor = |(place, person): (usize, &Person)| {
        let told = answers.iter().map(|answers| {
            let answer = &answers[place];
            assert_eq!(answer.status, 200, "{answer:?}");
            let text = |key: &str| SecretString::from(answer.json[key].as_str().expect("a token"));
            let (access, refresh) = (text("access_token"), text("refresh_token"));
            (answer.header("guardhouse-refresh") == "rotated", Person { access, refresh, ..person.clone() })
        });
        agreed(told.collect(), callers)
    };
    people.iter().enumerate().map(successor).collect()
}

fn refresh_at(house: &TestHouse, token: &SecretString) -> Answer {
    house.post("/auth/refresh", json!({ "refresh_token": token.expose_secret() }))
}

async fn one_step_each(desk: &Desk, people: &[Person], now: Timestamp) {
    for person in people {
        let found = desk.sessions.find(person.user, person.session, now).await;
        let session = found.expect("let in").expect("the store answers").expect("the session lives");
        assert_eq!(session.generation, 1);
    }
}

/// Presents the first token of each session after the window, and then everything else that was of that session.
async fn late(desk: &Desk, pairs: Vec<(Person, Person)>, clock: Arc<ManualClock>) {
    let now = clock.now();
    for group in pairs.chunks(AT_ONCE) {
        let mut calls = JoinSet::new();
        for (person, successor) in group.iter().cloned() {
            let desk = desk.clone();
            calls.spawn(async move {
                assert_eq!(person.session, successor.session);
                let replayed = exchange(&desk, &person.refresh, now).await;
                assert!(matches!(replayed, Err(RefreshError::Replayed)), "{replayed:?}");
                let refused = exchange(&desk, &successor.refresh, now).await;
                assert!(matches!(refused, Err(RefreshError::Invalid)), "{refused:?}");
                for access in [person.access, successor.access] {
                    let dead = authenticate(&desk, access.expose_secret(), now).await;
                    assert!(matches!(dead, Err(AuthenticateError::Revoked)), "{dead:?}");
                }
            });
        }
        calls.join_all().await;
    }
}

fn count(house: &TestHouse, kind: &'static str) -> u64 {
    let desk = house.desk();
    house.io(async move {
        desk.audit.drain().await;
        let events = audit_events::Entity::find().filter(audit_events::Column::Kind.eq(kind));
        events.count(desk.db.reader()).await.expect("the audit log can be read")
    })
}
