//! `guardhouse bench`: what was asked for, as a plan; who is shown what.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `load`, `weights` | the options of a load, and the plan that they are |
//! | `run` | one load against one server, and its result |
//! | `matrix` | the same load against several servers of our own |
//! | `ground` | the databases and the Redis that a matrix was given, made anew for each of them |
//! | `compare` | two results |
//! | `progress` | what is shown while it goes on |

mod compare;
mod ground;
mod load;
mod matrix;
mod progress;
mod run;
mod weights;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::{Args, Subcommand};

use self::load::SingleLoad;
use self::weights::Weights;
use crate::bench::drive::crew::Mix;
use crate::bench::drive::launch::Launch;
use crate::bench::drive::sampler::stop_on_signal;
use crate::bench::result::Action;

/// Set when somebody asks this process to end.
static STOP: AtomicBool = AtomicBool::new(false);

#[derive(Subcommand)]
pub(super) enum Bench {
    /// Sign in with a password.
    Login(SingleLoad),
    /// Make accounts.
    Register(SingleLoad),
    /// Exchange refresh tokens, each session its own.
    Refresh(SingleLoad),
    /// Have access tokens verified (GET /auth/me).
    Verify(SingleLoad),
    /// End sessions, which are made before and not measured.
    Logout(SingleLoad),
    /// All of them, by weights.
    Mixed(Mixed),
    /// The same load against servers with other databases, session stores, token formats, hashes.
    ///
    /// Exit codes: 0 measured, 1 failed, 3 interrupted: what was measured until then is written.
    Matrix(matrix::Matrix),
    /// Whether one result is better than another, or only looks so.
    ///
    /// Exit codes: 0 no worse, 1 something is worse, 4 that cannot be said: too noisy, or not the same load on the
    /// same host; 2 no results.
    Compare(compare::Compare),
}

#[derive(Args)]
pub(super) struct Mixed {
    #[command(flatten)]
    load: SingleLoad,
    /// How often each is asked, for each hundred or whatever they add up to.
    #[arg(long, value_name = "WEIGHTS", default_value = "verify=80,refresh=15,login=4,logout=1")]
    weights: Weights,
}

/// What was given for all commands: the configuration of a server that is started for the load.
struct Given {
    files: Vec<PathBuf>,
    settings: Vec<(String, String)>,
}

impl Given {
    fn launch(&self) -> anyhow::Result<Launch> {
        let absolute =
            |file: &PathBuf| file.canonicalize().with_context(|| format!("cannot read {}", file.display()));
        Ok(Launch {
            program: program()?,
            files: self.files.iter().map(absolute).collect::<Result<_, _>>()?,
            settings: self.settings.clone(),
            secrets: Vec::new(),
            own_database: false,
        })
    }
}

/// This very program, as a server.
fn program() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?)
}

/// Exit codes: 0 measured, 1 failed, 4 measured, but limits of the server answered in its place.
pub(super) fn run(
    files: Vec<PathBuf>,
    settings: Vec<(String, String)>,
    command: Bench,
) -> anyhow::Result<ExitCode> {
    let given = Given { files, settings };
    let (action, options) = match command {
        Bench::Compare(command) => return Ok(compare::run(&command)),
        Bench::Matrix(command) => {
            stop_on_signal(&STOP)?;
            return matrix::run(&given, &command);
        }
        Bench::Mixed(command) => {
            stop_on_signal(&STOP)?;
            return run::run(&given, Action::Mixed, command.weights.mix()?, &command.load);
        }
        Bench::Login(options) => (Action::Login, options),
        Bench::Register(options) => (Action::Register, options),
        Bench::Refresh(options) => (Action::Refresh, options),
        Bench::Verify(options) => (Action::Verify, options),
        Bench::Logout(options) => (Action::Logout, options),
    };
    stop_on_signal(&STOP)?;
    run::run(&given, action, Mix(vec![(action, 1)]), &options)
}

/// Refuses a file that could not be written, before anybody waits for what is to stand in it. What is in it stays.
fn require_writable(path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let was_there = path.exists();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.with_context(|| format!("cannot write {}", path.display()))?;
    if !was_there {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Writes `text` where it was asked for.
fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, text()).with_context(|| format!("cannot write {}", path.display()))
}
