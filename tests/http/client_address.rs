//! Whose address counts: the peer's, or, from a trusted proxy, the one it names. Every spelling of a chain is checked
//! where the walk is (`domain::address`); here it is that the server uses it.

use serde_json::{Value, json};

use crate::http::{login_from, post_with};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

on_every_database!(sessions_and_audit_log_have_the_address_of_the_client);

fn behind_proxies(kind: Kind) -> TestHouse {
    TestHouse::on(kind).set("server.trusted_proxies", "127.0.0.0/8,10.0.0.0/8").start()
}

fn seen(house: &TestHouse, headers: &[(&str, &str)]) -> Value {
    let mut request = house.request("GET", "/auth/whereami");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house.send(request, Vec::new()).ok(200)
}

#[test]
fn an_untrusted_peer_is_not_believed() {
    let house = TestHouse::new();
    for header in ["x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip", "cf-connecting-ip"] {
        for value in ["192.0.2.7", "for=192.0.2.7"] {
            assert_eq!(seen(&house, &[(header, value)])["address"], "127.0.0.1", "{header}: {value}");
        }
    }
}

#[test]
fn from_a_trusted_proxy_the_rightmost_untrusted_address_counts() {
    let house = behind_proxies(Kind::Sqlite);
    let address = |headers: &[(&str, &str)]| seen(&house, headers)["address"].clone();
    let xff = |value: &str| address(&[("x-forwarded-for", value)]);
    assert_eq!(xff("192.0.2.7"), "192.0.2.7");
    assert_eq!(
        xff("198.51.100.66, 192.0.2.7"),
        "192.0.2.7",
        "what stands further left is the client's own claim"
    );
    assert_eq!(xff("198.51.100.66, 192.0.2.7, 10.1.2.3"), "192.0.2.7");
    assert_eq!(xff("10.1.2.3"), "10.1.2.3", "a chain of proxies only ends at its farthest");
    assert_eq!(xff("192.0.2.7, unknown"), "127.0.0.1", "what cannot be attributed is the proxy's");
    assert_eq!(xff("192.0.2.7:4711"), "192.0.2.7");
    assert_eq!(xff("::ffff:192.0.2.7"), "192.0.2.7");
    assert_eq!(xff("2001:db8::7"), "2001:db8::7");
    assert_eq!(xff("[2001:db8::7]:4711"), "2001:db8::7");
    assert_eq!(xff(""), "127.0.0.1");
    let lines = address(&[("x-forwarded-for", "198.51.100.66"), ("x-forwarded-for", "192.0.2.7")]);
    assert_eq!(lines, "192.0.2.7", "several lines are one list");
    assert_eq!(address(&[("forwarded", "for=192.0.2.7;proto=https")]), "192.0.2.7");
    assert_eq!(address(&[("forwarded", "for=198.51.100.66, for=\"[2001:db8::7]:80\"")]), "2001:db8::7");
    assert_eq!(address(&[("forwarded", "for=_hidden")]), "127.0.0.1");
    let whole = seen(&house, &[("x-forwarded-for", "192.0.2.7, 10.1.2.3")]);
    assert_eq!(
        whole,
        json!({ "address": "192.0.2.7", "scheme": "http", "proxies": ["127.0.0.1", "10.1.2.3"] })
    );
}

#[test]
fn a_header_that_the_proxy_did_not_set_cannot_move_the_client() {
    let house = behind_proxies(Kind::Sqlite);
    let address = |headers: &[(&str, &str)]| seen(&house, headers)["address"].clone();
    // Most proxies set one of the two headers and hand the other on as the client wrote it.
    for (by_the_proxy, by_the_client) in [
        (("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=198.51.100.66")),
        (("forwarded", "for=192.0.2.7"), ("x-forwarded-for", "198.51.100.66")),
        (("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=198.51.100.66, for=10.0.0.9")),
    ] {
        let seen = address(&[by_the_proxy, by_the_client]);
        assert_ne!(seen, "198.51.100.66", "{by_the_client:?}");
    }
    let agreeing = address(&[("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7;proto=https")]);
    assert_eq!(agreeing, "192.0.2.7");
}

fn sessions_and_audit_log_have_the_address_of_the_client(kind: Kind) {
    let house = behind_proxies(kind);
    let headers = [("x-forwarded-for", "2001:db8:1:2:3:4:5:6"), ("user-agent", "Mosaic/0.9")];
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let answer = post_with(&house, "/auth/register", &headers, &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let access = answer.json["access_token"].as_str().unwrap();
    let session = &house.get_as(access, "/auth/sessions").ok(200)[0];
    assert_eq!(
        (&session["ip"], &session["user_agent"]),
        (&json!("2001:db8:1:2:3:4:5:6"), &json!("Mosaic/0.9"))
    );
    login_from(&house, "198.51.100.66, 192.0.2.7", "ada@example.org", "x")
        .is_problem(401, "invalid_credentials");
    let (registered, failed) = (&house.events("registered")[0], &house.events("login_failed")[0]);
    assert_eq!(
        (registered.address.as_str(), registered.user_agent.as_deref()),
        ("2001:db8:1:2:3:4:5:6", Some("Mosaic/0.9"))
    );
    assert_eq!(failed.address, "192.0.2.7");
    let long = "u".repeat(1_000);
    post_with(
        &house,
        "/auth/login",
        &[("user-agent", &long)],
        &json!({ "email": "ada@example.org", "password": PASSWORD }),
    )
    .ok(200);
    let agent = house
        .events("login_succeeded")
        .iter()
        .filter_map(|event| event.user_agent.clone())
        .max_by_key(String::len);
    assert_eq!(agent.map(|agent| agent.len()), Some(256), "shortened, not refused");
}

#[test]
fn a_proxy_that_is_known_is_never_told_of_as_the_busiest_client() {
    // One in sixteen requests is looked at, on each thread of the server by itself: so it has one.
    let house = TestHouse::on(Kind::Sqlite)
        .set("server.trusted_proxies", "127.0.0.0/8")
        .set("server.workers", 1)
        .start();
    for number in 0..64 {
        seen(&house, &[("x-forwarded-for", &format!("192.0.2.{number}"))]);
    }
    let counted = house.front().dominance.counted();
    assert_eq!(counted.len(), 4, "{counted:?}");
    assert!(counted.iter().all(|address| !address.is_loopback()), "{counted:?}");
}
