//! Deliveries of the audit log: every record arrives, in order, whatever fails and whoever takes over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use guardhouse::delivery::courier::{Courier, LEASE, Parts, Round};
use guardhouse::delivery::{Carrier, Verdict};
use guardhouse::domain::audit::chain::{Head, Linked};
use guardhouse::domain::audit::record::Record;
use guardhouse::domain::audit::{Free, FreeKind, Origin, Subject};
use guardhouse::domain::clock::{Clock, ManualClock, Timestamp};
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::domain::id::{InstanceId, UserId, uuid_v7};
use guardhouse::store::Db;
use guardhouse::store::audit::{Group, append, dead_letters, forget, standings};
use uuid::Uuid;

use super::session_backends::at;
use crate::on_every_database;
use crate::support::{Kind, TestDb, prometheus};

on_every_database!(
    every_record_of_every_chain_is_delivered_once_and_in_order,
    a_new_delivery_begins_with_what_happens_next,
    a_receiver_that_is_away_loses_nothing_and_is_left_alone_for_longer_and_longer,
    a_message_that_is_refused_becomes_a_dead_letter_and_the_others_go_on,
    a_receiver_that_stays_away_costs_the_first_messages_and_is_still_left_alone,
    the_failures_in_a_row_are_told_and_end,
    another_node_takes_over_where_the_first_was_and_that_one_notices,
    records_that_are_not_wanted_are_passed_over,
    a_courier_that_starts_again_goes_on_where_it_was,
    a_chain_that_grows_without_end_does_not_keep_others_away,
    what_failed_to_be_noted_is_delivered_again,
);

pub(super) const ONE: InstanceId = InstanceId(Uuid::from_u128(71));
const TWO: InstanceId = InstanceId(Uuid::from_u128(72));

/// Takes messages, as `answers` say; all of them once there are none left.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    pub(super) answers: Mutex<VecDeque<Vec<Verdict>>>,
    got: Mutex<Vec<(InstanceId, u64)>>,
    /// The addresses in the records that it took.
    pub(super) addresses: Mutex<Vec<Option<String>>>,
    pub(super) calls: Mutex<usize>,
}

impl Receiver {
    pub(super) fn will(&self, verdicts: Vec<Verdict>) {
        self.answers.lock().unwrap().push_back(verdicts);
    }

    pub(super) fn got(&self) -> Vec<(InstanceId, u64)> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }
}

impl Carrier for Receiver {
    fn most(&self) -> usize {
        3
    }

    fn carry(&self, messages: &[Linked], _: Timestamp) -> Vec<Verdict> {
        *self.calls.lock().unwrap() += 1;
        let verdicts = self.answers.lock().unwrap().pop_front();
        let verdicts = verdicts.unwrap_or_else(|| vec![Verdict::Delivered; messages.len()]);
        for (linked, verdict) in messages.iter().zip(&verdicts) {
            if *verdict == Verdict::Delivered {
                self.got.lock().unwrap().push((linked.chain, linked.head.seq));
                let personal = linked.record.personal.as_ref();
                self.addresses.lock().unwrap().push(personal.map(|personal| personal.address.clone()));
            }
        }
        verdicts
    }
}

pub(super) fn away() -> Verdict {
    Verdict::Later { reason: "503".into(), pause: None }
}

fn refused() -> Verdict {
    Verdict::Refused("422".into())
}

/// Whom the records are about.
pub(super) const ADA: UserId = UserId(Uuid::from_u128(9));

pub(super) struct Post {
    pub(super) db: Db,
    pub(super) clock: Arc<ManualClock>,
    pub(super) receiver: Arc<Receiver>,
}

impl Post {
    pub(super) fn new(db: Db) -> Self {
        Self { db, clock: Arc::new(ManualClock::new(at(1_000))), receiver: Arc::default() }
    }

    pub(super) fn courier(&self) -> Courier {
        self.courier_for(Vec::new())
    }

    fn courier_for(&self, kinds: Vec<&'static str>) -> Courier {
        Courier::new("siem", kinds, self.receiver.clone(), self.parts())
    }

    pub(super) fn parts(&self) -> Parts {
        Parts { db: self.db.clone(), clock: self.clock.clone(), entropy: Arc::new(SystemEntropy) }
    }

    /// Writes as many records to `chain`, behind what is there.
    async fn write(&self, chain: InstanceId, kinds: &[FreeKind]) {
        let record = |kind: &FreeKind| {
            let event = Free::new(self.clock.now(), *kind, Subject::user(ADA), &Origin::server("test"));
            let id = uuid_v7(self.clock.now(), &SystemEntropy);
            Record::new(id, chain, event.event(), "192.0.2.1".into(), &SystemEntropy)
        };
        let records: Vec<_> = kinds.iter().map(record).collect();
        let begun = Free::new(at(1), FreeKind::ChainBegun, Subject::default(), &Origin::server("test"));
        let id = uuid_v7(self.clock.now(), &SystemEntropy);
        let opening = Record::new(id, chain, begun.event(), "::1".into(), &SystemEntropy);
        let group = Group { records: records.into(), opening: Some(opening), ..Group::default() };
        let done = self.db.atomically((chain, group), |txn, (chain, group)| {
            async move {
                let mut group = group.clone();
                let there = !guardhouse::store::audit::in_chain(txn, *chain, None, 1).await?.is_empty();
                if there {
                    group.opening = None;
                }
                append(txn, *chain, None.filter(|_: &Head| there), &group).await
            }
            .boxed()
        });
        done.await.unwrap();
    }

    pub(super) async fn write_failures(&self, chain: InstanceId, number: usize) {
        self.write(chain, &vec![FreeKind::LoginFailed; number]).await;
    }

    /// Time passes, and the courier has nothing to do until then.
    async fn pass(&self, courier: &mut Courier, seconds: u64) {
        for second in 0..seconds {
            if second % 10 == 5 {
                assert!(matches!(courier.round().await.unwrap(), Round::Pausing), "{second}");
            }
            self.clock.advance(Duration::from_secs(1));
        }
    }

    pub(super) async fn until_idle(&self, courier: &mut Courier) {
        for _ in 0..100 {
            match courier.round().await.unwrap() {
                Round::Done(_) => {}
                Round::Idle => return,
                other => panic!("{other:?}"),
            }
        }
        panic!("it never comes to an end");
    }
}

/// Places `from` to `to` of `chain`.
pub(super) fn places(chain: InstanceId, from: u64, to: u64) -> Vec<(InstanceId, u64)> {
    (from..=to).map(|seq| (chain, seq)).collect()
}

fn every_record_of_every_chain_is_delivered_once_and_in_order(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        // The first record of a chain says that it begins.
        post.write_failures(ONE, 7).await;
        post.write_failures(TWO, 1).await;
        post.until_idle(&mut courier).await;
        let got = post.receiver.got();
        let of = |chain| got.iter().copied().filter(|(of, _)| *of == chain).collect::<Vec<_>>();
        assert_eq!(of(ONE), places(ONE, 1, 8));
        assert_eq!(of(TWO), places(TWO, 1, 2));
        assert_eq!(got.len(), 10);
        post.write_failures(ONE, 2).await;
        post.until_idle(&mut courier).await;
        assert_eq!(post.receiver.got(), places(ONE, 9, 10));
        let standing = &standings(post.db.reader()).await.unwrap()[0];
        assert_eq!((standing.waiting, standing.dead, standing.delivered_at), (0, 0, Some(at(1_000))));
    });
}

fn a_new_delivery_begins_with_what_happens_next(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        post.write_failures(ONE, 5).await;
        let mut courier = post.courier();
        post.until_idle(&mut courier).await;
        assert_eq!(post.receiver.got(), []);
        post.write_failures(ONE, 1).await;
        post.until_idle(&mut courier).await;
        assert_eq!(post.receiver.got(), places(ONE, 7, 7));
        // One that was forgotten is new.
        assert!(forget(&post.db, "siem").await.unwrap());
        assert!(!forget(&post.db, "siem").await.unwrap());
        post.write_failures(ONE, 1).await;
        post.until_idle(&mut post.courier()).await;
        assert_eq!(post.receiver.got(), []);
    });
}

fn a_receiver_that_is_away_loses_nothing_and_is_left_alone_for_longer_and_longer(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 1).await;
        let mut waited = Vec::new();
        for _ in 0..4 {
            post.receiver.will(vec![away(), away()]);
            let calls = *post.receiver.calls.lock().unwrap();
            let begun = post.clock.now();
            while *post.receiver.calls.lock().unwrap() == calls {
                assert_eq!(courier.round().await.unwrap(), Round::Pausing);
                post.clock.advance(Duration::from_millis(100));
            }
            waited.push(post.clock.now().since(begun).as_millis());
        }
        assert!(waited[0] <= 100, "{waited:?}");
        for (pause, wanted) in waited[1..].iter().zip([1_000, 4_000, 16_000]) {
            assert!((wanted * 7 / 10..=wanted * 13 / 10).contains(pause), "{waited:?}");
        }
        let standing = standings(post.db.reader()).await.unwrap().remove(0);
        assert_eq!(standing.failure.unwrap().1, "503");
        assert_eq!(standing.waiting, 2);
        // One that says for how long it wants to be left alone is believed.
        post.pass(&mut courier, 50).await;
        post.clock.advance(LEASE - Duration::from_secs(3));
        let pause = Some(Duration::from_secs(600));
        post.receiver.will(vec![away(), Verdict::Later { reason: "429".into(), pause }]);
        assert_eq!(courier.round().await.unwrap(), Round::Pausing);
        post.pass(&mut courier, 599).await;
        assert_eq!(courier.round().await.unwrap(), Round::Pausing);
        post.clock.advance(Duration::from_secs(1));
        assert_eq!(courier.round().await.unwrap(), Round::Done(2));
        assert_eq!(post.receiver.got(), places(ONE, 1, 2));
        let standing = standings(post.db.reader()).await.unwrap().remove(0);
        assert_eq!((standing.failure, standing.waiting), (None, 0));
    });
}

fn a_message_that_is_refused_becomes_a_dead_letter_and_the_others_go_on(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 4).await;
        // The second of three is refused. Only that one is tried again.
        post.receiver.will(vec![Verdict::Delivered, refused(), Verdict::Delivered]);
        post.receiver.will(vec![refused()]);
        post.receiver.will(vec![refused()]);
        for _ in 0..2 {
            assert_eq!(courier.round().await.unwrap(), Round::Pausing);
            post.clock.advance(Duration::from_secs(20));
        }
        post.until_idle(&mut courier).await;
        let mut got = post.receiver.got();
        got.sort();
        assert_eq!(got, [1, 3, 4, 5].map(|seq| (ONE, seq)));
        let letters = dead_letters(post.db.reader(), "siem", None, 10).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].place, letters[0].reason.as_str()), ((ONE, 2), "422"));
        assert_eq!(standings(post.db.reader()).await.unwrap()[0].dead, 1);
    });
}

fn a_receiver_that_stays_away_costs_the_first_messages_and_is_still_left_alone(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 4).await;
        let calls = || *post.receiver.calls.lock().unwrap();
        for _ in 0..20 {
            post.receiver.will(vec![away(); 3]);
        }
        while calls() < 9 {
            assert_eq!(courier.round().await.unwrap(), Round::Pausing);
            post.clock.advance(Duration::from_secs(20));
        }
        let dead = dead_letters(post.db.reader(), "siem", None, 10).await.unwrap();
        let mut dead: Vec<_> = dead.iter().map(|letter| letter.place).collect();
        dead.sort();
        assert_eq!(dead, places(ONE, 1, 3));
        // The next ones wait as long as the last did.
        for _ in 0..100 {
            assert_eq!(courier.round().await.unwrap(), Round::Pausing);
            post.clock.advance(Duration::from_secs(20));
        }
        assert_eq!(calls(), 9);
    });
}

/// What `guardhouse_delivery_WHAT` says of the delivery `name`.
pub(super) fn gauge(what: &str, name: &str) -> Option<f64> {
    let line = format!("guardhouse_delivery_{what}{{delivery=\"{name}\"}} ");
    prometheus().render().lines().find_map(|found| found.strip_prefix(&line)?.parse().ok())
}

/// What an alert is made of: it must end when the receiver is back.
fn the_failures_in_a_row_are_told_and_end(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        // The recorder is that of the whole process.
        let name = format!("told_{kind:?}").to_lowercase();
        let told = || gauge("failures", &name);
        assert_eq!(told(), None);
        let mut courier = Courier::new(&name, Vec::new(), post.receiver.clone(), post.parts());
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 1).await;
        for failures in 1..=2 {
            post.receiver.will(vec![away(), away()]);
            assert_eq!(courier.round().await.unwrap(), Round::Pausing);
            assert_eq!(told(), Some(f64::from(failures)));
            post.clock.advance(Duration::from_secs(6));
        }
        assert_eq!(courier.round().await.unwrap(), Round::Done(2));
        assert_eq!(told(), Some(0.0));
    });
}

fn another_node_takes_over_where_the_first_was_and_that_one_notices(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let (mut first, mut second) = (post.courier(), post.courier());
        assert_eq!(first.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 2).await;
        assert_eq!(first.round().await.unwrap(), Round::Done(3));
        assert_eq!(second.round().await.unwrap(), Round::Elsewhere);
        // The first is kept busy by a receiver that is away; it is alive, so it keeps the delivery.
        post.write_failures(ONE, 1).await;
        post.receiver.will(vec![away()]);
        for _ in 0..10 {
            assert_eq!(first.round().await.unwrap(), Round::Pausing);
            assert_eq!(second.round().await.unwrap(), Round::Elsewhere);
            post.receiver.will(vec![away()]);
            post.clock.advance(LEASE / 3);
        }
        post.receiver.answers.lock().unwrap().clear();
        // Then it is not heard of.
        post.clock.advance(LEASE);
        assert_eq!(second.round().await.unwrap(), Round::Done(1));
        assert_eq!(post.receiver.got(), places(ONE, 1, 4));
        assert_eq!(first.round().await.unwrap(), Round::Elsewhere);
        post.write_failures(ONE, 1).await;
        post.until_idle(&mut second).await;
        assert_eq!(post.receiver.got(), places(ONE, 5, 5));
        // It comes back, after the other has gone, and begins where that one was.
        post.clock.advance(LEASE * 2);
        post.write_failures(ONE, 1).await;
        post.until_idle(&mut first).await;
        assert_eq!(post.receiver.got(), places(ONE, 6, 6));
    });
}

fn records_that_are_not_wanted_are_passed_over(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier_for(vec!["account_locked", "login_slowed"]);
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        use FreeKind::{AccountLocked, LoginFailed, LoginSlowed};
        post.write(ONE, &[LoginFailed, AccountLocked, LoginFailed, LoginSlowed, LoginFailed]).await;
        post.write_failures(ONE, 10).await;
        post.until_idle(&mut courier).await;
        assert_eq!(post.receiver.got(), [(ONE, 3), (ONE, 5)]);
        assert_eq!(standings(post.db.reader()).await.unwrap()[0].waiting, 0);
        post.write_failures(ONE, 3).await;
        let calls = *post.receiver.calls.lock().unwrap();
        assert_eq!(courier.round().await.unwrap(), Round::Done(3));
        assert_eq!(*post.receiver.calls.lock().unwrap(), calls, "nobody was disturbed for nothing");
    });
}

fn a_courier_that_starts_again_goes_on_where_it_was(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 5).await;
        assert_eq!(courier.round().await.unwrap(), Round::Done(3));
        drop(courier);
        // Under a new name: it is another process.
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Elsewhere);
        post.clock.advance(LEASE);
        post.until_idle(&mut courier).await;
        assert_eq!(post.receiver.got(), places(ONE, 1, 6));
    });
}

fn a_chain_that_grows_without_end_does_not_keep_others_away(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 20).await;
        post.write_failures(TWO, 1).await;
        for _ in 0..2 {
            assert!(matches!(courier.round().await.unwrap(), Round::Done(_)));
            post.clock.advance(Duration::from_millis(10));
        }
        let got = post.receiver.got();
        assert!(got.contains(&(ONE, 1)) && got.contains(&(TWO, 1)), "{got:?}");
    });
}

fn what_failed_to_be_noted_is_delivered_again(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let post = Post::new(db);
        let mut courier = post.courier();
        assert_eq!(courier.round().await.unwrap(), Round::Idle);
        post.write_failures(ONE, 1).await;
        // Whoever takes the delivery meanwhile is the one who says how far it has come.
        assert!(forget(&post.db, "siem").await.unwrap());
        let mut other = post.courier();
        assert_eq!(other.round().await.unwrap(), Round::Idle);
        assert_eq!(courier.round().await.unwrap(), Round::Elsewhere);
        assert_eq!(post.receiver.got().len(), 2);
        assert_eq!(courier.round().await.unwrap(), Round::Elsewhere);
        post.write_failures(ONE, 1).await;
        post.until_idle(&mut other).await;
        assert_eq!(post.receiver.got(), places(ONE, 3, 3));
    });
}
