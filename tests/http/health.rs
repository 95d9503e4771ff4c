//! `/health/…`

use serde_json::json;

use crate::on_every_database;
use crate::support::{Kind, TestHouse};

on_every_database!(
    a_house_lives_and_is_ready_on_both_listeners,
    without_its_database_a_house_lives_but_is_not_ready,
);

fn a_house_lives_and_is_ready_on_both_listeners(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ready = json!({ "status": "ready", "checks": { "database": "ready", "sessions": "ready", "lifecycle": "ready" } });
    assert_eq!(house.get("/health/live").ok(200), json!({ "status": "alive" }));
    assert_eq!(house.get("/health/ready").ok(200), ready);
    assert_eq!(house.ops("/health/live", None).ok(200), json!({ "status": "alive" }));
    assert_eq!(house.ops("/health/ready", None).ok(200), ready);
    assert_eq!(house.get("/health/ready").header("cache-control"), "no-store");
}

fn without_its_database_a_house_lives_but_is_not_ready(kind: Kind) {
    let mut house = TestHouse::on(kind).start();
    house.expect_disorder = true;
    let ada = house.user("ada");
    let desk = house.desk();
    house.io(async move { desk.db.close().await });
    assert_eq!(house.get("/health/live").status, 200);
    let body = house.get("/health/ready").ok(503);
    assert_eq!(
        body,
        json!({
            "status": "not_ready",
            "checks": { "database": "unavailable", "sessions": "unavailable", "lifecycle": "ready" },
        })
    );
    assert_eq!(house.ops("/health/ready", None).status, 503);
    let answer = house.get_as(&ada.access, "/auth/me");
    answer.is_problem(503, "storage_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}
