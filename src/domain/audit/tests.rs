//! The chain by itself: what was written is proved, and whatever is done to it is found and named.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::chain::{Head, Linked, named_predecessor, names_predecessor};
use super::checkpoint::{Checkpoint, CheckpointKey, Statement};
use super::octets::{Encoding, Salt};
use super::record::{Personal, Record};
use super::verify::{Report, Verifier, Wrong};
use super::{Bound, BoundKind, Free, FreeKind, Origin, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::id::{InstanceId, UserId};

/// Bytes that differ from call to call and from test to test not at all.
struct Counting(std::sync::atomic::AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    }
}

const CHAIN: InstanceId = InstanceId(Uuid::from_u128(7));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn origin() -> Origin {
    Origin {
        address: Ipv4Addr::LOCALHOST.into(),
        user_agent: Some("test".into()),
        request_id: "request".into(),
    }
}

fn key(number: u8) -> CheckpointKey {
    CheckpointKey::from_seed(Zeroizing::new([number; 32])).expect("a seed that is not zero")
}

fn record(number: u64, event: &super::Event) -> Record {
    let entropy = Counting(u8::try_from(number % 250).expect("small").into());
    Record::new(Uuid::from_u128(u128::from(number)), CHAIN, event, "127.0.0.1".into(), &entropy)
}

/// A chain of `count` failed logins.
fn chain_of(chain: InstanceId, count: u64) -> Vec<Linked> {
    let mut head = Head::START;
    (1..=count)
        .map(|number| {
            let subject =
                Subject::user(UserId(Uuid::from_u128(u128::from(number % 3)))).detail("wrong password");
            let event = Free::new(at(number.cast_signed()), FreeKind::LoginFailed, subject, &origin());
            let record = record(number, event.event());
            head = head.then(chain, &record.digest());
            Linked { chain, head, record }
        })
        .collect()
}

fn checkpoint(chain: &[Linked], seq: u64) -> Checkpoint {
    let head = chain[usize::try_from(seq).expect("small") - 1].head;
    key(1).sign(chain[0].chain, head, at(seq.cast_signed()), Statement::Reached)
}

fn verify(records: &[Linked], checkpoints: Vec<Checkpoint>, anchors: Vec<Checkpoint>) -> Report {
    let mut verifier = Verifier::new(vec![*key(1).public()], anchors);
    verifier.chain(CHAIN, checkpoints);
    records.iter().for_each(|record| verifier.record(record));
    verifier.finish()
}

/// The one thing that is wrong.
#[track_caller]
fn wrong(records: &[Linked], checkpoints: Vec<Checkpoint>) -> Wrong {
    let mut faults = verify(records, checkpoints, Vec::new()).faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0).wrong
}

/// The chain with its links computed anew, as somebody does who can change every row.
fn relinked(mut records: Vec<Linked>) -> Vec<Linked> {
    let mut head = Head::START;
    for linked in &mut records {
        head = head.then(CHAIN, &linked.record.digest());
        linked.head = head;
    }
    records
}

#[test]
fn what_was_written_is_proved_with_and_without_checkpoints() {
    let chain = chain_of(CHAIN, 9);
    for signed in [vec![], vec![9], vec![4, 7], vec![7, 4, 4]] {
        let checkpoints = signed.iter().map(|seq| checkpoint(&chain, *seq)).collect();
        let report = verify(&chain, checkpoints, Vec::new());
        assert_eq!(report.faults, []);
        let proven = &report.chains[0];
        let expected = signed.iter().max().copied().unwrap_or(0);
        assert_eq!((proven.first, proven.last, proven.signed, proven.erased), (1, 9, expected, 0));
    }
}

#[test]
fn a_missing_record_a_missing_beginning_and_two_that_changed_places_are_named() {
    let chain = chain_of(CHAIN, 9);
    let without = |seqs: &[u64]| {
        chain.iter().filter(|linked| !seqs.contains(&linked.head.seq)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(wrong(&without(&[5]), vec![]), Wrong::Missing { from: 5, to: 5 });
    assert_eq!(wrong(&without(&[5, 6]), vec![]), Wrong::Missing { from: 5, to: 6 });
    assert_eq!(wrong(&without(&[1, 2]), vec![]), Wrong::Missing { from: 1, to: 2 });
    let mut swapped = chain.clone();
    (swapped[3].head.seq, swapped[6].head.seq) = (7, 4);
    swapped.swap(3, 6);
    let ids = |seq: usize| chain[seq - 1].record.id;
    let expected = Wrong::Moved { seq: 4, found: Some(ids(7)), belongs: ids(4), stands: 7 };
    assert_eq!(wrong(&swapped, vec![]), expected);
    // The contents changed places and took everything with them but the numbers.
    let mut exchanged = chain.clone();
    exchanged[3] = Linked { head: Head { seq: 4, ..chain[4].head }, ..chain[4].clone() };
    exchanged[4] = Linked { head: Head { seq: 5, ..chain[3].head }, ..chain[3].clone() };
    let expected = Wrong::Moved { seq: 4, found: Some(ids(5)), belongs: ids(4), stands: 5 };
    assert_eq!(wrong(&exchanged, vec![]), expected);
    let mut moved = without(&[5]);
    moved.push(Linked { head: Head { seq: 10, ..chain[4].head }, ..chain[4].clone() });
    assert_eq!(wrong(&moved, vec![]), Wrong::Moved { seq: 5, found: None, belongs: ids(5), stands: 10 });
    let twice = [&chain[..], &chain[8..]].concat();
    assert_eq!(wrong(&twice, vec![]), Wrong::Surplus { seq: 9, id: ids(9) });
}

#[test]
fn a_tail_is_missed_where_it_was_signed_anchored_or_named_by_a_later_chain() {
    let chain = chain_of(CHAIN, 9);
    let last = checkpoint(&chain, 8);
    assert_eq!(wrong(&chain[..6], vec![last.clone()]), Wrong::Truncated { last: 6, signed: 8 });
    let faults = verify(&chain[..6], vec![], vec![last.clone()]).faults;
    assert_eq!(
        faults.into_iter().map(|fault| fault.wrong).collect::<Vec<_>>(),
        [Wrong::Truncated { last: 6, signed: 8 }]
    );
    // Nothing of the chain is left, only the anchor knows.
    let mut verifier = Verifier::new(vec![*key(1).public()], vec![last.clone()]);
    let other = InstanceId(Uuid::from_u128(8));
    verifier.chain(other, vec![]);
    let gone = &verifier.finish().faults[0];
    assert_eq!((gone.chain, &gone.wrong), (CHAIN, &Wrong::Gone { last: None, seq: 8, by: None }));

    let begun = Subject::default().detail(names_predecessor(CHAIN, &last.head));
    let begun = record(99, Free::new(at(20), FreeKind::ChainBegun, begun, &origin()).event());
    let head = Head::START.then(other, &begun.digest());
    let newer = Linked { chain: other, head, record: begun };
    for (left, expected) in [
        (0, Some(Wrong::Gone { last: None, seq: 8, by: Some(other) })),
        (6, Some(Wrong::Truncated { last: 6, signed: 8 })),
        (8, None),
        (9, None),
    ] {
        let mut verifier = Verifier::new(vec![], vec![]);
        verifier.chain(other, vec![]);
        verifier.record(&newer);
        if left > 0 {
            verifier.chain(CHAIN, vec![]);
            chain[..left].iter().for_each(|linked| verifier.record(linked));
        }
        let faults = verifier.finish().faults;
        assert_eq!(faults.into_iter().map(|fault| fault.wrong).next(), expected, "{left} left");
    }
}

#[test]
fn records_written_anew_are_found_by_the_next_signature() {
    let chain = chain_of(CHAIN, 9);
    let signed = || vec![checkpoint(&chain, 3), checkpoint(&chain, 6), checkpoint(&chain, 9)];
    let mut forged = chain.clone();
    forged[4].record.detail = None;
    assert_eq!(wrong(&forged, signed()), Wrong::Altered { seq: 5, id: chain[4].record.id });
    let forged = relinked(forged);
    assert_eq!(wrong(&forged, signed()), Wrong::Forged { after: 3, seq: 6 });
    // Without a signature it cannot be told: that is what checkpoints are for.
    assert_eq!(verify(&forged, vec![], vec![]).faults, []);
    // And one of their own does not help.
    let own = key(2).sign(CHAIN, forged[8].head, at(9), Statement::Reached);
    assert_eq!(wrong(&forged, vec![own.clone()]), Wrong::Unsigned(own));
    let mut altered = checkpoint(&chain, 6);
    altered.head.seq = 5;
    assert_eq!(wrong(&chain, vec![altered.clone()]), Wrong::Unsigned(altered));
}

#[test]
fn what_was_pruned_by_signature_is_not_missed_and_does_not_come_back() {
    let chain = chain_of(CHAIN, 9);
    let pruned = key(1).sign(CHAIN, chain[3].head, at(100), Statement::Pruned);
    let stored = || vec![pruned.clone(), checkpoint(&chain, 9)];
    let report = verify(&chain[4..], stored(), vec![checkpoint(&chain, 2)]);
    assert_eq!(report.faults, []);
    assert_eq!((report.chains[0].first, report.chains[0].last, report.chains[0].signed), (5, 9, 9));
    assert_eq!(wrong(&chain[5..], stored()), Wrong::Missing { from: 5, to: 5 });
    assert_eq!(wrong(&chain[3..], stored()), Wrong::Surplus { seq: 4, id: chain[3].record.id });
    let everything = key(1).sign(CHAIN, chain[8].head, at(100), Statement::Pruned);
    assert_eq!(verify(&[], vec![everything], vec![]).faults, []);
    // "Reached" is no permission to remove.
    assert_eq!(wrong(&chain[4..], vec![checkpoint(&chain, 4)]), Wrong::Missing { from: 1, to: 4 });
}

#[test]
fn personal_data_can_be_erased_with_a_record_of_it_and_not_be_changed() {
    let mut chain = chain_of(CHAIN, 6);
    let person = Uuid::from_u128(1);
    let mut changed = chain.clone();
    changed[1].record.personal.as_mut().expect("there").address = "192.0.2.1".into();
    assert_eq!(wrong(&changed, vec![]), Wrong::PersonalAltered { seq: 2, id: chain[1].record.id });
    for linked in chain.iter_mut().filter(|linked| linked.record.acting() == Some(person)) {
        linked.record.personal = None;
    }
    assert_eq!(wrong(&chain, vec![]), Wrong::ErasedUntold { seq: 1, person: Some(person) });
    let erasure = Bound::new(at(7), BoundKind::PersonalDataErased, Subject::user(UserId(person)), &origin());
    let told = record(7, erasure.event());
    let head = chain[5].head.then(CHAIN, &told.digest());
    chain.push(Linked { chain: CHAIN, head, record: told });
    let report = verify(&chain, vec![], vec![]);
    assert_eq!((report.faults, report.chains[0].erased), (vec![], 2));
}

#[test]
fn an_actor_is_whose_address_it_is() {
    let (user, admin) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
    let event = Bound::new(at(0), BoundKind::UserDisabled, Subject::user(user).by(admin), &origin());
    assert_eq!(record(1, event.event()).acting(), Some(admin.0));
    let event = Bound::new(at(0), BoundKind::ProfileChanged, Subject::user(user).by(user), &origin());
    assert_eq!(record(1, event.event()).acting(), Some(user.0));
}

#[test]
fn the_hashes_are_those_of_the_documented_encoding() {
    // Computed in another language from what docs/audit.md says: whoever verifies elsewhere relies on these bytes.
    let personal = Personal {
        salt: Salt([7; 16]),
        address: "192.0.2.1".into(),
        user_agent: None,
        request_id: "r".into(),
    };
    let bytes = Encoding::new("a").field([7]).optional(None::<&str>);
    assert_eq!(bytes.bytes(), [1, 0, 0, 0, 1, b'a', 1, 0, 0, 0, 1, 7, 0]);
    let commitment = "dd6756b307e9a4fae8a79ed8a1cf9a9179b93a08d2505a13bec19cc807ac3552";
    assert_eq!(personal.commitment().to_string(), commitment);
    let record = Record {
        id: Uuid::from_u128(9),
        at: at(0),
        kind: "login_failed".into(),
        outcome: "failure".into(),
        user: Some(Uuid::from_u128(1)),
        actor: None,
        session: None,
        detail: Some("wröng".into()),
        instance: CHAIN,
        commitment: commitment.parse().unwrap(),
        personal: None,
    };
    let digest = "b90e9c774fbf0b27f664f8d2579db765ee9a45b8c6b0cb765e15d52de5687ac0";
    assert_eq!(record.digest().to_string(), digest);
    let link = "aed067f1b994de50c52a1f034db075b3ce3e46d65ac1944ae56f873f8655c36a";
    assert_eq!(Head::START.then(CHAIN, &record.digest()).link.to_string(), link);
}

#[test]
fn a_checkpoint_is_read_as_it_is_written_and_from_nothing_else() {
    let chain = chain_of(CHAIN, 2);
    let checkpoint = checkpoint(&chain, 2);
    let text = checkpoint.to_string();
    assert_eq!(text.parse(), Ok(checkpoint.clone()));
    assert!(checkpoint.is_signed_by(&[*key(2).public(), *key(1).public()]));
    assert!(!checkpoint.is_signed_by(&[*key(2).public()]));
    for bad in [&text[1..], &text[..text.len() - 1], &text.to_uppercase(), "", &format!("{text}.")] {
        assert!(bad.parse::<Checkpoint>().is_err(), "{bad}");
    }
    let json = serde_json::to_string(&checkpoint).unwrap();
    assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), checkpoint);
    let json = serde_json::to_string(&chain[0]).unwrap();
    assert_eq!(serde_json::from_str::<Linked>(&json).unwrap(), chain[0]);
    assert_eq!(format!("{:?}", key(1)), format!("CheckpointKey({})", checkpoint.kid));
}

#[test]
fn a_chain_names_the_one_before_it_in_a_form_that_is_read_back() {
    let head = chain_of(CHAIN, 3)[2].head;
    let text = names_predecessor(CHAIN, &head);
    assert_eq!(named_predecessor(&text), Some((CHAIN, head)));
    for bad in ["", "after", "after x 1 2", &format!("{text} more"), &text[1..]] {
        assert_eq!(named_predecessor(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_change_of_any_field_is_found_at_its_record(
        count in 2u64..12, place in 0usize..12, field in 0u8..11, octet in 0u8..255,
    ) {
        let chain = chain_of(CHAIN, count);
        let place = place % chain.len();
        let mut changed = chain.clone();
        let linked = &mut changed[place];
        let record = &mut linked.record;
        let personal = record.personal.as_mut().expect("there");
        match field {
            0 => record.id = Uuid::from_u128(record.id.as_u128() ^ (1 << (octet % 128))),
            1 => record.at = Timestamp::from_micros(record.at.micros() + 1 + i64::from(octet)),
            2 => record.kind.push(char::from(octet)),
            3 => record.outcome = format!("{octet}"),
            4 => record.user = None,
            5 => record.actor = Some(Uuid::from_u128(octet.into())),
            6 => record.session = Some(Uuid::from_u128(octet.into())),
            7 => record.detail = Some(format!("{octet}")),
            8 => record.commitment.0[usize::from(octet % 32)] ^= 1 << (octet % 8),
            9 => linked.head.link.0[usize::from(octet % 32)] ^= 1 << (octet % 8),
            _ => personal.request_id.push(char::from(octet)),
        }
        let report = verify(&changed, vec![], vec![]);
        prop_assert_eq!(report.faults.len(), 1);
        prop_assert_eq!(report.faults[0].wrong.seq(), place as u64 + 1);
        prop_assert_eq!(report.chains[0].last, place as u64);
    }

    #[test]
    fn no_two_lists_of_fields_have_the_same_bytes(
        one in prop::collection::vec(prop::option::of("[ab]{0,3}"), 0..5),
        other in prop::collection::vec(prop::option::of("[ab]{0,3}"), 0..5),
    ) {
        let encode = |fields: &[Option<String>]| {
            fields.iter().fold(Encoding::new("t"), |bytes, field| bytes.optional(field.as_ref())).hash()
        };
        prop_assert_eq!(encode(&one) == encode(&other), one == other);
    }

    #[test]
    fn a_removed_and_relinked_run_is_found_by_any_later_signature(
        count in 3u64..14, from in 0usize..14, length in 1usize..5, signed in 1u64..14,
    ) {
        let chain = chain_of(CHAIN, count);
        let from = from % chain.len();
        let mut left = chain.clone();
        left.drain(from..chain.len().min(from + length));
        let left = relinked(left);
        let signed = 1 + signed % count;
        let report = verify(&left, vec![checkpoint(&chain, signed)], vec![]);
        prop_assert_eq!(report.faults.is_empty(), signed <= from as u64, "{:?}", report.faults);
    }
}
