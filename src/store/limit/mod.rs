//! Where the grants of rate limits are remembered. One trait, because there are two homes: this process, and a Redis
//! that all nodes share.
//!
//! Neither decides: both tell [`crate::domain::limit`] what the windows see, and make the look and the grant one step.
//! The suite in `tests/stores` holds both to the same numbers, whatever the clock does.

mod memory;
mod redis;
mod table;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use memory::MemoryLimits;
pub use redis::RedisLimits;
pub use table::LimitTable;

use super::StoreError;
use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Outlook, Place, Verdict};

/// A home of counters. Every method may be called from every node at once.
#[async_trait]
pub trait LimitStore: Send + Sync {
    /// Takes a place in each of `cells` at `now`, or in none. In no window of a cell are more granted than it says,
    /// whoever asks and whenever; a `now` that lies behind what was granted before frees nothing.
    async fn take(&self, cells: Vec<Cell>, now: Timestamp) -> Result<Verdict, StoreError>;

    /// What taking `cells` would meet at `now`.
    async fn peek(&self, cells: &[Cell], now: Timestamp) -> Result<Outlook, StoreError>;

    /// Gives `places` back. What is not there any more is left alone.
    async fn forgive(&self, places: &[Place]) -> Result<(), StoreError>;

    /// Whether a place could be taken now.
    async fn probe(&self, now: Timestamp) -> Result<(), StoreError>;
}
