//! Tokens that were accepted lately: verifying the same one again would cost fifty times as much as remembering it.
//!
//! Only what was proven gets in, so that nobody fills the memory without valid tokens; it holds digests and claims,
//! no token; and it is bounded. It answers for the signature and the rules, never beyond the token's own time. What
//! was ended before its time is asked of [`super::revocations`] each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;

/// So that requests on different threads seldom wait for each other.
const SHARDS: usize = 16;

/// Tokens in one half of a shard: 8192 tokens at least, 16384 at most, of some 400 octets each.
const HALF: usize = 512;

/// The SHA-256 of a token. A look-up by it tells nothing about how much of a guessed token was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(token: &str) -> Self {
        let mut octets = [0; 32];
        octets.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(octets)
    }
}

#[derive(Debug)]
struct Proof {
    claims: Claims,
    /// Before this the token may not yet have been valid: a clock can be set back.
    at: Timestamp,
}

/// The bounded memory of accepted tokens.
#[derive(Debug, Default)]
pub(super) struct Proven([Mutex<Shard>; SHARDS]);

/// Two halves: when the younger is full it becomes the older one, and what was not asked for since is gone.
#[derive(Debug, Default)]
struct Shard {
    younger: HashMap<Digest, Arc<Proof>>,
    older: HashMap<Digest, Arc<Proof>>,
}

impl Proven {
    /// What the token with this digest says, if it was accepted before and its time is still now. The leeway for
    /// clocks that differ is not added: at the edges the codec decides.
    pub(super) fn recall(&self, digest: &Digest, now: Timestamp) -> Option<Claims> {
        let proof = self.shard(digest, |shard| shard.find(digest))?;
        (proof.at <= now && now < proof.claims.expires_at).then(|| proof.claims.clone())
    }

    /// Remembers that a codec accepted the token with this digest at `now`.
    pub(super) fn remember(&self, digest: Digest, claims: &Claims, now: Timestamp) {
        let proof = Arc::new(Proof { claims: claims.clone(), at: now });
        self.shard(&digest, |shard| shard.insert(digest, proof));
    }

    fn shard<T>(&self, digest: &Digest, work: impl FnOnce(&mut Shard) -> T) -> T {
        let shard = &self.0[usize::from(digest.0[0]) % SHARDS];
        // A map is whole after a panic, too; at worst an entry is missing.
        work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn find(&mut self, digest: &Digest) -> Option<Arc<Proof>> {
        if let Some(proof) = self.younger.get(digest) {
            return Some(proof.clone());
        }
        let proof = self.older.remove(digest)?;
        self.insert(*digest, proof.clone());
        Some(proof)
    }

    fn insert(&mut self, digest: Digest, proof: Arc<Proof>) {
        if self.younger.len() >= HALF {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(digest, proof);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::domain::id::{SessionId, UserId};
    use crate::domain::role::Roles;

    fn claims() -> Claims {
        let now = Timestamp::from_seconds(1_000);
        Claims {
            subject: UserId(Uuid::from_u128(1)),
            session: SessionId(Uuid::from_u128(2)),
            token: Uuid::from_u128(3),
            issued_at: now,
            expires_at: now.plus(Duration::from_secs(60)),
            authenticated_at: now,
            methods: vec![],
            roles: Roles::default(),
            epoch: 0,
        }
    }

    #[test]
    fn a_proof_holds_from_its_making_to_the_end_of_the_token() {
        let (proven, digest) = (Proven::default(), Digest::of("token"));
        proven.remember(digest, &claims(), Timestamp::from_seconds(1_010));
        for (second, holds) in [(1_009, false), (1_010, true), (1_059, true), (1_060, false)] {
            let found = proven.recall(&digest, Timestamp::from_seconds(second));
            assert_eq!(found, holds.then(claims), "at {second}");
        }
        assert_eq!(proven.recall(&Digest::of("tokem"), Timestamp::from_seconds(1_010)), None);
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_what_is_asked_for() {
        let (proven, now, wanted) = (Proven::default(), Timestamp::from_seconds(1_010), Digest::of("wanted"));
        proven.remember(wanted, &claims(), now);
        for number in 0..SHARDS * HALF * 4 {
            proven.remember(Digest::of(&number.to_string()), &claims(), now);
            assert!(proven.recall(&wanted, now).is_some(), "after {number}");
        }
        let kept = proven.0.iter().map(|shard| shard.lock().expect("unpoisoned"));
        let kept: usize = kept.map(|shard| shard.younger.len() + shard.older.len()).sum();
        assert!(kept <= 2 * SHARDS * HALF, "{kept}");
    }
}
