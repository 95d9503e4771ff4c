//! Tampering with the audit log in the database: each kind is found, and the first record of it is named.

use futures_util::FutureExt;
use guardhouse::domain::audit::chain::{Head, Linked};
use guardhouse::domain::audit::checkpoint::{Checkpoint, CheckpointKey, Statement};
use guardhouse::domain::audit::record::Record;
use guardhouse::domain::audit::verify::{Report, Wrong};
use guardhouse::domain::audit::{Free, FreeKind, Origin, Subject};
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::domain::id::InstanceId;
use guardhouse::flows::audit_log::verify;
use guardhouse::store::Db;
use guardhouse::store::audit::{Group, append, in_chain, insert_checkpoint};
use guardhouse_entity::{audit_checkpoints, audit_events};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};
use uuid::Uuid;

use super::session_backends::{at, user};
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    one_flipped_byte_in_any_column_is_found,
    a_dropped_row_and_a_dropped_beginning_are_found,
    two_swapped_rows_are_found,
    a_truncated_tail_is_found_by_a_checkpoint_an_anchor_or_a_later_chain,
    a_forged_segment_is_found,
    a_log_longer_than_a_page_is_proved_whole,
);

const CHAIN: InstanceId = InstanceId(Uuid::from_u128(77));
const LATER: InstanceId = InstanceId(Uuid::from_u128(78));

/// A log of one chain with nine records, signed at the fourth and the eighth.
struct Log {
    db: Db,
    key: CheckpointKey,
}

impl Log {
    async fn new(db: Db) -> Self {
        let log = Self { db, key: CheckpointKey::generate(&SystemEntropy) };
        let mut head = Head::START;
        for (from, to) in [(1, 4), (5, 8), (9, 9)] {
            head = log.append(CHAIN, head, (from..=to).map(record).collect()).await;
            if to != 9 {
                log.sign(CHAIN, head).await;
            }
        }
        log
    }

    async fn append(&self, chain: InstanceId, head: Head, records: Vec<Record>) -> Head {
        let begun = Free::new(at(1), FreeKind::ChainBegun, Subject::default(), &origin());
        let opening = (chain != CHAIN)
            .then(|| Record::new(Uuid::from_u128(1), chain, begun.event(), "::1".into(), &SystemEntropy));
        let group = Group { records: records.into(), opening, ..Group::default() };
        let done = self.db.atomically((chain, head, group), |txn, (chain, head, group)| {
            async move { append(txn, *chain, Some(*head), group).await }.boxed()
        });
        done.await.unwrap().head
    }

    async fn sign(&self, chain: InstanceId, head: Head) -> Checkpoint {
        let checkpoint = self.key.sign(chain, head, at(100 + head.seq), Statement::Reached);
        insert_checkpoint(self.db.writer(), &checkpoint).await.unwrap();
        checkpoint
    }

    async fn report(&self, anchors: Vec<Checkpoint>) -> Report {
        verify(&self.db, vec![*self.key.public()], anchors).await.unwrap()
    }

    /// The one thing that is wrong with the first chain.
    async fn wrong(&self) -> Wrong {
        let mut report = self.report(Vec::new()).await;
        assert_eq!(report.faults.len(), 1, "{report:?}");
        let fault = report.faults.remove(0);
        assert_eq!(fault.chain, CHAIN);
        fault.wrong
    }

    async fn is_whole(&self) {
        assert_eq!(self.report(Vec::new()).await.faults, []);
    }

    async fn records(&self) -> Vec<Linked> {
        in_chain(self.db.reader(), CHAIN, None, 100).await.unwrap()
    }

    async fn set(&self, id: Uuid, column: audit_events::Column, value: impl Into<sea_orm::Value>) {
        let done = audit_events::Entity::update_many()
            .filter(audit_events::Column::Id.eq(id))
            .col_expr(column, Expr::value(value))
            .exec(self.db.writer())
            .await
            .unwrap();
        assert_eq!(done.rows_affected, 1);
    }

    async fn drop_events(&self, which: impl Fn(Expr) -> Expr) {
        let seq = Expr::col(audit_events::Column::Place);
        let gone = audit_events::Entity::delete_many()
            .filter(audit_events::Column::Chain.eq(CHAIN.0))
            .filter(which(seq))
            .exec(self.db.writer())
            .await
            .unwrap();
        assert!(gone.rows_affected > 0);
    }

    async fn drop_checkpoints_after(&self, seq: i64) {
        let after = audit_checkpoints::Column::Seq.gt(seq);
        audit_checkpoints::Entity::delete_many().filter(after).exec(self.db.writer()).await.unwrap();
    }
}

fn origin() -> Origin {
    Origin { address: [192, 0, 2, 1].into(), user_agent: Some("agent".into()), request_id: "request".into() }
}

fn record(number: u64) -> Record {
    let subject = Subject::user(user(1)).detail("wrong password");
    let event = Free::new(at(number), FreeKind::LoginFailed, subject, &origin());
    let id = Uuid::from_u128(1_000 + u128::from(number));
    Record::new(id, CHAIN, event.event(), "192.0.2.1".into(), &SystemEntropy)
}

fn name(number: u64) -> Uuid {
    record(number).id
}

pub fn one_flipped_byte_in_any_column_is_found(kind: Kind) {
    use audit_events::Column;
    TestDb::new(kind).run(|db| async move {
        let log = Log::new(db).await;
        log.is_whole().await;
        let (id, before) = (name(5), log.records().await.remove(4));
        let restored = || before.record.clone();
        let altered = Wrong::Altered { seq: 5, id };
        let personal = Wrong::PersonalAltered { seq: 5, id };
        macro_rules! found {
            ($column:ident, $value:expr, $back:expr, $expected:expr) => {
                log.set(id, Column::$column, $value).await;
                assert_eq!(log.wrong().await, $expected, stringify!($column));
                log.set(id, Column::$column, $back).await;
                log.is_whole().await;
            };
        }
        let flipped = |octets: &[u8]| {
            let mut octets = octets.to_vec();
            octets[7] ^= 1;
            octets
        };
        let kept = restored().personal.unwrap();
        found!(At, at(6).micros(), at(5).micros(), altered);
        found!(Kind, "login_succeeded", "login_failed", altered);
        found!(Outcome, "success", "failure", altered);
        found!(UserId, user(2).0, user(1).0, altered);
        found!(UserId, Option::<Uuid>::None, user(1).0, altered);
        found!(ActorId, user(2).0, Option::<Uuid>::None, altered);
        found!(SessionId, user(2).0, Option::<Uuid>::None, altered);
        found!(Detail, "wrong passwore", "wrong password", altered);
        found!(Instance, user(2).0, CHAIN.0, altered);
        found!(Link, flipped(&before.head.link.0), before.head.link.0.to_vec(), altered);
        found!(Link, Vec::<u8>::new(), before.head.link.0.to_vec(), altered);
        found!(Commitment, flipped(&restored().commitment.0), restored().commitment.0.to_vec(), altered);
        found!(Address, "192.0.2.2", "192.0.2.1", personal);
        found!(UserAgent, Option::<String>::None, "agent", personal);
        found!(RequestId, "requesu", "request", personal);
        found!(Salt, flipped(&kept.salt.0), kept.salt.0.to_vec(), personal);
        found!(Salt, Option::<Vec<u8>>::None, kept.salt.0.to_vec(), personal);
        // The id is the row's name.
        let other = Uuid::from_u128(id.as_u128() ^ 1 << 90);
        log.set(id, Column::Id, other).await;
        assert_eq!(log.wrong().await, Wrong::Altered { seq: 5, id: other });
        log.set(other, Column::Id, id).await;
        log.is_whole().await;
    });
}

pub fn a_dropped_row_and_a_dropped_beginning_are_found(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let log = Log::new(db).await;
        log.drop_events(|seq| seq.eq(6)).await;
        assert_eq!(log.wrong().await, Wrong::Missing { from: 6, to: 6 });
        log.drop_events(|seq| seq.lt(3)).await;
        assert_eq!(log.wrong().await, Wrong::Missing { from: 1, to: 2 });
    });
}

pub fn two_swapped_rows_are_found(kind: Kind) {
    use audit_events::Column;
    TestDb::new(kind).run(|db| async move {
        let log = Log::new(db).await;
        for (id, seq) in [(name(3), 99_i64), (name(6), 3), (name(3), 6)] {
            log.set(id, Column::Place, seq).await;
        }
        let expected = Wrong::Moved { seq: 3, found: Some(name(6)), belongs: name(3), stands: 6 };
        assert_eq!(log.wrong().await, expected);
        for (id, seq) in [(name(3), 99_i64), (name(6), 6), (name(3), 3)] {
            log.set(id, Column::Place, seq).await;
        }
        log.is_whole().await;
        log.set(name(7), Column::Chain, Option::<Uuid>::None).await;
        assert_eq!(log.wrong().await, Wrong::Missing { from: 7, to: 7 }, "taken out of the chain");
    });
}

pub fn a_truncated_tail_is_found_by_a_checkpoint_an_anchor_or_a_later_chain(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let log = Log::new(db).await;
        let last = log.records().await.pop().unwrap().head;
        let anchor = log.key.sign(CHAIN, last, at(200), Statement::Reached);
        log.drop_events(|seq| seq.gt(8)).await;
        log.is_whole().await;
        let faults = log.report(vec![anchor]).await.faults;
        assert_eq!(
            faults[0].wrong,
            Wrong::Truncated { last: 8, signed: 9 },
            "only the anchor knew of the ninth"
        );
        log.append(LATER, Head::START, vec![record(20)]).await;
        log.is_whole().await;
        log.drop_events(|seq| seq.gt(5)).await;
        assert_eq!(log.wrong().await, Wrong::Truncated { last: 5, signed: 8 });
        // Without the checkpoint it is what the later chain says of it.
        log.drop_checkpoints_after(4).await;
        assert_eq!(log.wrong().await, Wrong::Truncated { last: 5, signed: 8 });
        log.drop_events(|seq| seq.gt(0)).await;
        log.drop_checkpoints_after(0).await;
        assert_eq!(log.wrong().await, Wrong::Gone { last: None, seq: 8, by: Some(LATER) });
    });
}

pub fn a_forged_segment_is_found(kind: Kind) {
    use audit_events::Column;
    TestDb::new(kind).run(|db| async move {
        let log = Log::new(db).await;
        let mut records = log.records().await;
        // Somebody takes the sixth out and computes everything behind it anew, as far as their knowledge goes.
        records.remove(5);
        log.drop_events(|seq| seq.eq(6)).await;
        let mut head = records[4].head;
        for linked in &records[5..] {
            head = head.then(CHAIN, &linked.record.digest());
            log.set(linked.record.id, Column::Place, head.seq.cast_signed()).await;
            log.set(linked.record.id, Column::Link, head.link.0.to_vec()).await;
        }
        assert_eq!(log.wrong().await, Wrong::Forged { after: 4, seq: 8 });
        // A signature of their own is none.
        log.drop_checkpoints_after(4).await;
        let own = CheckpointKey::generate(&SystemEntropy).sign(CHAIN, head, at(108), Statement::Reached);
        insert_checkpoint(log.db.writer(), &own).await.unwrap();
        assert_eq!(log.wrong().await, Wrong::Unsigned(own));
    });
}

fn a_log_longer_than_a_page_is_proved_whole(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let log = Log::new(db).await;
        let head = log.records().await.pop().unwrap().head;
        let head = log.append(CHAIN, head, (10..=2_100).map(record).collect()).await;
        log.sign(CHAIN, head).await;
        let report = log.report(Vec::new()).await;
        assert_eq!(report.faults, []);
        let proven = &report.chains[0];
        assert_eq!((proven.first, proven.last, proven.signed), (1, 2_100, 2_100));
        log.drop_events(|seq| seq.eq(2_000)).await;
        assert_eq!(log.wrong().await, Wrong::Missing { from: 2_000, to: 2_000 });
    });
}
