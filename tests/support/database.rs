//! A database of its own for each test, on whichever servers there are.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database};

/// The databases Guardhouse runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    MySql,
}

impl Kind {
    /// The address of the server, and the name under which `GUARDHOUSE_TEST_REQUIRE` asks for it.
    fn server(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(("GUARDHOUSE_TEST_POSTGRES_URL", "postgres")),
            Self::MySql => Some(("GUARDHOUSE_TEST_MYSQL_URL", "mysql")),
        }
    }

    /// Whether there is a server to test on. Where one is required, its absence fails the test.
    pub fn is_available(self) -> bool {
        let Some((variable, name)) = self.server() else {
            return true;
        };
        let there = std::env::var(variable).is_ok();
        let required = std::env::var("GUARDHOUSE_TEST_REQUIRE").unwrap_or_default();
        assert!(
            there || !required.split(',').any(|one| one == name),
            "{name} is required but {variable} is not set"
        );
        if !there {
            eprintln!("skipped: {variable} is not set; scripts/test runs this on a real server");
        }
        there
    }

    /// A fresh, empty database; SQLite's is a file in `directory`.
    pub fn create(self, directory: &Path) -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let Some((variable, _)) = self.server() else {
            let url = format!("sqlite://{}?mode=rwc", directory.join("test.db").display());
            return Scratch { url, admin: None };
        };
        let server = std::env::var(variable).expect("asked after is_available");
        Scratch::on_server(server, number)
    }
}

/// A database that goes away with the test.
#[derive(Debug)]
pub struct Scratch {
    pub url: String,
    admin: Option<(String, String)>,
}

impl Scratch {
    /// A fresh, empty database on the `server` at this address.
    pub fn on_server(server: String, number: u32) -> Self {
        let name = format!("guardhouse_test_{}_{number}", std::process::id());
        administer(&server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(&server).expect("the test server's address is a URL");
        url.set_path(&name);
        Self { url: url.into(), admin: Some((server, name)) }
    }

    /// Runs `statement` on the server, outside of this database.
    pub fn administer(&self, statement: &str) {
        if let Some((server, _)) = &self.admin {
            administer(server, statement);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.admin {
            // A test that failed leaves it behind; the server itself is thrown away anyway.
            if !std::thread::panicking() {
                let force = if server.starts_with("postgres") { " WITH (FORCE)" } else { "" };
                administer(server, &format!("DROP DATABASE {name}{force}"));
            }
        }
    }
}

/// Runs `statement` on the database at this address.
pub fn administer(server: &str, statement: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let connection = Database::connect(server).await.expect("the test server answers");
        connection.execute_unprepared(statement).await.expect("the test server obeys");
        connection.close().await.expect("the connection closes");
    });
}
