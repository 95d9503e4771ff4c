//! `[audit]`: how the audit log is written, and what happens when it cannot be.

use std::time::Duration;

use super::reader::Reader;
use super::words::{word_leaf, words};

/// The audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// What happens to a request whose event can be written nowhere.
    pub on_failure: OnAuditFailure,
    /// Whether an answer waits until its event is durable.
    pub durability: AuditDurability,
    /// The most events in one commit.
    pub batch: usize,
    /// The longest that an event waits for others to share its commit.
    pub interval: Duration,
    /// The pause between two signatures under the end of a chain that grows.
    pub checkpoint: Duration,
}

words! {
    /// What happens to a request whose event can be written nowhere.
    OnAuditFailure {
        /// It is refused: nothing happens unrecorded.
        Refuse = "refuse",
        /// It goes on; the loss is counted and shows as a gap.
        Continue = "continue",
    }
}
word_leaf!(OnAuditFailure, "`refuse` or `continue`");

words! {
    /// Whether an answer waits until its event is durable.
    AuditDurability {
        /// It waits for the commit that the event shares with others.
        Group = "group",
        /// It does not wait: a crash may lose the last events.
        Async = "async",
    }
}
word_leaf!(AuditDurability, "`group` or `async`");

impl Audit {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            on_failure: reader.take("audit.on_failure"),
            durability: reader.take("audit.durability"),
            batch: reader.take_in("audit.batch", 1..=2_000),
            interval: reader.take_in("audit.interval", Duration::from_millis(1)..=Duration::from_secs(10)),
            checkpoint: reader
                .take_in("audit.checkpoint", Duration::from_secs(1)..=Duration::from_secs(86_400)),
        }
    }
}
