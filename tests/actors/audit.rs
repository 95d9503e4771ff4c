//! The audit writer over a sink that does what the test says: every event exactly once, in order, without a hole,
//! acknowledged only after its commit.

mod ladder;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::Arbiter;
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::join_all;
use guardhouse::actors::Audit;
use guardhouse::actors::audit::{AuditSink, AuditSnapshot, NotRecorded, Parts};
use guardhouse::actors::keeper::Lifeline;
use guardhouse::domain::audit::chain::Head;
use guardhouse::domain::audit::checkpoint::Checkpoint;
use guardhouse::domain::audit::octets::Hash;
use guardhouse::domain::audit::{Free, FreeKind, Origin, Subject};
use guardhouse::domain::clock::{ManualClock, Timestamp};
use guardhouse::domain::entropy::Entropy;
use guardhouse::domain::id::InstanceId;
use guardhouse::store::StoreError;
use guardhouse::store::audit::{Appended, Group, Spools};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::in_system;
use crate::support::entropy::Seeded;
use crate::support::test_db::config;

/// What is stored: the number and the detail of each event, in the order of their commits.
type Table = Arc<Mutex<Vec<(u64, Uuid, String)>>>;

/// A write that waits for the test's verdict.
struct Call {
    head: Option<Head>,
    group: Arc<Group>,
    verdict: oneshot::Sender<Result<Appended, StoreError>>,
    table: Table,
}

impl Call {
    /// The places that the group gets, if none of it is stored.
    fn numbers(&self) -> Vec<u64> {
        let last = self.table.lock().unwrap().len();
        (last + 1..=last + self.group.records.len()).map(|number| number as u64).collect()
    }

    fn store(&self) -> Appended {
        let mut table = self.table.lock().unwrap();
        if let Some(head) = self.head {
            assert_eq!(head.seq, table.len() as u64, "who says that it knows the end knows it");
        }
        for record in self.group.records.iter() {
            let stored = table.iter().any(|(_, id, _)| *id == record.id);
            assert!(!stored || self.group.may_be_stored, "what may be stored is said to be so");
            if !stored {
                let seq = table.len() as u64 + 1;
                table.push((seq, record.id, record.detail.clone().unwrap_or_default()));
            }
        }
        let head = Head { seq: table.len() as u64, link: Hash::ZERO };
        Appended { head, linked: Vec::new(), adopted: 0 }
    }

    fn commit(self) {
        let appended = self.store();
        let _ = self.verdict.send(Ok(appended));
    }

    fn fail(self) {
        let _ = self.verdict.send(Err(StoreError::Unavailable("on purpose".into())));
    }

    /// The answer to the commit is lost.
    fn commit_and_report_a_failure(self) {
        self.store();
        self.fail();
    }

    /// The write itself panics.
    fn explode(self) {
        drop(self.verdict);
    }
}

struct Scripted {
    calls: mpsc::UnboundedSender<Call>,
    table: Table,
}

#[async_trait]
impl AuditSink for Scripted {
    async fn append(
        &self,
        _: InstanceId,
        head: Option<Head>,
        group: &Arc<Group>,
    ) -> Result<Appended, StoreError> {
        let (verdict, wait) = oneshot::channel();
        let call = Call { head, group: group.clone(), verdict, table: self.table.clone() };
        let _ = self.calls.send(call);
        wait.await.expect("on purpose: the write panics when it gets no verdict")
    }

    async fn sign(&self, _: &Checkpoint) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Entropy that panics when it is told to: the one way to make the writer itself panic.
struct Fragile(Seeded, AtomicBool);

impl Entropy for Fragile {
    fn fill(&self, buffer: &mut [u8]) {
        assert!(!self.1.swap(false, Ordering::SeqCst), "on purpose");
        self.0.fill(buffer);
    }
}

struct Log {
    audit: Audit,
    calls: mpsc::UnboundedReceiver<Call>,
    table: Table,
    entropy: Arc<Fragile>,
    lifeline: Lifeline,
    arbiter: Arbiter,
    io: Option<tokio::runtime::Runtime>,
}

impl Log {
    fn new(flags: &[(&str, &str)]) -> Self {
        Self::with_spools(flags, None)
    }

    fn with_spools(flags: &[(&str, &str)], spools: Option<Spools>) -> Self {
        let (calls, table) = (mpsc::unbounded_channel(), Table::default());
        let entropy = Arc::new(Fragile(Seeded::new(7), AtomicBool::new(false)));
        let io = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let parts = Parts {
            sink: Arc::new(Scripted { calls: calls.0, table: table.clone() }),
            runtime: io.handle().clone(),
            entropy: entropy.clone(),
            instance: InstanceId(Uuid::from_u128(1)),
            clock: Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000))),
            signer: None,
            addresses: guardhouse::domain::audit::address::Addresses::Full,
            spools,
            adopts: false,
        };
        let (lifeline, arbiter) = (Lifeline::default(), Arbiter::new());
        let audit = Audit::start(&config(flags).audit, parts, &arbiter.handle(), lifeline.clone());
        Self { audit, calls: calls.1, table, entropy, lifeline, arbiter, io: Some(io) }
    }

    /// The next write that the writer tries.
    async fn call(&mut self) -> Call {
        let call = tokio::time::timeout(Duration::from_secs(10), self.calls.recv()).await;
        call.expect("the writer writes").expect("the writer lives")
    }

    /// Records an event in a task of its own; returns when the writer has numbered it.
    async fn record(&self, detail: &str) -> tokio::task::JoinHandle<Result<(), NotRecorded>> {
        let before = self.snapshot().await.taken;
        let (audit, event) = (self.audit.clone(), event(detail));
        let task = actix::spawn(async move { audit.record(event).await });
        while self.snapshot().await.taken == before {
            tokio::task::yield_now().await;
        }
        task
    }

    /// Commits whatever is tried until nothing is pending.
    async fn settle(&mut self) {
        let audit = self.audit.clone();
        let mut draining = Box::pin(async move { audit.drain().await });
        while (&mut draining).now_or_never().is_none() {
            if let Ok(call) = self.calls.try_recv() {
                call.commit();
            }
            tokio::task::yield_now().await;
        }
    }

    async fn snapshot(&self) -> AuditSnapshot {
        self.audit.observe().await.expect("the writer answers")
    }

    /// Asserts that the numbers are 1 to `count`, in the order of the commits.
    fn is_whole(&self, count: u64) {
        let numbers: Vec<_> = self.table.lock().unwrap().iter().map(|(number, ..)| *number).collect();
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.arbiter.stop();
        if let Some(io) = self.io.take() {
            io.shutdown_background();
        }
    }
}

fn event(detail: &str) -> Free {
    event_of(FreeKind::LoginFailed, detail)
}

fn event_of(kind: FreeKind, detail: &str) -> Free {
    let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: None, request_id: "test".into() };
    let subject = Subject::default().detail(detail);
    Free::new(Timestamp::from_seconds(1_800_000_000), kind, subject, &origin)
}

#[test]
fn an_event_is_acknowledged_after_its_commit_and_not_before() {
    in_system(async {
        let mut log = Log::new(&[]);
        let mut recorded = log.record("one").await;
        let call = log.call().await;
        assert!((&mut recorded).now_or_never().is_none(), "not yet committed");
        assert_eq!(log.snapshot().await.pending, 1);
        call.commit();
        assert_eq!(recorded.await.unwrap(), Ok(()));
        log.is_whole(1);
        let AuditSnapshot { taken, pending, failures, .. } = log.snapshot().await;
        assert_eq!((taken, pending, failures), (1, 0, 0));
    });
}

#[test]
fn what_arrives_during_a_write_is_the_next_group() {
    in_system(async {
        let mut log = Log::new(&[]);
        let mut recorded = vec![log.record("0").await];
        let first = log.call().await;
        for detail in ["1", "2", "3", "4"] {
            recorded.push(log.record(detail).await);
        }
        assert!(log.calls.try_recv().is_err(), "one write at a time");
        first.commit();
        let second = log.call().await;
        assert_eq!(second.numbers(), [2, 3, 4, 5], "and the rest in one");
        assert!(recorded[1..].iter().all(|one| !one.is_finished()));
        second.commit();
        for one in recorded {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        let details: Vec<_> = log.table.lock().unwrap().iter().map(|(.., detail)| detail.clone()).collect();
        assert_eq!(details, ["0", "1", "2", "3", "4"]);
    });
}

#[test]
fn a_group_has_at_most_as_many_events_as_configured() {
    in_system(async {
        let mut log = Log::new(&[("audit.batch", "3")]);
        let first = log.record("0").await;
        let call = log.call().await;
        for number in 1..=7 {
            log.audit.note(event(&number.to_string()));
        }
        while log.snapshot().await.taken < 8 {
            tokio::task::yield_now().await;
        }
        call.commit();
        assert_eq!(first.await.unwrap(), Ok(()));
        for expected in [vec![2, 3, 4], vec![5, 6, 7], vec![8]] {
            let call = log.call().await;
            assert_eq!(call.numbers(), expected);
            call.commit();
        }
        log.audit.drain().await;
        log.is_whole(8);
    });
}

#[test]
fn what_nobody_waits_for_waits_for_the_interval_a_full_group_or_somebody_who_waits() {
    in_system(async {
        let mut log = Log::new(&[("audit.batch", "4"), ("audit.interval", "10s")]);
        let alone = log.record("1").await;
        log.call().await.commit();
        assert_eq!(alone.await.unwrap(), Ok(()));
        for detail in ["2", "3", "4"] {
            log.audit.note(event(detail));
        }
        while log.snapshot().await.taken < 4 {
            tokio::task::yield_now().await;
        }
        assert!(log.calls.try_recv().is_err(), "three wait for company");
        log.audit.note(event("5"));
        let full = log.call().await;
        assert_eq!(full.numbers(), [2, 3, 4, 5]);
        full.commit();
        log.audit.drain().await;
        log.audit.note(event("6"));
        let awaited = log.record("7").await;
        let taken_along = log.call().await;
        assert_eq!(taken_along.numbers(), [6, 7]);
        taken_along.commit();
        assert_eq!(awaited.await.unwrap(), Ok(()));
        let mut short = Log::new(&[("audit.interval", "1ms")]);
        for number in 1..=2 {
            short.audit.note(event("soon"));
            let call = short.call().await;
            assert_eq!(call.numbers(), [number]);
            call.commit();
            short.audit.drain().await;
        }
    });
}

#[test]
fn an_outage_of_every_kind_leaves_no_hole_and_nothing_twice() {
    in_system(async {
        let mut log = Log::new(&[("audit.batch", "16"), ("audit.interval", "1ms")]);
        let recording = (0..8).map(|task| {
            let audit = log.audit.clone();
            actix::spawn(async move {
                for number in 0..20 {
                    audit.record(event(&format!("{task} {number:02}"))).await.expect("acknowledged");
                }
            })
        });
        let mut recording = Box::pin(join_all(recording.collect::<Vec<_>>()));
        let (mut turn, mut hanging): (usize, Vec<Call>) = (0, Vec::new());
        loop {
            let call = tokio::select! {
                done = &mut recording => {
                    done.into_iter().for_each(Result::unwrap);
                    break;
                }
                call = log.call() => call,
            };
            turn += 1;
            match turn {
                2 | 3 | 9 => call.fail(),
                5 | 11 => call.commit_and_report_a_failure(),
                7 => call.explode(),
                13 => hanging.push(call),
                _ => call.commit(),
            }
            // The one that hung comes back, but not before more has gathered behind it.
            if turn == 13 {
                while log.snapshot().await.pending < 8 {
                    tokio::task::yield_now().await;
                }
                hanging.pop().expect("just pushed").commit();
            }
        }
        assert!(turn > 13, "the whole script was played: {turn}");
        log.is_whole(160);
        let table = log.table.lock().unwrap().clone();
        for task in 0..8 {
            let own = table.iter().filter(|(.., detail)| detail.starts_with(&format!("{task} ")));
            let details: Vec<_> = own.map(|(.., detail)| detail.clone()).collect();
            let expected: Vec<_> = (0..20).map(|number| format!("{task} {number:02}")).collect();
            assert_eq!(details, expected, "each exactly once, in the order of being recorded");
        }
        let AuditSnapshot { taken, pending, failures, .. } = log.snapshot().await;
        assert_eq!((taken, pending, failures), (160, 0, 0));
    });
}

#[test]
fn while_the_sink_fails_the_timer_tries_again_and_not_every_new_event() {
    in_system(async {
        let mut log = Log::new(&[("audit.interval", "1ms")]);
        log.record("first").await;
        log.call().await.fail();
        while log.snapshot().await.failures == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            log.audit.note(event("during the outage"));
        }
        while log.snapshot().await.taken < 21 {
            tokio::task::yield_now().await;
        }
        assert!(log.calls.try_recv().is_err(), "no write for a new event");
        assert_eq!(log.snapshot().await.pending, 21);
        let again = log.call().await;
        assert_eq!(again.numbers(), (1..=21).collect::<Vec<_>>(), "the timer's, with all that gathered");
        again.commit();
        log.audit.drain().await;
        log.is_whole(21);
    });
}

#[test]
fn a_panic_in_the_writer_keeps_the_batch_and_loses_only_its_own_event() {
    in_system(async {
        let mut log = Log::new(&[]);
        let first = log.record("in flight").await;
        let lost_sight_of = log.call().await;
        let second = log.record("gathered behind").await;
        log.entropy.1.store(true, Ordering::SeqCst);
        let crashed = log.audit.record(event("the panic's")).await;
        assert!(crashed.is_err(), "never stored, and its sender knows");
        assert!(!first.is_finished() && !second.is_finished());
        // The writer starts anew and writes again what was under way; nobody waits for the old answer.
        let again = log.call().await;
        assert_eq!(again.numbers()[..2], [1, 2]);
        lost_sight_of.commit_and_report_a_failure();
        again.commit();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(())));
        let after = log.record("after").await;
        log.call().await.commit();
        assert_eq!(after.await.unwrap(), Ok(()));
        log.audit.drain().await;
        let rows: Vec<_> =
            log.table.lock().unwrap().iter().map(|(seq, _, detail)| (*seq, detail.clone())).collect();
        let expected = [(1, "in flight"), (2, "gathered behind")];
        assert_eq!(rows[..2], expected.map(|(seq, detail)| (seq, detail.to_owned())));
        // The loss is told before or behind the next event, whichever the writer hears of first.
        let mut rest: Vec<_> = rows[2..].iter().map(|(_, detail)| detail.as_str()).collect();
        rest.sort_unstable();
        assert_eq!(rest, ["1", "after"], "one loss, and a record that says so");
        assert!(log.lifeline.pulled().now_or_never().is_none());
    });
}

#[test]
fn draining_waits_for_everything_through_an_outage() {
    in_system(async {
        let mut log = Log::new(&[("audit.batch", "2")]);
        log.audit.drain().await;
        for detail in ["1", "2", "3", "4"] {
            log.audit.note(event(detail));
        }
        let mut draining = Box::pin(log.audit.drain().shared());
        let mut verdicts = 0;
        while (&mut draining).now_or_never().is_none() {
            if let Ok(call) = log.calls.try_recv() {
                verdicts += 1;
                if verdicts == 2 { call.fail() } else { call.commit() }
            }
            tokio::task::yield_now().await;
        }
        drop(draining);
        log.is_whole(4);
        assert!(verdicts >= 3);
    });
}

#[test]
fn with_durability_async_nobody_waits_for_the_commit() {
    in_system(async {
        let mut log = Log::new(&[("audit.durability", "async")]);
        for detail in ["1", "2"] {
            assert_eq!(log.audit.record(event(detail)).now_or_never(), Some(Ok(())));
        }
        let first = log.call().await;
        log.is_whole(0);
        first.commit();
        log.call().await.commit();
        log.audit.drain().await;
        log.is_whole(2);
    });
}

/// Lets the log fill up behind a write that hangs.
async fn fill(log: &mut Log) -> Call {
    log.audit.note(event("hangs"));
    let hanging = log.call().await;
    for number in 1..8_192 {
        // Now and then tokio wants its turn.
        if number % 50 == 0 {
            tokio::task::yield_now().await;
        }
        // Taken by the log, whether its sender waits or not.
        let _ = log.audit.record(event_of(FreeKind::SessionEnded, "fills")).now_or_never();
    }
    hanging
}

#[test]
fn a_full_log_refuses_or_goes_on_as_configured_and_counts_the_loss() {
    let prometheus = crate::support::prometheus();
    in_system(async {
        // Of a kind that no other test loses: the counters are those of the whole process.
        let one_too_many = || event_of(FreeKind::SessionEnded, "one too many");
        let lost = || {
            let text = prometheus.render();
            let line = text.lines().find_map(|line| {
                line.strip_prefix("guardhouse_audit_lost_total{kind=\"session_ended\"} ").map(str::to_owned)
            });
            line.map_or(0, |count| count.parse::<u64>().expect("a count"))
        };
        for (on_failure, durability, accepted) in [
            ("refuse", "sync", false),
            ("continue", "sync", true),
            ("refuse", "async", false),
            ("continue", "async", true),
        ] {
            let mut log = Log::new(&[("audit.on_failure", on_failure), ("audit.durability", durability)]);
            let before = lost();
            let hanging = fill(&mut log).await;
            assert_eq!(lost(), before, "all of them have a place");
            let outcome = log.audit.record(one_too_many()).await;
            assert_eq!(outcome.is_ok(), accepted, "{on_failure} {durability}: {outcome:?}");
            assert_eq!(lost(), before + 1);
            log.audit.note(one_too_many());
            assert_eq!(lost(), before + 2, "a note fails nothing, but is counted");
            hanging.commit();
            log.settle().await;
            // The two that were lost are told by a record of their own.
            log.record("the next").await;
            let next = log.call().await;
            assert_eq!(next.numbers(), [8_194]);
            next.commit();
            log.audit.drain().await;
            let told: Vec<_> = log.table.lock().unwrap()[8_192..].iter().map(|row| row.2.clone()).collect();
            assert_eq!(told, ["2", "the next"]);
        }
    });
}

#[test]
fn floods_leave_three_quarters_of_the_places_to_what_somebody_waits_for() {
    in_system(async {
        let mut log = Log::new(&[]);
        log.audit.note(event_of(FreeKind::RateLimited, "hangs"));
        let hanging = log.call().await;
        for _ in 0..9_000 {
            log.audit.note(event_of(FreeKind::RateLimited, "flood"));
        }
        let audit = log.audit.clone();
        let mut waiting = Box::pin(audit.record(event("somebody waits")));
        assert!((&mut waiting).now_or_never().is_none(), "taken, not refused");
        while log.snapshot().await.pending < 2_050 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            log.snapshot().await.pending,
            2_050,
            "a quarter of 8,192, one over, and the one that is waited for"
        );
        hanging.commit();
        log.settle().await;
        assert_eq!(waiting.await, Ok(()));
    });
}

#[test]
fn while_its_tries_fail_the_log_says_beforehand_that_it_takes_nothing_where_that_is_configured() {
    in_system(async {
        for (on_failure, accepts) in [("refuse", false), ("continue", true)] {
            let mut log = Log::new(&[("audit.on_failure", on_failure)]);
            assert_eq!(log.audit.accepts(), Ok(()));
            log.record("one").await;
            assert_eq!(log.audit.accepts(), Ok(()), "a write that is under way is no failure");
            log.call().await.fail();
            while log.snapshot().await.failures == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(log.audit.accepts().is_ok(), accepts);
            log.call().await.commit();
            log.audit.drain().await;
            assert_eq!(log.audit.accepts(), Ok(()), "and well again");
        }
    });
}

#[test]
fn after_five_seconds_without_a_commit_it_refuses_or_goes_on_and_still_writes_the_event_later() {
    in_system(async {
        let mut logs = [("refuse", false), ("continue", true)]
            .map(|(on_failure, accepted)| (Log::new(&[("audit.on_failure", on_failure)]), accepted));
        let waiting = logs.iter().map(|(log, _)| log.audit.record(event("late")));
        let done = logs[0].0.audit.record_done(event("late"));
        let (outcomes, done) = futures_util::future::join(join_all(waiting.collect::<Vec<_>>()), done).await;
        assert_eq!(done, Ok(()), "what cannot be taken back is not answered as if it had not happened");
        for ((log, accepted), outcome) in logs.iter_mut().zip(outcomes) {
            assert_eq!(outcome.is_ok(), *accepted, "{outcome:?}");
            let late = log.call().await;
            late.commit();
            if !*accepted {
                log.call().await.commit();
            }
            log.audit.drain().await;
            log.is_whole(if *accepted { 1 } else { 2 });
        }
    });
}
