//! Copies of whole databases: every table and column goes along, and means the same wherever it arrives.

use futures_util::FutureExt;
use guardhouse::copy::{Digest, Summary, Value};
use guardhouse::store::copy::{CopyFault, PAGE, Position, Snapshot, Target, empty, occupied, tables};
use guardhouse::store::{Db, StoreError, installation, revocations};
use guardhouse_entity::{audit_checkpoints as checkpoints, installation as facts};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait};
use uuid::Uuid;

use crate::migrations::write_extremes;
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    every_table_and_column_of_the_schema_is_known,
    what_is_copied_to_any_other_database_is_the_same_there,
    a_target_that_is_not_empty_is_refused_and_one_that_is_half_filled_goes_on,
    pages_of_any_size_have_every_row_once,
    a_snapshot_does_not_see_what_is_written_after_it,
    all_is_removed_but_the_fact_that_is_kept,
);

/// What the schema has, asked of the database itself.
async fn schema(db: &Db) -> Vec<(String, String)> {
    let question = match db.reader().get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' \
             AND t.name NOT LIKE 'sqlite%'"
        }
        DbBackend::Postgres => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'"
        }
        _ => "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = database()",
    };
    let statement = sea_orm::Statement::from_string(db.reader().get_database_backend(), question);
    let rows = db.reader().query_all_raw(statement).await.unwrap();
    let text = |row: &sea_orm::QueryResult, place| row.try_get_by_index::<String>(place).unwrap();
    let mut names: Vec<_> = rows.iter().map(|row| (text(row, 0), text(row, 1))).collect();
    names.retain(|(table, _)| table != "seaql_migrations");
    names.sort();
    names
}

fn every_table_and_column_of_the_schema_is_known(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let known = tables();
        let mut names: Vec<_> = known
            .iter()
            .flat_map(|table| {
                table.columns().into_iter().map(|column| (table.name.to_owned(), column.to_owned()))
            })
            .collect();
        names.sort();
        assert_eq!(
            names,
            schema(&db).await,
            "what is not known to `store::copy::tables` would be left behind"
        );
    });
}

async fn summary(db: &Db) -> Summary {
    Snapshot::take(db).await.unwrap().summary(|_| ()).await.unwrap()
}

/// Copies all of it as the command does, but one page after the other.
async fn copy(from: &Db, to: &Db) {
    let snapshot = Snapshot::take(from).await.unwrap();
    let (target, mut position) = Target::open(to.clone(), "origin".to_owned()).await.unwrap();
    for (place, table) in tables().iter().enumerate().skip(position.table) {
        let mut after = position.after.take();
        loop {
            let rows = snapshot.page(table, after.as_deref()).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some(table.key(last));
            target.append(place, rows).await.unwrap();
        }
    }
    target.finish().await.unwrap();
}

fn what_is_copied_to_any_other_database_is_the_same_there(kind: Kind) {
    for other in [Kind::Sqlite, Kind::Postgres, Kind::MySql] {
        if !other.is_available() {
            continue;
        }
        let (from, to) = (TestDb::new(kind), TestDb::new(other));
        let (source, target) = (from.run(|db| async { db }), to.run(|db| async { db }));
        let [was, is] = from.run(|_| async {
            write_extremes(&source).await;
            copy(&source, &target).await;
            [summary(&source).await, summary(&target).await]
        });
        assert_eq!(was.differences(&is), [], "{kind:?} to {other:?}");
        assert!(was.0.iter().all(|table| table.rows == 2), "{was:?}");
        // New rows are numbered behind those that were copied.
        let refused = from.run(|_| async {
            let revoked = guardhouse::domain::revocation::Revoked::Session(
                guardhouse::domain::id::SessionId(uuid::Uuid::nil()),
            );
            let at = guardhouse::domain::clock::Timestamp::MIN;
            let entry = guardhouse::domain::revocation::Revocation { what: revoked, at, expires_at: at };
            // One of the copied rows has the greatest number but one: there is room for one more, behind it.
            revocations::append(target.writer(), &[entry]).await
        });
        assert!(!matches!(refused, Err(StoreError::Conflict(_))), "{kind:?} to {other:?}: {refused:?}");
    }
}

fn a_target_that_is_not_empty_is_refused_and_one_that_is_half_filled_goes_on(kind: Kind) {
    let (from, to) = (TestDb::new(kind), TestDb::new(kind));
    let (source, target) = (from.run(|db| async { db }), to.run(|db| async { db }));
    from.run(|_| async {
        let fact =
            |n: u64| facts::ActiveModel { name: Set(format!("fact{n:05}")), value: Set(format!("{n}")) };
        for first in (0..2 * PAGE + 3).step_by(100) {
            facts::Entity::insert_many((first..first + 100).map(fact))
                .exec_without_returning(source.writer())
                .await
                .unwrap();
        }
        let table = tables().pop().unwrap();
        let place = tables().len() - 1;

        // One page, and then nothing more: as if it had been killed.
        let snapshot = Snapshot::take(&source).await.unwrap();
        let (half, position) = Target::open(target.clone(), "one".to_owned()).await.unwrap();
        assert_eq!(position, Position { table: 0, after: None });
        let rows = snapshot.page(&table, None).await.unwrap();
        assert_eq!(rows.len() as u64, PAGE);
        let last = table.key(rows.last().unwrap());
        half.append(place, rows.clone()).await.unwrap();
        assert!(half.append(place, rows).await.is_err(), "rows are there once");
        drop(half);

        assert!(Snapshot::take(&target).await.unwrap().is_unfinished().await.unwrap());
        let other = Target::open(target.clone(), "other".to_owned()).await.err();
        assert!(matches!(other, Some(CopyFault::OtherOrigin)), "{other:?}");
        let (half, position) = Target::open(target.clone(), "one".to_owned()).await.unwrap();
        assert_eq!(position, Position { table: place, after: Some(last.clone()) });
        let mut after = Some(last);
        loop {
            let rows = snapshot.page(&table, after.as_deref()).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some(table.key(last));
            half.append(place, rows).await.unwrap();
        }
        half.finish().await.unwrap();
        assert_eq!(summary(&source).await, summary(&target).await);

        let again = Target::open(target.clone(), "one".to_owned()).await.err();
        assert!(matches!(&again, Some(CopyFault::NotEmpty(tables)) if tables == "installation"), "{again:?}");
        assert_eq!(occupied(&target).await.unwrap(), ["installation"]);
        assert_eq!(installation::read(target.reader(), "fact00007").await.unwrap().as_deref(), Some("7"));
    });
}

#[test]
fn a_schema_of_another_version_is_refused() {
    TestDb::new(Kind::Sqlite).run(|db| async move {
        db.migrate_down(1).await.unwrap();
        let refused = Snapshot::take(&db).await.err();
        assert!(
            matches!(&refused, Some(CopyFault::OtherSchema(what)) if what.contains("is missing")),
            "{refused:?}"
        );
        assert!(Target::open(db, "origin".to_owned()).await.is_err());
    });
}

/// Many rows share the first part of their key, and some the second, too.
fn pages_of_any_size_have_every_row_once(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let checkpoint = |number: u128| checkpoints::ActiveModel {
            chain: Set(Uuid::from_u128(number / 9)),
            seq: Set((number / 3 % 3) as i64),
            statement: Set(format!("statement{}", number % 3)),
            link: Set(Vec::new()),
            at: Set(0),
            kid: Set("key".to_owned()),
            signature: Set(Vec::new()),
        };
        checkpoints::Entity::insert_many((0..27).map(checkpoint))
            .exec_without_returning(db.writer())
            .await
            .unwrap();
        let table = tables().into_iter().find(|table| table.name == "audit_checkpoints").unwrap();
        let snapshot = Snapshot::take(&db).await.unwrap();
        let all = snapshot.page(&table, None).await.unwrap();
        assert_eq!(all.len(), 27);
        for most in [1, 2, 3, 4, 5, 9, 10, 26, 27, 28] {
            let (mut rows, mut after) = (Vec::new(), None);
            loop {
                let page = snapshot.page_of(most, &table, after.as_deref()).await.unwrap();
                assert_eq!(page.len() as u64, most.min(27 - rows.len() as u64), "only the last is not full");
                let Some(last) = page.last() else { break };
                after = Some(table.key(last));
                rows.extend(page);
            }
            assert!(rows == all, "{most}");
        }
    });
}

fn all_is_removed_but_the_fact_that_is_kept(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        write_extremes(&db).await;
        installation::write(db.writer(), "kept", "x").await.unwrap();
        db.atomically((), |txn, ()| empty(txn, "kept").boxed()).await.unwrap();
        assert_eq!(occupied(&db).await.unwrap(), ["installation"]);
        assert_eq!(summary(&db).await.rows(), 1);
        assert_eq!(installation::read(db.reader(), "kept").await.unwrap().as_deref(), Some("x"));
    });
}

/// A snapshot is of one moment: what comes later is in the next one.
fn a_snapshot_does_not_see_what_is_written_after_it(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let write = async |name: &'static str| {
            installation::write(db.writer(), name, "x").await.unwrap();
        };
        write("before").await;
        let snapshot = Snapshot::take(&db).await.unwrap();
        let first = snapshot.fingerprint().await.unwrap();
        write("after").await;
        assert_eq!(snapshot.fingerprint().await.unwrap(), first);
        let mut expected = Digest::default();
        expected.add("installation", &["before", "x"].map(|text| Value::Text(text.to_owned())));
        assert_eq!(snapshot.summary(|_| ()).await.unwrap().0.pop().unwrap().digest, expected.value());
        let later = Snapshot::take(&db).await.unwrap();
        assert_ne!(later.fingerprint().await.unwrap(), first);
    });
}
