//! The view of what was revoked agrees with the rule of the domain for every set of entries, in every order.

use guardhouse::domain::revocation::{Revocation, Revoked};
use guardhouse::tokens::revocations::Revocations;
use guardhouse::tokens::rules::MAX_LEEWAY;
use proptest::prelude::*;

use super::*;

/// Few values, so that entries and tokens meet often.
pub(super) fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub(super) fn session(n: u128) -> SessionId {
    SessionId(Uuid::from_u128(n))
}

pub(super) fn entry(what: Revoked, expires: i64) -> Revocation {
    Revocation { what, at: at(0), expires_at: at(expires) }
}

pub(super) fn token(of: u128, within: u128, epoch: u32) -> Claims {
    Claims { subject: user(of), session: session(within), epoch, ..claims() }
}

pub(super) fn any_entry() -> impl Strategy<Value = Revocation> {
    let spare = prop_oneof![Just(None), (0u128..4).prop_map(|n| Some(session(n)))];
    let what = prop_oneof![
        1 => (0u128..4).prop_map(|n| Revoked::Session(session(n))),
        4 => (0u128..2, 0u32..5, spare)
            .prop_map(|(n, below_epoch, spare)| Revoked::User { user: user(n), below_epoch, spare }),
    ];
    (what, 0i64..5).prop_map(|(what, expires)| entry(what, expires * 100))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_view_agrees_with_covers_and_forgets_only_what_is_over(
        entries in proptest::collection::vec(any_entry(), 0..12),
        forget in proptest::option::of(0i64..700),
    ) {
        let view = Revocations::new();
        for entry in &entries {
            view.insert(entry);
        }
        let mut live: Vec<&Revocation> = entries.iter().collect();
        if let Some(now) = forget {
            view.forget_expired(at(now));
            live.retain(|entry| at(now) < entry.expires_at.plus(MAX_LEEWAY));
        }
        for of in 0..2 {
            for within in 0..4 {
                for epoch in 0..5 {
                    let claims = token(of, within, epoch);
                    let expected = live.iter().any(|entry| entry.what.covers(&claims));
                    prop_assert_eq!(view.is_revoked(&claims), expected, "{:?} in {:?}", claims, live);
                }
            }
        }
        prop_assert!(view.len() <= live.len());
        prop_assert_eq!(view.is_empty(), live.is_empty());
    }
}

#[test]
fn an_entry_may_come_twice_and_the_longer_life_counts() {
    let view = Revocations::new();
    let short = entry(Revoked::Session(session(1)), 100);
    let long = entry(Revoked::Session(session(1)), 200);
    for revocation in [long, short, long] {
        view.insert(&revocation);
    }
    assert_eq!(view.len(), 1);
    view.forget_expired(at(200));
    assert!(view.is_revoked(&token(1, 1, 0)));
}

#[test]
fn an_entry_outlives_the_leeway_of_the_tokens_that_it_outlaws() {
    let view = Revocations::new();
    view.insert(&entry(Revoked::Session(session(1)), LIFETIME));
    view.insert(&entry(Revoked::User { user: user(2), below_epoch: 9, spare: None }, LIFETIME));
    let last = at(LIFETIME).plus(MAX_LEEWAY);
    view.forget_expired(last.minus(Duration::from_micros(1)));
    assert!(view.is_revoked(&token(1, 1, 0)));
    assert!(view.is_revoked(&token(2, 2, 0)));
    view.forget_expired(last);
    assert!(!view.is_revoked(&token(1, 1, 0)));
    assert!(!view.is_revoked(&token(2, 2, 0)));
    assert!(view.is_empty());
}

#[test]
fn the_spared_session_of_one_change_is_ended_by_the_next() {
    let view = Revocations::new();
    let spare = |n, below_epoch| Revoked::User { user: user(1), below_epoch, spare: Some(session(n)) };
    view.insert(&entry(spare(1, 5), 100));
    assert!(!view.is_revoked(&token(1, 1, 4)));
    assert!(view.is_revoked(&token(1, 2, 4)));
    view.insert(&entry(spare(2, 6), 100));
    assert!(view.is_revoked(&token(1, 1, 4)));
    assert!(view.is_revoked(&token(1, 2, 4)), "the first entry still holds");
    assert!(!view.is_revoked(&token(1, 2, 5)));
    assert!(!view.is_revoked(&token(1, 3, 6)));
}

#[test]
fn changing_a_password_over_and_over_does_not_grow_the_view() {
    let view = Revocations::new();
    for epoch in 1..1_000 {
        let what = Revoked::User { user: user(1), below_epoch: epoch, spare: Some(session(1)) };
        view.insert(&entry(what, i64::from(epoch)));
    }
    assert_eq!(view.len(), 1);
}

#[test]
fn sessions_opened_before_the_floor_are_refused() {
    let open = |time| SessionId::generate(time, &Seeded::new(1));
    let start = Timestamp::from_micros(at(0).micros() + 5_000);
    let before = Claims { session: open(start.minus(Duration::from_millis(1))), ..claims() };
    let after = Claims { session: open(start), ..claims() };
    let view = Revocations::new();
    assert!(!view.is_revoked(&before));
    view.refuse_sessions_opened_before(start);
    assert!(view.is_revoked(&before));
    assert!(!view.is_revoked(&after));
    view.refuse_sessions_opened_before(at(-100));
    assert!(view.is_revoked(&before), "the floor only rises");
    view.forget_expired(Timestamp::MAX);
    assert!(view.is_revoked(&before), "the floor is no entry");
}

#[test]
fn staleness_counts_from_the_last_reading() {
    let view = Revocations::new();
    assert_eq!(view.fresh_at(), None);
    assert_eq!(view.staleness(at(0)), Duration::MAX);
    view.mark_fresh(Timestamp::MIN);
    assert_eq!(view.fresh_at(), Some(Timestamp::MIN));
    view.mark_fresh(at(0));
    assert_eq!(view.staleness(at(7)), Duration::from_secs(7));
    assert_eq!(view.staleness(at(-1)), Duration::ZERO, "a request may have read its clock just before");
    // A clock that was ahead and is put right must not make the feed look fresh for ever.
    view.mark_fresh(at(9_000));
    view.mark_fresh(at(10));
    assert_eq!(view.staleness(at(15)), Duration::from_secs(5));
}
