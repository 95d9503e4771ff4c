//! The source that asks a server, against a real one and against bad ones.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

use crate::http::oauth2::{GUARD, SHOP, with_clients};
use crate::support::{Kind, TestHouse};

fn guard_of(house: &TestHouse, (id, secret): (&str, &str)) -> Guard {
    let base = format!("http://{}", house.address());
    let builder = Guard::builder(base).issuer("http://localhost:8080").clock(house.clock.clone());
    builder.follow(id, secret).build_without_thread().unwrap()
}

#[test]
fn it_knows_what_a_real_server_publishes_and_ends() {
    for algorithm in [("jwt", "EdDSA"), ("jwt", "ES256"), ("jwt", "RS256"), ("paseto", "v4.public")] {
        let house = with_clients(TestHouse::on(Kind::Sqlite))
            .set("tokens.format", algorithm.0)
            .set("tokens.algorithm", algorithm.1)
            .start();
        let (ada, bob, eve) = (house.user("ada"), house.user("bob"), house.user("eve"));
        let guard = guard_of(&house, GUARD);
        guard.fetch_keys().unwrap();
        guard.fetch_endings().unwrap();
        for person in [&ada, &bob, &eve] {
            let user =
                guard.verify(&person.access).unwrap_or_else(|refusal| panic!("{algorithm:?}: {refusal}"));
            assert_eq!(user.id.to_string(), person.id);
        }
        assert_eq!(house.post_as(&ada.access, "/auth/logout", json!({})).status, 204);
        let admin = house.admin("root");
        let path = format!("/users/{}/disable", bob.id);
        assert_eq!(house.post_as(&admin.access, &path, json!({})).status, 204);
        assert!(guard.verify(&ada.access).is_ok(), "it has not heard of it yet");
        house.poll_revocations();
        guard.fetch_endings().unwrap();
        assert_eq!(guard.verify(&ada.access), Err(Refusal::Revoked));
        assert_eq!(guard.verify(&bob.access), Err(Refusal::Revoked));
        assert!(guard.verify(&eve.access).is_ok());
    }
}

#[test]
fn a_client_without_the_right_is_told_so() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    for (client, status) in [(SHOP, "403"), ((GUARD.0, "ghc_wrong"), "401")] {
        let guard = guard_of(&house, client);
        guard.fetch_keys().unwrap();
        let fault = guard.fetch_endings().unwrap_err().to_string();
        assert!(
            fault.contains(status) && fault.contains("may follow") && !fault.contains(client.1),
            "{fault}"
        );
    }
}

/// A server that answers every request with these bytes.
fn answering(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 2_048]);
            let _ = stream.write_all(&bytes);
        }
    });
    format!("http://{address}")
}

#[test]
fn answers_that_are_no_keys_change_nothing() {
    let ok =
        |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let elsewhere = answering(ok(r#"{"keys":[]}"#));
    for bytes in [
        ok(""),
        ok("[]"),
        ok(r#"{"keys":1}"#),
        ok(&format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(70_000))),
        b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n".to_vec(),
        format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}/\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        b"nonsense".to_vec(),
        Vec::new(),
    ] {
        let guard = Guard::builder(answering(bytes.clone())).build_without_thread().unwrap();
        assert!(guard.fetch_keys().is_err(), "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
        assert_eq!(guard.verify("a.b.c"), Err(Refusal::Unknown));
    }
    let guard = Guard::builder(elsewhere).build_without_thread().unwrap();
    guard.fetch_keys().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(Guard::builder(format!("http://{nobody}")).build().is_err());
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn keys_of_kinds_that_are_not_known_yet_are_left_out() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let known = serde_json::to_value(jwk_set(&[key.verifying()])).unwrap()["keys"][0].clone();
    let (mut renamed, mut other_use) = (known.clone(), known.clone());
    renamed["kid"] = json!("another");
    other_use["use"] = json!("enc");
    let set = json!({ "more": true, "keys": [
        { "kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "use": "sig", "pub": "AA" },
        { "kty": "oct", "k": "AAAA", "kid": "secret", "alg": "HS256", "use": "sig" },
        { "kty": "OKP" }, {}, [], 7, null, "x", renamed, other_use, known,
    ]});
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START + 1)));
    let builder = Guard::builder(answering(ok(&set.to_string()))).issuer(ISSUER).audience(AUDIENCE);
    let guard = builder.clock(clock).build_without_thread().unwrap();
    guard.fetch_keys().unwrap();
    assert!(guard.verify(&sealed(&key, &claims())).is_ok());
    let foreign = sealed(&super::key(KeyAlgorithm::EdDsa, 2), &claims());
    assert_eq!(guard.verify(&foreign), Err(Refusal::Invalid));
}

#[test]
fn endings_are_read_up_to_a_mebibyte() {
    let page = |padding: usize| {
        let mut page = page("one", false, START, json!([]));
        page["padding"] = json!("x".repeat(padding));
        ok(&page.to_string())
    };
    for (padding, good) in [(1_000_000, true), (1_100_000, false)] {
        let builder = Guard::builder(answering(page(padding))).follow("notes", "ghc_secret");
        let fetched = builder.build_without_thread().unwrap().fetch_endings();
        assert_eq!(fetched.is_ok(), good, "{padding}: {fetched:?}");
    }
    for body in ["", "[]", "{}", "null", r#"{"cursor":1}"#] {
        let builder = Guard::builder(answering(ok(body))).follow("notes", "ghc_secret");
        assert!(builder.build_without_thread().unwrap().fetch_endings().is_err(), "{body}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_says_what_to_do() {
    let moved =
        |to: &str| format!("HTTP/1.1 301 Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes();
    let guard =
        Guard::builder(answering(moved(&answering(ok(r#"{"keys":[]}"#))))).build_without_thread().unwrap();
    let fault = guard.fetch_keys().unwrap_err().to_string();
    assert!(fault.contains("301") && fault.contains("the address that it leads to"), "{fault}");
}

#[test]
fn a_server_that_dawdles_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n");
                // Always something, so that no read alone takes long.
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
    });
    let builder = Guard::builder(format!("http://{address}")).timeout(Duration::from_millis(200));
    let guard = builder.build_without_thread().unwrap();
    let began = guardhouse::domain::clock::Stopwatch::start();
    assert!(guard.fetch_keys().is_err());
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "it took {:?}, and the default is 5 s",
        began.elapsed()
    );
}
