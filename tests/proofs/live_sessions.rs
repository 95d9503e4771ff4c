//! What a live session takes, and what rotating and listing cost with many of them in place.
//!
//! `GUARDHOUSE_PROVE_LIVE` sessions, three to a user, opened through the session keeper.

use std::time::Duration;

use guardhouse::domain::clock::{Clock, Stopwatch, Timestamp};
use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::domain::refresh::RefreshGrant;
use guardhouse::domain::session::{AuthMethod, Session};
use guardhouse::flows::Desk;
use guardhouse::store::session::{Ending, Rotation, RotationTerms};
use sea_orm::ConnectionTrait;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::home::{Home, Opened};
use super::redis::Admin;
use super::size;
use crate::in_every_home;
use crate::support::TestHouse;

in_every_home!(many_sessions_are_small_and_do_not_slow_each_other);

/// Sessions opened at once; fewer than the session keeper lets in.
const AT_ONCE: u64 = 64;

/// How many rotations and lists are timed, one after the other.
const TIMED: u64 = 200;

const PER_USER: u64 = 3;

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn many_sessions_are_small_and_do_not_slow_each_other(home: Home) {
    let sessions: u64 = size("GUARDHOUSE_PROVE_LIVE", 600);
    let opened = home.open();
    let house = opened.plan().set("database.pool", 8).set("database.acquire_timeout", "30s").start();
    let (desk, now) = (house.desk(), house.clock.now());

    let (few_rotate, few_list) = {
        let desk = desk.clone();
        house.io(async move {
            move_in(&desk, 0..TIMED, now).await;
            time(&desk, 0, now).await
        })
    };
    let before = bytes(home, &opened, &house);
    let watch = Stopwatch::start();
    {
        let desk = desk.clone();
        house.io(async move { move_in(&desk, TIMED..TIMED + sessions, now).await });
    }
    let took = watch.elapsed().as_secs_f64();
    let each = bytes(home, &opened, &house).saturating_sub(before) / sessions;
    let (rotate, list) = house.io(async move { time(&desk, TIMED, now).await });
    println!(
        "{home:?}: {sessions} sessions opened in {took:.1} s; {each} bytes each; rotate {} µs, list {} µs \
         (with {TIMED} sessions: {} µs, {} µs)",
        rotate.as_micros(),
        list.as_micros(),
        few_rotate.as_micros(),
        few_list.as_micros(),
    );
    assert!(each < 4_096, "a session takes {each} bytes");
}

fn owner(number: u64) -> UserId {
    // Spread like the random half of a UUIDv7, by which a store may distribute its users.
    UserId(Uuid::from_u128(
        u128::from((number / PER_USER + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 0x7000 << 64,
    ))
}

fn id(number: u64, now: Timestamp) -> SessionId {
    SessionId(Uuid::from_u128(u128::from(now.millis()) << 80 | 0x7000 << 64 | u128::from(number)))
}

async fn move_in(desk: &Desk, numbers: std::ops::Range<u64>, now: Timestamp) {
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let (desk, numbers) = (desk.clone(), numbers.clone());
        tasks.spawn(async move {
            for number in numbers.skip(task as usize).step_by(AT_ONCE as usize) {
                let ending = Ending { at: now, tokens_until: now };
                desk.sessions.open(session(number, now), 100, ending).await.unwrap().unwrap();
            }
        });
    }
    tasks.join_all().await;
}

fn session(number: u64, now: Timestamp) -> Session {
    Session {
        id: id(number, now),
        user: owner(number),
        generation: 0,
        epoch: 0,
        created_at: now,
        authenticated_at: now,
        last_seen_at: now,
        rotated_at: now,
        idle_expires_at: now.plus(Duration::from_secs(1_000_000)),
        expires_at: now.plus(Duration::from_secs(2_000_000)),
        address: "203.0.113.77".into(),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into()),
        methods: vec![AuthMethod::Password],
    }
}

/// The medians of rotating and of listing, alone.
async fn time(desk: &Desk, first: u64, now: Timestamp) -> (Duration, Duration) {
    let (mut rotations, mut lists) = (Vec::new(), Vec::new());
    for number in first..first + TIMED {
        let grant = RefreshGrant { user: owner(number), session: id(number, now), generation: 0 };
        let terms = RotationTerms {
            now,
            grace: Duration::from_secs(10),
            idle: Duration::from_secs(1_000_000),
            tokens_until: now,
        };
        let watch = Stopwatch::start();
        let rotation = desk.sessions.rotate(grant, terms).await.unwrap().unwrap();
        rotations.push(watch.elapsed());
        assert!(matches!(rotation, Rotation::Rotated(session) if session.generation == 1));
        let watch = Stopwatch::start();
        let listed = desk.sessions.list(owner(number), now).await.unwrap().unwrap();
        lists.push(watch.elapsed());
        assert!((1..=PER_USER as usize).contains(&listed.len()), "{}", listed.len());
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    (median(rotations), median(lists))
}

/// What the home takes now, as its administrator would say: on disk with indexes, or in memory.
fn bytes(home: Home, opened: &Opened, house: &TestHouse) -> u64 {
    match home {
        Home::Memory => {
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
            pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
        }
        Home::Redis => {
            let memory =
                Admin::connect(opened.redis_url().expect("it lives there")).tell(&["INFO", "memory"]);
            let used = memory.lines().find_map(|line| line.strip_prefix("used_memory:"));
            used.and_then(|used| used.trim().parse().ok()).expect("redis says what it uses")
        }
        Home::Sqlite => {
            ask(house, "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()")
        }
        Home::Postgres => ask(house, "SELECT pg_total_relation_size('sessions') AS bytes"),
        Home::MySql => ask(
            house,
            "SELECT CAST(SUM(data_length + index_length) AS SIGNED) AS bytes FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'sessions'",
        ),
    }
}

fn ask(house: &TestHouse, question: &'static str) -> u64 {
    let desk = house.desk();
    let bytes: i64 = house.io(async move {
        let reader = desk.db.reader();
        if reader.get_database_backend() == sea_orm::DatabaseBackend::MySql {
            reader.execute_unprepared("ANALYZE TABLE sessions").await.expect("figures are renewed");
        }
        let statement = sea_orm::Statement::from_string(reader.get_database_backend(), question);
        let row = reader.query_one_raw(statement).await.expect("the database answers").expect("a row");
        row.try_get("", "bytes").expect("a number")
    });
    u64::try_from(bytes).unwrap_or(0)
}
