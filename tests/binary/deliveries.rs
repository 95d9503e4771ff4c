//! `guardhouse audit deliveries`, and a server that writes lines for what collects logs.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

use guardhouse::delivery::courier::LEASE;
use serde_json::{Value, json};

use super::process::{Installation, until_within};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn lines_arrive_across_a_crash_and_none_is_missing() {
    let house = Installation::new();
    let lines = house.directory.path().join("audit.jsonl");
    let house = house.set("deliveries.log.to", format!("file:{}", lines.display()));
    for round in 0..2 {
        let server = house.serve();
        for number in 0..5 {
            let email = format!("user{round}{number}@example.org");
            let body = json!({ "email": email, "password": "Correct-horse-9-battery" });
            assert_eq!(server.post("/auth/register", &body).status, 201);
        }
        server.kill();
    }
    // The third finds what the others left, once the lease of whoever held it last has run out.
    let server = house.serve();
    let registered = || read(&lines).into_values().flatten().filter(|(_, kind)| kind == "registered").count();
    until_within(3 * LEASE, "every line", || registered() == 10);
    server.terminate();
    for (chain, seqs) in read(&lines) {
        let seqs: Vec<_> = seqs.into_keys().collect();
        // The first process may have written some before the delivery began.
        assert_eq!(seqs, (seqs[0]..seqs[0] + seqs.len() as u64).collect::<Vec<_>>(), "a hole in {chain}");
    }
    let list = house.run(&["audit", "deliveries", "list"]).ok();
    assert!(list.starts_with(&format!("log  file:{}  last delivered 2", lines.display())), "{list}");
    let list = house.run(&["audit", "deliveries", "list", "--json"]).ok();
    let standing: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&standing["name"], &standing["dead"]), (&json!("log"), &json!(0)));
    house.run(&["audit", "deliveries", "forget", "log"]).ok();
    assert_eq!(house.run(&["audit", "deliveries", "list"]).ok(), "");
    let gone = house.run(&["audit", "deliveries", "forget", "log"]).failed(1);
    assert!(gone.contains("there is no delivery `log`"), "{gone}");
}

/// The kind of every record in the file by its chain and number. A record may be there more than once, and behind the beginning
/// of a line that a killed server left: who reads them looks at whole lines, and at each number once.
fn read(lines: &Path) -> BTreeMap<String, BTreeMap<u64, String>> {
    let mut chains: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    let mut cut_off = 0;
    for line in std::fs::read_to_string(lines).unwrap_or_default().lines() {
        let Ok(record) = serde_json::from_str::<Value>(line) else {
            cut_off += 1;
            continue;
        };
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        chains.entry(text("chain")).or_default().insert(record["seq"].as_u64().unwrap(), text("kind"));
    }
    assert!(cut_off <= 3, "{cut_off} lines are none, and three servers wrote");
    chains
}

#[test]
fn a_receiver_is_tried_before_it_is_needed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let house = Installation::new()
        .set("deliveries.siem.to", format!("http://{}/", listener.local_addr().unwrap()))
        .set("deliveries.siem.secret", SECRET);
    drop(listener);
    let refused = house.run(&["audit", "deliveries", "test", "siem"]).failed(1);
    assert!(refused.contains("`siem` did not take the message"), "{refused}");
    let unknown = house.run(&["audit", "deliveries", "test", "seim"]).failed(1);
    assert!(unknown.contains("there is no section [deliveries.seim] (siem)"), "{unknown}");
    let file = house.directory.path().join("lines.jsonl");
    let house = house.set("deliveries.log.to", format!("file:{}", file.display()));
    house.run(&["audit", "deliveries", "test", "log"]).ok();
    assert!(std::fs::read_to_string(&file).unwrap().contains("\"delivery_test\""));
    let secret = house.run(&["audit", "deliveries", "secret"]).ok();
    assert!(secret.trim().parse::<guardhouse::domain::webhook::WebhookSecrets>().is_ok(), "{secret}");
    assert_ne!(secret, house.run(&["audit", "deliveries", "secret"]).ok());
}
