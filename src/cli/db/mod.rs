//! `guardhouse db`: everything into another database.

mod address;
mod copy;
mod fill;
mod report;

use std::process::ExitCode;

use clap::Subcommand;

use super::progress::Bar;
use super::{complain, runtime, say, say_tables};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum DbCommand {
    /// Copy everything into an empty database of any kind: accounts, sessions, keys, the audit log and all.
    ///
    /// Stop every server before; start them on the new database afterwards, with the same master key, and nobody has been
    /// signed out. A copy that was interrupted goes on where it was when it is started again. Exit code 3: the two
    /// databases do not hold the same.
    Copy(copy::Copy),
}

pub(super) fn run(config: &Config, command: DbCommand) -> anyhow::Result<ExitCode> {
    match command {
        DbCommand::Copy(command) => runtime()?.block_on(command.run(config)),
    }
}
