//! The table of the audit log: records and their places.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt;
use guardhouse::domain::audit::chain::Head;
use guardhouse::domain::audit::checkpoint::{CheckpointKey, Statement};
use guardhouse::domain::audit::octets::Salt;
use guardhouse::domain::audit::record::Record;
use guardhouse::domain::audit::{Bound, BoundKind, Free, FreeKind, Origin, Subject};
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::domain::id::InstanceId;
use guardhouse::store::audit::{
    Appended, Group, Strays, append, in_chain, insert_behind, insert_bound, insert_checkpoint,
};
use guardhouse::store::{Db, StoreError};
use guardhouse_entity::audit_events::{ActiveModel, Column, Entity, Model};
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder, TransactionTrait};
use uuid::Uuid;

use super::session_backends::{at, id, user};
use crate::on_every_database;
use crate::support::test_db::config;
use crate::support::{Kind, TestDb};

on_every_database!(
    an_event_is_stored_whole,
    the_same_group_sent_twice_is_stored_once,
    the_largest_group_that_the_configuration_allows_can_be_written,
    a_bound_event_comes_and_goes_with_its_transaction,
    a_bound_event_gets_its_place_once_it_is_committed_and_only_once,
    two_writers_never_give_one_place_twice,
    what_nobody_linked_is_adopted_rows_of_the_release_before_included,
    a_chain_begins_with_the_name_of_the_one_before_it,
);

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(77));

fn origin() -> Origin {
    let address: IpAddr = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap();
    Origin { address, user_agent: Some("🦉".repeat(256)), request_id: "x".repeat(128) }
}

fn record_of(name: u128, event: &guardhouse::domain::audit::Event) -> Record {
    Record::new(Uuid::from_u128(name), INSTANCE, event, origin().address.to_string(), &SystemEntropy)
}

fn free(number: u64) -> Record {
    let event = Free::new(at(number), FreeKind::LoginFailed, Subject::default(), &origin());
    record_of(1_000_000 + u128::from(number), event.event())
}

fn bound(name: u128) -> Record {
    record_of(name, Bound::new(at(5), BoundKind::Registered, Subject::user(user(1)), &origin()).event())
}

fn group(records: Vec<Record>) -> Group {
    Group { records: Arc::new(records), ..Group::default() }
}

/// As the writer does it.
async fn write(db: &Db, chain: InstanceId, head: Option<Head>, group: Group) -> Result<Appended, StoreError> {
    db.atomically((chain, head, group), |txn, (chain, head, group)| {
        async move { append(txn, *chain, *head, group).await }.boxed()
    })
    .await
}

async fn rows(db: &Db) -> Vec<Model> {
    Entity::find().order_by_asc(Column::Place).order_by_asc(Column::Id).all(db.reader()).await.unwrap()
}

/// Asserts that the chain has `count` records, each linked to the one before it.
async fn holds(db: &Db, chain: InstanceId, count: u64) {
    let records = in_chain(db.reader(), chain, None, 10_000).await.unwrap();
    let mut head = Head::START;
    for linked in &records {
        head = head.then(chain, &linked.record.digest());
        assert_eq!(linked.head, head, "{linked:?}");
        assert!(linked.record.keeps_its_commitment());
    }
    assert_eq!(head.seq, count);
}

fn an_event_is_stored_whole(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let detail = "🦉".repeat(600);
        let subject = Subject::user(user(1)).by(user(2)).session(id(3)).detail(&detail);
        let event = Bound::new(at(5), BoundKind::RolesChanged, subject, &origin());
        let record = record_of(9, event.event());
        insert_bound(db.writer(), std::slice::from_ref(&record)).await.unwrap();
        let expected = Model {
            id: Uuid::from_u128(9),
            at: at(5).micros(),
            kind: "roles_changed".into(),
            outcome: "success".into(),
            user_id: Some(user(1).0),
            actor_id: Some(user(2).0),
            session_id: Some(id(3).0),
            detail: Some("🦉".repeat(512)),
            address: "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".into(),
            user_agent: Some("🦉".repeat(256)),
            request_id: "x".repeat(128),
            instance: INSTANCE.0,
            seq: None,
            chain: None,
            place: None,
            link: None,
            salt: record.personal.as_ref().map(|personal| personal.salt.0.to_vec()),
            commitment: Some(record.commitment.0.to_vec()),
        };
        assert_eq!(rows(&db).await, [expected]);
        let appended = Group { bound: vec![record.id], ..Group::default() };
        write(&db, INSTANCE, None, appended).await.unwrap();
        // What comes back has the hash of what went in.
        let read = in_chain(db.reader(), INSTANCE, None, 9).await.unwrap();
        assert_eq!(read.iter().map(|linked| &linked.record).collect::<Vec<_>>(), [&record]);
    });
}

fn the_same_group_sent_twice_is_stored_once(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let all: Vec<_> = (1..=5).map(free).collect();
        let first = write(&db, INSTANCE, Some(Head::START), group(all[..3].to_vec())).await.unwrap();
        assert_eq!(first.head.seq, 3);
        for _ in 0..2 {
            let again = Group { may_be_stored: true, ..group(all.clone()) };
            let appended = write(&db, INSTANCE, None, again).await.unwrap();
            assert_eq!(appended.head.seq, 5);
        }
        holds(&db, INSTANCE, 5).await;
        assert!(rows(&db).await.iter().zip(&all).all(|(row, record)| row.id == record.id));
        let other = InstanceId(Uuid::from_u128(78));
        let appended = write(&db, other, None, group(vec![free(6)])).await.unwrap();
        assert_eq!(appended.head.seq, 1, "each chain counts for itself");
    });
}

fn the_largest_group_that_the_configuration_allows_can_be_written(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let most = config(&[("audit.batch", "2000")]).audit.batch;
        let all: Vec<_> = (1..=2_000).map(free).collect();
        assert_eq!(all.len(), most);
        write(&db, INSTANCE, Some(Head::START), group(all.clone())).await.unwrap();
        let again = Group { may_be_stored: true, ..group(all) };
        write(&db, INSTANCE, None, again).await.unwrap();
        holds(&db, INSTANCE, 2_000).await;
    });
}

fn a_bound_event_comes_and_goes_with_its_transaction(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let txn = db.writer().begin().await.unwrap();
        insert_bound(&txn, &[bound(1)]).await.unwrap();
        let twice = insert_bound(&txn, &[bound(1)]).await;
        assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
        txn.rollback().await.unwrap();
        assert_eq!(rows(&db).await, []);
    });
}

fn a_bound_event_gets_its_place_once_it_is_committed_and_only_once(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let ids: Vec<_> = (1..=3).map(Uuid::from_u128).collect();
        let wanted = || Group { bound: ids.clone(), ..group(vec![]) };
        let nothing = write(&db, INSTANCE, Some(Head::START), wanted()).await.unwrap();
        assert_eq!(nothing, Appended { head: Head::START, linked: vec![], adopted: 0 });
        insert_bound(db.writer(), &[bound(1), bound(3)]).await.unwrap();
        let with_others = Group { bound: ids.clone(), ..group(vec![free(1)]) };
        let two = write(&db, INSTANCE, Some(Head::START), with_others).await.unwrap();
        assert_eq!((two.head.seq, two.linked), (3, vec![ids[0], ids[2]]));
        // The answer was lost: asked again, it is linked, and not once more.
        let again = write(&db, INSTANCE, None, wanted()).await.unwrap();
        assert_eq!((again.head, again.linked), (two.head, vec![ids[0], ids[2]]));
        holds(&db, INSTANCE, 3).await;
    });
}

fn two_writers_never_give_one_place_twice(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let first = write(&db, INSTANCE, Some(Head::START), group(vec![free(1)])).await.unwrap();
        write(&db, INSTANCE, Some(first.head), group(vec![free(2)])).await.unwrap();
        let late = write(&db, INSTANCE, Some(first.head), group(vec![free(3)])).await;
        assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
        let late = insert_behind(db.writer(), INSTANCE, first.head, &[free(3)]).await;
        assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
        holds(&db, INSTANCE, 2).await;
    });
}

fn what_nobody_linked_is_adopted_rows_of_the_release_before_included(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        // The release before numbered its free events by process, and made no commitments.
        let old: Vec<ActiveModel> = (1..=3_i64)
            .map(|number| Model {
                id: Uuid::from_u128(50 + number.unsigned_abs() as u128),
                at: at(number.unsigned_abs()).micros(),
                kind: "login_failed".into(),
                outcome: "failure".into(),
                user_id: None,
                actor_id: None,
                session_id: None,
                detail: None,
                address: "192.0.2.1".into(),
                user_agent: None,
                request_id: "old".into(),
                instance: Uuid::from_u128(5),
                seq: Some(number),
                chain: None,
                place: None,
                link: None,
                salt: None,
                commitment: None,
            })
            .map(IntoActiveModel::into_active_model)
            .collect();
        Entity::insert_many(old).exec_without_returning(db.writer()).await.unwrap();
        insert_bound(db.writer(), &[bound(9)]).await.unwrap();
        let strays = |before| Strays { before: at(before), salts: vec![Salt([1; 16]), Salt([2; 16])] };
        let adopting = |before| Group { strays: Some(strays(before)), ..group(vec![]) };
        let none = write(&db, INSTANCE, Some(Head::START), adopting(1)).await.unwrap();
        assert_eq!((none.adopted, none.head), (0, Head::START), "their own process may still do it");
        let mut head = none.head;
        for (adopted, seq) in [(2, 2), (2, 4), (0, 4)] {
            let done = write(&db, INSTANCE, Some(head), adopting(6)).await.unwrap();
            assert_eq!((done.adopted, done.head.seq), (adopted, seq));
            head = done.head;
        }
        holds(&db, INSTANCE, 4).await;
        let all = rows(&db).await;
        assert_eq!(all.iter().map(|row| row.at).collect::<Vec<_>>(), [1, 2, 3, 5].map(|n| at(n).micros()));
        assert_eq!(all[0].instance, Uuid::from_u128(5), "who saw it is still told");
    });
}

fn a_chain_begins_with_the_name_of_the_one_before_it(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let opening = || {
            let begun = Free::new(at(1), FreeKind::ChainBegun, Subject::default(), &origin());
            Some(record_of(rand(), begun.event()))
        };
        let opened = |record| Group { opening: opening(), ..group(vec![record]) };
        let first = write(&db, INSTANCE, Some(Head::START), opened(free(1))).await.unwrap();
        let more = write(&db, INSTANCE, None, opened(free(2))).await.unwrap();
        assert_eq!((first.head.seq, more.head.seq), (2, 3), "a chain begins once");
        let key = CheckpointKey::generate(&SystemEntropy);
        let checkpoint = key.sign(INSTANCE, more.head, at(9), Statement::Reached);
        for _ in 0..2 {
            insert_checkpoint(db.writer(), &checkpoint).await.unwrap();
        }
        let other = InstanceId(Uuid::from_u128(78));
        write(&db, other, Some(Head::START), opened(free(3))).await.unwrap();
        let begun = in_chain(db.reader(), other, None, 1).await.unwrap().remove(0).record;
        let expected = format!("after {INSTANCE} 3 {}", more.head.link);
        assert_eq!((begun.kind.as_str(), begun.detail), ("chain_begun", Some(expected)));
        let first = in_chain(db.reader(), INSTANCE, None, 1).await.unwrap().remove(0).record;
        assert_eq!(first.detail, None);
        holds(&db, INSTANCE, 3).await;
    });
}

fn rand() -> u128 {
    u128::from_be_bytes(guardhouse::domain::entropy::bytes(&SystemEntropy))
}
