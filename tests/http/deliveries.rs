//! A server with deliveries: what happens to people reaches those who are to know, and nobody waits for them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::webhook::WebhookSecrets;
use serde_json::Value;

use crate::support::{Kind, TestHouse};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a receiver got: the headers, in small letters, and the body.
pub(super) type Message = (String, Vec<u8>);

pub(super) fn read(stream: &TcpStream) -> Option<Message> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A receiver that takes everything.
fn receiver() -> (String, Receiver<Message>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/guardhouse", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), tell) = (stream, tell.clone()) else { return };
            std::thread::spawn(move || {
                while let Some(message) = read(&stream) {
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
                    if tell.send(message).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, told)
}

#[test]
fn what_happens_reaches_the_receiver_signed() {
    let (url, told) = receiver();
    let house = TestHouse::on(Kind::Sqlite)
        .set("deliveries.siem.to", url)
        .set("deliveries.siem.secret", SECRET)
        .set("deliveries.siem.kinds", "login_failed,registered")
        .start();
    let ada = house.user("ada");
    house
        .post("/auth/login", serde_json::json!({"email": ada.email, "password": "wrong horse battery"}))
        .is_problem(401, "invalid_credentials");
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let (head, body) = told.recv_timeout(Duration::from_secs(30)).expect("a message arrives");
        let header = |name: &str| {
            let is = |line: &&str| line.to_ascii_lowercase().starts_with(&format!("{name}: "));
            head.lines().find(is).unwrap_or_else(|| panic!("{name}: {head}"))[name.len() + 2..].to_owned()
        };
        let at = Timestamp::from_seconds(header("webhook-timestamp").parse().unwrap());
        let secrets: WebhookSecrets = SECRET.parse().unwrap();
        assert_eq!(header("webhook-signature"), secrets.sign(&header("webhook-id"), at, &body));
        let message: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(message["data"]["id"], header("webhook-id"));
        assert_eq!(message["data"]["user"], ada.id);
        kinds.push(message["type"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["login_failed", "registered"]);
}

#[test]
fn a_node_that_ends_in_order_hands_its_deliveries_over_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let lines = directory.path().join("audit.jsonl");
    let target = format!("file:{}", lines.display());
    let house = TestHouse::on(Kind::Sqlite).set("deliveries.log.to", target).start();
    let arrives = |kind: &str| {
        let there = || std::fs::read_to_string(&lines).unwrap_or_default().contains(kind);
        crate::binary::process::until(kind, there);
    };
    let ada = house.user("ada");
    arrives("\"registered\"");
    let other = house.another_node();
    house.stop();
    // The clock stands still: no lease ever runs out.
    other.login(&ada.email);
    arrives("\"login_succeeded\"");
}

#[test]
fn a_receiver_that_never_answers_keeps_nobody_waiting() {
    // Connections are taken by the operating system, and nobody ever reads from them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = tempfile::tempdir().unwrap();
    let lines = path.path().join("audit.jsonl");
    let house = TestHouse::on(Kind::Sqlite)
        .set("deliveries.black_hole.to", format!("http://{}/", listener.local_addr().unwrap()))
        .set("deliveries.black_hole.secret", SECRET)
        .set("deliveries.log.to", format!("file:{}", lines.display()))
        .start();
    let ada = house.user("ada");
    let mut stream = listener.accept().unwrap().0;
    let mut some = [0; 16];
    stream.read_exact(&mut some).unwrap();
    // It holds a message now. Everybody else goes on, the other delivery included.
    for _ in 0..3 {
        house.login(&ada.email);
    }
    let logins = |text: &str| text.lines().filter(|line| line.contains("\"login_succeeded\"")).count();
    for _ in 0..300 {
        if logins(&std::fs::read_to_string(&lines).unwrap_or_default()) >= 3 {
            return;
        }
        house.get("/health/live").ok(200);
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{}", std::fs::read_to_string(&lines).unwrap_or_default());
}
