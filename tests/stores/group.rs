//! SQLite's one writer, which commits for many at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::join_all;
use guardhouse::store::{Db, StoreError, users};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::sync::oneshot;

use super::users::somebody;
use crate::support::{Kind, TestDb};

/// Occupies the writer until the result is dropped; whoever writes meanwhile queues.
async fn hold(db: &Db) -> (oneshot::Sender<()>, tokio::task::JoinHandle<Result<(), StoreError>>) {
    let ((begun, wait), (release, hold)) = (oneshot::channel(), oneshot::channel::<()>());
    let context = Mutex::new(Some((begun, hold)));
    let own = db.clone();
    let holder = tokio::spawn(async move {
        own.atomically(context, |_, context| {
            async move {
                let (begun, hold) = context.lock().unwrap().take().expect("one run");
                let _ = begun.send(());
                let _ = hold.await;
                Ok(())
            }
            .boxed()
        })
        .await
    });
    wait.await.expect("the writer has begun");
    (release, holder)
}

async fn stored(db: &Db, number: u128) -> bool {
    users::by_id(db.reader(), somebody(number).id).await.unwrap().is_some()
}

/// Each connection reads pages where the kernel has them, and its commits are on the disk before they are answered.
#[test]
fn connections_to_sqlite_are_set_up_for_reading_much_and_losing_nothing() {
    TestDb::new(Kind::Sqlite).run(|db| async move {
        for connection in [db.reader(), db.writer()] {
            let pragma = async |name: &str| {
                let asked = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
                let row = connection.query_one_raw(asked).await.unwrap().unwrap();
                row.try_get_by_index::<i64>(0).unwrap()
            };
            assert_eq!((pragma("mmap_size").await, pragma("synchronous").await), (1 << 30, 2));
        }
    });
}

#[test]
fn of_those_who_share_a_commit_the_failed_and_the_panicked_are_undone_alone() {
    TestDb::new(Kind::Sqlite).run(|db| async move {
        let (release, holder) = hold(&db).await;
        let group: Vec<_> = (1..=12u128)
            .map(|number| {
                let db = db.clone();
                tokio::spawn(async move {
                    db.atomically(number, |txn, number| {
                        async move {
                            users::insert(txn, &somebody(*number)).await?;
                            match number % 4 {
                                2 => users::insert(txn, &somebody(*number)).await,
                                3 => panic!("on purpose"),
                                _ => Ok(()),
                            }
                        }
                        .boxed()
                    })
                    .await
                })
            })
            .collect();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert!(!stored(&db, 1).await, "nobody is let in before the writer is free");
        drop(release);
        assert_eq!(holder.await.unwrap(), Ok(()));
        for (number, outcome) in (1..).zip(join_all(group).await) {
            let outcome = outcome.unwrap();
            match number % 4 {
                2 => assert_eq!(outcome, Err(StoreError::Conflict("e-mail address"))),
                3 => assert!(matches!(outcome, Err(StoreError::Other(_))), "{outcome:?}"),
                _ => assert_eq!(outcome, Ok(())),
            }
            assert_eq!(stored(&db, number).await, matches!(number % 4, 0 | 1), "{number}");
        }
    });
}

#[test]
fn what_is_dropped_before_its_turn_is_not_done() {
    TestDb::new(Kind::Sqlite).run(|db| async move {
        let (release, holder) = hold(&db).await;
        let mut leaving =
            Box::pin(db.atomically((), |txn, ()| async { users::insert(txn, &somebody(1)).await }.boxed()));
        assert!((&mut leaving).now_or_never().is_none());
        drop(leaving);
        let staying = db.atomically((), |txn, ()| async { users::insert(txn, &somebody(2)).await }.boxed());
        drop(release);
        assert_eq!(staying.await, Ok(()));
        assert_eq!(holder.await.unwrap(), Ok(()));
        assert_eq!((stored(&db, 1).await, stored(&db, 2).await), (false, true));
    });
}

#[test]
fn what_is_dropped_after_its_beginning_goes_on_to_its_end_and_the_writer_lives_on() {
    TestDb::new(Kind::Sqlite).run(|db| async move {
        let (release, holder) = hold(&db).await;
        holder.abort();
        assert!(holder.await.is_err_and(|error| error.is_cancelled()));
        let runs = Arc::new(AtomicU32::new(0));
        let next = db.atomically(runs.clone(), |txn, runs| {
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                users::insert(txn, &somebody(1)).await
            }
            .boxed()
        });
        drop(release);
        assert_eq!(next.await, Ok(()));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn an_answer_comes_after_the_commit() {
    let test = TestDb::new(Kind::Sqlite);
    let other = test.connect_again(&[]);
    test.run(|db| async move {
        let writing = (1..=200u128).map(|number| {
            let (db, other) = (db.clone(), other.clone());
            tokio::spawn(async move {
                let insert = db.atomically(number, |txn, number| {
                    async move { users::insert(txn, &somebody(*number)).await }.boxed()
                });
                insert.await.unwrap();
                // Another connection sees only what is committed.
                assert!(stored(&other, number).await);
            })
        });
        join_all(writing).await.into_iter().for_each(Result::unwrap);
    });
}
