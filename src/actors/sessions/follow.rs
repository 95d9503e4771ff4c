//! Follows the session store's own feed, where it has one, beside the feed in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use metrics::histogram;

use super::{Answer, Parts};
use crate::domain::clock::Timestamp;
use crate::store::session::RevocationFeed;

/// Pause after an error; the client itself connects again meanwhile.
const PAUSE: Duration = Duration::from_millis(200);

/// Up to when the store's feed is known; the view is as old as the older of its two sources.
#[derive(Debug, Clone)]
pub(super) struct Freshness(Arc<AtomicI64>);

impl Freshness {
    /// Of a store without a feed of its own: it delays nothing.
    fn always() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MAX)))
    }

    fn known_up_to(&self, time: Timestamp) {
        self.0.store(time.micros(), Ordering::SeqCst);
    }

    /// Up to when both are known, if the other is up to `time`.
    pub(super) fn and(&self, time: Timestamp) -> Timestamp {
        time.min(Timestamp::from_micros(self.0.load(Ordering::SeqCst)))
    }
}

/// Reads what the store has announced so far, and follows it from then on.
pub(super) async fn follow(parts: &Parts) -> Answer<Freshness> {
    let freshness = Freshness::always();
    if let Some(mut feed) = parts.store.feed().await? {
        read(parts, &mut *feed, &freshness).await?;
        let (parts, freshness) = (parts.clone(), freshness.clone());
        parts.runtime.clone().spawn(async move {
            loop {
                if let Err(error) = read(&parts, &mut *feed, &freshness).await {
                    tracing::warn!(%error, "the session store's feed of revocations could not be read");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    Ok(freshness)
}

async fn read(parts: &Parts, feed: &mut dyn RevocationFeed, freshness: &Freshness) -> Answer<()> {
    let asked_at = parts.clock.now();
    let news = feed.next().await?;
    let now = parts.clock.now();
    for revocation in news.iter().filter(|revocation| revocation.expires_at > now) {
        parts.view.insert(revocation);
        histogram!("guardhouse_revocation_lag_seconds").record(now.since(revocation.at));
    }
    freshness.known_up_to(asked_at);
    Ok(())
}
