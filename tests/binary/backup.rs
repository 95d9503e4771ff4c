//! `guardhouse backup` and `restore`: one file, from any database to any other, that nobody can alter unseen.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use guardhouse::archive::{Beginning, FORMAT, Layout, Passphrase, Writer};
use guardhouse::copy::{Digest, Row, Summary, TableSummary, Value as Held};
use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::store::copy::tables;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::copy::{PASSWORD, killed, register, source_for, text};
use super::process::{Installation, finish, with_database};
use crate::on_every_database;
use crate::support::Kind;

on_every_database!(a_backup_of_a_running_server_is_restored_into_another_database, one_connection_is_enough,);

/// Writes a passphrase into the installation's directory.
fn passphrase(house: &Installation, name: &str, content: &str) -> String {
    let path = house.directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    path.display().to_string()
}

fn json_of(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|_| panic!("{said}"))
}

fn a_backup_of_a_running_server_is_restored_into_another_database(kind: Kind) {
    let (old, new) = (Installation::on(source_for(kind)), Installation::on(kind));
    let key = passphrase(&old, "key", "a passphrase of some words\nand another line");
    let file = old.directory.path().join("all.age").display().to_string();
    let server = old.serve();
    let ada = register(&server, "ada");
    let made = json_of(&old.run(&["backup", &file, "--passphrase-file", &key, "--json"]).ok());
    register(&server, "bob");
    server.terminate();
    assert_eq!(made["tables"][0]["rows"], 1, "{made}");
    assert_eq!(made["octets"], std::fs::metadata(&file).unwrap().len());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!Path::new(&format!("{file}.partial")).exists());
    let content = std::fs::read(&file).unwrap();
    assert!(content.starts_with(b"age-encryption.org/v1\n"));
    assert!(
        !content.windows(11).any(|some| some == b"example.org"),
        "nothing can be read without the passphrase"
    );

    let proved =
        json_of(&new.run(&["restore", &file, "--passphrase-file", &key, "--verify-only", "--json"]).ok());
    assert_eq!((&proved["tables"], &proved["restored"]), (&made["tables"], &json!(false)));
    assert!(!new.data_dir().join("guardhouse.db").exists(), "nothing is made for that");
    new.take_master_key_of(&old);
    let restored = json_of(&new.run(&["restore", &file, "--passphrase-file", &key, "--json"]).ok());
    assert_eq!(restored["tables"], made["tables"]);
    let refused = new.run(&["restore", &file, "--passphrase-file", &key]).failed(1);
    assert!(refused.contains("not empty"), "{refused}");
    let again = new.directory.path().join("again.age").display().to_string();
    let made_again = json_of(&new.run(&["backup", &again, "--passphrase-file", &key, "--json"]).ok());
    assert_eq!(made_again["tables"], made["tables"]);

    let server = new.serve();
    server.post("/auth/refresh", &json!({ "refresh_token": text(&ada, "refresh_token") })).ok(200);
    server
        .post("/auth/login", &json!({ "email": "bob@example.org", "password": PASSWORD }))
        .is_problem(401, "invalid_credentials");
    server.terminate();
    new.run(&["audit", "verify"]).ok();
}

#[test]
fn a_file_that_is_not_what_was_written_is_refused_before_anything_is_stored() {
    let (old, new) = (Installation::on(Kind::Sqlite), Installation::on(Kind::Sqlite));
    old.run(&["seed", "--users", "400", "--sessions", "600"]).ok();
    let key = passphrase(&old, "key", "a passphrase of some words");
    let other = passphrase(&old, "other", "a passphrase of other words");
    let short = passphrase(&old, "short", "a few words");
    let file = old.directory.path().join("all.age");
    let named = file.display().to_string();
    let backup = |key: &str| old.run(&["backup", &named, "--passphrase-file", key]);
    assert!(backup(&short).failed(1).contains("at least 16"));
    std::fs::set_permissions(&short, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(backup(&short).failed(1).contains("chmod 600"));
    assert!(backup("none").failed(1).contains("none cannot be read"));
    backup(&key).ok();
    assert!(backup(&key).failed(1).contains("is there already"));

    let whole = std::fs::read(&file).unwrap();
    assert!(whole.len() > 2 * 64 * 1_024, "several pieces: {}", whole.len());
    let restore = |content: &[u8], key: &str| {
        let changed = old.directory.path().join("changed.age");
        std::fs::write(&changed, content).unwrap();
        new.run(&["restore", &changed.display().to_string(), "--passphrase-file", key])
    };
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 1;
    for (content, key, told) in [
        (&whole[..], &other, "does not open with this passphrase"),
        (&whole[..whole.len() - 1], &key, "cut off or altered"),
        (&whole[..whole.len() / 2], &key, "cut off or altered"),
        (&flipped, &key, "cut off or altered"),
        (b"SQLite format 3", &key, "is no back-up"),
        (b"", &key, "is no back-up"),
    ] {
        let refused = restore(content, key).failed(1);
        assert!(refused.contains(told) && refused.contains("changed.age"), "{told}: {refused}");
        assert!(!new.data_dir().join("guardhouse.db").exists(), "{told}");
    }
    restore(&whole, &key).ok();
}

#[test]
fn a_restore_that_was_killed_goes_on() {
    let (old, new) = (Installation::on(Kind::Sqlite), Installation::on(Kind::Sqlite));
    old.run(&["seed", "--users", "4000", "--sessions", "9000"]).ok();
    let key = passphrase(&old, "key", "a passphrase of some words");
    let file = old.directory.path().join("all.age").display().to_string();
    let made = json_of(&old.run(&["backup", &file, "--passphrase-file", &key, "--json"]).ok());
    let restore = ["restore", &file, "--passphrase-file", &key, "--json"];
    assert!(
        killed(|| new.command(&restore), &new.new_database_url(), 2) > 0,
        "it was never killed in the middle"
    );
    assert!(new.run(&["serve"]).failed(1).contains("not come to its end"));
    assert_eq!(json_of(&new.run(&restore).ok())["tables"], made["tables"]);
}

fn one_connection_is_enough(kind: Kind) {
    let house = || Installation::on(kind).set("database.pool", 1);
    let (old, new, third) = (house(), house(), house());
    old.run(&["seed", "--users", "10", "--sessions", "20"]).ok();
    let key = passphrase(&old, "key", "a passphrase of some words");
    let file = old.directory.path().join("all.age").display().to_string();
    old.run(&["backup", &file, "--passphrase-file", &key]).ok();
    new.run(&["restore", &file, "--passphrase-file", &key]).ok();
    old.run(&["db", "copy", "--from", &old.database_url(), "--to", &third.new_database_url()]).ok();
}

#[test]
fn what_went_wrong_is_told_of_the_file_or_of_the_database() {
    let (old, new) = (Installation::on(Kind::Sqlite), Installation::on(Kind::Sqlite));
    old.run(&["seed", "--users", "800", "--sessions", "1200"]).ok();
    let key = passphrase(&old, "key", "a passphrase of some words");
    let file = old.directory.path().join("all.age").display().to_string();
    let backup = old.command(&["backup", &file, "--passphrase-file", &key]);
    // A disk that takes no more than 128 KiB of it.
    let mut limited = Command::new("sh");
    limited.env_clear().current_dir(old.directory.path());
    limited.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    limited.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\""]);
    limited.arg(backup.get_program()).args(backup.get_args());
    let refused = finish(&mut limited, "").failed(1);
    assert!(refused.contains("all.age: File too large") && !refused.contains("sqlite:"), "{refused}");
    assert!(!Path::new(&format!("{file}.partial")).exists());

    old.run(&["backup", &file, "--passphrase-file", &key]).ok();
    with_database(&new.new_database_url(), async |db| {
        db.migrate_up().await.unwrap();
        let tomorrow = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 0)";
        db.writer().execute_unprepared(tomorrow).await.unwrap();
    });
    let refused = new.run(&["restore", &file, "--passphrase-file", &key]).failed(1);
    assert!(
        refused.contains("sqlite:") && refused.contains("its schema is not that of this program"),
        "{refused}"
    );
    assert!(refused.contains("m9999_tomorrow") && !refused.contains("all.age"), "{refused}");
}

/// Writes what this program would not: with another beginning, rows of any kind, and an end that need not be theirs.
fn write_another(path: &Path, beginning: &Beginning, rows: &[Row], users: u64) {
    let passphrase = Passphrase::new("a passphrase of some words".into()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = Writer::begin(file, &passphrase, beginning, &SystemEntropy).unwrap();
    rows.iter().for_each(|row| writer.row(0, row).unwrap());
    let tables = tables();
    let end = tables.iter().map(|table| TableSummary {
        table: table.name.to_owned(),
        rows: if table.name == "users" { users } else { 0 },
        digest: Digest::default().value(),
    });
    writer.finish(&Summary(end.collect())).unwrap();
}

#[test]
fn a_file_of_another_version_or_with_what_does_not_belong_is_refused_before_anything_is_stored() {
    let house = Installation::on(Kind::Sqlite);
    let key = passphrase(&house, "key", "a passphrase of some words");
    let path = house.directory.path().join("other.age");
    let ours = Beginning {
        format: FORMAT.to_owned(),
        made_at: Timestamp::MIN,
        version: "9.8.7".to_owned(),
        schema: "m9999_tomorrow".to_owned(),
        tables: tables()
            .iter()
            .map(|table| Layout {
                table: table.name.to_owned(),
                columns: table.columns().into_iter().map(str::to_owned).collect(),
            })
            .collect(),
    };
    let mut theirs = ours.clone();
    theirs.tables[0].columns.push("of_tomorrow".to_owned());
    let columns = ours.tables[0].columns.len();
    for (beginning, rows, users, told) in [
        (&theirs, vec![], 0, &["made by version 9.8.7", "m9999_tomorrow", "restore it with that one"][..]),
        (&ours, vec![vec![Held::Int(1); columns]], 1, &["holds a row that is none of users"]),
        (&ours, vec![], 1, &["it is not what it says at its end", "users: 1 rows"]),
    ] {
        write_another(&path, beginning, &rows, users);
        let refused =
            house.run(&["restore", &path.display().to_string(), "--passphrase-file", &key]).failed(1);
        assert!(refused.contains("other.age") && told.iter().all(|part| refused.contains(part)), "{refused}");
        assert!(!house.data_dir().join("guardhouse.db").exists(), "{told:?}");
    }
    // The version alone is no reason.
    write_another(&path, &ours, &[], 0);
    house.run(&["restore", &path.display().to_string(), "--passphrase-file", &key]).ok();
}

/// Whether the program `age` is there, and one that gives it the terminal from which alone it takes a passphrase. Where it is
/// required, its absence fails the test.
fn age_is_there() -> bool {
    let runs = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let there = runs("age") && runs("script");
    let required = std::env::var("GUARDHOUSE_TEST_REQUIRE").unwrap_or_default();
    assert!(
        there || !required.split(',').any(|one| one == "age"),
        "age is required but it, or script, is not there; install the packages age and bsdutils"
    );
    if !there {
        eprintln!(
            "skipped: the programs age and script are not there; scripts/test installs them where it may"
        );
    }
    there
}

#[test]
fn age_opens_a_backup() {
    if !age_is_there() {
        return;
    }
    let house = Installation::on(Kind::Sqlite);
    house.run(&["seed", "--users", "300", "--sessions", "400"]).ok();
    let key = passphrase(&house, "key", "a passphrase of some words");
    let made = json_of(&house.run(&["backup", "all.age", "--passphrase-file", &key, "--json"]).ok());
    let mut age = Command::new("script");
    age.args(["-qec", "age -d -o plain all.age", "/dev/null"]).current_dir(house.directory.path());
    let opened = finish(&mut age, "a passphrase of some words\n");
    assert_eq!(opened.code, Some(0), "{opened:?}");

    let plain = std::fs::read(house.directory.path().join("plain")).unwrap();
    assert!(plain.len() > 2 * 64 * 1_024, "several pieces: {}", plain.len());
    let (mut rest, mut frames) = (&plain[..], Vec::new());
    while let Some((head, behind)) = rest.split_first_chunk::<5>() {
        let [kind, length @ ..] = *head;
        let (content, behind) = behind.split_at(u32::from_be_bytes(length) as usize);
        frames.push((kind, content));
        rest = behind;
    }
    assert!(rest.is_empty(), "nothing is left over");
    let (&(begin, first), &(end, last)) = (frames.first().unwrap(), frames.last().unwrap());
    assert_eq!((begin, end), (1, 3));
    let beginning: Value = serde_json::from_slice(first).unwrap();
    assert_eq!(
        (&beginning["format"], &beginning["version"]),
        (&json!(FORMAT), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(serde_json::from_slice::<Value>(last).unwrap(), made["tables"]);
    let rows: u64 =
        made["tables"].as_array().unwrap().iter().map(|table| table["rows"].as_u64().unwrap()).sum();
    assert_eq!(frames.len() as u64, rows + 2);
    assert!(frames[1..frames.len() - 1].iter().all(|(kind, _)| *kind == 2));
}
