//! SQLite's one writer, which commits for many at once.
//!
//! SQLite takes one writing transaction at a time, and what a commit costs is the wait for the disk. So all writes
//! queue here; whoever queues while a commit is under way shares the next one. Each piece of work runs in a savepoint
//! of the group's transaction: one that fails is undone alone. Nobody is answered before the commit.

use std::panic::AssertUnwindSafe;

use async_trait::async_trait;
use futures_util::FutureExt;
use sea_orm::{DatabaseConnection, TransactionTrait};
use tokio::sync::{mpsc, oneshot};

use super::{Txn, Work, immediate};
use crate::store::StoreError;

/// Most pieces of work in one commit: the last must not wait for the first for long.
const MOST: usize = 256;

/// Most pieces of work that wait for their turn; beyond, callers wait before they queue.
const QUEUE: usize = 1_024;

/// The way to the writer. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub(super) struct GroupWriter(mpsc::Sender<Box<dyn Piece>>);

impl GroupWriter {
    /// Starts the writer on the current runtime. It is the only user of `connection`.
    pub(super) fn start(connection: DatabaseConnection) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write_groups(connection, queue));
        Self(sender)
    }

    /// Runs `work` in the next group. If this future is dropped before its turn, the work is not done.
    pub(super) async fn write<C, T, F>(&self, context: C, work: F) -> Result<T, StoreError>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<C, T>,
    {
        let (reply, answer) = oneshot::channel();
        let piece = Box::new(Order { context, work, value: None, reply });
        let gone = || StoreError::Unavailable("the writer has ended".into());
        self.0.send(piece).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Other("the work panicked".into())))
    }
}

/// One caller's work, whatever its types.
#[async_trait]
trait Piece: Send {
    /// Whether its caller still waits.
    fn is_wanted(&self) -> bool;
    /// Does the work and keeps what came of it.
    async fn run(&mut self, txn: &Txn) -> Result<(), StoreError>;
    /// Answers the caller, now that the group is committed or not.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
    /// Answers the caller that nothing was done.
    fn refuse(self: Box<Self>, error: StoreError);
}

struct Order<C, T, F> {
    context: C,
    work: F,
    value: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

#[async_trait]
impl<C, T, F> Piece for Order<C, T, F>
where
    C: Send + Sync + 'static,
    T: Send + 'static,
    F: Work<C, T>,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    async fn run(&mut self, txn: &Txn) -> Result<(), StoreError> {
        let outcome = (self.work)(txn, &self.context).await;
        let told = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.value = Some(outcome);
        told
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        if let Some(value) = self.value {
            let _ = self.reply.send(committed.and(value));
        }
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}

async fn write_groups(connection: DatabaseConnection, mut queue: mpsc::Receiver<Box<dyn Piece>>) {
    while let Some(first) = queue.recv().await {
        match connection.begin_with_options(immediate()).await {
            Ok(txn) => write_group(txn, first, &mut queue).await,
            Err(error) => first.refuse(error.into()),
        }
    }
}

async fn write_group(txn: Txn, first: Box<dyn Piece>, queue: &mut mpsc::Receiver<Box<dyn Piece>>) {
    let mut group = Vec::new();
    let mut next = Some(first);
    while let Some(mut piece) = next {
        if piece.is_wanted() {
            // A panic is its caller's alone: dropped unanswered, the piece tells them.
            match AssertUnwindSafe(in_savepoint(&txn, &mut *piece)).catch_unwind().await {
                Ok(Ok(())) => group.push(piece),
                Ok(Err(error)) => piece.refuse(error),
                Err(_) => drop(piece),
            }
        }
        next = if group.len() < MOST { queue.try_recv().ok() } else { None };
    }
    let committed = txn.commit().await.map_err(StoreError::from);
    for piece in group {
        piece.answer(committed.clone());
    }
}

/// Work that failed is undone and leaves the group's transaction as it was.
async fn in_savepoint(txn: &Txn, piece: &mut dyn Piece) -> Result<(), StoreError> {
    let savepoint = txn.begin().await?;
    match piece.run(&savepoint).await {
        Ok(()) => Ok(savepoint.commit().await?),
        Err(error) => {
            savepoint.rollback().await?;
            Err(error)
        }
    }
}
