//! A server that cannot start says why in one line, soon, and with an exit code that is not 0.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;

use super::process::Installation;

/// The one line of complaint, within `bound`.
#[track_caller]
fn refuses(house: &Installation, bound: Duration) -> String {
    let began = Stopwatch::start();
    let err = house.run(&["serve"]).failed(1);
    assert!(began.elapsed() < bound, "it took {:?}", began.elapsed());
    assert_eq!(err.trim_end().lines().count(), 1, "{err}");
    assert!(err.starts_with("guardhouse: "), "{err}");
    for file in ["server.addr", "ops.addr"] {
        assert!(!house.data_dir().join(file).exists(), "{file} is there although nobody listens");
    }
    err
}

#[test]
fn an_unreachable_database_server() {
    // A port on which nothing listens: ordinary programs do not get it.
    let closed = "127.0.0.1:1";
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://guard:do-not-show@{closed}/auth");
        let house = Installation::new().set("database.url", &url).set("database.acquire_timeout", "400ms");
        let err = refuses(&house, Duration::from_secs(5));
        assert!(err.contains("database.url") && !err.contains("do-not-show"), "{err}");
        assert!(err.contains(closed) && err.contains(scheme), "which one is not said: {err}");
    }
}

#[test]
fn a_sqlite_file_that_cannot_be_made() {
    let house = Installation::new().set("database.url", "sqlite://missing/folder/x.db?mode=rwc");
    let err = refuses(&house, Duration::from_secs(5));
    assert!(err.contains("missing/folder/x.db") && err.contains("database.url"), "{err}");
    // Without mode=rwc a file has to be there.
    let house = Installation::new().set("database.url", "sqlite://absent.db");
    assert!(refuses(&house, Duration::from_secs(5)).contains("absent.db"));
    assert!(!house.directory.path().join("absent.db").exists());
}

#[test]
fn a_database_that_is_none() {
    let house = Installation::new();
    fs::create_dir(house.data_dir()).unwrap();
    fs::write(house.data_dir().join("guardhouse.db"), "this is a letter, not a database".repeat(200))
        .unwrap();
    assert!(refuses(&house, Duration::from_secs(5)).contains("not a database"));
}

#[test]
fn a_data_directory_that_cannot_be_made() {
    let mut house = Installation::new();
    fs::write(house.directory.path().join("file"), "").unwrap();
    house.change("data_dir", "file/inside");
    let err = refuses(&house, Duration::from_secs(5));
    assert!(err.contains("data directory file/inside") && err.contains("Not a directory"), "{err}");
}

#[test]
fn a_master_key_that_others_may_read() {
    let house = Installation::new();
    house.serve().terminate();
    let key = house.data_dir().join("master.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(house.data_dir()).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let err = refuses(&house, Duration::from_secs(5));
    assert!(err.contains("master.key") && err.contains("0644") && err.contains("chmod 600"), "{err}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    house.serve().terminate();
}

#[test]
fn a_master_key_that_is_another() {
    let (house, other) = (Installation::new(), Installation::new());
    house.serve().terminate();
    other.serve().terminate();
    let key = |house: &Installation| house.data_dir().join("master.key");
    fs::copy(key(&other), key(&house)).unwrap();
    assert!(refuses(&house, Duration::from_secs(5)).contains("does not open with this node's master key"));
    fs::write(key(&house), "rubbish\n").unwrap();
    assert!(refuses(&house, Duration::from_secs(5)).contains("restore it"));
}

#[test]
fn an_address_that_is_taken() {
    for setting in ["server.bind", "server.ops_bind"] {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = holder.local_addr().unwrap();
        let house = Installation::new().set(setting, taken);
        let err = refuses(&house, Duration::from_secs(5));
        assert!(err.contains(&taken.to_string()) && err.contains(setting), "{err}");
        assert!(!house.data_dir().join("guardhouse.db").exists(), "the database was touched first");
    }
}
