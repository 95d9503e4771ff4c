//! `guardhouse audit`: prove the log, take it along, watch it.

mod deliveries;
mod export;
mod tail;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;
use futures_util::FutureExt;
use serde_json::json;

use super::desk::with_desk;
use super::{complain, new_file, runtime, say};
use crate::config::Config;
use crate::flows::keys::rotate_audit;
use crate::house;

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Tell whether the audit log still is what was written, and what was changed first if it is not: exit code 3.
    Verify(verify::Verify),
    /// Write the whole log with its proofs as JSON Lines, for `verify --file`.
    Export(export::Export),
    /// Show the newest records, and those that come.
    Tail(tail::Tail),
    /// Print the public keys under which the log is signed, for `verify --key`.
    Keys {
        /// One JSON object a line: `kid`, `public`.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key for the log and print its public half. Running servers sign with it from their next look at the
    /// keys (`keys.poll_interval`); what older keys have signed stays provable with them.
    RotateKey,
    /// Show where records are sent and how that goes, and send again what was given up.
    #[command(subcommand)]
    Deliveries(deliveries::Deliveries),
}

pub(super) fn run(config: &Config, command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::Verify(verify) => verify.run(config),
        AuditCommand::Export(export) => export.run(config),
        AuditCommand::Tail(tail) => tail.run(config),
        AuditCommand::Keys { json } => keys(config, json),
        AuditCommand::RotateKey => with_desk(config.clone(), "guardhouse audit rotate-key", |desk, visit| {
            async move {
                let public = rotate_audit(desk, visit).await?;
                say(format_args!("{}  {public}", public.kid()));
                Ok(ExitCode::SUCCESS)
            }
            .boxed()
        }),
        AuditCommand::Deliveries(deliveries) => deliveries.run(config),
    }
}

fn keys(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(async {
        let db = house::database(config).await?;
        for public in house::audit_keys(config, &db).await? {
            if json {
                say(json!({ "kid": public.kid().to_string(), "public": public.to_string() }));
            } else {
                say(format_args!("{}  {public}", public.kid()));
            }
        }
        db.close().await;
        Ok(ExitCode::SUCCESS)
    })
}
