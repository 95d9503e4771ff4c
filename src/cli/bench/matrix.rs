//! `guardhouse bench matrix`: the same load against servers of our own that differ in one thing each.

use std::process::ExitCode;
use std::str::FromStr;
use std::sync::atomic::Ordering;

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::ground::Ground;
use super::load::LoadOptions;
use super::run::on_own;
use super::{Given, STOP, require_writable, write};
use crate::bench::drive::crew::Mix;
use crate::bench::drive::launch::Launch;
use crate::bench::report::page;
use crate::bench::result::{Action, Cell, CellOutcome, MatrixResult, Results};
use crate::cli::{complain, say};

/// Not more servers than anybody would wait for.
const MOST_CELLS: usize = 256;
/// The exit code of a matrix that was ended early.
const INTERRUPTED: u8 = 3;
/// The database that needs no address.
const SQLITE: &str = "sqlite";
/// What the matrix itself decides.
const ADDRESSES: [&str; 4] = ["database.url", "database.url_file", "redis.url", "redis.url_file"];
const AXES: [&str; 4] = ["database", "token format", "session store", "hash"];

#[derive(Args)]
pub(in crate::cli) struct Matrix {
    /// What to ask: login, register, refresh, verify or logout.
    #[arg(long, default_value = "login", value_parser = action)]
    action: Action,
    /// Databases by name, of which all but sqlite need an address.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "sqlite")]
    databases: Vec<String>,
    /// The address of one of them, such as postgres=postgres://bench@127.0.0.1/bench; it has to be empty or of an earlier
    /// matrix, and is made anew for each server: all that is in it is lost.
    #[arg(long, value_name = "NAME=URL")]
    database_url: Vec<Named>,
    /// A Redis, for sessions in it, on the same terms; a number at the end, as in redis://127.0.0.1/7, is a database of its
    /// own.
    #[arg(long, value_name = "URL")]
    redis_url: Option<String>,
    /// Forms of tokens: jwt-eddsa, jwt-es256, jwt-rs256, jwt-hs256, paseto-public, paseto-local.
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', default_value = "jwt-eddsa")]
    formats: Vec<Format>,
    /// Where sessions live: memory, database, redis.
    #[arg(long = "sessions", value_name = "STORES", value_delimiter = ',', default_value = "database")]
    stores: Vec<String>,
    /// Costs of hashes: memory and iterations of Argon2id, such as 19MiBx2, or bcrypt-12.
    #[arg(long, value_name = "COSTS", value_delimiter = ',', default_value = "19MiBx2")]
    hash: Vec<Cost>,
    #[command(flatten)]
    load: LoadOptions,
}

/// A name and what it stands for.
#[derive(Debug, Clone)]
pub(super) struct Named(pub(super) String, pub(super) String);

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, url) = text.split_once('=').ok_or("written NAME=URL")?;
        Ok(Self(name.to_owned(), url.to_owned()))
    }
}

/// A form of tokens, by its two settings.
#[derive(Debug, Clone)]
struct Format {
    name: String,
    format: &'static str,
    algorithm: &'static str,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, algorithm) = match text {
            "jwt-eddsa" => ("jwt", "EdDSA"),
            "jwt-es256" => ("jwt", "ES256"),
            "jwt-rs256" => ("jwt", "RS256"),
            "jwt-hs256" => ("jwt", "HS256"),
            "paseto-public" => ("paseto", "v4.public"),
            "paseto-local" => ("paseto", "v4.local"),
            _ => return Err(format!("`{text}` is no form of tokens")),
        };
        Ok(Self { name: text.to_owned(), format, algorithm })
    }
}

/// The cost of a hash, as settings.
#[derive(Debug, Clone)]
struct Cost {
    name: String,
    settings: Vec<(&'static str, String)>,
}

impl FromStr for Cost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let settings = match (text.strip_prefix("bcrypt-"), text.split_once('x')) {
            (Some(cost), _) => vec![
                ("hashing.algorithm", "bcrypt".to_owned()),
                ("hashing.bcrypt.cost", cost.to_owned()),
                ("passwords.max_length", "72".to_owned()),
            ],
            (None, Some((memory, iterations))) => vec![
                ("hashing.argon2.memory", memory.to_owned()),
                ("hashing.argon2.iterations", iterations.to_owned()),
            ],
            (None, None) => {
                return Err(format!("`{text}` is no cost; write one such as 19MiBx2 or bcrypt-12"));
            }
        };
        Ok(Self { name: text.to_owned(), settings })
    }
}

impl Matrix {
    fn launch(&self, base: &Launch, at: (&str, &Format, &str, &Cost)) -> Result<Launch, String> {
        let (database, format, store, cost) = at;
        let mut launch = base.clone();
        let mut set = |key: &str, value: &str| launch.settings.push((key.to_owned(), value.to_owned()));
        set("tokens.format", format.format);
        set("tokens.algorithm", format.algorithm);
        set("sessions.store", store);
        cost.settings.iter().for_each(|(key, value)| set(key, value));
        // A configuration file may name others, and they would be measured under these names.
        if database == SQLITE {
            launch.own_database = true;
        } else {
            let url = self.database_url.iter().find(|named| named.0 == database);
            let url = url.ok_or_else(|| format!("no address was given: --database-url {database}=…"))?;
            launch.secrets.push(("DATABASE_URL".to_owned(), url.1.clone()));
            launch.settings.push(("database.url_file".to_owned(), String::new()));
        }
        if store == "redis" {
            let url = self.redis_url.as_ref().ok_or("no address was given: --redis-url …")?;
            launch.secrets.push(("REDIS_URL".to_owned(), url.clone()));
            launch.settings.push(("redis.url_file".to_owned(), String::new()));
        }
        Ok(launch)
    }

    /// Refuses what would be measured under a wrong name, or not at all.
    fn check(&self, given: &Given) -> anyhow::Result<()> {
        if let Some((key, _)) = given.settings.iter().find(|(key, _)| ADDRESSES.contains(&key.as_str())) {
            bail!(
                "--set {key} would hold for every server of the matrix; give --database-url and --redis-url"
            );
        }
        for Named(name, _) in &self.database_url {
            ensure!(name != SQLITE, "--database-url {SQLITE}: each server has a file of its own");
            ensure!(self.databases.contains(name), "--database-url {name} is not among --databases");
        }
        Ok(())
    }
}

pub(super) fn run(given: &Given, command: &Matrix) -> anyhow::Result<ExitCode> {
    let Matrix { databases, formats, stores, hash, .. } = command;
    let count = databases.len() * formats.len() * stores.len() * hash.len();
    ensure!((1..=MOST_CELLS).contains(&count), "{count} servers are more than {MOST_CELLS}");
    command.check(given)?;
    let base = given.launch()?;
    let ground = Ground::of(&command.database_url, command.redis_url.as_deref())?;
    let LoadOptions { json, html, .. } = &command.load;
    require_writable(json.as_deref())?;
    require_writable(html.as_deref())?;
    let mut results = MatrixResult { axes: AXES.map(str::to_owned).to_vec(), cells: Vec::new() };
    let mut is_interrupted = false;
    'all: for database in databases {
        for format in formats {
            for store in stores {
                for cost in hash {
                    let at = vec![database.clone(), format.name.clone(), store.clone(), cost.name.clone()];
                    complain(format!("{} of {count}: {}", results.cells.len() + 1, at.join(" · ")));
                    let outcome = cell(command, &base, &ground, (database, format, store, cost));
                    is_interrupted = STOP.load(Ordering::Relaxed);
                    if is_interrupted {
                        break 'all;
                    }
                    results.cells.push(Cell { at, outcome });
                    // A matrix takes hours, and what ends it early should not take those that were measured.
                    write(json.as_deref(), || Results::Matrix(results.clone()).write())?;
                }
            }
        }
    }
    ensure!(!results.cells.is_empty(), "interrupted");
    let is_all_failed = results.cells.iter().all(|cell| matches!(cell.outcome, CellOutcome::Failed(_)));
    say(results.to_string().trim_end());
    let results = Results::Matrix(results);
    write(html.as_deref(), || page(&results))?;
    Ok(match (is_interrupted, is_all_failed) {
        (true, _) => {
            complain("interrupted; this is what was measured until then");
            ExitCode::from(INTERRUPTED)
        }
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

fn cell(command: &Matrix, base: &Launch, ground: &Ground, at: (&str, &Format, &str, &Cost)) -> CellOutcome {
    let action = command.action;
    let found = command.launch(base, at).map_err(anyhow::Error::msg).and_then(|launch| {
        ground.make_anew(at.0).with_context(|| format!("the database {} cannot be made anew", at.0))?;
        ground.make_redis_anew().context("the Redis cannot be made anew")?;
        let found = on_own(&launch, action, Mix(vec![(action, 1)]), &command.load)?;
        ensure!(!found.is_limited, "the server's limits answered (429)");
        Ok(found)
    });
    match found {
        Ok(found) => CellOutcome::Run(Box::new(found.result)),
        Err(why) => CellOutcome::Failed(format!("{why:#}")),
    }
}

fn action(text: &str) -> Result<Action, String> {
    let all = [Action::Login, Action::Register, Action::Refresh, Action::Verify, Action::Logout];
    all.into_iter().find(|action| action.to_string() == text).ok_or_else(|| format!("`{text}` is no request"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_costs_are_read_or_refused() {
        assert_eq!("paseto-local".parse::<Format>().unwrap().algorithm, "v4.local");
        assert!("jwt-none".parse::<Format>().is_err());
        let cost: Cost = "19MiBx2".parse().unwrap();
        assert_eq!(cost.settings[1], ("hashing.argon2.iterations", "2".to_owned()));
        assert_eq!("bcrypt-12".parse::<Cost>().unwrap().settings[1].1, "12");
        assert!("cheap".parse::<Cost>().is_err());
    }
}
