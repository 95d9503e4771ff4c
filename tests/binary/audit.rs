//! `guardhouse audit`: the log of a server that ran is proved, on the database and from a file, and a change is named.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use guardhouse::store::Db;
use guardhouse_entity::audit_events;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::process::{Installation, Server, until};
use crate::on_every_database;
use crate::support::Kind;
use crate::support::test_db::settings;

on_every_database!(a_log_is_proved_and_a_change_is_named);

const PASSWORD: &str = "Correct-horse-9-battery";

/// Everything that `work` does with the database of a stopped server.
fn meddle<W: AsyncFnOnce(Db)>(house: &Installation, work: W) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::connect(&settings(&house.database_url(), &[])).await.unwrap();
        work(db.clone()).await;
        db.close().await;
    });
}

async fn set_detail(db: &Db, kind: &str, detail: &str) {
    let done = audit_events::Entity::update_many()
        .filter(audit_events::Column::Kind.eq(kind))
        .col_expr(audit_events::Column::Detail, Expr::value(detail))
        .exec(db.writer())
        .await
        .unwrap();
    assert_eq!(done.rows_affected, 1);
}

fn a_log_is_proved_and_a_change_is_named(kind: Kind) {
    let house = Installation::on(kind);
    let server = house.serve();
    for name in ["ada", "bob"] {
        let body = json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
        assert_eq!(server.post("/auth/register", &body).status, 201);
    }
    let wrong = json!({ "email": "ada@example.org", "password": "Wrong-horse-9-battery" });
    assert_eq!(server.post("/auth/login", &wrong).status, 401);
    let output = server.terminate();
    let log = house.directory.path().join("server.log");
    std::fs::write(&log, &output).unwrap();
    let log = log.display().to_string();

    // Online, with what the server's log says as an anchor.
    let proved = house.run(&["audit", "verify", "--anchor", &log]).ok();
    assert!(proved.contains("the audit log is what was written"), "{proved}");
    let key = house.run(&["audit", "keys"]).ok();
    let key = key.split_whitespace().nth(1).expect("kid and key").to_owned();

    // Offline, with the key that was noted and with a wrong one.
    let file = house.directory.path().join("audit.jsonl").display().to_string();
    house.run(&["audit", "export", "--output", &file]).ok();
    let proved = house.run(&["audit", "verify", "--file", &file, "--key", &key, "--json"]).ok();
    let report: Value = serde_json::from_str(&proved).unwrap();
    assert_eq!(report["faults"], json!([]));
    let last = report["chains"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["signed"], last["last"], "a server that ends in order signs the end: {report}");
    let unkeyed = house.run(&["audit", "verify", "--file", &file]);
    assert!(unkeyed.err.contains("--key") && unkeyed.code == Some(0), "{unkeyed:?}");
    let strange = house.run(&["audit", "verify", "--file", &file, "--key", &"ab".repeat(32)]);
    assert_eq!(strange.code, Some(3));
    assert!(strange.err.contains("signed by no trusted key"), "{strange:?}");
    assert!(house.run(&["audit", "export", "--output", &file]).failed(1).contains("cannot be made"));
    offline_changes_are_named(&house, Path::new(&file), &key);

    // What the log shows.
    let tail = house.run(&["audit", "tail", "--kind", "login_failed"]).ok();
    assert!(tail.contains("wrong password") && tail.lines().count() == 1 && !tail.contains('\x1b'), "{tail}");
    let tail = house.run(&["audit", "tail", "-n", "2", "--json"]).ok();
    assert!(
        tail.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()) && tail.lines().count() == 2
    );

    // A change in the database, and back.
    meddle(&house, async |db| set_detail(&db, "login_failed", "unknown user").await);
    let changed = house.run(&["audit", "verify"]);
    assert_eq!(changed.code, Some(3), "{changed:?}");
    assert!(changed.err.contains("was altered"), "{changed:?}");
    meddle(&house, async |db| set_detail(&db, "login_failed", "wrong password").await);
    house.run(&["audit", "verify"]).ok();
    // Everything gone, signatures included: the anchor knows.
    meddle(&house, async |db| {
        audit_events::Entity::delete_many().exec(db.writer()).await.unwrap();
        guardhouse_entity::audit_checkpoints::Entity::delete_many().exec(db.writer()).await.unwrap();
    });
    house.run(&["audit", "verify"]).ok();
    let gone = house.run(&["audit", "verify", "--anchor", &log]);
    assert_eq!(gone.code, Some(3));
    assert!(gone.err.contains("an anchor names"), "{gone:?}");
}

#[test]
fn the_log_goes_on_under_a_new_key_and_all_of_it_is_proved() {
    let house = Installation::new().set("audit.checkpoint", "1s").set("keys.poll_interval", "1s");
    let register = |server: &Server, name: &str| {
        let body = json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
        assert_eq!(server.post("/auth/register", &body).status, 201);
    };
    let server = house.serve();
    register(&server, "ada");
    let old = house.run(&["audit", "keys"]).ok();
    let new = house.run(&["audit", "rotate-key"]).ok();
    assert_eq!(house.run(&["audit", "keys"]).ok(), format!("{new}{old}"));
    // The server that runs takes it over.
    let kid = new.split_whitespace().next().unwrap().to_owned();
    until("the new key", || server.output().contains(&format!("kid=\"{kid}\"")));
    register(&server, "bob");
    let output = server.terminate();
    assert!(output.contains(&format!(".{kid}.")), "{output}");
    house.run(&["audit", "verify"]).ok();
    // The new key alone does not prove what the old one signed.
    let key = new.split_whitespace().nth(1).unwrap();
    assert_eq!(house.run(&["audit", "verify", "--key", key]).code, Some(3));
    let tail = house.run(&["audit", "tail", "--kind", "key_generated"]).ok();
    assert!(tail.contains(&format!("audit {kid}")), "{tail}");
}

#[test]
fn who_follows_the_log_sees_everything_once() {
    let house = Installation::new().set("limits.enabled", false);
    let server = house.serve();
    let mut child = house
        .command(&["audit", "tail", "--follow", "--json", "-n", "0"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let stop = AtomicBool::new(false);
    let (mut seen, last) = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                let body = json!({ "email": format!("user{number}@example.org"), "password": PASSWORD });
                assert_eq!(server.post("/auth/register", &body).status, 201);
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let mut seen: Vec<Value> = (0..20).map(|_| next()).collect();
        stop.store(true, Ordering::Relaxed);
        // Whoever sees this one has seen everything before it.
        house.run_with(&["users", "create", "last@example.org"], PASSWORD).ok();
        loop {
            let record = next();
            seen.push(record.clone());
            if record["kind"] == "user_created" {
                return (seen, record);
            }
        }
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let all: Vec<Value> = house
        .run(&["audit", "tail", "--json", "-n", "10000"])
        .ok()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
    let first = seen.iter().map(id).min().unwrap();
    let between = |record: &&Value| (first.clone()..=id(&last)).contains(&id(record));
    let mut wanted: Vec<_> = all.iter().filter(between).map(id).collect();
    let mut shown: Vec<_> =
        seen.drain(..).filter(|record| between(&record)).map(|record| id(&record)).collect();
    wanted.sort();
    shown.sort();
    assert_eq!(shown, wanted);
    server.terminate();
}

fn offline_changes_are_named(house: &Installation, file: &Path, key: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let verify = |changed: &str| {
        let path = file.with_extension("changed");
        std::fs::write(&path, changed).unwrap();
        house.run(&["audit", "verify", "--file", &path.display().to_string(), "--key", key])
    };
    assert_eq!(verify(&text).code, Some(0));
    let altered = verify(&text.replace("wrong password", "wrong passwore"));
    assert!(altered.code == Some(3) && altered.err.contains("was altered"), "{altered:?}");
    let cut = verify(&lines[..lines.len() - 1].join("\n"));
    assert!(cut.failed(1).contains("cut off"));
    let dropped = lines.iter().filter(|line| !line.contains("wrong password")).copied();
    let dropped = verify(&dropped.collect::<Vec<_>>().join("\n"));
    assert!(dropped.failed(1).contains("its last line says"));
    assert!(verify("nonsense").failed(1).contains("line 1"));
}
