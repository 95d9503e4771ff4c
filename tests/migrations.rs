//! The schema: up, down and up again on every database, and the entities against what it then is.

mod rows;

use guardhouse::store::{Db, MigrationState};
use guardhouse_entity::{
    audit_checkpoints, audit_events, credentials, dead_letters, deliveries, delivery_cursors, installation,
    revocations, sessions, signing_keys, users,
};
use rows::{Rows, large, owls, small};
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, Iterable};

use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    the_schema_goes_up_down_and_up_again,
    single_steps_down_and_up_meet_each_other,
    migrating_twice_changes_nothing_and_keeps_the_rows,
    every_column_holds_the_largest_the_smallest_and_nothing,
    what_is_too_long_is_refused_and_not_cut,
    the_unique_keys_are_there,
);

/// Tables.
const ALL: usize = 11;

/// Every change; the first ones make the tables.
const STEPS: usize = 11;
const NAMES: [&str; STEPS] = [
    "m0001_users",
    "m0002_credentials",
    "m0003_sessions",
    "m0004_revocations",
    "m0005_signing_keys",
    "m0006_audit_events",
    "m0007_installation",
    "m0008_key_phases",
    "m0009_unlocked_users",
    "m0010_audit_chain",
    "m0011_deliveries",
];

async fn status(db: &Db) -> Vec<(String, bool)> {
    let states = db.migrations().await.expect("the database says");
    states.into_iter().map(|MigrationState { name, applied }| (name, applied)).collect()
}

fn applied(count: usize) -> Vec<(String, bool)> {
    (0..).zip(NAMES).map(|(index, name)| (name.to_owned(), index < count)).collect()
}

/// Whether every table of the entities is there, with every column by its name.
async fn tables(db: &Db) -> Vec<bool> {
    async fn there<E: EntityTrait>(db: &Db) -> bool {
        let mut select = Query::select();
        select.from(E::default().table_ref()).limit(1);
        for column in E::Column::iter() {
            select.column(column);
        }
        db.reader().query_all(&select).await.is_ok()
    }
    vec![
        there::<users::Entity>(db).await,
        there::<credentials::Entity>(db).await,
        there::<sessions::Entity>(db).await,
        there::<revocations::Entity>(db).await,
        there::<signing_keys::Entity>(db).await,
        there::<audit_events::Entity>(db).await,
        there::<installation::Entity>(db).await,
        there::<audit_checkpoints::Entity>(db).await,
        there::<deliveries::Entity>(db).await,
        there::<delivery_cursors::Entity>(db).await,
        there::<dead_letters::Entity>(db).await,
    ]
}

fn the_schema_goes_up_down_and_up_again(kind: Kind) {
    TestDb::unmigrated(kind).run(|db| async move {
        assert_eq!(status(&db).await, applied(0));
        assert_eq!(tables(&db).await, [false; ALL]);
        for _ in 0..2 {
            db.migrate_up().await.unwrap();
            assert_eq!(status(&db).await, applied(STEPS));
            assert_eq!(tables(&db).await, [true; ALL]);
            // Rows are no reason not to go down.
            write_all(&db, &large(1)).await;
            db.migrate_down(STEPS as u32).await.unwrap();
            assert_eq!(status(&db).await, applied(0));
            assert_eq!(tables(&db).await, [false; ALL]);
        }
    });
}

fn single_steps_down_and_up_meet_each_other(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        for left in (0..STEPS).rev() {
            db.migrate_down(1).await.unwrap();
            assert_eq!(status(&db).await, applied(left));
            // A table counts as there once it has every column of today, and some get their last ones later. (SQLite takes
            // the quoted name of a column that it does not know for a text.)
            let is_whole = |table| match (table, kind) {
                (0, Kind::Postgres | Kind::MySql) => left >= 9,
                (4, Kind::Postgres | Kind::MySql) => left >= 8,
                (5, Kind::Postgres | Kind::MySql) | (7, _) => left >= 10,
                (8..=10, _) => left >= 11,
                _ => left > table,
            };
            assert_eq!(tables(&db).await, (0..ALL).map(is_whole).collect::<Vec<_>>());
        }
        db.migrate_up().await.unwrap();
        db.migrate_down(2).await.unwrap();
        assert_eq!(status(&db).await, applied(STEPS - 2));
        db.migrate_up().await.unwrap();
        assert_eq!((status(&db).await, tables(&db).await), (applied(STEPS), vec![true; ALL]));
    });
}

fn migrating_twice_changes_nothing_and_keeps_the_rows(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        write_all(&db, &large(1)).await;
        db.migrate_up().await.unwrap();
        assert_eq!(status(&db).await, applied(STEPS));
        read_all(&db, &large(1)).await;
    });
}

async fn write_all(db: &Db, rows: &Rows) {
    macro_rules! write {
        ($($entity:ident $row:ident,)*) => { $(
            let row = rows.$row.clone().into_active_model().reset_all();
            $entity::Entity::insert(row).exec_without_returning(db.writer()).await.expect(stringify!($row));
        )* };
    }
    use sea_orm::ActiveModelTrait;
    write!(users user, credentials credential, sessions session, revocations revocation, signing_keys key, audit_events event, installation fact, audit_checkpoints checkpoint, deliveries delivery, delivery_cursors cursor, dead_letters letter,);
}

/// Rows that hold the largest, the smallest and nothing, in every table.
pub async fn write_extremes(db: &Db) {
    for rows in [large(1), small()] {
        write_all(db, &rows).await;
    }
}

async fn read_all(db: &Db, rows: &Rows) {
    macro_rules! read {
        ($($entity:ident $row:ident,)*) => { $(
            let found = $entity::Entity::find().all(db.reader()).await.expect(stringify!($row));
            assert!(found.contains(&rows.$row), "{found:?}");
        )* };
    }
    read!(users user, credentials credential, sessions session, revocations revocation, signing_keys key, audit_events event, installation fact, audit_checkpoints checkpoint, deliveries delivery, delivery_cursors cursor, dead_letters letter,);
}

fn every_column_holds_the_largest_the_smallest_and_nothing(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        for rows in [large(1), small()] {
            write_all(&db, &rows).await;
            read_all(&db, &rows).await;
        }
    });
}

fn what_is_too_long_is_refused_and_not_cut(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let long = users::Model { name: Some(owls(201)), ..large(1).user };
        let written =
            users::Entity::insert(long.clone().into_active_model()).exec_without_returning(db.writer()).await;
        let stored = users::Entity::find().all(db.reader()).await.unwrap();
        if kind == Kind::Sqlite {
            // SQLite takes a length for a remark; the domain's types keep it.
            assert_eq!((written.is_ok(), stored), (true, vec![long]));
        } else {
            assert_eq!((written.is_err(), stored), (true, vec![]));
        }
    });
}

fn the_unique_keys_are_there(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let (one, two) = (large(1), large(2));
        write_all(&db, &one).await;
        let email = users::Model { email: one.user.email.clone(), ..two.user };
        let slot = signing_keys::Model { slot: one.key.slot, ..two.key };
        let place = audit_events::Model { chain: one.event.chain, ..two.event };
        assert!(
            users::Entity::insert(email.into_active_model())
                .exec_without_returning(db.writer())
                .await
                .is_err()
        );
        assert!(
            signing_keys::Entity::insert(slot.into_active_model())
                .exec_without_returning(db.writer())
                .await
                .is_err()
        );
        assert!(
            audit_events::Entity::insert(place.into_active_model())
                .exec_without_returning(db.writer())
                .await
                .is_err()
        );
    });
}
