//! What the audit writer is told, and what it tells of itself.

use actix::Message;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use crate::domain::audit::Free;
use crate::domain::id::InstanceId;

/// An event to be written.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Take {
    pub(super) event: Free,
    /// Whether somebody waits for the commit.
    pub(super) awaited: bool,
    /// Where its sender has an answer before it is durable: one of the few places for such events.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// These rows want a place once they are committed.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Link(pub(super) Vec<Uuid>);

/// Writes what has gathered.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Flush;

/// Tries the database again after it failed.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Retry;

/// Looks for the rows of [`Link`].
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Look;

/// Looks for rows that nobody links.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Adopt;

/// Signs the end of the chain.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Sign;

/// Answers once everything is written and signed: the last message before the end.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Drain(pub(super) oneshot::Sender<()>);

#[derive(Debug, Message)]
#[rtype(result = "AuditSnapshot")]
pub(super) struct Observe;

/// What an operator sees of the audit writer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct AuditSnapshot {
    /// This process, as in the table, and its chain.
    pub instance: InstanceId,
    /// Free events taken so far.
    pub taken: u64,
    /// Free events not yet committed.
    pub pending: usize,
    /// Bound events without a place, of transactions that may not be committed.
    pub unlinked: usize,
    /// Octets in the spool that wait for the database.
    pub spooled: u64,
    /// Tries in a row that failed.
    pub failures: u32,
    /// The number of the last record of the chain.
    pub last: u64,
    /// The number up to which the chain is signed.
    pub signed: u64,
}
