//! What a key is good for at a moment, from its times alone. Every node comes to the same answer by itself.
//!
//! ```text
//!  created_at        signs_from            the next one's signs_from      + longest life of its tokens
//!      │  announced      │        signs            │       verifies             │  over → retired
//! ─────┴─────────────────┴─────────────────────────┴────────────────────────────┴──────────────────► time
//! ```

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::store::keys::StoredKey;
use crate::tokens::algorithm::KeyAlgorithm;

/// What a key is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Published, so that everybody knows it when it begins to sign; tokens of it are accepted already.
    Announced,
    /// The newest of its algorithm: it signs, if its algorithm is asked for.
    Current,
    /// Followed by another; its tokens are accepted until then.
    Verifying(Timestamp),
    /// The last of its tokens has expired; the next look at the keys retires it.
    Over,
    /// Of no use any more, and its secret is gone.
    Retired,
}

impl Phase {
    /// Whether tokens of the key are accepted.
    pub fn verifies(self) -> bool {
        matches!(self, Self::Announced | Self::Current | Self::Verifying(_))
    }
}

/// The phase of each of `keys` at `now`, in their order. `life` is the longest that tokens of an algorithm are
/// accepted after they were made.
pub fn phases(keys: &[StoredKey], now: Timestamp, life: impl Fn(&str) -> Duration) -> Vec<Phase> {
    keys.iter().map(|key| phase(key, keys, now, life(&key.algorithm))).collect()
}

fn phase(key: &StoredKey, keys: &[StoredKey], now: Timestamp, life: Duration) -> Phase {
    // Whatever this node's clock says: the secret is gone.
    if key.retired_at.is_some() {
        return Phase::Retired;
    }
    if key.signs_from > now {
        return Phase::Announced;
    }
    let order = |key: &StoredKey| (key.signs_from, key.slot);
    // One that was retired before it signed has never taken over.
    let took_over = |next: &&StoredKey| {
        next.algorithm == key.algorithm
            && order(next) > order(key)
            && next.signs_from <= now
            && next.retired_at.is_none_or(|at| at > next.signs_from)
    };
    match keys.iter().filter(took_over).map(|next| next.signs_from).min() {
        None => Phase::Current,
        Some(followed_at) => {
            let until = followed_at.plus(life);
            if now < until { Phase::Verifying(until) } else { Phase::Over }
        }
    }
}

/// Which of `keys`, in their `phases`, signs access tokens: the current one of the `wanted` algorithm. While there is
/// none, the newest of the others goes on: when the algorithm is changed, its first key is announced before it signs.
pub fn signer(keys: &[StoredKey], phases: &[Phase], wanted: KeyAlgorithm) -> Option<usize> {
    let current = |at: &usize| phases[*at] == Phase::Current;
    let named = |at: &usize| keys[*at].algorithm.parse::<KeyAlgorithm>();
    let of_wanted = (0..keys.len()).filter(current).find(|at| named(at) == Ok(wanted));
    of_wanted.or_else(|| {
        let for_access = |at: &usize| named(at).is_ok_and(KeyAlgorithm::is_for_access);
        let others = (0..keys.len()).filter(current).filter(for_access);
        others.max_by_key(|at| (keys[*at].signs_from, &keys[*at].algorithm))
    })
}

/// When the next phase of any of `keys` begins.
pub fn next_turn(keys: &[StoredKey], phases: &[Phase], now: Timestamp) -> Option<Timestamp> {
    let turns = keys.iter().zip(phases).filter_map(|(key, phase)| match phase {
        Phase::Announced => Some(key.signs_from),
        Phase::Verifying(until) => Some(*until),
        Phase::Current | Phase::Over | Phase::Retired => None,
    });
    turns.filter(|turn| *turn > now).min()
}

#[cfg(test)]
mod tests;
