//! What presenting a refresh token means. Decided here once, for every store.
//!
//! ```text
//!                 presented == generation                    ──► Current     rotate: generation + 1
//! session alive ─ presented == generation − 1, within grace  ──► Superseded  the same successor again, no change
//!                 presented  < generation, otherwise         ──► Replayed    theft: end the whole session
//!                 presented  > generation                    ──► Ahead       the store lost a rotation: catch up
//! session over                                               ──► Over
//! ```

use std::time::Duration;

use super::clock::Timestamp;
use super::id::{SessionId, UserId};
use super::session::Session;

/// The content of a refresh token whose authenticity is already proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshGrant {
    /// Whose session.
    pub user: UserId,
    /// Which session.
    pub session: SessionId,
    /// Which link of the session's chain.
    pub generation: u32,
}

/// The judgement over a presented generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// The live leaf: it is exchanged for its successor.
    Current,
    /// The one before the leaf, so recently replaced that its answer may have been lost or doubled.
    Superseded,
    /// A generation we signed but the store does not know yet: it was restored from an older copy.
    Ahead,
    /// An old generation: two parties hold tokens of one session, and one of them is not the user.
    Replayed,
    /// The session's time is over.
    Over,
}

/// Judges `presented` against the stored `session`.
pub fn judge(session: &Session, presented: u32, now: Timestamp, grace: Duration) -> Presented {
    if session.is_over(now) {
        Presented::Over
    } else if presented == session.generation {
        Presented::Current
    } else if presented > session.generation {
        Presented::Ahead
    } else if presented + 1 == session.generation && now < session.rotated_at.plus(grace) {
        Presented::Superseded
    } else {
        Presented::Replayed
    }
}

/// The session after `presented` was exchanged at `now`.
#[must_use]
pub fn rotated(session: &Session, presented: u32, now: Timestamp, idle: Duration) -> Session {
    Session {
        generation: presented.saturating_add(1),
        rotated_at: now,
        last_seen_at: now,
        idle_expires_at: session.idle_end(now, idle),
        ..session.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn session(generation: u32) -> Session {
        let start = Timestamp::from_seconds(1_000_000);
        Session {
            id: SessionId(Uuid::from_u128(1)),
            user: UserId(Uuid::from_u128(2)),
            generation,
            epoch: 0,
            created_at: start,
            authenticated_at: start,
            last_seen_at: start,
            rotated_at: start,
            idle_expires_at: start.plus(Duration::from_secs(1_000)),
            expires_at: start.plus(Duration::from_secs(5_000)),
            address: "192.0.2.1".into(),
            user_agent: None,
            methods: vec![],
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    #[test]
    fn the_grace_window_ends_exactly() {
        let session = session(5);
        let grace = Duration::from_secs(10);
        assert_eq!(judge(&session, 5, at(0), grace), Presented::Current);
        assert_eq!(judge(&session, 4, at(9), grace), Presented::Superseded);
        assert_eq!(judge(&session, 4, at(10), grace), Presented::Replayed);
        assert_eq!(judge(&session, 4, at(0), Duration::ZERO), Presented::Replayed);
        assert_eq!(judge(&session, 3, at(0), grace), Presented::Replayed);
        assert_eq!(judge(&session, 6, at(0), grace), Presented::Ahead);
        assert_eq!(judge(&session, 5, at(1_000), grace), Presented::Over);
    }

    proptest! {
        #[test]
        fn rotation_makes_the_successor_current_and_never_outlives_the_absolute_end(
            generation in 0u32..1_000, seconds in 0i64..999, idle in 1u64..10_000,
        ) {
            let before = session(generation);
            let after = rotated(&before, generation, at(seconds), Duration::from_secs(idle));
            prop_assert!(after.idle_expires_at <= after.expires_at);
            prop_assert_eq!(after.expires_at, before.expires_at);
            prop_assert_eq!(judge(&after, generation + 1, at(seconds), Duration::ZERO), Presented::Current);
            prop_assert_eq!(judge(&after, generation, at(seconds), Duration::from_secs(1)), Presented::Superseded);
        }
    }
}
