//! The table of the audit log.

use std::net::IpAddr;

use guardhouse::domain::audit::{Bound, BoundKind, Free, FreeKind, Origin, Subject};
use guardhouse::domain::id::InstanceId;
use guardhouse::store::StoreError;
use guardhouse::store::audit::{Numbered, insert_bound, insert_numbered};
use guardhouse_entity::audit_events::{Column, Entity, Model};
use sea_orm::{EntityTrait, QueryOrder, TransactionTrait};
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
);

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(77));

fn origin() -> Origin {
    let address: IpAddr = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap();
    Origin { address, user_agent: Some("🦉".repeat(256)), request_id: "x".repeat(128) }
}

fn numbered(seq: u64) -> Numbered {
    let event = Free::new(at(seq), FreeKind::LoginFailed, Subject::default(), &origin());
    Numbered { id: Uuid::from_u128(1_000_000 + u128::from(seq)), seq, event: event.event().clone() }
}

async fn rows(db: &guardhouse::store::Db) -> Vec<Model> {
    Entity::find().order_by_asc(Column::Seq).all(db.reader()).await.unwrap()
}

fn an_event_is_stored_whole(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let detail = "🦉".repeat(600);
        let subject = Subject::user(user(1)).by(user(2)).session(id(3)).detail(&detail);
        let event = Bound::new(at(5), BoundKind::RolesChanged, subject, &origin());
        insert_bound(db.writer(), INSTANCE, std::iter::once((Uuid::from_u128(9), &event))).await.unwrap();
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
        };
        assert_eq!(rows(&db).await, [expected]);
        insert_bound(db.writer(), INSTANCE, std::iter::once((Uuid::from_u128(10), &event)))
            .await
            .expect("bound ones have no number");
    });
}

fn the_same_group_sent_twice_is_stored_once(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let group: Vec<_> = (1..=5).map(numbered).collect();
        insert_numbered(db.writer(), INSTANCE, &[]).await.unwrap();
        insert_numbered(db.writer(), INSTANCE, &group[..3]).await.unwrap();
        insert_numbered(db.writer(), INSTANCE, &group).await.unwrap();
        insert_numbered(db.writer(), INSTANCE, &group).await.unwrap();
        let stored = rows(&db).await;
        assert_eq!(
            stored.iter().map(|row| row.seq).collect::<Vec<_>>(),
            (1..=5).map(Some).collect::<Vec<_>>()
        );
        assert!(stored.iter().zip(&group).all(|(row, event)| row.id == event.id));
        let other = InstanceId(Uuid::from_u128(78));
        let same_numbers = Numbered { id: Uuid::from_u128(1), ..numbered(1) };
        insert_numbered(db.writer(), other, &[same_numbers]).await.expect("each instance counts for itself");
    });
}

fn the_largest_group_that_the_configuration_allows_can_be_written(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let most = config(&[("audit.batch", "2000")]).audit.batch;
        let group: Vec<_> = (1..=2_000).map(numbered).collect();
        assert_eq!(group.len(), most);
        insert_numbered(db.writer(), INSTANCE, &group).await.unwrap();
        let seqs: Vec<_> = rows(&db).await.into_iter().map(|row| row.seq).collect();
        assert_eq!(seqs, (1..=2_000).map(Some).collect::<Vec<_>>());
    });
}

fn a_bound_event_comes_and_goes_with_its_transaction(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let event = Bound::new(at(5), BoundKind::Registered, Subject::user(user(1)), &origin());
        let txn = db.writer().begin().await.unwrap();
        insert_bound(&txn, INSTANCE, std::iter::once((Uuid::from_u128(1), &event))).await.unwrap();
        let twice = insert_bound(&txn, INSTANCE, std::iter::once((Uuid::from_u128(1), &event))).await;
        assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
        txn.rollback().await.unwrap();
        assert_eq!(rows(&db).await, []);
    });
}
