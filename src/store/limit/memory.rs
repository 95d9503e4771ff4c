//! Counters in the memory of this process: gone when it ends, and known to no other node.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::{LimitStore, LimitTable};
use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Outlook, Place, Verdict};
use crate::store::StoreError;

/// The table behind one lock, which is never held across an await.
pub struct MemoryLimits(Mutex<LimitTable>);

impl MemoryLimits {
    /// For counters that take at most `budget` octets.
    pub fn new(budget: usize) -> Self {
        Self(Mutex::new(LimitTable::new(budget)))
    }

    /// The table. After a panic in the middle of a change its counters may be half-changed: whoever restarts makes a
    /// new one.
    pub fn table(&self) -> MutexGuard<'_, LimitTable> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[async_trait]
impl LimitStore for MemoryLimits {
    async fn take(&self, cells: Vec<Cell>, now: Timestamp) -> Result<Verdict, StoreError> {
        Ok(self.table().take(cells, now))
    }

    async fn peek(&self, cells: &[Cell], now: Timestamp) -> Result<Outlook, StoreError> {
        Ok(self.table().peek(cells, now))
    }

    async fn forgive(&self, places: &[Place]) -> Result<(), StoreError> {
        self.table().forgive(places);
        Ok(())
    }

    async fn probe(&self, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}
