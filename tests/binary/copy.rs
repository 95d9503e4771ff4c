//! `guardhouse db copy`: a service that goes on on another database, and nobody notices.

use std::process::{Command, Stdio};

use guardhouse::store::copy::{Position, Snapshot, Target, tables};
use guardhouse::store::installation;
use rustix::process::{Pid, Signal, kill_process};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::process::{Installation, Server, finish, until, with_database};
use crate::on_every_database;
use crate::support::Kind;

on_every_database!(
    nobody_is_signed_out_and_the_audit_log_goes_on,
    a_copy_that_was_killed_goes_on_where_it_was_and_no_server_starts_before,
    a_dry_run_says_what_the_copy_would,
);

pub const PASSWORD: &str = "Correct-horse-9-battery";

/// Where to copy from, for each place to copy to.
pub fn source_for(kind: Kind) -> Kind {
    match kind {
        Kind::Sqlite if std::env::var("GUARDHOUSE_TEST_MYSQL_URL").is_ok() => Kind::MySql,
        Kind::Sqlite | Kind::Postgres => Kind::Sqlite,
        Kind::MySql if std::env::var("GUARDHOUSE_TEST_POSTGRES_URL").is_ok() => Kind::Postgres,
        Kind::MySql => Kind::Sqlite,
    }
}

pub fn register(server: &Server, name: &str) -> Value {
    let body = json!({ "email": format!("{name}@example.org"), "password": PASSWORD, "name": "Zoë 🦉" });
    server.post("/auth/register", &body).ok(201)
}

pub fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_else(|| panic!("{member}: {answer}"))
}

fn nobody_is_signed_out_and_the_audit_log_goes_on(kind: Kind) {
    let (old, new) = (Installation::on(source_for(kind)), Installation::on(kind));
    let server = old.serve();
    let [ada, bob] = ["ada", "bob"].map(|name| register(&server, name));
    server.call("POST", "/auth/logout", Some(text(&bob, "access_token")), None).ok(204);
    server.terminate();

    let (from, to) = (old.database_url(), new.new_database_url());
    let plan = old.run(&["db", "copy", "--dry-run", "--json", "--from", &from, "--to", &to]).ok();
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["tables"][0], json!({ "table": "users", "rows": 2 }));
    // The configured database is the one to copy, and an address in the environment cannot be seen by others.
    let mut command = old.command(&["db", "copy"]);
    let done = finish(command.env("GUARDHOUSE_COPY_TO", &to), "");
    assert!(!format!("{done:?}").contains(&password(&to)), "{done:?}");
    let said = done.ok();
    assert!(said.contains("hold the same"), "{said}");
    let file = old.directory.path().join("new.url");
    std::fs::write(&file, format!("{to}\n")).unwrap();
    let file = file.display().to_string();
    old.run(&["db", "copy", "--verify-only", "--from", &from, "--to-file", &file]).ok();
    // Neither is the configured one here.
    let elsewhere = Installation::on(Kind::Sqlite);
    let source = old.directory.path().join("old.url");
    std::fs::write(&source, &from).unwrap();
    let source = source.display().to_string();
    elsewhere.run(&["db", "copy", "--verify-only", "--from-file", &source, "--to-file", &file]).ok();
    let mut command = elsewhere.command(&["db", "copy", "--verify-only", "--to", &to]);
    let compared = finish(command.env("GUARDHOUSE_COPY_FROM", &from), "").ok();
    assert!(compared.contains("hold the same"), "{compared}");

    new.take_master_key_of(&old);
    let server = new.serve();
    server.get_as(text(&ada, "access_token"), "/auth/me").ok(200);
    server.get_as(text(&bob, "access_token"), "/auth/me").is_problem(401, "token_revoked");
    let refreshed = server.post("/auth/refresh", &json!({ "refresh_token": ada["refresh_token"] })).ok(200);
    server
        .post("/auth/refresh", &json!({ "refresh_token": bob["refresh_token"] }))
        .is_problem(401, "refresh_invalid");
    // New rows find their numbers.
    server.call("POST", "/auth/logout", Some(text(&refreshed, "access_token")), None).ok(204);
    server.post("/auth/login", &json!({ "email": "ada@example.org", "password": PASSWORD })).ok(200);
    server.terminate();
    let proved = new.run(&["audit", "verify", "--json"]).ok();
    let chains = serde_json::from_str::<Value>(&proved).unwrap()["chains"].as_array().unwrap().len();
    assert!(chains >= 2, "the old server's and the new one's: {proved}");

    // They are two now, and neither is written over.
    let compared = old.run(&["db", "copy", "--verify-only", "--from", &from, "--to", &to]);
    assert!(compared.err.contains("audit_events") && compared.code == Some(3), "{compared:?}");
    let refused = old.run(&["db", "copy", "--from", &from, "--to", &to]).failed(1);
    assert!(refused.contains("not empty") && refused.contains("users"), "{refused}");
    assert!(!refused.contains(&password(&to)), "{refused}");
}

/// What is secret in an address; something that is nowhere when there is nothing.
fn password(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.password().unwrap_or("there is no password in this address").to_owned()
}

fn a_copy_that_was_killed_goes_on_where_it_was_and_no_server_starts_before(kind: Kind) {
    let (old, new) = (Installation::on(source_for(kind)), Installation::on(kind));
    old.run(&["seed", "--users", "4000", "--sessions", "12000"]).ok();
    let (from, to) = (old.database_url(), new.new_database_url());
    let copy = ["db", "copy", "--from", &from, "--to", &to, "--json"];
    let mut tried = false;
    let command = || {
        if copied(&to).is_some() && !tried {
            tried = true;
            let refused = new.run(&["serve"]).failed(1);
            assert!(refused.contains("not come to its end"), "{refused}");
            let other = Installation::on(Kind::Sqlite);
            other.run(&["migrate", "up"]).ok();
            let mixed = other.run(&["db", "copy", "--from", &other.database_url(), "--to", &to]).failed(1);
            assert!(mixed.contains("half filled"), "{mixed}");
        }
        old.command(&copy)
    };
    assert!(killed(command, &to, 3) > 0, "it was never killed in the middle");
    let said = old.run(&copy).ok();
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&report["same"], &report["differences"]), (&json!(true), &json!([])));
    let [done, before] = ["copied", "resumed"].map(|member| report[member].as_u64().unwrap());
    assert!(before >= 1_000 && done + before >= 20_000, "{report}");
}

/// How far the copy into the database at `url` is, by its own mark: something that grows.
pub fn copied(url: &str) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = sea_orm::Database::connect(url.replace("mode=rwc", "mode=ro")).await.ok()?;
        let mark = installation::read(&db, installation::UNFINISHED_COPY).await.ok().flatten();
        db.close().await.ok()?;
        // Only a mark with a key says that rows are there.
        mark.filter(|mark| mark.split(' ').count() == 3)
    })
}

/// Runs `command`, whose target is at `to`, again and again, and kills it up to `kills` times when it has done some more.
/// How often that was.
pub fn killed(mut command: impl FnMut() -> Command, to: &str, kills: usize) -> usize {
    let mut killed = 0;
    while killed < kills {
        let mut copying = command().stdout(Stdio::null()).spawn().unwrap();
        let before = copied(to);
        let mut ended = false;
        until("some of the copy", || {
            let status = copying.try_wait().unwrap();
            // It may be faster than we look; that it fails is another thing.
            assert!(status.is_none_or(|status| status.success()), "{status:?}");
            ended = status.is_some();
            ended || copied(to).is_some_and(|now| Some(now) != before)
        });
        if ended {
            break;
        }
        kill_process(Pid::from_child(&copying), Signal::KILL).unwrap();
        killed += usize::from(!copying.wait().unwrap().success());
    }
    killed
}

#[test]
fn what_cannot_be_copied_is_told_before_anything_is_done() {
    let house = Installation::on(Kind::Sqlite);
    house.run(&["migrate", "up"]).ok();
    let url = house.database_url();
    for (arguments, told) in [
        (&["db", "copy"][..], "--to"),
        (&["db", "copy", "--to", "redis://localhost"], "not a supported kind"),
        (&["db", "copy", "--from", &url, "--to", &format!("{url}?mode=rwc")], "itself"),
        (&["db", "copy", "--to-file", "none"], "none cannot be read"),
        (
            &["db", "copy", "--from", "sqlite:///nowhere/at/all.db", "--to", "sqlite://x.db?mode=rwc"],
            "cannot be used",
        ),
    ] {
        let refused = house.run(arguments).failed(1);
        assert!(refused.contains(told), "{arguments:?}: {refused}");
    }
    house.run(&["migrate", "down"]).ok();
    let refused = house.run(&["db", "copy", "--to", "sqlite://x.db?mode=rwc"]).failed(1);
    assert!(refused.contains("is missing") && refused.contains("migrate up"), "{refused}");
}

#[test]
fn a_source_that_is_written_to_meanwhile_is_found_out() {
    let (old, new) = (Installation::on(Kind::Sqlite), Installation::on(Kind::Sqlite));
    old.run(&["seed", "--users", "3000", "--sessions", "9000"]).ok();
    let (from, to) = (old.database_url(), new.new_database_url());
    let mut copying = old.command(&["db", "copy", "--from", &from, "--to", &to]);
    let copying = copying.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("some of the copy", || copied(&to).is_some());
    let pid = Pid::from_child(&copying);
    kill_process(pid, Signal::STOP).unwrap();
    old.run(&["users", "create", "late@example.org", "--no-password"]).ok();
    kill_process(pid, Signal::CONT).unwrap();
    let done = copying.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(3), "{said}");
    assert!(said.contains("was written to while it was copied"), "{said}");
    assert!(new.run(&["serve"]).failed(1).contains("not come to its end"));
}

/// Fills the database `to` as a copy of `from` does, but for the last `pages`, and stops there without an end.
fn fill_but_for(from: &str, to: &str, pages: usize) {
    let (origin, mut all) = with_database(from, async |db| {
        let (snapshot, mut all) = (Snapshot::take(&db).await.unwrap(), Vec::new());
        for (place, table) in tables().iter().enumerate() {
            let mut after = None;
            loop {
                let rows = snapshot.page(table, after.as_deref()).await.unwrap();
                let Some(last) = rows.last() else { break };
                after = Some(table.key(last));
                all.push((place, rows));
            }
        }
        (snapshot.fingerprint().await.unwrap().name, all)
    });
    all.truncate(all.len() - pages);
    with_database(to, async |db| {
        let (target, begin) = Target::open(db, origin).await.unwrap();
        assert_eq!(begin, Position { table: 0, after: None });
        for (place, rows) in all {
            target.append(place, rows).await.unwrap();
        }
    });
}

fn a_dry_run_says_what_the_copy_would(kind: Kind) {
    let old = Installation::on(Kind::Sqlite);
    old.run(&["seed", "--users", "30", "--sessions", "40"]).ok();
    let from = old.database_url();
    let new = || {
        let house = Installation::on(kind);
        let to = house.new_database_url();
        (house, to)
    };
    let copy = |to: &str, more: &[&str]| {
        old.run(&[&["db", "copy", "--json", "--from", &from, "--to", to], more].concat())
    };
    let plan = |said: &str| serde_json::from_str::<Value>(said).unwrap();

    let (_empty, to) = new();
    let told = plan(&copy(&to, &["--dry-run"]).ok());
    assert_eq!((&told["goes_on"], &told["refused"]), (&json!(false), &Value::Null));
    assert_eq!(told["tables"][2], json!({ "table": "sessions", "rows": 40 }));
    let noted =
        with_database(&to, async |db| db.writer().execute_unprepared("SELECT * FROM seaql_migrations").await);
    assert!(noted.is_err(), "a dry run writes nothing");
    copy(&to, &[]).ok();

    let (_half, to) = new();
    fill_but_for(&from, &to, 1);
    let told = plan(&copy(&to, &["--dry-run"]).ok());
    assert_eq!((&told["goes_on"], &told["refused"]), (&json!(true), &Value::Null));
    let done = plan(&copy(&to, &[]).ok());
    assert!(done["resumed"].as_u64() > Some(60) && done["copied"].as_u64() > Some(0), "{done}");

    let (older, with_rows) = new();
    older.run(&["migrate", "up"]).ok();
    older.run(&["migrate", "down"]).ok();
    with_database(&with_rows, async |db| installation::write(db.writer(), "fact", "x").await.unwrap());
    let (_newer, of_tomorrow) = new();
    with_database(&of_tomorrow, async |db| {
        db.migrate_up().await.unwrap();
        let tomorrow = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 0)";
        db.writer().execute_unprepared(tomorrow).await.unwrap();
    });
    let (_other, of_another) = new();
    with_database(&of_another, async |db| Target::open(db, "another".to_owned()).await.map(drop).unwrap());
    for (to, told) in [
        (&with_rows, "is missing; run `guardhouse migrate up`"),
        (&of_tomorrow, "m9999_tomorrow"),
        (&of_another, "make an empty database and begin again"),
    ] {
        let looked = copy(to, &["--dry-run"]);
        let refused = plan(&looked.out)["refused"].as_str().unwrap_or_default().to_owned();
        assert!(refused.contains(told), "{looked:?}");
        let [looked, copied] = [looked.failed(1), copy(to, &[]).failed(1)];
        assert_eq!(looked, copied);
        assert!(looked.contains(&refused), "{looked}");
    }
}

/// Killed behind the last row: the same is there, and no server starts on it.
#[test]
fn a_target_that_was_not_released_is_not_called_the_same() {
    let (old, new) = (Installation::on(Kind::Sqlite), Installation::on(Kind::Sqlite));
    old.run(&["seed", "--users", "3", "--sessions", "4"]).ok();
    let (from, to) = (old.database_url(), new.new_database_url());
    fill_but_for(&from, &to, 0);
    let copy = ["db", "copy", "--from", &from, "--to", &to];
    let verify = [&copy[..], &["--verify-only"]].concat();
    let refused = old.run(&verify).failed(1);
    assert!(refused.contains("start `db copy`") && refused.contains("again to release it"), "{refused}");
    let backwards = old.run(&["db", "copy", "--from", &to, "--to", &from]).failed(1);
    assert!(backwards.contains("not come to its end"), "{backwards}");
    old.run(&copy).ok();
    assert!(old.run(&verify).ok().contains("hold the same"));
}
