//! Logs: one line an event, fields beside the text, on standard output.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Whoever sends what is no HTTP would otherwise write errors into the log. A filter that names it wins.
const QUIET: &str = "actix_http=off";

/// The logs cannot be set up as configured.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// The filter cannot be read.
    #[error("log.filter {filter:?} cannot be read: {reason}; write it like \"info,guardhouse=debug\"")]
    Filter {
        /// As configured.
        filter: String,
        /// What is wrong about it.
        reason: String,
    },
    /// Another subscriber is there already.
    #[error("logs are set up already")]
    Twice,
}

/// Whether the logs can be set up as configured.
///
/// # Errors
///
/// [`LogFault::Filter`]
pub fn check(settings: &Log) -> Result<(), LogFault> {
    filter(settings).map(drop)
}

fn filter(settings: &Log) -> Result<EnvFilter, LogFault> {
    EnvFilter::try_new(format!("{QUIET},{}", settings.filter))
        .map_err(|error| LogFault::Filter { filter: settings.filter.clone(), reason: error.to_string() })
}

/// Sends the logs of this process to standard output from now on.
///
/// # Errors
///
/// [`LogFault`]
pub fn install(settings: &Log) -> Result<(), LogFault> {
    // A line that cannot be written is lost. Complaining about it on standard error panics where that is closed too,
    // and takes the request with it.
    let logs = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter(settings)?)
        .with_ansi(std::io::stdout().is_terminal());
    match settings.format {
        LogFormat::Pretty => logs.try_init(),
        LogFormat::Compact => logs.compact().try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    }
    .map_err(|_| LogFault::Twice)
}
