//! What the metrics, and the stages of a request, hear of the database.

use std::future::Future;
use std::time::Duration;

use metrics::{gauge, histogram};
use sea_orm::DbBackend;

use super::Db;
use crate::domain::clock::Stopwatch;
use crate::telemetry::spans;
use crate::telemetry::stages::{self, Stage};

impl Db {
    /// Tells the metrics how many connections are open.
    pub fn tell_connections(&self) {
        let pools = if self.group.is_some() {
            &[("read", &self.reader), ("write", &self.writer)][..]
        } else {
            // Both are one.
            &[("write", &self.writer)]
        };
        for (pool, connection) in pools {
            let (open, idle) = match connection.get_database_backend() {
                DbBackend::Postgres => size(connection.get_postgres_connection_pool()),
                DbBackend::MySql => size(connection.get_mysql_connection_pool()),
                _ => size(connection.get_sqlite_connection_pool()),
            };
            for (state, number) in [("busy", open.saturating_sub(idle)), ("idle", idle)] {
                gauge!("guardhouse_database_connections", "pool" => *pool, "state" => state)
                    .set(number as f64);
            }
        }
    }
}

fn size<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> (usize, usize) {
    (pool.size() as usize, pool.num_idle())
}

/// Runs `work` and notes its time, waiting for a connection included.
pub(super) async fn timed<T>(kind: &'static str, work: impl Future<Output = T>) -> T {
    let started = Stopwatch::start();
    let done = work.await;
    noted(kind, started.elapsed());
    done
}

pub(super) fn noted(kind: &'static str, time: Duration) {
    histogram!("guardhouse_database_seconds", "kind" => kind).record(time);
    stages::note(Stage::Db, time);
    spans::note(
        match kind {
            "read" => "database read",
            "write" => "database write",
            _ => "database transaction",
        },
        time,
    );
}
