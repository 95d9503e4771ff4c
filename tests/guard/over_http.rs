//! The source that asks a server, against a real one and against bad ones.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use guardhouse::guard::{Guard, Refusal};
use serde_json::json;

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
