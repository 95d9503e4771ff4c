//! The revocation feed: whatever order transactions commit in, every node is told everything once.

use std::collections::HashSet;
use std::time::Duration;

use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::id::SessionId;
use guardhouse::domain::revocation::{Revocation, Revoked};
use guardhouse::store::revocations::{Cursor, append, sweep};
use guardhouse::store::{Connection, Db, StoreError};
use guardhouse_entity::revocations::{ActiveModel, Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set, TransactionTrait};
use uuid::Uuid;

use super::session_backends::{at, user};
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    the_feed_tells_everything_once_and_whole,
    a_node_that_starts_is_told_what_is_still_live,
    what_has_expired_by_itself_is_told_to_nobody_and_swept,
    more_than_one_batch_is_told_completely,
    an_error_leaves_the_cursor_where_it_stood,
    a_transaction_that_is_rolled_back_announces_nothing,
    a_gap_is_watched_for_a_minute_and_then_given_up,
    an_enormous_jump_of_the_ids_is_watched_only_at_its_end,
    with_many_writers_at_once_each_entry_is_told_exactly_once,
);

fn session(number: u128) -> Revoked {
    Revoked::Session(SessionId(Uuid::from_u128(number)))
}

fn revocation(number: u128) -> Revocation {
    Revocation { what: session(number), at: at(0), expires_at: at(900) }
}

async fn say(db: &impl Connection, numbers: impl IntoIterator<Item = u128>) {
    let all: Vec<_> = numbers.into_iter().map(revocation).collect();
    append(db, &all).await.expect("appended");
}

async fn read(cursor: &mut Cursor, db: &Db, now: Timestamp) -> Vec<Revoked> {
    cursor.read(db.reader(), now).await.expect("readable").into_iter().map(|news| news.what).collect()
}

fn the_feed_tells_everything_once_and_whole(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let mut cursor = Cursor::default();
        assert_eq!(read(&mut cursor, &db, at(1)).await, []);
        let spare = Some(SessionId(Uuid::from_u128(5)));
        let user = |below_epoch, spare| Revocation {
            what: Revoked::User { user: user(1), below_epoch, spare },
            at: at(2),
            expires_at: at(800),
        };
        let all = [revocation(1), user(u32::MAX, None), user(0, spare)];
        append(db.writer(), &[]).await.unwrap();
        append(db.writer(), &all[..1]).await.unwrap();
        append(db.writer(), &all[1..]).await.unwrap();
        assert_eq!(cursor.read(db.reader(), at(3)).await.unwrap(), all);
        assert_eq!(read(&mut cursor, &db, at(3)).await, []);
        // The same said twice is two entries; who reads takes them as a set.
        say(db.writer(), [1, 1]).await;
        assert_eq!(read(&mut cursor, &db, at(4)).await, [session(1), session(1)]);
        assert_eq!(read(&mut cursor, &db, at(4)).await, []);
    });
}

fn a_node_that_starts_is_told_what_is_still_live(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        say(db.writer(), 1..=3).await;
        let short = Revocation { expires_at: at(100), ..revocation(4) };
        append(db.writer(), &[short]).await.unwrap();
        for _ in 0..2 {
            let mut starting = Cursor::default();
            assert_eq!(read(&mut starting, &db, at(99)).await, [1, 2, 3, 4].map(session));
            let mut later = Cursor::default();
            assert_eq!(read(&mut later, &db, at(100)).await, [1, 2, 3].map(session));
            assert_eq!(read(&mut later, &db, at(100)).await, []);
        }
    });
}

fn what_has_expired_by_itself_is_told_to_nobody_and_swept(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        say(db.writer(), 1..=5).await;
        let long = Revocation { expires_at: at(1_000), ..revocation(6) };
        append(db.writer(), &[long]).await.unwrap();
        assert_eq!(sweep(db.writer(), at(899), 100).await.unwrap(), 0);
        assert_eq!(read(&mut Cursor::default(), &db, at(900)).await, [session(6)]);
        let steps = [2, 2, 1, 0];
        for expected in steps {
            assert_eq!(sweep(db.writer(), at(900), 2).await.unwrap(), expected);
        }
        assert_eq!(Entity::find().all(db.reader()).await.unwrap().len(), 1);
    });
}

fn more_than_one_batch_is_told_completely(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        const ALL: u128 = 20_500;
        let mut running = Cursor::default();
        read(&mut running, &db, at(1)).await;
        for from in (0..ALL).step_by(2_000) {
            say(db.writer(), from..(from + 2_000).min(ALL)).await;
        }
        for mut cursor in [running, Cursor::default()] {
            let told = read(&mut cursor, &db, at(2)).await;
            let distinct: HashSet<_> = told.iter().copied().collect();
            assert_eq!((told.len(), distinct.len()), (ALL as usize, ALL as usize));
            assert_eq!(read(&mut cursor, &db, at(2)).await, []);
        }
    });
}

fn an_error_leaves_the_cursor_where_it_stood(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let mut cursor = Cursor::default();
        say(db.writer(), [1]).await;
        assert_eq!(read(&mut cursor, &db, at(1)).await, [session(1)]);
        say(db.writer(), [2]).await;
        let both = ActiveModel {
            session_id: Set(Some(Uuid::from_u128(3))),
            user_id: Set(Some(Uuid::from_u128(4))),
            at: Set(0),
            expires_at: Set(at(900).micros()),
            ..ActiveModel::default()
        };
        Entity::insert(both).exec_without_returning(db.writer()).await.unwrap();
        say(db.writer(), [5]).await;
        for _ in 0..2 {
            let corrupt = cursor.read(db.reader(), at(2)).await.unwrap_err();
            assert!(matches!(corrupt, StoreError::Corrupt { table: "revocations", .. }), "{corrupt:?}");
        }
        Entity::delete_many().filter(Column::UserId.is_not_null()).exec(db.writer()).await.unwrap();
        assert_eq!(read(&mut cursor, &db, at(3)).await, [2, 5].map(session));
    });
}

fn a_transaction_that_is_rolled_back_announces_nothing(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let mut cursor = Cursor::default();
        let txn = db.writer().begin().await.unwrap();
        say(&txn, [1]).await;
        txn.rollback().await.unwrap();
        say(db.writer(), [2]).await;
        assert_eq!(read(&mut cursor, &db, at(1)).await, [session(2)]);
        assert_eq!(read(&mut cursor, &db, at(2)).await, []);
    });
}

/// Appends with an id of the test's choice, as a transaction that committed late.
async fn late(db: &Db, id: i64, number: u128) {
    let row = ActiveModel {
        id: Set(id),
        session_id: Set(Some(Uuid::from_u128(number))),
        at: Set(0),
        expires_at: Set(at(90_000).micros()),
        ..ActiveModel::default()
    };
    Entity::insert(row).exec_without_returning(db.writer()).await.expect("the id is free");
}

fn a_gap_is_watched_for_a_minute_and_then_given_up(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let mut cursor = Cursor::default();
        read(&mut cursor, &db, at(0)).await;
        late(&db, 10, 10).await;
        assert_eq!(read(&mut cursor, &db, at(0)).await, [session(10)]);
        for (seconds, id) in [(1, 9), (30, 3), (59, 1)] {
            late(&db, id, id as u128).await;
            assert_eq!(read(&mut cursor, &db, at(seconds)).await, [session(id as u128)], "after {seconds} s");
        }
        read(&mut cursor, &db, at(0).plus(Duration::from_secs(60))).await;
        late(&db, 5, 5).await;
        assert_eq!(read(&mut cursor, &db, at(61)).await, [], "no transaction of ours is open for that long");
        late(&db, 11, 11).await;
        assert_eq!(read(&mut cursor, &db, at(62)).await, [session(11)]);
    });
}

fn an_enormous_jump_of_the_ids_is_watched_only_at_its_end(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        for started_empty in [true, false] {
            let base: i64 = if started_empty { 1_000_000 } else { 3_000_000_000 };
            let mut cursor = Cursor::default();
            if started_empty {
                read(&mut cursor, &db, at(0)).await;
            }
            late(&db, base, 1).await;
            assert!(read(&mut cursor, &db, at(0)).await.contains(&session(1)));
            late(&db, base - 4_096, 2).await;
            late(&db, base - 1, 3).await;
            late(&db, base - 4_097, 4).await;
            let mut told = read(&mut cursor, &db, at(1)).await;
            told.sort_by_key(|what| format!("{what:?}"));
            assert_eq!(told, [2, 3].map(session));
        }
    });
}

fn with_many_writers_at_once_each_entry_is_told_exactly_once(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let mut cursor = Cursor::default();
        read(&mut cursor, &db, at(0)).await;
        let writers: Vec<_> = (0..8u128)
            .map(|writer| {
                let db = db.clone();
                tokio::spawn(async move {
                    for number in 0..12 {
                        let txn = db.writer().begin().await.unwrap();
                        say(&txn, [writer * 100 + number]).await;
                        tokio::task::yield_now().await;
                        say(&txn, [writer * 100 + 50 + number]).await;
                        if number % 4 == 3 { txn.rollback().await } else { txn.commit().await }.unwrap();
                    }
                })
            })
            .collect();
        let mut told = Vec::new();
        while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
            told.extend(read(&mut cursor, &db, at(1)).await);
        }
        told.extend(read(&mut cursor, &db, at(1)).await);
        let distinct: HashSet<_> = told.iter().collect();
        assert_eq!((told.len(), distinct.len()), (8 * 9 * 2, 8 * 9 * 2));
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

#[test]
fn what_commits_late_under_a_smaller_id_is_told_on_postgres() {
    commits_late(Kind::Postgres);
}

#[test]
fn what_commits_late_under_a_smaller_id_is_told_on_mysql() {
    commits_late(Kind::MySql);
}

/// SQLite has one writer at a time, so there no two transactions can be under way.
fn commits_late(kind: Kind) {
    if !kind.is_available() {
        return;
    }
    TestDb::new(kind).run(|db| async move {
        let mut running = Cursor::default();
        read(&mut running, &db, at(0)).await;
        let (early, between) = (db.writer().begin().await.unwrap(), db.writer().begin().await.unwrap());
        say(&early, [1]).await;
        say(&between, [2]).await;
        say(db.writer(), [3]).await;
        assert_eq!(read(&mut running, &db, at(1)).await, [session(3)]);
        // One that starts now must not miss them either.
        let mut starting = Cursor::default();
        assert_eq!(read(&mut starting, &db, at(1)).await, [session(3)]);
        between.commit().await.unwrap();
        for cursor in [&mut running, &mut starting] {
            assert_eq!(read(cursor, &db, at(2)).await, [session(2)]);
        }
        say(db.writer(), [4]).await;
        early.commit().await.unwrap();
        for cursor in [&mut running, &mut starting] {
            assert_eq!(read(cursor, &db, at(3)).await, [1, 4].map(session));
            assert_eq!(read(cursor, &db, at(3)).await, []);
        }
    });
}
