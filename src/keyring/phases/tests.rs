//! The times of keys: each phase begins and ends exactly, and nothing that was signed is refused before it expires.

use proptest::prelude::*;

use super::*;

const LIFE: Duration = Duration::from_secs(100);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(10_000 + seconds)
}

fn key(algorithm: &str, slot: i32, signs_from: i64, retired_at: Option<i64>) -> StoredKey {
    StoredKey {
        id: format!("{algorithm}-{slot}"),
        algorithm: algorithm.to_owned(),
        slot,
        wrapped: Vec::new(),
        created_at: at(0),
        signs_from: at(signs_from),
        retired_at: retired_at.map(at),
    }
}

fn seen(keys: &[StoredKey], now: i64) -> Vec<Phase> {
    phases(keys, at(now), |_| LIFE)
}

#[test]
fn a_key_is_announced_signs_verifies_and_is_over_each_exactly_on_time() {
    let keys = [key("EdDSA", 1, 0, None), key("EdDSA", 2, 50, None)];
    let until = Phase::Verifying(at(150));
    for (now, expected) in [
        (0, [Phase::Current, Phase::Announced]),
        (49, [Phase::Current, Phase::Announced]),
        (50, [until, Phase::Current]),
        (149, [until, Phase::Current]),
        (150, [Phase::Over, Phase::Current]),
    ] {
        assert_eq!(seen(&keys, now), expected, "at {now}");
    }
    let turns = [(0, Some(at(50))), (49, Some(at(50))), (50, Some(at(150))), (150, None)];
    for (now, turn) in turns {
        assert_eq!(next_turn(&keys, &seen(&keys, now), at(now)), turn, "at {now}");
    }
}

#[test]
fn a_key_that_was_retired_before_it_signed_has_never_taken_over() {
    let keys = [key("EdDSA", 1, 0, None), key("EdDSA", 2, 50, Some(40))];
    assert_eq!(seen(&keys, 60), [Phase::Current, Phase::Retired]);
    // One that did sign has: what came before it must not come back.
    let keys = [key("EdDSA", 1, 0, None), key("EdDSA", 2, 50, Some(60)), key("EdDSA", 3, 60, None)];
    assert_eq!(seen(&keys, 60), [Phase::Verifying(at(150)), Phase::Retired, Phase::Current]);
}

#[test]
fn a_key_that_a_faster_clock_has_retired_is_retired() {
    assert_eq!(seen(&[key("EdDSA", 1, 0, Some(70))], 60), [Phase::Retired]);
}

#[test]
fn the_algorithm_that_was_in_use_signs_until_the_first_key_of_the_wanted_one_does() {
    let keys = [key("EdDSA", 1, 0, None), key("v4.public", 1, 50, None), key("refresh", 1, 20, None)];
    let signs = |now, wanted| signer(&keys, &seen(&keys, now), wanted).map(|at| keys[at].id.as_str());
    assert_eq!(signs(49, KeyAlgorithm::V4Public), Some("EdDSA-1"));
    assert_eq!(signs(50, KeyAlgorithm::V4Public), Some("v4.public-1"));
    assert_eq!(signs(50, KeyAlgorithm::EdDsa), Some("EdDSA-1"));
    // Back again: everybody has long known the old key.
    assert_eq!(signs(500, KeyAlgorithm::EdDsa), Some("EdDSA-1"));
    assert_eq!(signer(&keys[2..], &seen(&keys[2..], 50), KeyAlgorithm::EdDsa), None, "a key of another use");
}

fn ring() -> impl Strategy<Value = Vec<StoredKey>> {
    let one = (0..60_i64, proptest::option::weighted(0.3, 0..200_i64));
    proptest::collection::vec(one, 1..6).prop_map(|times| {
        let numbered = (1..).zip(times);
        numbered.map(|(slot, (from, retired))| key("EdDSA", slot, from, retired)).collect()
    })
}

proptest! {
    /// A token that was signed by the key in charge is accepted until it expires, on a node whose clock differs by
    /// some, unless the key was retired by hand.
    #[test]
    fn whatever_was_signed_is_accepted_until_it_expires(keys in ring(), signed in 0..100_i64, age in 0..100_i64) {
        if let Some(at) = signer(&keys, &seen(&keys, signed), KeyAlgorithm::EdDsa) {
            let retired = keys[at].retired_at.is_some();
            prop_assert!(retired || seen(&keys, signed + age)[at].verifies());
        }
    }

    /// At most one key of an algorithm is current, and there is one from the first that signs on.
    #[test]
    fn one_key_is_current(keys in ring(), now in 0..300_i64) {
        let current = seen(&keys, now).iter().filter(|phase| **phase == Phase::Current).count();
        prop_assert!(current <= 1);
        if keys.iter().all(|key| key.retired_at.is_none()) {
            prop_assert_eq!(current == 1, keys.iter().any(|key| key.signs_from <= at(now)));
        }
    }

    /// Between two turns nothing changes.
    #[test]
    fn phases_change_only_at_a_turn(keys in ring(), now in 0..200_i64, later in 0..200_i64) {
        let keys: Vec<_> = keys.into_iter().filter(|key| key.retired_at.is_none()).collect();
        let phases = seen(&keys, now);
        if next_turn(&keys, &phases, at(now)).is_none_or(|turn| turn > at(now + later)) {
            prop_assert_eq!(seen(&keys, now + later), phases);
        }
    }
}
