//! Filling a target, page by page: while one is written the next is read.

use super::Bar;
use crate::store::StoreError;
use crate::store::copy::{Position, Snapshot, Target, tables};

/// Copies what is behind `position`. How many rows that were, and how many were there before.
pub(super) async fn from_snapshot(
    snapshot: &Snapshot,
    target: &Target,
    position: Position,
    total: u64,
) -> Result<[u64; 2], StoreError> {
    let mut bar = Bar::hidden();
    bar.replace("copying");
    let mut copied = 0;
    let Position { table: begin, mut after } = position;
    for (place, table) in tables().iter().enumerate().skip(begin) {
        let mut page = snapshot.page(table, after.take().as_deref()).await?;
        while let Some(last) = page.last() {
            let (after, rows) = (table.key(last), page.len() as u64);
            let (next, written) =
                tokio::join!(snapshot.page(table, Some(&after)), target.append(place, page));
            written?;
            (page, copied) = (next?, copied + rows);
            bar.set(copied, total);
        }
    }
    bar.finish();
    Ok([copied, total.saturating_sub(copied)])
}
