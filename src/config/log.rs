//! `[log]`: what is logged, and how.

use super::leaf::Complaint;
use super::otlp::Otlp;
use super::reader::Reader;
use super::words::{word_leaf, words};
use crate::telemetry::logs;

/// The log of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Which events: directives such as `info` or `guardhouse=debug,info`. One that telemetry can read.
    pub filter: String,
    /// In which form.
    pub format: LogFormat,
    /// Where the spans of requests are sent.
    pub otlp: Otlp,
}

words! {
    /// The form of log lines.
    LogFormat {
        /// Several lines an event, for people.
        Pretty = "pretty",
        /// One JSON object a line, for collectors.
        Json = "json",
        /// One short line an event.
        Compact = "compact",
    }
}
word_leaf!(LogFormat, "`pretty`, `json` or `compact`");

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let filter = reader.take_if("log.filter", |filter: &String| {
            if filter.trim().is_empty() {
                return Err(Complaint::with_help("it is empty", "write `info`, or `off` for silence"));
            }
            let broken = logs::parse(filter).err();
            broken.map_or(Ok(()), |reason| {
                let reason = format!("`{filter}` cannot be read: {reason}");
                Err(Complaint::with_help(reason, "write it like `info,guardhouse=debug`"))
            })
        });
        let format = reader.take("log.format");
        Self { filter, format, otlp: Otlp::read(reader) }
    }
}
