//! `guardhouse config`

use std::process::ExitCode;

use clap::Subcommand;

use super::say;
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Tell whether the configuration is right; every fault is printed, and the exit code is then 2.
    Check,
    /// Print every setting with where it comes from; secrets are not shown.
    Explain,
    /// Print the digest that the audit log records at each start. Two servers with the same one run with the same
    /// settings; of secrets it tells only whether there are any.
    Digest,
}

pub(super) fn run(config: &Config, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Check => say("the configuration is right"),
        ConfigCommand::Digest => say(config.digest()),
        ConfigCommand::Explain => {
            for setting in config.explain() {
                say(format_args!("{} = {}    # {}", setting.key, setting.value, setting.origin));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
