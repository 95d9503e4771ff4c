//! The first walk through the house.

use serde_json::json;

use crate::on_every_database;
use crate::support::{Kind, TestHouse};

on_every_database!(a_person_registers_is_known_and_logs_out);

fn a_person_registers_is_known_and_logs_out(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    assert_eq!(house.get_as(&ada.access, "/auth/me").ok(200)["email"], "ada@example.org");
    assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    house.post("/auth/refresh", json!({ "refresh_token": ada.refresh })).is_problem(401, "refresh_invalid");
}
