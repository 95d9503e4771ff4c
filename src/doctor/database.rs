//! The SQL database.

use std::time::Duration;

use super::{Finding, clock, files, keys};
use crate::config::{Backend, Config};
use crate::domain::clock::{Clock, Stopwatch};
use crate::store::{DatabaseVitals, Db, MigrationState};

/// The oldest versions that are still looked after by somebody, and on which Guardhouse was seen to run.
const OLDEST: [(&str, [u32; 2]); 4] =
    [("SQLite", [3, 35]), ("PostgreSQL", [13, 0]), ("MySQL", [8, 0]), ("MariaDB", [10, 6])];

/// A database in the same building answers within this.
const PROMPT: Duration = Duration::from_millis(20);

pub(super) async fn findings(config: &Config, now: &dyn Clock) -> Vec<Finding> {
    const REACHED: &str = "database.reached";
    let place = config.database.place();
    if config.database.backend == Backend::Sqlite
        && let Some(file) = files::sqlite_file(config)
        && !file.exists()
    {
        return vec![Finding::warn(
            REACHED,
            format!("{place}: there is no such file yet"),
            "the first start makes it; if there should be one, check database.url and data_dir",
        )];
    }
    let db = match Db::connect(&config.database).await {
        Ok(db) => db,
        Err(error) => {
            let advice = "check database.url, that the database runs, and that it lets this machine in";
            return vec![Finding::fail(REACHED, format!("{place}: {error}"), advice)];
        }
    };
    let found = examine(&db, config, now, &place).await;
    db.close().await;
    found.unwrap_or_else(|error| {
        vec![Finding::fail(
            REACHED,
            format!("{place}: {error}"),
            "it lets this machine in and then fails; look at its log",
        )]
    })
}

async fn examine(
    db: &Db,
    config: &Config,
    now: &dyn Clock,
    place: &str,
) -> Result<Vec<Finding>, crate::store::StoreError> {
    // The first question pays for the connection.
    db.ping().await?;
    let begun = Stopwatch::start();
    db.ping().await?;
    let took = begun.elapsed();
    let before = now.now();
    let vitals = db.vitals().await?;
    let after = now.now();
    let migrations = db.migrations().await?;
    let mut found = vec![reached(place, took), version(&vitals.version), schema(&migrations, config)];
    found.extend(durability(&vitals));
    found.extend(vitals.now.map(|there| clock::finding("database.clock", config, [before, there, after])));
    if migrations.iter().all(|change| change.applied) {
        let stored = crate::store::keys::all(db.reader()).await?;
        found.extend(keys::findings(config, &stored, after));
    }
    Ok(found)
}

pub(super) fn reached(place: &str, took: Duration) -> Finding {
    const WHAT: &str = "database.reached";
    let value = format!("{place} answers in {:.1} ms", took.as_secs_f64() * 1e3);
    if took <= PROMPT {
        return Finding::ok(WHAT, value);
    }
    Finding::warn(WHAT, value, "a login asks it several times; put it nearer, or give it less to do")
}

pub(super) fn version(version: &str) -> Finding {
    const WHAT: &str = "database.version";
    // MariaDB says its name behind the number.
    let name =
        if version.contains("MariaDB") { "MariaDB" } else { version.split(' ').next().unwrap_or_default() };
    let digits = version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
    let numbers: Vec<u32> = digits.take(2).collect();
    match OLDEST.iter().find(|(known, _)| *known == name) {
        Some((_, oldest)) if numbers.as_slice() < oldest.as_slice() => {
            let [major, minor] = oldest;
            Finding::fail(
                WHAT,
                version,
                format!("upgrade it: {name} {major}.{minor} is the oldest that is supported"),
            )
        }
        Some(_) => Finding::ok(WHAT, version),
        None => Finding::warn(WHAT, version, "nobody has tried this one"),
    }
}

pub(super) fn schema(migrations: &[MigrationState], config: &Config) -> Finding {
    const WHAT: &str = "database.schema";
    let missing = migrations.iter().filter(|change| !change.applied).count();
    let value = format!("{missing} of {} changes are missing", migrations.len());
    match (missing, config.database.migrate) {
        (0, _) => Finding::ok(WHAT, format!("all {} changes are applied", migrations.len())),
        (_, true) => Finding::warn(WHAT, value, "the next start applies them; back up first"),
        (_, false) => Finding::fail(
            WHAT,
            value,
            "run `guardhouse migrate up` with a database user that may change the schema",
        ),
    }
}

/// Whether what was answered survives a crash of the machine.
pub(super) fn durability(DatabaseVitals { durability, .. }: &DatabaseVitals) -> Vec<Finding> {
    const WHAT: &str = "database.durability";
    let judged = durability.iter().map(|(name, value)| {
        let shown = format!("{name} = {value}");
        match (*name, value.as_str()) {
            ("journal_mode", "wal") | ("synchronous", "2" | "3") => Finding::ok(WHAT, shown),
            ("journal_mode", "memory") => Finding::warn(
                WHAT,
                shown,
                "everything is gone when the server ends; name a file in database.url",
            ),
            ("journal_mode", _) => Finding::warn(
                WHAT,
                shown,
                "readers wait for writers; put the database on a local disk that supports WAL",
            ),
            ("synchronous", _) => Finding::fail(WHAT, shown, "a commit may be lost; this should be 2 (FULL)"),
            ("fsync" | "full_page_writes", "on") => Finding::ok(WHAT, shown),
            ("fsync" | "full_page_writes", _) => {
                Finding::fail(WHAT, shown, "a crash may destroy the database: set it to on")
            }
            ("synchronous_commit", "off") => {
                Finding::warn(WHAT, shown, "a crash undoes the last commits, logouts too: set it to on")
            }
            ("innodb_flush_log_at_trx_commit", value) if value != "1" => {
                Finding::warn(WHAT, shown, "a crash undoes the last commits, logouts too: set it to 1")
            }
            _ => Finding::ok(WHAT, shown),
        }
    });
    judged.collect()
}
