//! Where the time of one request went: the header Server-Timing (W3C Server Timing, section 4).
//!
//! The stages of a request travel with its task, and with its messages to the actors; where nobody asked for them there are
//! none, and noting costs a look.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

tokio::task_local! {
    static STAGES: Arc<Stages>;
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for a hash thread.
    Queue,
    /// Hashing the password.
    Hash,
    /// Counting attempts.
    Limits,
    /// What the session keeper does, its store included.
    Sessions,
    /// The database, as far as the use case itself asks it.
    Db,
    /// Signing tokens.
    Sign,
    /// Until the audit log has the event.
    Audit,
}

const NAMES: [&str; 7] = ["queue", "hash", "limits", "sessions", "db", "sign", "audit"];

/// What the parts of one request took.
#[derive(Debug, Default)]
pub struct Stages([AtomicU64; NAMES.len()]);

impl Stages {
    /// Those of the request that the current task works on.
    pub fn current() -> Option<Arc<Self>> {
        STAGES.try_with(Arc::clone).ok()
    }

    /// Does `work` on behalf of the request with these stages, if it has any.
    pub async fn within<F: Future>(stages: Option<Arc<Self>>, work: F) -> F::Output {
        match stages {
            Some(stages) => STAGES.scope(stages, work).await,
            None => work.await,
        }
    }

    /// `stage` took `time` more.
    pub fn add(&self, stage: Stage, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0[stage as usize].fetch_add(nanos, Ordering::Relaxed);
    }
}

/// `stage` of the request that the current task works on took `time` more.
pub fn note(stage: Stage, time: Duration) {
    let _ = STAGES.try_with(|stages| stages.add(stage, time));
}

/// The header's value, in milliseconds; stages without any time are left out.
impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = self.0.iter().map(|nanos| nanos.load(Ordering::Relaxed));
        let mut before = "";
        for (name, nanos) in NAMES.iter().zip(times).filter(|(_, nanos)| *nanos > 0) {
            write!(f, "{before}{name};dur={:.3}", nanos as f64 / 1e6)?;
            before = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_add_up_and_empty_ones_are_left_out() {
        let stages = Stages::default();
        assert_eq!(stages.to_string(), "");
        stages.add(Stage::Hash, Duration::from_micros(23_400));
        stages.add(Stage::Audit, Duration::from_nanos(1_500));
        stages.add(Stage::Hash, Duration::from_micros(600));
        assert_eq!(stages.to_string(), "hash;dur=24.000, audit;dur=0.002");
    }

    #[tokio::test]
    async fn what_is_noted_belongs_to_the_request_that_is_worked_on() {
        let stages = Arc::<Stages>::default();
        note(Stage::Db, Duration::from_secs(1));
        Stages::within(Some(stages.clone()), async {
            note(Stage::Db, Duration::from_millis(2));
            assert!(Stages::current().is_some());
        })
        .await;
        Stages::within(None, async { note(Stage::Db, Duration::from_secs(1)) }).await;
        assert_eq!(stages.to_string(), "db;dur=2.000");
    }
}
