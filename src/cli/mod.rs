//! The command line: one file a subcommand. The only place, with `main`, that may use anyhow.
#![expect(clippy::print_stderr, reason = "the command line speaks to people")]

mod arguments;
mod audit;
mod backup;
#[cfg(target_os = "linux")]
mod bench;
mod breach;
mod calibrate;
mod clients;
mod config;
mod db;
mod desk;
mod doctor;
mod examples;
mod health;
mod keys;
mod migrate;
mod new_file;
mod progress;
mod seed;
mod selftest;
mod serve;
mod users;

use std::fmt::Display;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use secrecy::SecretString;

use crate::config::{Config, Sources};
use crate::copy::{Summary, TableSummary};
use crate::domain::clock::SystemClock;
use crate::domain::entropy::SystemEntropy;
use crate::house::Foundations;
use crate::telemetry;

/// An authentication server: registers people, checks passwords, opens sessions, issues tokens, and ends any of it at
/// once.
#[derive(Parser)]
#[command(name = "guardhouse", version, about)]
struct Cli {
    /// A configuration file; later ones win over earlier ones.
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// A single setting, such as hashing.threads=4; wins over files and environment.
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests (the default).
    Serve,
    /// Change the database's schema.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Move to another database.
    #[command(subcommand)]
    Db(Box<db::DbCommand>),
    /// Write all of the database into one encrypted file.
    Backup(backup::Backup),
    /// Fill an empty database of any kind from the file of a back-up.
    Restore(backup::Restore),
    /// Look at the configuration without starting.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look after accounts.
    #[command(subcommand)]
    Users(users::Users),
    /// Let services ask about tokens.
    #[command(subcommand)]
    Clients(clients::Clients),
    /// Look after keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Ask the server that runs in this data directory how it is; exit code 0 if well.
    Health(health::Health),
    /// Find out what is wrong with this installation, or will be; exit code 1 where something has to be mended.
    Doctor(doctor::Doctor),
    /// Measure how fast a server answers, and whether that changed.
    #[cfg(target_os = "linux")]
    #[command(subcommand)]
    Bench(Box<bench::Bench>),
    /// Fill an empty database with made-up accounts and sessions, to measure with.
    Seed(seed::Seed),
    /// Print a script that completes commands and options in a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the contract for clients, as OpenAPI 3.1 in JSON.
    #[command(name = "openapi")]
    OpenApi,
    /// Prove, export and watch the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Make and ask filters of stolen passwords.
    #[command(subcommand)]
    Breach(breach::Breach),
    /// Measure this machine and propose the settings of `[hashing]` for what is expected of it.
    Calibrate(calibrate::Calibrate),
    /// Find out what a running server tells without meaning to.
    #[command(subcommand, name = "selftest")]
    SelfTest(selftest::SelfTest),
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a setting is written key=value")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Runs the command line of this process.
///
/// Exit codes: 0 done, 1 failed, 2 wrong use or configuration; some commands have a 3 that their help explains.
pub fn run() -> ExitCode {
    let command = examples::mannered(Cli::command());
    let matches = command.get_matches_from(arguments::gathered(std::env::args_os()));
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Some(Command::Completions { shell }) = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "guardhouse", &mut std::io::stdout());
        return ExitCode::SUCCESS;
    }
    if let Some(Command::Config(command)) = &cli.command
        && let Some(text) = command.known_without()
    {
        say(text.trim_end());
        return ExitCode::SUCCESS;
    }
    if let Some(Command::OpenApi) = cli.command {
        say(format_args!("{:#}", crate::http::openapi::document("")));
        return ExitCode::SUCCESS;
    }
    // A load needs no configuration of this process, and a server that it starts checks its own.
    #[cfg(target_os = "linux")]
    if let Some(Command::Bench(command)) = cli.command {
        return bench::run(cli.config, cli.set, *command).unwrap_or_else(|error| {
            eprintln!("guardhouse: {}", whole(&error));
            ExitCode::FAILURE
        });
    }
    let sources = Sources::from_process(cli.config, cli.set);
    let config = match Config::load(&sources) {
        Ok(config) => config,
        Err(faults) => {
            match &cli.command {
                Some(Command::Config(command)) if command.wants_json() => say(faults.as_json()),
                _ => eprintln!("{faults}"),
            }
            return ExitCode::from(2);
        }
    };
    let done = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(config, sources),
        Command::Migrate(command) => migrate::run(&config, &command),
        Command::Db(command) => db::run(&config, *command),
        Command::Backup(command) => backup::run(&config, &command),
        Command::Restore(command) => command.run(&config),
        Command::Clients(command) => clients::run(&command),
        Command::Config(command) => config::run(&config, &command),
        Command::Users(command) => users::run(config, command),
        Command::Keys(command) => keys::run(config, command),
        Command::Health(command) => health::run(&config, &command),
        Command::Doctor(command) => doctor::run(&config, &sources.files, &command),
        // These need no configuration, and were answered before there was one.
        Command::Completions { .. } | Command::OpenApi => Ok(ExitCode::SUCCESS),
        #[cfg(target_os = "linux")]
        Command::Bench(_) => Ok(ExitCode::SUCCESS),
        Command::Audit(command) => audit::run(&config, command),
        Command::Breach(command) => breach::run(&command),
        Command::Calibrate(command) => calibrate::run(&command),
        Command::SelfTest(command) => selftest::run(config, command),
        Command::Seed(command) => seed::run(config, command),
    };
    done.unwrap_or_else(|error| {
        eprintln!("guardhouse: {}", whole(&error));
        ExitCode::FAILURE
    })
}

/// `error` with its causes; those whose words are in it already are not said twice.
fn whole(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Prints one line. That its reader has left (`… | head`) is no fault of this program.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints one line for people on standard error.
fn complain(line: impl Display) {
    eprintln!("guardhouse: {line}");
}

/// The first line of standard input.
fn read_password() -> anyhow::Result<SecretString> {
    if std::io::stdin().is_terminal() {
        eprintln!("password (shown as you type; pipe it in to avoid that):");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

/// Prints how many rows each table has, and their digest.
fn say_tables(summary: &Summary) {
    for TableSummary { table, rows, digest } in &summary.0 {
        say(format_args!("{table:18} {rows:>12} rows  {digest}"));
    }
}

fn foundations(config: Config) -> anyhow::Result<Foundations> {
    Ok(Foundations {
        config: Arc::new(config),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        prometheus: telemetry::metrics::install()?,
    })
}

/// A runtime for commands that do one thing and end.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}
