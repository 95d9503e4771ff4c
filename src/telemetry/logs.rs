//! Logs: one line an event, fields beside the text, on standard output.

use std::io::IsTerminal;

use tracing_subscriber::reload;

pub use tracing_subscriber::EnvFilter;

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
    /// There is nobody any more who would log.
    #[error("the logs cannot be changed: {0}")]
    Gone(reload::Error),
    /// Another subscriber is there already.
    #[error("logs are set up already")]
    Twice,
}

/// What a filter such as `guardhouse=debug,info` lets through.
///
/// # Errors
///
/// Why it cannot be read.
pub fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter).map_err(|error| error.to_string())
}

/// What lets through that for which `settings` ask.
///
/// # Errors
///
/// [`LogFault::Filter`]
pub fn filter(settings: &Log) -> Result<EnvFilter, LogFault> {
    parse(&format!("{QUIET},{}", settings.filter))
        .map_err(|reason| LogFault::Filter { filter: settings.filter.clone(), reason })
}

/// Changes which events are logged while the process runs.
pub struct LogFilter(Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl LogFilter {
    /// From now on what `filter` lets through is logged, in the form in which it was before.
    ///
    /// # Errors
    ///
    /// [`LogFault::Gone`]; nothing has changed then.
    pub fn change(&self, filter: EnvFilter) -> Result<(), LogFault> {
        (self.0)(filter).map_err(LogFault::Gone)
    }
}

/// Sends the logs of this process to standard output from now on.
///
/// # Errors
///
/// [`LogFault`]
pub fn install(settings: &Log) -> Result<LogFilter, LogFault> {
    // A line that cannot be written is lost. Complaining about it on standard error panics where that is closed too,
    // and takes the request with it.
    let logs = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter(settings)?)
        .with_ansi(std::io::stdout().is_terminal());
    macro_rules! begin {
        ($logs:expr) => {{
            let logs = $logs.with_filter_reloading();
            let switch = logs.reload_handle();
            (logs.try_init(), LogFilter(Box::new(move |filter| switch.reload(filter))))
        }};
    }
    // Each form is a type of its own.
    let (begun, filter) = match settings.format {
        LogFormat::Pretty => begin!(logs),
        LogFormat::Compact => begin!(logs.compact()),
        LogFormat::Json => begin!(logs.json().flatten_event(true)),
    };
    begun.map(|()| filter).map_err(|_| LogFault::Twice)
}
