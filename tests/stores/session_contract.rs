//! What every home of sessions must do, as sentences.

use std::time::Duration;

use futures_util::future::join_all;
use guardhouse::store::session::{Rotation, Touch};

use super::session_backends::{
    GRACE, IDLE, LIFE, Store, at, ending, grant, id, just_before, open, session, terms, user,
};

crate::session_stores!(
    an_opened_session_is_found_and_listed_whole,
    beyond_the_limit_the_oldest_living_sessions_are_ended,
    a_session_that_is_over_takes_no_place_of_the_limit,
    logins_at_the_same_time_stay_within_the_limit,
    the_current_token_is_rotated,
    within_the_grace_the_token_before_gets_the_same_successor,
    a_token_before_is_a_replay_exactly_from_the_end_of_the_grace_on,
    a_replay_ends_the_session_once,
    a_token_two_generations_old_is_a_replay_even_within_the_grace,
    a_token_ahead_of_the_store_rolls_it_forward,
    a_session_ends_exactly_at_its_idle_end,
    a_session_ends_exactly_at_its_absolute_end_however_much_it_is_used,
    nothing_of_another_user_can_be_seen_or_ended,
    revoking_says_whether_there_was_a_living_session,
    revoking_all_spares_the_one_that_is_named,
    proving_again_raises_the_epoch_and_never_lowers_it,
    a_touch_prolongs_a_living_session_up_to_its_absolute_end,
    a_touch_brings_nothing_back_and_does_not_turn_time_back,
    fifty_uses_of_one_token_at_once_make_one_step_and_no_false_alarm,
    of_many_that_end_a_session_at_once_exactly_one_did_it,
    a_rotation_in_the_middle_of_a_revocation_brings_nothing_back,
    the_store_answers,
);

async fn an_opened_session_is_found_and_listed_whole(store: Store) {
    let one = open(&store, 1, 1, at(0)).await;
    let two = open(&store, 1, 2, at(5)).await;
    open(&store, 2, 3, at(5)).await;
    assert_eq!(store.find(user(1), id(1), at(6)).await.unwrap().as_ref(), Some(&one));
    assert_eq!(store.list(user(1), at(6)).await.unwrap(), [one, two], "the oldest first");
    assert_eq!(store.find(user(1), id(9), at(6)).await.unwrap(), None);
    assert_eq!(store.list(user(9), at(6)).await.unwrap(), []);
}

async fn beyond_the_limit_the_oldest_living_sessions_are_ended(store: Store) {
    for number in 1..=4 {
        open(&store, 1, number, at(0)).await;
    }
    open(&store, 2, 5, at(0)).await;
    let ended = store.open(&session(1, 6, at(1)), 2, ending(at(1))).await.unwrap();
    assert_eq!(ended, [id(1), id(2), id(3)]);
    let living: Vec<_> = store.list(user(1), at(1)).await.unwrap().iter().map(|session| session.id).collect();
    assert_eq!(living, [id(4), id(6)]);
    assert_eq!(store.list(user(2), at(1)).await.unwrap().len(), 1, "others are left alone");
    assert_eq!(store.rotate(&grant(1, 1, 0), &terms(at(1))).await.unwrap(), Rotation::Gone);
}

async fn a_session_that_is_over_takes_no_place_of_the_limit(store: Store) {
    open(&store, 1, 1, at(0)).await;
    open(&store, 1, 2, at(500)).await;
    let now = at(0).plus(IDLE);
    assert_eq!(store.open(&session(1, 3, now), 2, ending(now)).await.unwrap(), []);
    assert_eq!(store.list(user(1), now).await.unwrap().len(), 2);
}

async fn logins_at_the_same_time_stay_within_the_limit(store: Store) {
    let opening = (1..=24).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.open(&session(1, number, at(0)), 4, ending(at(0))).await.unwrap() })
    });
    let mut ended: Vec<_> = join_all(opening).await.into_iter().flat_map(Result::unwrap).collect();
    let living: Vec<_> = store.list(user(1), at(0)).await.unwrap().iter().map(|session| session.id).collect();
    // Each spares its own, so two that look at the same moment may choose different ones: fewer may be left, never more.
    assert!((1..=4).contains(&living.len()), "{living:?}");
    ended.sort();
    let count = ended.len();
    ended.dedup();
    assert_eq!((count, ended.len()), (24 - living.len(), 24 - living.len()), "each was ended by exactly one");
    assert!(living.iter().all(|id| !ended.contains(id)));
}

async fn the_current_token_is_rotated(store: Store) {
    let opened = open(&store, 1, 1, at(0)).await;
    let rotated = store.rotate(&grant(1, 1, 0), &terms(at(100))).await.unwrap();
    let mut expected = opened;
    (expected.generation, expected.rotated_at, expected.last_seen_at) = (1, at(100), at(100));
    expected.idle_expires_at = at(100).plus(IDLE);
    assert_eq!(rotated, Rotation::Rotated(expected.clone()));
    assert_eq!(store.find(user(1), id(1), at(100)).await.unwrap(), Some(expected));
}

async fn within_the_grace_the_token_before_gets_the_same_successor(store: Store) {
    open(&store, 1, 1, at(0)).await;
    let Rotation::Rotated(next) = store.rotate(&grant(1, 1, 0), &terms(at(100))).await.unwrap() else {
        panic!("the current token")
    };
    for now in [at(100), just_before(at(100).plus(GRACE))] {
        let again = store.rotate(&grant(1, 1, 0), &terms(now)).await.unwrap();
        assert_eq!(again, Rotation::Superseded(next.clone()), "nothing changed");
    }
    assert_eq!(store.find(user(1), id(1), at(110)).await.unwrap(), Some(next));
    assert!(matches!(store.rotate(&grant(1, 1, 1), &terms(at(110))).await.unwrap(), Rotation::Rotated(_)));
}

async fn a_token_before_is_a_replay_exactly_from_the_end_of_the_grace_on(store: Store) {
    open(&store, 1, 1, at(0)).await;
    store.rotate(&grant(1, 1, 0), &terms(at(100))).await.unwrap();
    let rotation = store.rotate(&grant(1, 1, 0), &terms(at(100).plus(GRACE))).await.unwrap();
    assert_eq!(rotation, Rotation::Replayed);
    open(&store, 1, 2, at(0)).await;
    store.rotate(&grant(1, 2, 0), &terms(at(100))).await.unwrap();
    let strict = guardhouse::store::session::RotationTerms { grace: Duration::ZERO, ..terms(at(100)) };
    assert_eq!(
        store.rotate(&grant(1, 2, 0), &strict).await.unwrap(),
        Rotation::Replayed,
        "without any grace"
    );
}

async fn a_replay_ends_the_session_once(store: Store) {
    open(&store, 1, 1, at(0)).await;
    open(&store, 1, 2, at(0)).await;
    store.rotate(&grant(1, 1, 0), &terms(at(100))).await.unwrap();
    assert_eq!(store.rotate(&grant(1, 1, 0), &terms(at(200))).await.unwrap(), Rotation::Replayed);
    for generation in [0, 1, 2] {
        let later = store.rotate(&grant(1, 1, generation), &terms(at(200))).await.unwrap();
        assert_eq!(later, Rotation::Gone, "the live leaf {generation} is dead too");
    }
    assert_eq!(store.list(user(1), at(200)).await.unwrap().len(), 1, "the user's other session lives on");
}

async fn a_token_two_generations_old_is_a_replay_even_within_the_grace(store: Store) {
    open(&store, 1, 1, at(0)).await;
    store.rotate(&grant(1, 1, 0), &terms(at(100))).await.unwrap();
    store.rotate(&grant(1, 1, 1), &terms(at(100))).await.unwrap();
    assert_eq!(store.rotate(&grant(1, 1, 0), &terms(at(100))).await.unwrap(), Rotation::Replayed);
}

async fn a_token_ahead_of_the_store_rolls_it_forward(store: Store) {
    open(&store, 1, 1, at(0)).await;
    let Rotation::Rotated(next) = store.rotate(&grant(1, 1, 7), &terms(at(100))).await.unwrap() else {
        panic!("signed by us, so it is ours")
    };
    assert_eq!((next.generation, next.rotated_at), (8, at(100)));
    assert_eq!(store.rotate(&grant(1, 1, 7), &terms(at(101))).await.unwrap(), Rotation::Superseded(next));
    assert_eq!(store.rotate(&grant(1, 1, 3), &terms(at(101))).await.unwrap(), Rotation::Replayed);
}

async fn a_session_ends_exactly_at_its_idle_end(store: Store) {
    for number in 1..=5 {
        open(&store, 1, number, at(0)).await;
    }
    let end = at(0).plus(IDLE);
    assert!(store.find(user(1), id(1), just_before(end)).await.unwrap().is_some());
    assert_eq!(store.list(user(1), just_before(end)).await.unwrap().len(), 5);
    assert!(store.find(user(1), id(1), end).await.unwrap().is_none());
    assert_eq!(store.list(user(1), end).await.unwrap(), []);
    assert_eq!(store.rotate(&grant(1, 1, 0), &terms(end)).await.unwrap(), Rotation::Gone);
    assert!(!store.revoke(user(1), id(2), ending(end)).await.unwrap());
    assert!(!store.reauthenticate(user(1), id(3), 9, end).await.unwrap());
    let last = store.rotate(&grant(1, 4, 0), &terms(just_before(end))).await.unwrap();
    assert_eq!(store.revoke_all(user(1), Some(id(4)), ending(end)).await.unwrap(), []);
    assert!(matches!(last, Rotation::Rotated(_)), "{last:?}");
}

async fn a_session_ends_exactly_at_its_absolute_end_however_much_it_is_used(store: Store) {
    open(&store, 1, 1, at(0)).await;
    let end = at(0).plus(LIFE);
    for generation in 0..5u32 {
        let now = at(u64::from(generation + 1) * 900);
        let rotation = store.rotate(&grant(1, 1, generation), &terms(now)).await.unwrap();
        let Rotation::Rotated(next) = rotation else { panic!("{rotation:?}") };
        assert!(next.idle_expires_at <= end);
    }
    assert!(store.find(user(1), id(1), just_before(end)).await.unwrap().is_some());
    assert!(store.find(user(1), id(1), end).await.unwrap().is_none());
    assert_eq!(store.rotate(&grant(1, 1, 5), &terms(end)).await.unwrap(), Rotation::Gone);
}

async fn nothing_of_another_user_can_be_seen_or_ended(store: Store) {
    let mine = open(&store, 1, 1, at(0)).await;
    open(&store, 2, 2, at(0)).await;
    let touch = Touch { user: user(2), session: id(1), at: at(5), idle_expires_at: at(9_999) };
    assert_eq!(store.find(user(2), id(1), at(1)).await.unwrap(), None);
    assert_eq!(store.rotate(&grant(2, 1, 0), &terms(at(1))).await.unwrap(), Rotation::Gone);
    assert!(!store.revoke(user(2), id(1), ending(at(1))).await.unwrap());
    assert!(!store.reauthenticate(user(2), id(1), 9, at(1)).await.unwrap());
    store.touch(&[touch]).await.unwrap();
    assert_eq!(store.revoke_all(user(2), Some(id(1)), ending(at(1))).await.unwrap(), [id(2)]);
    assert_eq!(store.find(user(1), id(1), at(6)).await.unwrap(), Some(mine));
}

async fn revoking_says_whether_there_was_a_living_session(store: Store) {
    open(&store, 1, 1, at(0)).await;
    assert!(store.revoke(user(1), id(1), ending(at(1))).await.unwrap());
    assert!(!store.revoke(user(1), id(1), ending(at(1))).await.unwrap());
    assert!(!store.revoke(user(1), id(9), ending(at(1))).await.unwrap());
    assert_eq!(store.find(user(1), id(1), at(1)).await.unwrap(), None);
}

async fn revoking_all_spares_the_one_that_is_named(store: Store) {
    for number in 1..=4 {
        open(&store, 1, number, at(0)).await;
    }
    open(&store, 2, 5, at(0)).await;
    let mut ended = store.revoke_all(user(1), Some(id(2)), ending(at(1))).await.unwrap();
    ended.sort();
    assert_eq!(ended, [id(1), id(3), id(4)]);
    assert_eq!(store.list(user(1), at(1)).await.unwrap().len(), 1);
    assert_eq!(store.revoke_all(user(1), Some(id(2)), ending(at(1))).await.unwrap(), []);
    assert_eq!(store.revoke_all(user(1), Some(id(5)), ending(at(1))).await.unwrap(), [id(2)]);
    assert_eq!(store.list(user(2), at(1)).await.unwrap().len(), 1);
}

async fn proving_again_raises_the_epoch_and_never_lowers_it(store: Store) {
    let opened = open(&store, 1, 1, at(0)).await;
    for (epoch, now, expected) in [(5, 10, 5), (4, 20, 5), (4, 20, 5), (u32::MAX, 30, u32::MAX)] {
        // The third time nothing changes, and there is such a session all the same.
        assert!(store.reauthenticate(user(1), id(1), epoch, at(now)).await.unwrap());
        let found = store.find(user(1), id(1), at(now)).await.unwrap().expect("alive");
        assert_eq!((found.epoch, found.authenticated_at), (expected, at(now)));
        assert_eq!(
            (found.idle_expires_at, found.generation),
            (opened.idle_expires_at, 0),
            "no use, no rotation"
        );
    }
    assert!(!store.reauthenticate(user(1), id(9), 9, at(1)).await.unwrap());
}

async fn a_touch_prolongs_a_living_session_up_to_its_absolute_end(store: Store) {
    let opened = open(&store, 1, 1, at(0)).await;
    open(&store, 1, 2, at(0)).await;
    let touch = |number, seconds| Touch {
        user: user(1),
        session: id(number),
        at: at(seconds),
        idle_expires_at: at(seconds).plus(IDLE),
    };
    store.touch(&[]).await.unwrap();
    store.touch(&[touch(1, 600), touch(9, 600)]).await.unwrap();
    let found = store.find(user(1), id(1), at(1_500)).await.unwrap().expect("prolonged");
    assert_eq!((found.last_seen_at, found.idle_expires_at), (at(600), at(600).plus(IDLE)));
    assert_eq!((found.generation, found.rotated_at, found.expires_at), (0, at(0), opened.expires_at));
    assert_eq!(store.find(user(1), id(2), at(1_500)).await.unwrap(), None, "the other one was not used");
    for seconds in (1_500..4_900).step_by(800) {
        store.touch(&[touch(1, seconds)]).await.unwrap();
    }
    let end = at(0).plus(LIFE);
    let found = store.find(user(1), id(1), just_before(end)).await.unwrap().expect("alive to the last");
    assert_eq!(found.idle_expires_at, end);
    assert_eq!(store.find(user(1), id(1), end).await.unwrap(), None);
}

async fn a_touch_brings_nothing_back_and_does_not_turn_time_back(store: Store) {
    for number in 1..=3 {
        open(&store, 1, number, at(0)).await;
    }
    let touch =
        |number, now| Touch { user: user(1), session: id(number), at: now, idle_expires_at: now.plus(IDLE) };
    store.touch(&[touch(1, at(500)), touch(1, at(400))]).await.unwrap();
    let found = store.find(user(1), id(1), at(500)).await.unwrap().expect("alive");
    assert_eq!((found.last_seen_at, found.idle_expires_at), (at(500), at(500).plus(IDLE)));
    assert!(store.revoke(user(1), id(2), ending(at(1))).await.unwrap());
    store.touch(&[touch(2, at(2)), touch(3, at(0).plus(IDLE))]).await.unwrap();
    assert_eq!(store.find(user(1), id(2), at(2)).await.unwrap(), None, "ended");
    assert_eq!(
        store.find(user(1), id(3), at(0).plus(IDLE)).await.unwrap(),
        None,
        "it was over when it was used"
    );
}

async fn fifty_uses_of_one_token_at_once_make_one_step_and_no_false_alarm(store: Store) {
    open(&store, 1, 1, at(0)).await;
    for generation in 0..3u32 {
        let now = at(10 + u64::from(generation));
        let uses = (0..50).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.rotate(&grant(1, 1, generation), &terms(now)).await.unwrap() })
        });
        let mut steps = 0;
        for rotation in join_all(uses).await {
            match rotation.unwrap() {
                Rotation::Rotated(next) => {
                    steps += 1;
                    assert_eq!(next.generation, generation + 1);
                }
                Rotation::Superseded(next) => assert_eq!(next.generation, generation + 1),
                alarm => panic!("{alarm:?}"),
            }
        }
        assert_eq!(steps, 1);
        let found = store.find(user(1), id(1), now).await.unwrap().expect("alive");
        assert_eq!(found.generation, generation + 1);
    }
}

async fn of_many_that_end_a_session_at_once_exactly_one_did_it(store: Store) {
    for round in 1..=5 {
        open(&store, 1, round, at(0)).await;
        let endings = (0..12).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                if number % 3 == 2 {
                    store.revoke_all(user(1), None, ending(at(1))).await.unwrap() == [id(round)]
                } else {
                    store.revoke(user(1), id(round), ending(at(1))).await.unwrap()
                }
            })
        });
        let did = join_all(endings).await.into_iter().filter(|did| *did.as_ref().unwrap()).count();
        assert_eq!(did, 1);
    }
}

async fn a_rotation_in_the_middle_of_a_revocation_brings_nothing_back(store: Store) {
    for number in 1..=10 {
        open(&store, 1, number, at(0)).await;
        let (rotating, ending_it) = (store.clone(), store.clone());
        let touched =
            Touch { user: user(1), session: id(number), at: at(2), idle_expires_at: at(2).plus(IDLE) };
        let chain = tokio::spawn(async move {
            for generation in 0..4 {
                rotating.rotate(&grant(1, number, generation), &terms(at(1))).await.unwrap();
                rotating.touch(&[touched]).await.unwrap();
            }
        });
        let revoked = tokio::spawn(async move { ending_it.revoke(user(1), id(number), ending(at(1))).await });
        assert!(revoked.await.unwrap().unwrap());
        chain.await.unwrap();
        assert_eq!(store.find(user(1), id(number), at(2)).await.unwrap(), None);
    }
}

async fn the_store_answers(store: Store) {
    store.ping().await.unwrap();
}
