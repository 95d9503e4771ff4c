//! The ladder below the database, and what may be acknowledged before it is durable.

use std::future::Future;
use std::path::Path;

use guardhouse::store::audit::Spools;

use super::*;

/// A log whose process has the number `instance`, with a spool in `folder` of at most `most` octets.
fn spooling(flags: &[(&str, &str)], folder: &Path, instance: u128, most: u64) -> Log {
    let instance = InstanceId(Uuid::from_u128(instance));
    let spools = Spools::open(folder, instance, most, true).expect("a folder of our own");
    Log::with_spools(flags, Some(spools))
}

/// Waits for `work`, while every try to reach the database fails. How many there were.
async fn during_an_outage<T>(log: &mut Log, work: impl Future<Output = T>) -> (T, usize) {
    let (mut work, mut tries) = (Box::pin(work), 0);
    loop {
        tokio::select! {
            done = &mut work => return (done, tries),
            call = log.call() => {
                tries += 1;
                call.fail();
            }
        }
    }
}

fn details(log: &Log) -> Vec<String> {
    log.table.lock().unwrap().iter().map(|(.., detail)| detail.clone()).collect()
}

fn octets(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder.join("audit-spool")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn while_the_database_is_away_events_are_acknowledged_from_the_spool_and_read_back_once() {
    in_system(async {
        let folder = tempfile::tempdir().unwrap();
        let mut log = spooling(&[("audit.interval", "1ms")], folder.path(), 1, 1 << 20);
        let audit = log.audit.clone();
        let (first, tries) = during_an_outage(&mut log, audit.record(event("1"))).await;
        assert_eq!((first, tries), (Ok(()), 2), "tried once more, then spooled");
        assert!(octets(folder.path()) > 0 && details(&log).is_empty());
        let more = async {
            for detail in ["2", "3", "4"] {
                assert_eq!(audit.record(event(detail)).await, Ok(()));
            }
        };
        during_an_outage(&mut log, more).await;
        assert_eq!(audit.accepts(), Ok(()), "what is spooled is accepted");
        assert!(log.snapshot().await.spooled > 0);
        // The database is back, and the first answer is lost.
        log.call().await.commit_and_report_a_failure();
        log.call().await.commit();
        log.settle().await;
        assert_eq!(details(&log), ["1", "2", "3", "4"]);
        assert_eq!((log.snapshot().await.spooled, octets(folder.path())), (0, 0));
        let after = log.record("5").await;
        log.call().await.commit();
        assert_eq!(after.await.unwrap(), Ok(()));
        log.is_whole(5);
    });
}

#[test]
fn what_a_dead_process_spooled_is_read_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    in_system(async {
        let mut log = spooling(&[], folder.path(), 1, 1 << 20);
        let audit = log.audit.clone();
        let recorded = during_an_outage(&mut log, audit.record(event("before the crash"))).await;
        assert_eq!(recorded.0, Ok(()));
    });
    // The thread of the writer ends with its arbiter, and lets go of the file.
    let inherited =
        || Spools::open(folder.path(), InstanceId(Uuid::from_u128(2)), 1, true).unwrap().waiting();
    while inherited() == 0 {
        std::thread::yield_now();
    }
    in_system(async {
        let mut log = spooling(&[], folder.path(), 3, 1 << 20);
        let call = log.call().await;
        assert!(call.group.may_be_stored, "it may have been committed before the crash");
        call.commit();
        log.settle().await;
        assert_eq!(details(&log), ["before the crash"]);
        assert_eq!(octets(folder.path()), 0);
    });
}

#[test]
fn what_a_full_spool_does_not_take_waits_for_the_database() {
    in_system(async {
        let folder = tempfile::tempdir().unwrap();
        let mut log = spooling(&[], folder.path(), 1, 100);
        let recorded = log.record("1").await;
        for _ in 0..3 {
            log.call().await.fail();
        }
        assert!(!recorded.is_finished());
        assert!(log.audit.accepts().is_err(), "neither the database nor the spool takes anything");
        log.call().await.commit();
        assert_eq!(recorded.await.unwrap(), Ok(()));
        log.settle().await;
        log.is_whole(1);
    });
}

#[test]
fn with_durability_group_no_more_than_one_group_is_acknowledged_and_not_durable() {
    in_system(async {
        let mut log = Log::new(&[("audit.durability", "group"), ("audit.batch", "4")]);
        for detail in ["1", "2", "3", "4"] {
            assert_eq!(log.audit.record(event(detail)).now_or_never(), Some(Ok(())), "{detail}");
        }
        let audit = log.audit.clone();
        let mut fifth = Box::pin(audit.record(event("5")));
        assert_eq!((&mut fifth).now_or_never(), None, "the fifth waits");
        let first = log.call().await;
        assert_eq!(details(&log), [""; 0], "four are acknowledged, none is durable: the most there may be");
        first.commit();
        assert_eq!(fifth.await, Ok(()));
        log.settle().await;
        log.is_whole(5);
    });
}

#[test]
fn with_durability_sync_nothing_is_acknowledged_that_is_not_durable() {
    in_system(async {
        let mut log = Log::new(&[("audit.durability", "sync"), ("audit.batch", "4")]);
        let recorded = [log.record("1").await, log.record("2").await];
        let call = log.call().await;
        assert!(recorded.iter().all(|one| !one.is_finished()));
        call.commit();
        log.settle().await;
        for one in recorded {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
    });
}

#[test]
fn with_durability_async_the_places_of_the_log_are_the_bound() {
    in_system(async {
        let mut log = Log::new(&[("audit.durability", "async")]);
        log.audit.note(event("hangs"));
        let hanging = log.call().await;
        for number in 1..8_192 {
            if number % 50 == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(log.audit.record(event("taken")).now_or_never(), Some(Ok(())), "{number}");
        }
        assert!(log.audit.record(event("one too many")).await.is_err());
        hanging.commit();
        log.settle().await;
    });
}
