//! `guardhouse migrate`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{runtime, say};
use crate::config::Config;
use crate::house;

#[derive(Subcommand)]
pub(super) enum Migrate {
    /// Apply every change that is missing.
    Up,
    /// Revert the last changes. What their tables held is lost.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// Tell which changes are applied.
    Status {
        /// One JSON object a line: `name`, `applied`.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(config: &Config, command: &Migrate) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(async {
        let db = house::database(config).await?;
        match command {
            Migrate::Up => db.migrate_up().await?,
            Migrate::Down { steps } => db.migrate_down(*steps).await?,
            Migrate::Status { .. } => {}
        }
        for change in db.migrations().await? {
            if matches!(command, Migrate::Status { json: true }) {
                say(json!({ "name": change.name, "applied": change.applied }));
                continue;
            }
            say(format_args!("{:8} {}", if change.applied { "applied" } else { "missing" }, change.name));
        }
        db.close().await;
        Ok(ExitCode::SUCCESS)
    })
}
