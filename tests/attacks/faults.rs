//! Faults of the house's own. Outages of real servers are in `tests/actors`, `kill -9` is in `tests/kill.rs`.

use serde_json::json;

use crate::http::{next_refresh, refresh, registration, try_login};
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

pub(super) fn f1_without_a_database_nobody_gets_in() {
    let mut house = TestHouse::new();
    house.expect_disorder = true;
    let ada = house.user("ada");
    let desk = house.desk();
    house.io(async move { desk.db.close().await });
    for answer in [
        try_login(&house, &ada.email, PASSWORD),
        try_login(&house, &ada.email, "x"),
        refresh(&house, &ada.refresh),
        house.post("/auth/register", registration("bob")),
        house.get_as(&ada.access, "/auth/sessions"),
        house.post_as(&ada.access, "/auth/logout", json!({})),
    ] {
        answer.is_problem(503, "storage_unavailable");
        assert!(!answer.header("retry-after").is_empty());
    }
}

pub(super) fn f2_after_a_stop_no_token_is_good_twice() {
    let house = TestHouse::on(Kind::Sqlite).set("sessions.refresh_grace", "0s").start();
    let ada = house.user("ada");
    let next = next_refresh(&refresh(&house, &ada.refresh));
    let house = house.restart();
    let third = next_refresh(&refresh(&house, &next));
    let house = house.restart();
    refresh(&house, &next).is_problem(401, "refresh_replayed");
    refresh(&house, &third).is_problem(401, "refresh_invalid");
}

pub(super) fn f3_a_panic_or_a_full_queue_hurts_no_other() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let desk = house.desk();
    let crashed = house.io(async move { desk.hashers.errand(|| panic!("a hash panics on purpose")).await });
    assert!(crashed.is_err());
    for _ in 0..3 {
        house.login(&ada.email);
    }
    // The one thread is held and the queue is full: refused at once, everything else goes on.
    let house = house.restart_with(&[("hashing.queue", "0")]);
    let (started, start) = std::sync::mpsc::channel::<()>();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let desk = house.desk();
    let errand = house.spawn(async move {
        let hold = move || {
            started.send(()).unwrap();
            released.recv().unwrap();
        };
        desk.hashers.errand(hold).await
    });
    start.recv().unwrap();
    for _ in 0..20 {
        try_login(&house, &ada.email, PASSWORD).is_problem(503, "overloaded");
    }
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    assert_eq!(refresh(&house, &ada.refresh).status, 200);
    release.send(()).unwrap();
    errand.recv().unwrap().unwrap();
    house.login(&ada.email);
}

pub(super) fn i7_whatever_is_changed_in_the_audit_log_is_found_and_named() {
    use crate::stores::audit_chain;
    for attack in [
        audit_chain::one_flipped_byte_in_any_column_is_found,
        audit_chain::a_dropped_row_and_a_dropped_beginning_are_found,
        audit_chain::two_swapped_rows_are_found,
        audit_chain::a_truncated_tail_is_found_by_a_checkpoint_an_anchor_or_a_later_chain,
        audit_chain::a_forged_segment_is_found,
    ] {
        attack(crate::support::Kind::Sqlite);
    }
}
