//! The limiter: decisions through the actor, by the table alone, and by a bare map behind mutexes, which knows
//! neither sliding windows nor "all or nothing". In Redis, where there is one, against a script that only counts.

mod shared;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::Criterion;
use guardhouse::actors::Limits;
use guardhouse::actors::keeper::Lifeline;
use guardhouse::config::{self, Config};
use guardhouse::domain::clock::{Stopwatch, Timestamp};
use guardhouse::domain::limit::{Cell, Rule, Verdict, Window};
use guardhouse::store::limit::LimitTable;

use crate::support::{Contest, concurrently, is_named, is_trial, note, resident_bytes, world};

/// Different clients, and how far apart two attempts of one client are: far enough that all are granted, near enough
/// that a day's worth of them is remembered.
const CLIENTS: u64 = 10_000;
const APART: Duration = Duration::from_secs(2_000);
/// Attempts of each client before the measuring begins.
const HISTORY: u64 = 40;

pub(crate) fn bench(criterion: &mut Criterion) {
    let settings = Config::defaults().limits;
    if is_named("limiter") && !is_trial() {
        weigh(&settings);
    }
    decide(criterion, &settings, "limiter/one_by_one", 1);
    decide(criterion, &settings, "limiter/64_at_once", 64);
    shared::bench(criterion, &settings);
}

/// Who tries what when; the time goes on with every attempt.
struct Attempts {
    address: Arc<[Window]>,
    account: Arc<[Window]>,
    count: AtomicU64,
}

impl Attempts {
    fn new(settings: &config::Limits) -> Self {
        let login = &settings.login;
        let (address, account) = (login.address.clone().into(), login.account.clone().into());
        Self { address, account, count: AtomicU64::new(0) }
    }

    /// The cells of an attempt to sign in, made anew for each as the flows do.
    fn next(&self) -> (Vec<Cell>, Timestamp) {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let client = count % CLIENTS;
        let now = Timestamp::from_seconds(1_800_000_000).plus(APART / CLIENTS as u32 * count as u32);
        let (address, account) = (format!("2001:db8:{client:x}::"), format!("user-{client}@example.org ::"));
        let cells = vec![
            Cell::new(Rule::LoginAddress, address, self.address.clone()),
            Cell::new(Rule::LoginAccount, account, self.account.clone()),
        ];
        (cells, now)
    }
}

fn history() -> u64 {
    if is_trial() { 0 } else { CLIENTS * HISTORY }
}

fn decide(criterion: &mut Criterion, settings: &config::Limits, name: &str, lanes: usize) {
    let runtime = world().runtime.handle();

    let (attempts, table) = (Attempts::new(settings), Mutex::new(LimitTable::new(settings.memory)));
    let by_table = |iterations| {
        let mut table = table.lock().expect("nothing panics while it holds the table");
        let started = Stopwatch::start();
        for _ in 0..iterations {
            let (cells, now) = attempts.next();
            assert!(matches!(table.take(cells, now), Verdict::Granted { .. }));
        }
        started.elapsed()
    };
    by_table(history());

    let limits = Limits::start(settings, None, &world().arbiter, Lifeline::default());
    let shared = Arc::new(Attempts::new(settings));
    let by_actor = |lanes, iterations| {
        let (limits, attempts) = (limits.clone(), shared.clone());
        concurrently(runtime, iterations, lanes, move |_| {
            let (cells, now) = attempts.next();
            let limits = limits.clone();
            async move {
                let verdict = limits.take(cells, now).await.expect("the gate has room");
                // Lanes overtake each other, so here and there one may come early; never so many that it matters.
                black_box(verdict);
            }
        })
    };
    by_actor(64, history());

    let (plain, map) = (Arc::new(Attempts::new(settings)), Arc::new(ShardedMap::default()));
    let by_map = |iterations| {
        let (attempts, map) = (plain.clone(), map.clone());
        concurrently(runtime, iterations, lanes, move |_| {
            let (cells, now) = attempts.next();
            let granted = cells.iter().all(|cell| map.take(cell, now));
            async move {
                assert!(black_box(granted));
            }
        })
    };
    Contest::new(name, "a sharded map of counters", by_map)
        .against("table of exact windows", by_table)
        .against("through the actor", |iterations| by_actor(lanes, iterations))
        .hold(criterion);
}

/// Counters of fixed windows behind 32 mutexes: the least that calls itself a limiter.
#[derive(Default)]
struct ShardedMap([Mutex<HashMap<String, (i64, u32)>>; 32]);

impl ShardedMap {
    fn take(&self, cell: &Cell, now: Timestamp) -> bool {
        let window = cell.windows[0];
        let period = now.seconds() / window.per.as_secs() as i64;
        let shard = cell.subject.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31) + usize::from(byte));
        let mut shard = self.0[shard % self.0.len()].lock().expect("nothing panics while it holds a shard");
        if let Some(counter) = shard.get_mut(&cell.subject) {
            if counter.0 != period {
                *counter = (period, 0);
            }
            counter.1 += 1;
            return counter.1 <= window.max;
        }
        shard.insert(cell.subject.clone(), (period, 1));
        true
    }
}

/// What a key takes: one attempt each by a great many addresses, as an attacker with a network of them would make, until the
/// configured memory is used up.
fn weigh(settings: &config::Limits) {
    let (windows, now) = (Arc::<[Window]>::from(settings.login.address.clone()), Timestamp::from_seconds(1));
    let mut table = LimitTable::new(settings.memory);
    let before = resident_bytes();
    let attempt = |table: &mut LimitTable, client: u64| {
        let subject = format!("2001:db8:{client:x}::");
        table.take(vec![Cell::new(Rule::LoginAddress, subject, windows.clone())], now)
    };
    let full = (0..).find(|&client| attempt(&mut table, client) == Verdict::TableFull).expect("memory ends");
    let taken = resident_bytes().saturating_sub(before);
    let strangers = 20;
    let started = Stopwatch::start();
    for stranger in 1..=strangers {
        assert_eq!(attempt(&mut table, full + stranger), Verdict::TableFull);
    }
    let refusal = started.elapsed() / strangers as u32;
    let (keys, each, mib) = (table.len(), taken / full, |bytes: u64| bytes >> 20);
    note(format!("limiter: a stranger is refused in {refusal:.1?} while a table of {keys} keys is full"));
    note(format!(
        "limiter: {keys} keys with one grant each, {each} octets a key, take {} MiB of the {} MiB they may",
        mib(taken),
        mib(settings.memory as u64)
    ));
    assert!(taken <= settings.memory as u64, "the reckoning of a key's memory is too low");
}
