//! What the house needs from its platform, each as a test that stays: panics, leaving callers, admission,
//! connections that outlive their worker.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use guardhouse::actors::Hashers;
use guardhouse::actors::gate::Refused;
use guardhouse::domain::clock::Stopwatch;
use sea_orm::ConnectionTrait;

use super::in_system;
use super::probe::{Explode, Kept, PATIENT};
use crate::support::entropy::Seeded;
use crate::support::test_db::config;
use crate::support::{Kind, TestHouse};

#[test]
fn after_a_panic_the_next_message_of_the_same_mailbox_is_answered_by_a_started_actor() {
    in_system(async {
        let kept = Kept::new("platform_panic", 8);
        assert_eq!(kept.note(1).await, Ok(1));
        let held = kept.hold();
        // All three wait in one mailbox before the first of them is picked up.
        let exploding = kept.handle.commit(Explode, PATIENT);
        let others = join(kept.note(2), kept.note(3));
        let mut all = Box::pin(join(exploding, others));
        assert!((&mut all).now_or_never().is_none());
        assert_eq!(kept.handle.gate().inside(), 3);
        drop(held);
        let (exploded, others) = all.await;
        assert_eq!(exploded, Err(Refused::Crashed));
        assert_eq!(others, (Ok(2), Ok(2)), "answered after `started` ran a second time");
        assert_eq!(kept.traces.handled(), [1, 2, 3]);
        assert_eq!(kept.handle.gate().inside(), 0, "a crash gives its permit back");
        assert!(kept.lifeline.pulled().now_or_never().is_none());
    });
}

#[test]
fn the_sixth_panic_within_a_minute_pulls_the_lifeline() {
    in_system(async {
        let kept = Kept::new("platform_lifeline", 8);
        for survived in 1..=5 {
            assert_eq!(kept.handle.commit(Explode, PATIENT).await, Err(Refused::Crashed));
            assert_eq!(kept.note(survived).await, Ok(1 + survived as usize), "panic {survived} is survived");
            assert!(kept.lifeline.pulled().now_or_never().is_none());
        }
        assert_eq!(kept.handle.commit(Explode, PATIENT).await, Err(Refused::Crashed));
        assert_eq!(kept.lifeline.pulled().await, "platform_lifeline");
        assert_eq!(
            kept.note(6).await,
            Err(Refused::Crashed),
            "nobody is there any more, and callers are told so"
        );
        assert_eq!(kept.handle.gate().inside(), 0);
    });
}

#[test]
fn a_commit_survives_its_caller_and_an_ask_evaporates_with_it() {
    in_system(async {
        let kept = Kept::new("platform_leaving", 8);
        let held = kept.hold();
        kept.note_and_leave(1, true);
        kept.note_and_leave(2, false);
        kept.note_and_leave(3, true);
        assert_eq!(kept.handle.gate().inside(), 3, "all three are in the queue");
        drop(held);
        kept.note(4).await.expect("answered");
        assert_eq!(kept.traces.handled(), [1, 3, 4]);
        assert_eq!(kept.handle.gate().inside(), 0, "the one that evaporated gave its permit back too");
    });
}

fn pool(threads: &str, queue: &str) -> Hashers {
    let weak = [("hashing.danger_allow_weak", "true"), ("hashing.argon2.memory", "64KiB")];
    let size = [("hashing.threads", threads), ("hashing.queue", queue), ("hashing.deadline", "60s")];
    Hashers::start(&config(&[weak.as_slice(), &size].concat()).hashing, Arc::new(Seeded::new(1)))
}

#[test]
fn a_full_hash_pool_admits_exactly_its_capacity_and_refuses_the_next_at_once() {
    in_system(async {
        let hashers = pool("2", "3");
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (release, held) = tokio::sync::watch::channel(false);
        let done = Arc::new(AtomicUsize::new(0));
        let mut admitted = Vec::new();
        for _ in 0..5 {
            let (begun, mut held, done) = (begun.clone(), held.clone(), done.clone());
            let errand = move || {
                let _ = begun.send(());
                while !*held.borrow_and_update() {
                    std::thread::yield_now();
                }
                done.fetch_add(1, Ordering::SeqCst);
            };
            let hashers = hashers.clone();
            admitted.push(actix::spawn(async move { hashers.errand(errand).await }));
        }
        for _ in 0..2 {
            begins.recv().await.expect("two threads begin");
        }
        assert_eq!(hashers.observe().inside, 5);
        assert!(begins.try_recv().is_err(), "a third is worked on by two threads");

        let mut times = Vec::new();
        for _ in 0..1_001 {
            let stopwatch = Stopwatch::start();
            let refused = hashers.errand(|| panic!("was admitted")).now_or_never();
            times.push(stopwatch.elapsed());
            assert!(matches!(refused, Some(Err(Refused::Full { .. }))), "{refused:?}");
        }
        times.sort();
        assert!(times[500] < Duration::from_micros(500), "the median refusal took {:?}", times[500]);

        release.send_replace(true);
        for one in join_all(admitted).await {
            assert_eq!(one.expect("not cancelled"), Ok(()));
        }
        assert_eq!((done.load(Ordering::SeqCst), hashers.observe().inside), (5, 0));
    });
}

#[test]
fn after_panics_inside_hashes_every_thread_of_the_pool_still_works() {
    in_system(async {
        let hashers = pool("3", "30");
        for _ in 0..12 {
            assert_eq!(hashers.errand(|| panic!("inside a hash")).await, Err(Refused::Crashed));
        }
        // Each of the three waits for the two others: with fewer threads none of them would ever be done.
        let meeting = Arc::new(Barrier::new(3));
        let errands = (0..3).map(|_| {
            let meeting = meeting.clone();
            hashers.errand(move || {
                meeting.wait();
            })
        });
        let met = tokio::time::timeout(Duration::from_secs(10), join_all(errands)).await;
        assert_eq!(met.expect("a thread is missing"), [Ok(()); 3]);
        assert_eq!(hashers.observe().inside, 0);
    });
}

#[test]
fn a_connection_opened_for_a_request_outlives_the_worker_that_took_the_request_on_postgres() {
    outlives_its_worker(Kind::Postgres);
}

#[test]
fn a_connection_opened_for_a_request_outlives_the_worker_that_took_the_request_on_mysql() {
    outlives_its_worker(Kind::MySql);
}

/// The one connection of a house is cut, opened anew for a request that a second server on the same front takes, and
/// that server is stopped with its worker. Then the first server must be able to go on with that connection.
fn outlives_its_worker(kind: Kind) {
    if !kind.is_available() {
        return;
    }
    let house = TestHouse::on(kind)
        .set("database.pool", 1)
        .set("sessions.revocation.poll_interval", "60s")
        .set("sessions.revocation.max_staleness", "1h")
        .set("sessions.sweep_interval", "1d")
        .start();
    let at_the_start = connection_id(&house, kind);
    house.scratch().administer(&match kind {
        Kind::MySql => format!("KILL {at_the_start}"),
        _ => format!("SELECT pg_terminate_backend({at_the_start})"),
    });

    let (foundations, front) = (house.foundations().clone(), house.front());
    let (told, tell) = std::sync::mpsc::channel();
    let second = std::thread::spawn(move || {
        in_system(async move {
            let sockets = guardhouse::house::Sockets::bind(&foundations.config.server).expect("free ports");
            let listeners = guardhouse::house::listen(&foundations, sockets, front).expect("listens");
            let url = format!("http://{}/health/ready", listeners.address);
            let asked = tokio::task::spawn_blocking(move || {
                let agent: ureq::Agent =
                    ureq::Agent::config_builder().http_status_as_error(false).build().into();
                // The first may meet the cut connection.
                (0..50).any(|_| agent.get(&url).call().is_ok_and(|answer| answer.status() == 200))
            });
            told.send(asked.await.expect("no panic")).expect("somebody listens");
            listeners.public.stop(false).await;
            listeners.ops.stop(false).await;
        });
    });
    assert!(tell.recv().expect("the second server ran"), "the second server never got a connection");
    second.join().expect("the second server ended");

    let reopened = connection_id(&house, kind);
    assert_ne!(reopened, at_the_start, "the connection was cut");
    for _ in 0..3 {
        assert_eq!(house.get("/health/ready").status, 200);
        assert_eq!(
            connection_id(&house, kind),
            reopened,
            "still the one that the ended worker's request opened"
        );
    }
}

fn connection_id(house: &TestHouse, kind: Kind) -> i64 {
    let desk = house.desk();
    let (backend, select) = match kind {
        Kind::MySql => (sea_orm::DbBackend::MySql, "SELECT CAST(CONNECTION_ID() AS SIGNED) AS id"),
        _ => (sea_orm::DbBackend::Postgres, "SELECT pg_backend_pid()::bigint AS id"),
    };
    house.io(async move {
        let statement = sea_orm::Statement::from_string(backend, select);
        let row = desk.db.reader().query_one_raw(statement).await.expect("the connection works");
        row.expect("one row").try_get("", "id").expect("a number")
    })
}
