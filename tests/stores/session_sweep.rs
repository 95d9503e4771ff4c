//! The homes of sessions that keep what is over until it is swept.

use super::session_backends::{IDLE, Store, at, ending, just_before, open, user};

crate::session_stores!(
    which are swept: a_sweep_removes_what_is_over_in_steps,
    what_was_ended_is_not_there_to_be_swept_and_what_is_over_is,
);

async fn a_sweep_removes_what_is_over_in_steps(store: Store) {
    for number in 1..=5 {
        open(&store, 1, number, at(0)).await;
    }
    open(&store, 2, 6, at(1)).await;
    let end = at(0).plus(IDLE);
    assert_eq!(store.sweep(just_before(end), 100).await.unwrap(), 0);
    assert_eq!(store.sweep(end, 2).await.unwrap(), 2);
    assert_eq!(store.earliest_end().await.unwrap(), Some(end), "three are left behind");
    assert_eq!(store.sweep(end, 100).await.unwrap(), 3);
    assert_eq!(store.sweep(end, 100).await.unwrap(), 0);
    assert_eq!(store.list(user(2), end).await.unwrap().len(), 1, "what lives stays");
    assert!(store.earliest_end().await.unwrap() > Some(end));
}

async fn what_was_ended_is_not_there_to_be_swept_and_what_is_over_is(store: Store) {
    for number in 1..=4 {
        open(&store, 1, number, at(0)).await;
    }
    let end = at(0).plus(IDLE);
    assert!(store.revoke(user(1), super::session_backends::id(1), ending(at(1))).await.unwrap());
    assert!(!store.revoke(user(1), super::session_backends::id(2), ending(end)).await.unwrap());
    assert_eq!(store.revoke_all(user(1), None, ending(end)).await.unwrap(), []);
    assert_eq!(store.sweep(end, 100).await.unwrap(), 3);
}
