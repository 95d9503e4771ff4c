//! `GET /auth/whereami`; behind proxies see `client_address`.

use serde_json::json;

use crate::support::TestHouse;

#[test]
fn an_operator_is_told_what_the_server_saw() {
    let house = TestHouse::new();
    let seen = house.get("/auth/whereami").ok(200);
    assert_eq!(seen, json!({ "address": "127.0.0.1", "scheme": "http", "proxies": [] }));
    let request = house.request("GET", "/auth/whereami").header("x-forwarded-for", "192.0.2.7");
    let seen = house.send(request, Vec::new()).ok(200);
    assert_eq!(seen["address"], "127.0.0.1", "nobody is trusted unless configured");
}
