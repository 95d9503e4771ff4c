//! A database with the current schema and a runtime for it, without a house around.

use std::future::Future;

use guardhouse::config::{self, Config, Sources};
use guardhouse::store::Db;

use super::database::{Kind, Scratch};

/// A checked configuration: the manual's, with `flags` on top.
pub fn config(flags: &[(&str, &str)]) -> Config {
    let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { flags, ..Sources::default() }).unwrap_or_else(|faults| panic!("{faults}"))
}

/// How to connect to the database at `url`.
pub fn settings(url: &str, flags: &[(&str, &str)]) -> config::Database {
    let mut all = vec![("database.url", url), ("database.pool", "20")];
    all.extend_from_slice(flags);
    config(&all).database
}

pub struct TestDb {
    pub db: Db,
    runtime: tokio::runtime::Runtime,
    /// Goes away with the test.
    _directory: tempfile::TempDir,
    scratch: Scratch,
}

impl TestDb {
    /// An empty database on `kind`, migrated.
    pub fn new(kind: Kind) -> Self {
        let test = Self::unmigrated(kind);
        test.run(|db| async move { db.migrate_up().await.expect("the schema can be made") });
        test
    }

    /// An empty database on `kind`, without any table.
    pub fn unmigrated(kind: Kind) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let scratch = kind.create(directory.path());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let db = runtime.block_on(Db::connect(&settings(&scratch.url, &[]))).expect("the database answers");
        Self { db, runtime, _directory: directory, scratch }
    }

    /// Runs `work` where the connections live, and waits for it.
    pub fn run<T, W: Future<Output = T>>(&self, work: impl FnOnce(Db) -> W) -> T {
        self.runtime.block_on(work(self.db.clone()))
    }

    /// A second set of connections to the same database, as another node has them.
    pub fn connect_again(&self, flags: &[(&str, &str)]) -> Db {
        let settings = settings(&self.scratch.url, flags);
        self.runtime.block_on(Db::connect(&settings)).expect("the database answers")
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        // A test that failed may have left a connection in use, for which closing would wait.
        if !std::thread::panicking() {
            self.runtime.block_on(self.db.close());
        }
    }
}
