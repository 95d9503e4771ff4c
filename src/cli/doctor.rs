//! `guardhouse doctor`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{runtime, say};
use crate::config::Config;
use crate::doctor::{Patient, State, examine};
use crate::domain::clock::SystemClock;
use crate::domain::entropy::SystemEntropy;

#[derive(Args)]
pub(super) struct Doctor {
    /// One JSON object: `findings`, each with `state`, `what`, `value` and `advice`, and how many there are of each state.
    #[arg(long)]
    json: bool,
}

/// Exit code 1 where something has to be mended; what should be looked at is none.
pub(super) fn run(config: &Config, files: &[PathBuf], Doctor { json }: &Doctor) -> anyhow::Result<ExitCode> {
    let patient = Patient { config, files, clock: &SystemClock, entropy: &SystemEntropy };
    let report = runtime()?.block_on(examine(&patient));
    if *json {
        say(serde_json::to_string_pretty(&report.json())?);
    } else {
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        say(report.text(coloured));
    }
    Ok(if report.count(State::Fail) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
