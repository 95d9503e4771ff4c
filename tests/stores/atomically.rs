//! `Db::atomically`: what is committed, what is not, and who is run again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use guardhouse::domain::account::User;
use guardhouse::domain::id::UserId;
use guardhouse::store::users::{self, Change};
use guardhouse::store::{Db, StoreError};
use sea_orm::ConnectionTrait;
use tokio::sync::{Barrier, oneshot};

use super::session_backends::at;
use super::users::somebody;
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    sixteen_tasks_that_count_in_one_row_lose_no_update,
    two_nodes_that_count_in_one_row_lose_no_update,
    what_fails_is_rolled_back_and_not_run_again,
    what_keeps_losing_is_given_up_after_three_more_runs,
    a_connection_that_does_not_come_is_unavailable_within_the_acquire_timeout,
);

async fn count(db: &Db, id: UserId, rounds: u32) {
    for _ in 0..rounds {
        db.atomically(id, |txn, id| {
            async move {
                users::change(txn, *id, &Change::EndSessions, at(1))
                    .await?
                    .ok_or(StoreError::Conflict("nobody"))
            }
            .boxed()
        })
        .await
        .expect("counted");
    }
}

async fn stored(db: &Db, id: UserId) -> Option<User> {
    users::by_id(db.reader(), id).await.expect("a readable row")
}

fn sixteen_tasks_that_count_in_one_row_lose_no_update(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let ada = somebody(1);
        users::insert(db.writer(), &ada).await.unwrap();
        let tasks = (0..16).map(|_| {
            let (db, id) = (db.clone(), ada.id);
            tokio::spawn(async move { count(&db, id, 4).await })
        });
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
        let security = stored(&db, ada.id).await.unwrap().security;
        assert_eq!((security.current, security.sessions_from), (64, 64));
    });
}

fn two_nodes_that_count_in_one_row_lose_no_update(kind: Kind) {
    let test = TestDb::new(kind);
    let other = test.connect_again(&[]);
    test.run(|db| async move {
        let ada = somebody(1);
        users::insert(db.writer(), &ada).await.unwrap();
        let tasks = (0..8).map(|number| {
            let (db, id) = (if number % 2 == 0 { db.clone() } else { other.clone() }, ada.id);
            tokio::spawn(async move { count(&db, id, 3).await })
        });
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
        assert_eq!(stored(&db, ada.id).await.unwrap().security.current, 24);
        other.close().await;
    });
}

fn what_fails_is_rolled_back_and_not_run_again(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let runs = Arc::new(AtomicU32::new(0));
        let outcome: Result<(), _> = db
            .atomically((somebody(1), runs.clone()), |txn, (ada, runs)| {
                async move {
                    runs.fetch_add(1, Ordering::SeqCst);
                    users::insert(txn, ada).await?;
                    users::insert(txn, ada).await
                }
                .boxed()
            })
            .await;
        assert_eq!(outcome, Err(StoreError::Conflict("e-mail address")));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(stored(&db, somebody(1).id).await, None);
        users::insert(db.writer(), &somebody(1)).await.expect("nothing is in the way");
    });
}

#[test]
fn what_is_dropped_half_way_leaves_nothing_on_postgres() {
    dropped_half_way(Kind::Postgres);
}

#[test]
fn what_is_dropped_half_way_leaves_nothing_on_mysql() {
    dropped_half_way(Kind::MySql);
}

/// On SQLite the one writer goes on to the end of what it has begun; see `group`.
fn dropped_half_way(kind: Kind) {
    if !kind.is_available() {
        return;
    }
    TestDb::new(kind).run(|db| async move {
        // More often than there are connections.
        for _ in 0..25 {
            let (written, wait) = oneshot::channel();
            let context = (somebody(1), std::sync::Mutex::new(Some(written)));
            let own = db.clone();
            let task = tokio::spawn(async move {
                let half: Result<(), _> = own
                    .atomically(context, |txn, (ada, written)| {
                        async move {
                            users::insert(txn, ada).await?;
                            let _ = written.lock().unwrap().take().expect("one run").send(());
                            std::future::pending().await
                        }
                        .boxed()
                    })
                    .await;
                half
            });
            wait.await.expect("written");
            task.abort();
            assert!(task.await.is_err_and(|error| error.is_cancelled()));
        }
        assert_eq!(stored(&db, somebody(1).id).await, None);
        users::insert(db.writer(), &somebody(1)).await.expect("no lock is left");
    });
}

fn what_keeps_losing_is_given_up_after_three_more_runs(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let runs = Arc::new(AtomicU32::new(0));
        let losing = |wins_at: u32| {
            db.atomically((runs.clone(), wins_at), |txn, (runs, wins_at)| {
                async move {
                    users::insert(txn, &somebody(1)).await?;
                    let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                    if run < *wins_at { Err(StoreError::Contended("against others".into())) } else { Ok(run) }
                }
                .boxed()
            })
        };
        assert_eq!(losing(5).await, Err(StoreError::Contended("against others".into())));
        if kind == Kind::Sqlite {
            // Its one writer loses against nobody in this process, and has waited for any other.
            assert_eq!(runs.load(Ordering::SeqCst), 1);
            return;
        }
        assert_eq!(runs.swap(0, Ordering::SeqCst), 4);
        assert_eq!(stored(&db, somebody(1).id).await, None);
        assert_eq!(losing(4).await, Ok(4), "the last of the runs may win");
        assert!(stored(&db, somebody(1).id).await.is_some());
    });
}

fn a_connection_that_does_not_come_is_unavailable_within_the_acquire_timeout(kind: Kind) {
    let test = TestDb::new(kind);
    let narrow = test.connect_again(&[("database.pool", "1"), ("database.acquire_timeout", "400ms")]);
    test.run(|_| async move {
        let ((begun, wait), (release, hold)) = (oneshot::channel(), oneshot::channel::<()>());
        let context = std::sync::Mutex::new(Some((begun, hold)));
        let own = narrow.clone();
        let holder = tokio::spawn(async move {
            own.atomically(context, |txn, context| {
                async move {
                    users::insert(txn, &somebody(1)).await?;
                    let (begun, hold) = context.lock().unwrap().take().expect("one run");
                    let _ = begun.send(());
                    let _ = hold.await;
                    Ok(())
                }
                .boxed()
            })
            .await
        });
        wait.await.expect("the only connection is taken");
        let refused = users::insert(narrow.writer(), &somebody(2)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        if kind != Kind::Sqlite {
            let refused: Result<(), _> = narrow.atomically((), |_, ()| async { Ok(()) }.boxed()).await;
            assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        }
        drop(release);
        assert_eq!(holder.await.unwrap(), Ok(()));
        users::insert(narrow.writer(), &somebody(2)).await.expect("the connection came back");
        narrow.close().await;
    });
}

#[test]
fn the_victim_of_a_deadlock_is_run_again_on_postgres() {
    deadlock(Kind::Postgres);
}

#[test]
fn the_victim_of_a_deadlock_is_run_again_on_mysql() {
    deadlock(Kind::MySql);
}

/// Two transactions take two rows in opposite order, each its second one only after both have their first.
fn deadlock(kind: Kind) {
    if !kind.is_available() {
        return;
    }
    TestDb::new(kind).run(|db| async move {
        let (ada, bob) = (somebody(1), somebody(2));
        for user in [&ada, &bob] {
            users::insert(db.writer(), user).await.unwrap();
        }
        let (both, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
        let tasks = [[ada.id, bob.id], [bob.id, ada.id]].map(|order| {
            let (db, both, runs) = (db.clone(), both.clone(), runs.clone());
            tokio::spawn(async move {
                db.atomically((order, both, runs, AtomicU32::new(0)), move |txn, (order, both, runs, own)| {
                    async move {
                        runs.fetch_add(1, Ordering::SeqCst);
                        if kind == Kind::Postgres {
                            // The server looks for deadlocks only after a second otherwise.
                            let faster = "SET LOCAL deadlock_timeout = '20ms'";
                            txn.execute_unprepared(faster).await?;
                        }
                        users::change(txn, order[0], &Change::EndSessions, at(1)).await?;
                        if own.fetch_add(1, Ordering::SeqCst) == 0 {
                            both.wait().await;
                        }
                        users::change(txn, order[1], &Change::EndSessions, at(1)).await
                    }
                    .boxed()
                })
                .await
            })
        });
        for outcome in join_all(tasks).await {
            outcome.unwrap().expect("the victim was run again");
        }
        assert!(runs.load(Ordering::SeqCst) >= 3, "there was a deadlock");
        for id in [ada.id, bob.id] {
            assert_eq!(stored(&db, id).await.unwrap().security.current, 2, "each counted exactly once");
        }
    });
}

#[test]
fn sqlite_waits_for_another_node_that_writes() {
    let test = TestDb::new(Kind::Sqlite);
    let other = test.connect_again(&[]);
    test.run(|db| async move {
        let ((begun, wait), (release, hold)) = (oneshot::channel(), oneshot::channel::<()>());
        let context = std::sync::Mutex::new(Some((begun, hold)));
        let own = db.clone();
        let holder = tokio::spawn(async move {
            own.atomically(context, |txn, context| {
                async move {
                    let (begun, hold) = context.lock().unwrap().take().expect("one run");
                    let _ = begun.send(());
                    let _ = hold.await;
                    users::insert(txn, &somebody(1)).await
                }
                .boxed()
            })
            .await
        });
        wait.await.expect("IMMEDIATE takes the write lock at the beginning");
        let waiting = tokio::spawn(async move { users::insert(other.writer(), &somebody(2)).await });
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(!waiting.is_finished(), "neither refused nor let in");
        assert!(stored(&db, somebody(2).id).await.is_none(), "and readers go on meanwhile");
        drop(release);
        assert_eq!(holder.await.unwrap(), Ok(()));
        assert_eq!(waiting.await.unwrap(), Ok(()));
    });
}
