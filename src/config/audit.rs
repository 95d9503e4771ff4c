//! `[audit]`: how the audit log is written, and what happens when it cannot be.

use std::time::Duration;

use super::leaf::Complaint;
use super::leaves::ByteSize;
use super::reader::Reader;
use super::words::{word_leaf, words};
use crate::domain::duration::format_duration;

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
    /// The largest spool file, in octets; 0: there is none.
    pub spool: u64,
    /// How much of a client's address is kept.
    pub address: AuditAddress,
    /// What happens to the records of an account that is deleted.
    pub on_erasure: OnErasure,
    /// For how long records are kept; zero: for ever.
    pub retention: Duration,
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
        /// It waits for the commit that the event shares with others, or for the spool: a crash loses nothing.
        Sync = "sync",
        /// It waits for no commit as long as no more than one group is not durable: a crash may lose so many events.
        Group = "group",
        /// It does not wait: a crash may lose whatever the writer holds.
        Async = "async",
    }
}
word_leaf!(AuditDurability, "`sync`, `group` or `async`");

words! {
    /// How much of a client's address is kept.
    AuditAddress {
        /// All of it.
        Full = "full",
        /// Its network.
        Prefix = "prefix",
        /// A hash under a key of the installation.
        KeyedHash = "keyed-hash",
    }
}
word_leaf!(AuditAddress, "`full`, `prefix` or `keyed-hash`");

words! {
    /// What happens to the records of an account that is deleted.
    OnErasure {
        /// They stay as they are.
        Keep = "keep",
        /// Address, user agent and request id go; what stays names an id that is nobody's any more.
        Pseudonymise = "pseudonymise",
    }
}
word_leaf!(OnErasure, "`keep` or `pseudonymise`");

impl Audit {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            on_failure: reader.take("audit.on_failure"),
            durability: reader.take("audit.durability"),
            batch: reader.take_in("audit.batch", 1..=2_000),
            interval: reader.take_in("audit.interval", Duration::from_millis(1)..=Duration::from_secs(10)),
            spool: reader.take_in("audit.spool", ByteSize(0)..=ByteSize(1 << 40)).0,
            address: reader.take("audit.address"),
            on_erasure: reader.take("audit.on_erasure"),
            retention: reader.take_if("audit.retention", |retention: &Duration| {
                let range = Duration::from_secs(3_600)..=Duration::from_secs(3_650 * 86_400);
                if retention.is_zero() || range.contains(retention) {
                    return Ok(());
                }
                Err(Complaint::with_help(
                    format!("{} is not between 1h and 3650d", format_duration(*retention)),
                    "use `0s` to keep records for ever",
                ))
            }),
            checkpoint: reader
                .take_in("audit.checkpoint", Duration::from_secs(1)..=Duration::from_secs(86_400)),
        }
    }
}
