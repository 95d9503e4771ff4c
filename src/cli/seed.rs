//! `guardhouse seed`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{bail, ensure};
use clap::Args;
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};

use super::desk::with_desk;
use super::progress::Bar;
use super::{complain, new_file, runtime, say};
use crate::actors::hasher::scheme::{Memory, Scheme};
use crate::actors::hasher::{CostLimits, Costs};
use crate::config::{Config, SessionStoreKind};
use crate::domain::password::Password;
use crate::domain::refresh::RefreshGrant;
use crate::flows::Desk;
use crate::house;
use crate::seeding::{FIRST_USER, MOST, Made, PASSWORD};
use crate::store::installation::{self, MADE_UP};
use crate::store::{Db, bulk, copy, session};

/// Rows of one transaction.
const BATCH: u64 = 2_000;

/// Refused where the database holds anything that was not made up: it must be empty, or of an earlier run and named to be
/// replaced.
#[derive(Args)]
pub(super) struct Seed {
    /// How many accounts: user0@seed.example and so on.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    users: u64,
    /// How many sessions; they go round among the accounts.
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=MOST))]
    sessions: u64,
    /// The same number makes the same accounts and sessions in every database.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The password of all accounts; no secret.
    #[arg(long, default_value = PASSWORD)]
    password: String,
    /// Write the accounts and the refresh tokens of sessions into this new file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Of how many sessions, spread evenly, instead of all.
    #[arg(long, value_name = "N", requires = "tokens", value_parser = clap::value_parser!(u64).range(1..))]
    tokens_of: Option<u64>,
    /// Make a database anew that an earlier run has filled. All that is in it is lost.
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(config: Config, command: Seed) -> anyhow::Result<ExitCode> {
    ensure!(
        command.sessions == 0 || config.sessions.store == SessionStoreKind::Database,
        "made-up sessions are rows of the database, and sessions.store is {}: set it to database, or make none with \
         --sessions 0",
        config.sessions.store
    );
    let path = command.tokens.clone();
    let tokens = path.as_deref().map(new_file::create).transpose()?;
    let done = make(config, command, tokens);
    if let (Err(_), Some(path)) = (&done, path) {
        // Whoever does as the refusal says runs the same command again. If it cannot be removed, that says so.
        let _ = std::fs::remove_file(path);
    }
    done
}

fn make(config: Config, command: Seed, tokens: Option<File>) -> anyhow::Result<ExitCode> {
    let made = Made { seed: command.seed, users: command.users };
    let scheme = Scheme::new(Costs::from(&config.hashing), CostLimits::from(&config.hashing), Arc::new(made));
    let password = Password::parse(&command.password.clone().into())?;
    let hash = scheme.hash(&password, &mut Memory::default());
    // Last: nothing is thrown away for a command that cannot be carried out.
    runtime()?.block_on(prepare(&config, command.replace))?;
    with_desk(config, "guardhouse seed", move |desk, _| {
        async move {
            fill(&desk.db, &command, made, &hash).await?;
            if let Some(file) = tokens {
                write_tokens(desk, &command, made, file)?;
            }
            say(format_args!(
                "made {} accounts and {} sessions of the seed {}",
                made.users, command.sessions, made.seed
            ));
            Ok(ExitCode::SUCCESS)
        }
        .boxed()
    })
}

/// Leaves a database that may be filled, with nothing in it but its schema and the mark.
async fn prepare(config: &Config, replace: bool) -> anyhow::Result<()> {
    let db = house::whole_database(config).await?;
    db.migrate_up().await?;
    match installation::read(db.reader(), MADE_UP).await? {
        // All of it or nothing, and never the mark: without it what is left would pass for real accounts.
        Some(_) if replace => db.atomically((), |txn, ()| copy::empty(txn, MADE_UP).boxed()).await?,
        Some(what) => {
            bail!("{} was filled before ({what}): --replace makes it anew", config.database.place())
        }
        None => {
            let there = copy::occupied(&db).await?;
            ensure!(
                there.is_empty(),
                "{} is in use: there are rows in {}. Made-up accounts go into an empty database only",
                config.database.place(),
                there.join(", ")
            );
        }
    }
    db.atomically((), |txn, ()| installation::write(txn, MADE_UP, "unfinished").boxed()).await?;
    db.close().await;
    Ok(())
}

async fn fill(db: &Db, command: &Seed, made: Made, hash: &SecretString) -> anyhow::Result<()> {
    let mut bar = Bar::hidden();
    bar.replace("accounts");
    for first in (0..made.users).step_by(BATCH as usize) {
        let numbers = first..made.users.min(first + BATCH);
        let (rows, done) =
            (numbers.clone().map(|number| (made.user(number), Some(hash.clone()))), numbers.end);
        db.atomically(rows.collect::<Vec<_>>(), |txn, rows| bulk::insert(txn, rows, FIRST_USER).boxed())
            .await?;
        bar.set(done, made.users);
    }
    bar.replace("sessions");
    for first in (0..command.sessions).step_by(BATCH as usize) {
        let numbers = first..command.sessions.min(first + BATCH);
        let (rows, done) = (numbers.clone().map(|number| made.session(number)), numbers.end);
        db.atomically(rows.collect::<Vec<_>>(), |txn, rows| session::insert_many(txn, rows).boxed()).await?;
        bar.set(done, command.sessions);
    }
    bar.finish();
    let what = format!("{} accounts, {} sessions, seed {}", made.users, command.sessions, made.seed);
    let noted = db.atomically(what, |txn, what| installation::write(txn, MADE_UP, what).boxed()).await;
    Ok(noted?)
}

fn write_tokens(desk: &Desk, command: &Seed, made: Made, file: File) -> anyhow::Result<()> {
    let mut file = BufWriter::new(file);
    let many = command.tokens_of.unwrap_or(command.sessions).min(command.sessions);
    for place in 0..many {
        let number = (u128::from(place) * u128::from(command.sessions) / u128::from(many)) as u64;
        let session = made.session(number);
        let (user, generation) = (session.user, session.generation);
        let token = desk.refresh_tokens.mint(&RefreshGrant { user, session: session.id, generation });
        let line = serde_json::json!({
            "number": number, "email": made.user(number % made.users).email, "password": command.password,
            "session": session.id, "refresh_token": token.expose_secret(),
        });
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    complain(format_args!(
        "the refresh tokens of {many} sessions were written; whoever has them is signed in"
    ));
    Ok(())
}
