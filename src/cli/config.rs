//! `guardhouse config`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::say;
use crate::config::{Config, MANUAL, manual_in_markdown, schema};

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Tell whether the configuration is right; every fault is printed, and the exit code is then 2.
    Check {
        /// One JSON object with the list of faults, each with its key, its origin, the reason and what to do.
        #[arg(long)]
        json: bool,
    },
    /// Print every setting with where it comes from and what it overrode; secrets are not shown.
    Explain {
        /// One JSON object: what `GET /admin/config` of a running server answers.
        #[arg(long)]
        json: bool,
    },
    /// Print the digest that the audit log records at each start. Two servers with the same one run with the same
    /// settings; of secrets it tells only whether there are any.
    Digest {
        /// As a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print a JSON Schema of the configuration file, for editors.
    Schema,
    /// Print the manual: every setting, what it means, its default.
    Manual {
        /// As a page of Markdown, rather than as the configuration file that it is.
        #[arg(long)]
        markdown: bool,
    },
}

impl ConfigCommand {
    /// Whether faults are asked for as data.
    pub(super) fn wants_json(&self) -> bool {
        matches!(self, Self::Check { json: true })
    }

    /// What needs no configuration: whoever repairs one must be able to read how.
    pub(super) fn known_without(&self) -> Option<String> {
        match self {
            Self::Schema => Some(schema()),
            Self::Manual { markdown: true } => Some(manual_in_markdown()),
            Self::Manual { markdown: false } => Some(MANUAL.to_owned()),
            Self::Check { .. } | Self::Explain { .. } | Self::Digest { .. } => None,
        }
    }
}

pub(super) fn run(config: &Config, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Check { json: true } => say(json!({ "faults": [] })),
        ConfigCommand::Check { json: false } => say("the configuration is right"),
        ConfigCommand::Digest { json: true } => say(json!({ "sha256": config.digest().to_string() })),
        ConfigCommand::Digest { json: false } => say(config.digest()),
        ConfigCommand::Explain { json: true } => say(serde_json::to_string_pretty(&config.explanation())?),
        ConfigCommand::Explain { json: false } => {
            for setting in config.explain() {
                let over = setting.overrode.iter().map(|it| format!(", over {} ({})", it.value, it.origin));
                let over = over.collect::<String>();
                say(format_args!("{} = {}    # {}{over}", setting.key, setting.value, setting.origin));
            }
        }
        // Said before there was a configuration.
        ConfigCommand::Schema | ConfigCommand::Manual { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}
