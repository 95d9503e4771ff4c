//! The breaker, and what becomes of attempts while the shared counters are out of reach.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;

use super::breaker::{MOST_FAILURES, PAUSE, Way};
use super::shared::Shared;
use super::*;
use crate::config::OnBackendFailure;
use crate::domain::limit::{Home, Outlook, Rule};
use crate::store::StoreError;
use crate::store::limit::{LimitStore, MemoryLimits};

/// A shared store that hangs, fails, or works, as the test says.
struct Moody {
    store: MemoryLimits,
    hangs: AtomicBool,
    fails: AtomicBool,
    asked: AtomicUsize,
    probed: AtomicUsize,
}

impl Moody {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            store: MemoryLimits::new(1 << 20),
            hangs: AtomicBool::new(false),
            fails: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            probed: AtomicUsize::new(0),
        })
    }

    async fn mood(&self) -> Result<(), StoreError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        match self.fails.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("a test".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl LimitStore for Moody {
    async fn take(&self, cells: Vec<Cell>, now: Timestamp) -> Result<Verdict, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.mood().await?;
        let mut verdict = self.store.take(cells, now).await?;
        if let Verdict::Granted { places, .. } = &mut verdict {
            places.iter_mut().for_each(|place| place.home = Home::Shared);
        }
        Ok(verdict)
    }

    async fn peek(&self, cells: &[Cell], now: Timestamp) -> Result<Outlook, StoreError> {
        self.mood().await?;
        self.store.peek(cells, now).await
    }

    async fn forgive(&self, places: &[Place]) -> Result<(), StoreError> {
        self.mood().await?;
        self.store.forgive(places).await
    }

    async fn probe(&self, _: Timestamp) -> Result<(), StoreError> {
        self.probed.fetch_add(1, Ordering::SeqCst);
        self.mood().await
    }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_seconds(1_000_000).plus(Duration::from_millis(millis))
}

fn cells(limit: &str) -> Vec<Cell> {
    let windows: Vec<_> = limit.split(' ').map(|window| window.parse().expect("a window")).collect();
    vec![Cell::new(Rule::LoginAddress, "192.0.2.1", windows)]
}

/// One node over `store`, as the actor uses it.
fn node(store: &Arc<Moody>, on_failure: OnBackendFailure) -> Shared {
    let counters = SharedCounters {
        store: store.clone(),
        runtime: tokio::runtime::Handle::current(),
        timeout: Duration::from_millis(20),
        on_failure,
    };
    Shared::new(counters, Arc::new(Breaker::default()), Arc::new(MemoryLimits::new(1 << 20)))
}

/// What the actor does with an attempt.
async fn attempt(node: &Shared, limit: &str, now: Timestamp) -> Verdict {
    let cells = cells(limit);
    match node.past(&cells, now).or_else(|| node.known(&cells, now)) {
        Some(verdict) => verdict,
        None => node.clone().take(cells, now).await,
    }
}

fn granted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Granted { .. })
}

fn limited(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Limited { .. })
}

async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to that");
}

#[test]
fn the_breaker_opens_after_failures_in_a_row_and_lets_one_probe_out_at_a_time() {
    let breaker = Breaker::default();
    let away = StoreError::Unavailable("away".into());
    for _ in 1..MOST_FAILURES {
        breaker.failed(&away, at(0));
    }
    breaker.succeeded();
    for _ in 1..MOST_FAILURES {
        breaker.failed(&away, at(0));
    }
    breaker.failed(&StoreError::Other("one log cannot be read".into()), at(0));
    assert_eq!(breaker.way(at(0)), Way::Through);
    breaker.failed(&away, at(0));
    assert_eq!(breaker.way(at(0)), Way::Past { probe: false });
    breaker.succeeded();
    assert!(!breaker.is_closed(), "an attempt that was under way proves nothing");

    let pause = u64::try_from(PAUSE.as_millis()).expect("short");
    assert_eq!(breaker.way(at(pause - 1)), Way::Past { probe: false });
    assert_eq!(breaker.way(at(pause)), Way::Past { probe: true });
    assert_eq!(breaker.way(at(pause)), Way::Past { probe: false }, "one at a time");
    breaker.probed(&Err(away), at(pause));
    assert_eq!(breaker.way(at(2 * pause - 1)), Way::Past { probe: false });
    assert_eq!(breaker.way(at(0)), Way::Past { probe: true }, "a clock set back postpones nothing");
    breaker.probed(&Ok(()), at(0));
    assert_eq!(breaker.way(at(0)), Way::Through);
}

#[tokio::test]
async fn a_store_that_hangs_costs_three_attempts_a_wait_and_nobody_after_them() {
    let store = Moody::new();
    let node = node(&store, OnBackendFailure::Local);
    store.hangs.store(true, Ordering::SeqCst);
    for _ in 0..50 {
        assert!(granted(&attempt(&node, "50/1m", at(0)).await));
    }
    assert!(limited(&attempt(&node, "50/1m", at(0)).await), "it is counted here meanwhile");
    assert_eq!(store.asked.load(Ordering::SeqCst), 3);
    assert!(!node.is_in_reach());

    // The attempt that finds the probe due does not wait for it.
    store.hangs.store(false, Ordering::SeqCst);
    assert!(limited(&attempt(&node, "50/1m", at(1_000)).await));
    until(|| node.is_in_reach()).await;
    assert_eq!((store.asked.load(Ordering::SeqCst), store.probed.load(Ordering::SeqCst)), (3, 1));
}

#[tokio::test]
async fn without_the_store_attempts_are_denied_or_allowed_as_configured() {
    for (on_failure, expected) in
        [(OnBackendFailure::Deny, Verdict::OutOfReach), (OnBackendFailure::Allow, Verdict::Unlimited)]
    {
        let store = Moody::new();
        let node = node(&store, on_failure);
        assert!(granted(&attempt(&node, "1/1m", at(0)).await));
        assert!(limited(&attempt(&node, "1/1m", at(0)).await), "while it works it counts");
        store.fails.store(true, Ordering::SeqCst);
        for second in 60..70 {
            assert_eq!(attempt(&node, "1/1m", at(second * 1_000)).await, expected);
        }
        store.fails.store(false, Ordering::SeqCst);
        assert_eq!(attempt(&node, "1/1m", at(71_000)).await, expected);
        until(|| node.is_in_reach()).await;
        assert!(granted(&attempt(&node, "1/1m", at(71_000)).await));
        assert!(limited(&attempt(&node, "1/1m", at(71_000)).await));
    }
}

#[tokio::test]
async fn the_store_is_looked_at_when_nobody_attempts_anything() {
    let store = Moody::new();
    let node = node(&store, OnBackendFailure::Local);
    store.fails.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        attempt(&node, "9/1m", at(0)).await;
    }
    assert!(!node.is_in_reach());
    store.fails.store(false, Ordering::SeqCst);
    node.look(at(999));
    tokio::task::yield_now().await;
    assert_eq!(store.probed.load(Ordering::SeqCst), 0);
    node.look(at(1_000));
    until(|| node.is_in_reach()).await;
    node.look(at(9_000));
    tokio::task::yield_now().await;
    assert_eq!(store.probed.load(Ordering::SeqCst), 1, "a store in reach is not looked at");
}

#[tokio::test]
async fn what_a_node_granted_it_knows_without_asking_and_without_the_store() {
    let store = Moody::new();
    let node = node(&store, OnBackendFailure::Local);
    let verdict = attempt(&node, "2/1m", at(0)).await;
    assert!(granted(&verdict));
    assert!(granted(&attempt(&node, "2/1m", at(1_000)).await));
    for _ in 0..100 {
        assert!(limited(&attempt(&node, "2/1m", at(2_000)).await));
    }
    assert_eq!(store.asked.load(Ordering::SeqCst), 2);
    // The store loses everything, or goes away: the node's own grants still count.
    store.store.table().sweep(at(1_000_000));
    assert!(limited(&attempt(&node, "2/1m", at(59_999)).await));
    assert!(granted(&attempt(&node, "2/1m", at(60_000)).await));
}

#[tokio::test]
async fn what_others_granted_is_asked_for() {
    let store = Moody::new();
    let (one, two) = (node(&store, OnBackendFailure::Local), node(&store, OnBackendFailure::Local));
    assert!(granted(&attempt(&one, "2/1m", at(0)).await));
    assert!(granted(&attempt(&two, "2/1m", at(0)).await));
    assert!(limited(&attempt(&one, "2/1m", at(0)).await));
    assert!(limited(&attempt(&two, "2/1m", at(0)).await));
}
