//! Whether the stores answer.

use std::future::Future;
use std::time::Duration;

use super::Desk;
use crate::store::StoreError;

/// A probe must be answered before its own timeout, whatever a store does.
const LONGEST: Duration = Duration::from_secs(2);

/// How one store answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// At once and well.
    Ready,
    /// With an error.
    Unavailable,
    /// Not within two seconds.
    Slow,
}

/// How the stores answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The database.
    pub database: Condition,
    /// The session store.
    pub sessions: Condition,
}

/// Asks every store.
pub async fn readiness(desk: &Desk) -> Readiness {
    let asking = futures_util::future::join(ask(desk.db.ping()), ask(desk.sessions.ping()));
    let (database, sessions) = asking.await;
    Readiness { database, sessions }
}

async fn ask(ping: impl Future<Output = Result<(), StoreError>>) -> Condition {
    match tokio::time::timeout(LONGEST, ping).await {
        Ok(Ok(())) => Condition::Ready,
        Ok(Err(error)) => {
            tracing::warn!(%error, "a store is not ready");
            Condition::Unavailable
        }
        Err(_) => Condition::Slow,
    }
}
