//! `/oauth2/…` while the stores are away or the feed is stale: "I do not know" is neither "inactive" nor "done".

use serde_json::json;

use super::{GUARD, SHOP, basic, introspect, is_error, post, with_clients};
use crate::support::{Kind, TestHouse, User};

fn cut_off() -> (TestHouse, User) {
    let mut house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    house.expect_disorder = true;
    let ada = house.user("ada");
    let desk = house.desk();
    house.io(async move { desk.db.close().await });
    (house, ada)
}

#[test]
fn introspection_goes_on_for_access_tokens_and_says_503_for_refresh_tokens() {
    let (house, ada) = cut_off();
    assert_eq!(introspect(&house, &ada.access)["active"], true);
    assert_eq!(introspect(&house, "ghr_x")["active"], false, "a forged one needs no store");
    let answer = post(&house, "/oauth2/introspect", Some(SHOP), &[("token", &ada.refresh)]);
    is_error(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

/// RFC 7009 section 2.2.1: after a 503 the client must assume that the token still exists.
#[test]
fn revocation_says_503_and_the_token_still_exists() {
    let (house, ada) = cut_off();
    for token in [&ada.access, &ada.refresh] {
        let answer = post(&house, "/oauth2/revoke", None, &[("token", token)]);
        is_error(&answer, 503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(introspect(&house, &ada.access)["active"], true);
}

#[test]
fn the_feed_is_told_from_memory() {
    let (house, _) = cut_off();
    let request = house.request("GET", "/oauth2/revocations").header("authorization", basic(GUARD));
    assert_eq!(house.send(request, Vec::new()).ok(200)["complete"], true);
}

/// A node that has not heard of anything for longer than allowed, and one that ends a session meanwhile.
fn stale(mode: &str) -> (TestHouse, User, User) {
    let house = with_clients(TestHouse::on(Kind::Sqlite))
        .set("sessions.revocation.on_stale", mode)
        .set("sessions.revocation.poll_interval", "1m")
        .set("sessions.revocation.max_staleness", "61s")
        .start();
    let stays = house.user("ada");
    let leaves = house.login(&stays.email);
    let other = house.another_node();
    assert_eq!(other.call("POST", "/auth/logout", Some(&leaves.access), None).status, 204);
    assert_eq!(introspect(&house, &leaves.access)["active"], true, "not heard of yet");
    house.advance(62);
    (house, stays, leaves)
}

#[test]
fn a_stale_node_asks_the_store() {
    let (house, stays, left) = stale("check_store");
    assert_eq!(introspect(&house, &stays.access)["active"], true);
    assert_eq!(introspect(&house, &left.access), json!({ "active": false }));
}

#[test]
fn a_stale_node_that_is_to_refuse_does_not_say_inactive() {
    let (house, stays, left) = stale("refuse");
    for token in [stays.access, left.access] {
        let answer = post(&house, "/oauth2/introspect", Some(SHOP), &[("token", &token)]);
        is_error(&answer, 503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(
        introspect(&house, "x"),
        json!({ "active": false }),
        "garbage is garbage whatever the feed says"
    );
}

#[test]
fn a_stale_node_that_is_to_allow_says_what_it_knows() {
    let (house, stays, left) = stale("allow");
    assert_eq!(introspect(&house, &stays.access)["active"], true);
    assert_eq!(introspect(&house, &left.access)["active"], true);
}
