//! Exchanging refresh tokens: through the session keeper, and as the whole use case, against the bare compare-and-set
//! in the same store, at three degrees of concurrency.

mod bare;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::Criterion;
use guardhouse::domain::clock::{Clock, SystemClock};
use guardhouse::domain::refresh::RefreshGrant;
use guardhouse::flows::Desk;
use guardhouse::flows::login::{Login, login};
use guardhouse::flows::refresh::refresh;
use guardhouse::store::session::{Rotation, RotationTerms};
use secrecy::{ExposeSecret, SecretString};

use bare::{Redis, map, update};

use crate::support::{Contest, House, Kind, PASSWORD, concurrently, email, note, visit};

const LANES: [usize; 3] = [1, 8, 32];
const MOST: usize = 32;

/// A refresh may do this share of what the store's bare compare-and-set does.
const REFRESH: f64 = 0.70;

/// Hashes that cost nothing, because none is measured here.
const CHEAP: [(&str, &str); 5] = [
    ("hashing.danger_allow_weak", "true"),
    ("hashing.argon2.memory", "64KiB"),
    ("hashing.argon2.iterations", "1"),
    ("hashing.threads", "1"),
    ("limits.enabled", "false"),
];

pub(crate) fn bench(criterion: &mut Criterion) {
    in_memory(criterion);
    for (kind, name) in [(Kind::Sqlite, "sqlite"), (Kind::Postgres, "postgres"), (Kind::MySql, "mysql")] {
        if kind.is_available() {
            in_database(criterion, kind, name);
        }
    }
    match std::env::var("GUARDHOUSE_TEST_REDIS_URL") {
        Ok(url) => in_redis(criterion, &url),
        Err(_) => note("skipped: sessions/redis, because GUARDHOUSE_TEST_REDIS_URL is not set".into()),
    }
}

fn in_memory(criterion: &mut Criterion) {
    let house = raise(Kind::Sqlite, &[("sessions.store", "memory")]);
    let (bare, rotated) = (Rows::open(&house), Rows::open(&house));
    for lanes in LANES {
        Contest::new(format!("sessions/memory/{lanes}"), "a map behind a mutex", map(&bare, &house, lanes))
            .against("rotate, by the keeper", rotated.rotating(&house, lanes))
            .hold(criterion);
    }
}

fn in_redis(criterion: &mut Criterion, url: &str) {
    let house = raise(Kind::Sqlite, &[("sessions.store", "redis"), ("redis.url", url)]);
    let redis = Redis::connect(&house, url);
    let (rotated, refreshed) = (Rows::open(&house), Rows::open(&house));
    for lanes in LANES {
        Contest::new(format!("sessions/redis/{lanes}"), "bare script", redis.exchanging(&house, lanes))
            .against("rotate, by the keeper", rotated.rotating(&house, lanes))
            .within(REFRESH, "refresh, the use case", refreshed.refreshing(&house, lanes))
            .in_slices_of(Duration::from_millis(150))
            .hold(criterion);
    }
}

fn in_database(criterion: &mut Criterion, kind: Kind, name: &str) {
    let house = raise(kind, &[]);
    let (bare, rotated, refreshed) = (Rows::open(&house), Rows::open(&house), Rows::open(&house));
    for lanes in LANES {
        Contest::new(format!("sessions/{name}/{lanes}"), "bare UPDATE", update(&bare, &house, lanes))
            .against("rotate, by the keeper", rotated.rotating(&house, lanes))
            .within(REFRESH, "refresh, the use case", refreshed.refreshing(&house, lanes))
            .in_slices_of(Duration::from_millis(150))
            .hold(criterion);
    }
}

fn raise(kind: Kind, settings: &[(&str, &str)]) -> House {
    let house = House::raise(kind, &[&CHEAP[..], settings].concat());
    house.populate(MOST);
    house
}

/// One session for each lane, so that nobody loses a race; what is raced for is the store.
#[derive(Clone)]
struct Rows(Arc<Vec<Row>>);

struct Row {
    grant: RefreshGrant,
    generation: AtomicU32,
    token: Mutex<SecretString>,
}

impl Rows {
    fn open(house: &House) -> Self {
        let desk = house.desk();
        let rows = house.wait(async move {
            let mut rows = Vec::new();
            for number in 0..MOST {
                let request = Login { email: email(number), password: PASSWORD.into() };
                let signed_in = login(&desk, request, &visit()).await.expect("the password is right");
                let (token, _) = signed_in.refresh.expect("refresh tokens are given out");
                let grant = desk.refresh_tokens.read(token.expose_secret()).expect("our own token");
                rows.push(Row { grant, generation: AtomicU32::new(0), token: Mutex::new(token) });
            }
            rows
        });
        Self(Arc::new(rows))
    }

    fn rotating(&self, house: &House, lanes: usize) -> impl FnMut(u64) -> Duration + use<> {
        let (rows, desk, runtime) = (self.clone(), house.desk(), house.running().runtime.clone());
        move |iterations| {
            let (rows, desk) = (rows.clone(), desk.clone());
            concurrently(&runtime, iterations, lanes, move |lane| {
                let (rows, desk) = (rows.clone(), desk.clone());
                async move {
                    let generation = rows.0[lane].generation.fetch_add(1, Ordering::Relaxed);
                    let grant = RefreshGrant { generation, ..rows.0[lane].grant };
                    let rotation =
                        desk.sessions.rotate(grant, terms(&desk)).await.expect("the gate has room");
                    assert!(matches!(rotation, Ok(Rotation::Rotated(_))), "{rotation:?}");
                }
            })
        }
    }

    fn refreshing(&self, house: &House, lanes: usize) -> impl FnMut(u64) -> Duration + use<> {
        let (rows, desk, runtime) = (self.clone(), house.desk(), house.running().runtime.clone());
        move |iterations| {
            let (rows, desk) = (rows.clone(), desk.clone());
            concurrently(&runtime, iterations, lanes, move |lane| {
                let (rows, desk) = (rows.clone(), desk.clone());
                async move {
                    let token = rows.0[lane].token.lock().expect("unpoisoned").clone();
                    let refreshed = refresh(&desk, &token, &visit()).await.expect("a current token");
                    let (next, _) = refreshed.signed_in.refresh.expect("refresh tokens are given out");
                    *rows.0[lane].token.lock().expect("unpoisoned") = next;
                }
            })
        }
    }
}

fn terms(desk: &Desk) -> RotationTerms {
    let now = SystemClock.now();
    RotationTerms {
        now,
        grace: desk.rules().refresh_grace,
        idle: desk.rules().lifetimes.idle,
        tokens_until: now.plus(desk.rules().access_lifetime),
    }
}
