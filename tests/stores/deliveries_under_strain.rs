//! Deliveries when something is not as it should be: receivers that take a little, a database that is away for a moment,
//! records that are erased meanwhile, many chains of which few grow, and nodes that end.

use std::time::Duration;

use futures_util::FutureExt;
use guardhouse::delivery::Verdict;
use guardhouse::delivery::courier::{Courier, LEASE, Round};
use guardhouse::domain::audit::checkpoint::{CheckpointKey, Statement};
use guardhouse::domain::clock::Clock;
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::domain::id::InstanceId;
use guardhouse::store::Db;
use guardhouse::store::audit::{cursors, dead_letters, erase_personal_data, in_chain, prune, standings};
use sea_orm::ConnectionTrait;
use tokio::sync::watch;
use uuid::Uuid;

use super::deliveries::{ADA, ONE, Post, away, gauge, places};
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    a_receiver_that_takes_a_few_at_a_time_gets_everything_soon,
    a_moment_without_the_database_forgets_no_failure,
    what_was_erased_before_it_is_sent_again_is_not_sent,
    a_record_that_is_gone_is_done_with,
    how_far_it_is_behind_is_told_and_not_by_those_who_do_not_know,
    a_quiet_installation_is_heard_at_once,
    of_many_chains_those_that_long_rested_are_looked_at_seldom,
    who_ends_in_order_lets_the_next_one_take_over_at_once,
);

fn a_receiver_that_takes_a_few_at_a_time_gets_everything_soon(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 29).await;
        let busy = Verdict::Busy { reason: "429".into(), pause: None };
        for _ in 0..30 {
            post.receiver.will(vec![Verdict::Delivered, busy.clone(), busy.clone()]);
            courier.round().await.unwrap();
            post.clock.advance(Duration::from_secs(2));
        }
        let mut got = post.receiver.got();
        got.sort();
        assert_eq!(got, places(ONE, 1, 30));
        assert_eq!(dead_letters(post.db.reader(), "siem", None, 10).await.unwrap(), []);
    });
}

async fn rename(db: &Db, from: &str, to: &str) {
    let statement = format!("ALTER TABLE {from} RENAME TO {to}");
    db.writer().execute_unprepared(&statement).await.unwrap();
}

fn a_moment_without_the_database_forgets_no_failure(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let name = format!("away_{kind:?}").to_lowercase();
        assert_eq!(gauge("failures", &name), None);
        let mut courier = Courier::new(&name, Vec::new(), post.receiver.clone(), post.parts());
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 1).await;
        post.receiver.will(vec![away(), away()]);
        post.receiver.will(vec![away(), away()]);
        assert_eq!(courier.round().await.unwrap(), Round::Pausing);
        // Long enough that the lease has to be prolonged, and not so long that it is over.
        post.clock.advance(LEASE - Duration::from_secs(5));
        rename(&post.db, "deliveries", "deliveries_away").await;
        assert!(courier.round().await.is_err());
        rename(&post.db, "deliveries_away", "deliveries").await;
        assert_eq!(courier.round().await.unwrap(), Round::Pausing);
        assert_eq!(gauge("failures", &name), Some(2.0));
        assert_eq!(*post.receiver.calls.lock().unwrap(), 2);
    });
}

fn what_was_erased_before_it_is_sent_again_is_not_sent(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 2).await;
        post.receiver.will(vec![Verdict::Delivered, Verdict::Delivered, away()]);
        assert_eq!(courier.round().await.unwrap(), Round::Pausing);
        assert_eq!(erase_personal_data(post.db.writer(), ADA).await.unwrap(), 2);
        post.clock.advance(Duration::from_secs(2));
        assert_eq!(courier.round().await.unwrap(), Round::Done(3));
        let addresses = std::mem::take(&mut *post.receiver.addresses.lock().unwrap());
        assert_eq!(addresses, [Some("::1".to_owned()), Some("192.0.2.1".to_owned()), None]);
    });
}

fn a_record_that_is_gone_is_done_with(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 2).await;
        post.receiver.will(vec![away(), away(), away()]);
        assert_eq!(courier.round().await.unwrap(), Round::Pausing);
        let signer = CheckpointKey::generate(&SystemEntropy);
        let end = in_chain(post.db.reader(), ONE, None, 9).await.unwrap().pop().unwrap().head;
        let pruned = signer.sign(ONE, end, post.clock.now(), Statement::Pruned);
        let pruning = async |pruned| {
            let gone =
                post.db.atomically(pruned, |txn, pruned| async move { prune(txn, pruned).await }.boxed());
            gone.await.unwrap()
        };
        assert_eq!(pruning(pruned).await, 3);
        post.clock.advance(Duration::from_secs(2));
        assert_eq!(courier.round().await.unwrap(), Round::Done(3));
        assert_eq!((post.receiver.got(), *post.receiver.calls.lock().unwrap()), (vec![], 1));
        // Nor does the next pruning leave a word of how far the delivery came in a chain that is empty.
        assert_eq!(cursors(post.db.reader(), "siem").await.unwrap().len(), 1);
        let pruned = signer.sign(ONE, end, post.clock.now().plus(LEASE), Statement::Pruned);
        assert_eq!(pruning(pruned).await, 0);
        assert_eq!(cursors(post.db.reader(), "siem").await.unwrap().len(), 0);
    });
}

fn how_far_it_is_behind_is_told_and_not_by_those_who_do_not_know(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        // The recorder is that of the whole process.
        let name = format!("behind_{kind:?}").to_lowercase();
        let told = || gauge("lag_seconds", &name);
        assert_eq!(told(), None);
        let courier = || Courier::new(&name, Vec::new(), post.receiver.clone(), post.parts());
        let (mut first, mut second) = (courier(), courier());
        assert_eq!(first.round().await.unwrap(), Round::Idle);
        // With the first record of the chain, which is older.
        post.write_failures(ONE, 1).await;
        post.until_idle(&mut first).await;
        post.write_failures(ONE, 5).await;
        post.clock.advance(Duration::from_secs(4));
        assert_eq!(first.round().await.unwrap(), Round::Done(3));
        assert_eq!(told(), Some(4.0), "a delivery that goes on may be behind all the same");
        post.clock.advance(LEASE);
        post.receiver.will(vec![away(), away(), away()]);
        assert_eq!(second.round().await.unwrap(), Round::Pausing);
        assert_eq!((told(), gauge("failures", &name)), (Some(34.0), Some(1.0)));
        assert_eq!(first.round().await.unwrap(), Round::Elsewhere);
        assert_eq!((told(), gauge("failures", &name)), (Some(0.0), Some(0.0)));
    });
}

fn a_quiet_installation_is_heard_at_once(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        post.write_failures(ONE, 1).await;
        let mut courier = post.courier();
        for _ in 0..60 {
            assert_eq!(courier.round().await.unwrap(), Round::Idle);
            post.clock.advance(Duration::from_secs(10));
        }
        post.write_failures(ONE, 1).await;
        assert_eq!(courier.round().await.unwrap(), Round::Done(1));
    });
}

fn of_many_chains_those_that_long_rested_are_looked_at_seldom(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let chain = |number: u128| InstanceId(Uuid::from_u128(1_000 + number));
        for number in 0..40 {
            post.write_failures(chain(number), 1).await;
            post.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(post.courier().round().await.unwrap(), Round::Idle);
        post.clock.advance(Duration::from_secs(600));
        // Under a new name: it is another process.
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.clock.advance(Duration::from_secs(1));
        post.write_failures(chain(0), 1).await;
        post.write_failures(chain(39), 1).await;
        post.until_idle(&mut courier).await;
        assert_eq!(post.receiver.got(), places(chain(39), 3, 3));
        for _ in 0..30 {
            post.clock.advance(Duration::from_secs(10));
            post.until_idle(&mut courier).await;
        }
        assert_eq!(post.receiver.got(), places(chain(0), 3, 3));
        // It grows again.
        post.write_failures(chain(0), 1).await;
        post.until_idle(&mut courier).await;
        assert_eq!(post.receiver.got(), places(chain(0), 4, 4));
    });
}

fn who_ends_in_order_lets_the_next_one_take_over_at_once(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let (mut first, mut second) = (post.courier(), post.courier());
        assert_eq!(first.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 1).await;
        assert_eq!(second.round().await.unwrap(), Round::Elsewhere);
        let (stop, told) = watch::channel(true);
        first.work(told).await;
        assert!(stop.is_closed(), "whoever waits for the end hears of it");
        assert_eq!(second.round().await.unwrap(), Round::Done(2));
        // One that has nothing takes nothing from anybody.
        let (_stop, told) = watch::channel(true);
        post.courier().work(told).await;
        assert_eq!(post.courier().round().await.unwrap(), Round::Elsewhere);
        assert_eq!(standings(post.db.reader()).await.unwrap()[0].waiting, 0);
    });
}
