//! `guardhouse audit deliveries`, and a server that writes lines for what collects logs.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

use guardhouse::delivery::courier::LEASE;
use guardhouse::domain::clock::Timestamp;
use guardhouse::store::Db;
use guardhouse::store::audit::{DeadLetter, hold, in_chain, next_chain, settle};
use serde_json::{Value, json};
use uuid::Uuid;

use super::process::{Installation, until, until_within};
use crate::support::test_db::settings;

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

#[test]
fn standard_output_has_the_lines_among_those_of_the_log() {
    let house = Installation::new().set("deliveries.log.to", "stdout");
    let server = house.serve();
    let body = json!({ "email": "ada@example.org", "password": "Correct-horse-9-battery" });
    assert_eq!(server.post("/auth/register", &body).status, 201);
    let is_it = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap_or_default();
        (&record["line"], &record["kind"]) == (&json!("record"), &json!("registered"))
    };
    until("the line", || server.output().lines().any(is_it));
    server.terminate();
}

#[test]
fn what_was_given_up_is_shown_and_sent_once_more() {
    let file = tempfile::tempdir().unwrap();
    let file = file.path().join("audit.jsonl");
    let target = format!("file:{}", file.display());
    let mut house = Installation::new().set("deliveries.log.to", &target);
    house.serve().terminate();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = house.database_url();
    let records: Vec<Uuid> = runtime.block_on(async {
        let db = Db::connect(&settings(&url, &[])).await.unwrap();
        let chain = next_chain(db.reader(), None).await.unwrap().unwrap();
        let found = in_chain(db.reader(), chain, None, 2).await.unwrap();
        let (holder, at) = (Uuid::from_u128(7), Timestamp::from_seconds(1_800_000_000));
        let dead = found.iter().map(|linked| DeadLetter {
            record: linked.record.id,
            place: (chain, linked.head.seq),
            at,
            reason: "422: it does not take this message".into(),
        });
        // It was given back in order, so anybody may have it.
        assert!(hold(&db, "log", holder, at, at).await.unwrap());
        assert!(settle(&db, "log", holder, (chain, 2), dead.collect(), None).await.unwrap());
        db.close().await;
        found.into_iter().map(|linked| linked.record.id).collect()
    });
    let shown = house.run(&["audit", "deliveries", "dead", "log"]).ok();
    assert!(shown.lines().count() == 2 && shown.contains("/2  422: it does not"), "{shown}");
    for line in house.run(&["audit", "deliveries", "dead", "log", "--json"]).ok().lines() {
        let letter: Value = serde_json::from_str(line).unwrap();
        assert_eq!(letter["record"], json!(records[letter["seq"].as_u64().unwrap() as usize - 1]));
    }
    let _ = std::fs::remove_file(&file);
    // Just one, and then all that is left.
    let one = records[1].to_string();
    house.run(&["audit", "deliveries", "retry", "log", "--record", &one]).ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 1);
    house.change("deliveries.log.to", "file:/nowhere/at/all");
    let said = house.run(&["audit", "deliveries", "retry", "log"]).failed(1);
    assert!(said.contains("0 taken, 1 refused") && said.contains("/nowhere/at/all"), "{said}");
    house.change("deliveries.log.to", &target);
    house.run(&["audit", "deliveries", "retry", "log"]).ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
    assert_eq!(house.run(&["audit", "deliveries", "dead", "log"]).ok(), "");
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
