//! MAKES UP: accounts and sessions for measuring, the same ones for the same seed on every machine and every database.
//!
//! Account and session number n follow from the seed and n alone, so that a smaller set is the beginning of a larger
//! one. Nothing here is a secret: whoever knows the seed knows all of it. The keys of the installation are therefore made
//! as always, and a refresh token follows from the session and such a key.

use uuid::Builder;

use crate::domain::account::{DisplayName, SecurityEpoch, User};
use crate::domain::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::entropy::Entropy;
use crate::domain::id::{SessionId, UserId};
use crate::domain::random::SplitMix64;
use crate::domain::role::{Role, Roles};
use crate::domain::session::{AuthMethod, Session};

/// When the first account was made: 2026-01-01T00:00:00Z. The further ones follow every 50 ms.
pub const FIRST_USER: Timestamp = Timestamp::from_seconds(1_767_225_600);
/// When the first session was opened: 2026-02-01T00:00:00Z. The further ones follow every 50 ms.
const FIRST_SESSION: Timestamp = Timestamp::from_seconds(1_769_904_000);
const STEP_MICROS: i64 = 50_000;
/// When all sessions end: 2100-01-01T00:00:00Z. They must be good whenever somebody measures.
const END: Timestamp = Timestamp::from_seconds(4_102_444_800);

/// The most accounts or sessions: their times must be past.
pub const MOST: u64 = 20_000_000;

/// The password of all accounts, unless another is asked for; no secret.
pub const PASSWORD: &str = "correct horse battery staple";

/// The address of account `number`, whatever the seed.
pub fn email(number: u64) -> String {
    format!("user{number}@seed.example")
}

/// A set of accounts and sessions.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// What chance begins with.
    pub seed: u64,
    /// How many accounts.
    pub users: u64,
}

impl Made {
    /// Account `number`, counted from 0.
    ///
    /// # Panics
    ///
    /// Never: what is made up is well-formed.
    pub fn user(&self, number: u64) -> User {
        let made = later(FIRST_USER, number);
        let mut random = self.chance(1, number);
        let name = NAMES[random.below(NAMES.len())];
        User {
            id: UserId(id(made, &mut self.chance(2, number))),
            email: Email::parse(&email(number)).expect("an address"),
            email_verified: random.below(4) > 0,
            name: Some(DisplayName::parse(&format!("{name} {number}")).expect("a name")),
            roles: Roles::from(vec![Role::user()]),
            disabled_at: None,
            unlocked_at: None,
            security: SecurityEpoch::default(),
            created_at: made,
            updated_at: made,
            last_login_at: (random.below(3) > 0).then(|| made.plus(std::time::Duration::from_secs(3_600))),
        }
    }

    /// Session `number`, counted from 0: that of account `number` modulo the number of accounts.
    pub fn session(&self, number: u64) -> Session {
        let opened = later(FIRST_SESSION, number);
        let mut random = self.chance(3, number);
        Session {
            id: SessionId(id(opened, &mut self.chance(4, number))),
            user: self.user(number % self.users.max(1)).id,
            generation: u32::try_from(random.below(6)).unwrap_or_default(),
            epoch: 0,
            created_at: opened,
            authenticated_at: opened,
            last_seen_at: opened,
            rotated_at: opened,
            idle_expires_at: END,
            expires_at: END,
            // RFC 5737: addresses of nobody.
            address: format!("203.0.113.{}", random.below(256)),
            user_agent: (random.below(8) > 0).then(|| AGENTS[random.below(AGENTS.len())].to_owned()),
            methods: vec![AuthMethod::Password],
        }
    }

    /// Chance for one purpose and one number, the same at every time.
    fn chance(&self, purpose: u64, number: u64) -> SplitMix64 {
        let base = SplitMix64::new(self.seed ^ purpose.rotate_right(8)).bits();
        SplitMix64::new(base ^ SplitMix64::new(number).bits())
    }
}

/// The salt of the one password, out of the seed.
impl Entropy for Made {
    fn fill(&self, buffer: &mut [u8]) {
        let mut random = self.chance(5, 0);
        for bytes in buffer.chunks_mut(8) {
            bytes.copy_from_slice(&random.bits().to_le_bytes()[..bytes.len()]);
        }
    }
}

fn later(first: Timestamp, number: u64) -> Timestamp {
    Timestamp::from_micros(first.micros().saturating_add(number.cast_signed().saturating_mul(STEP_MICROS)))
}

fn id(at: Timestamp, random: &mut SplitMix64) -> uuid::Uuid {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.bits().to_le_bytes());
    bytes[8..].copy_from_slice(&random.bits().to_le_bytes()[..2]);
    Builder::from_unix_timestamp_millis(at.millis(), &bytes).into_uuid()
}

const NAMES: [&str; 8] = ["Ada", "Zoë", "Nikolaï", "張", "Ólafur", "Mary Anne", "ოთარ", "Renée 🦉"];

const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15",
    "curl/8.14.1",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::bytes;

    #[test]
    fn the_same_seed_makes_the_same_of_every_size() {
        let (small, large) = (Made { seed: 7, users: 3 }, Made { seed: 7, users: 3_000 });
        for number in [0, 1, 2] {
            assert_eq!(small.user(number), large.user(number));
            assert_eq!(small.session(number), large.session(number));
        }
        let other = Made { seed: 8, users: 3 };
        assert_ne!(small.user(0).id, other.user(0).id);
        assert_ne!(small.session(0).id, other.session(0).id);
        assert_ne!(bytes::<16>(&small), bytes::<16>(&other));
        assert_eq!(small.session(5).user, small.user(2).id, "sessions go round");
        // Data sets are compared by what they were made of.
        assert_eq!(small.user(0).id.to_string(), "019b76da-a800-76e5-a83d-a7456534e71b");
        assert_eq!(small.session(0).id.to_string(), "019c167f-cc00-7bca-b820-a2aa1bb342e5");
    }

    #[test]
    fn ids_are_in_the_order_of_the_numbers_and_none_is_there_twice() {
        let made = Made { seed: 1, users: 2_000 };
        assert!((1..2_000).all(|number| made.user(number - 1).id < made.user(number).id));
        assert!((1..2_000).all(|number| made.session(number - 1).id < made.session(number).id));
        let last = made.session(MOST);
        assert!(last.created_at < Timestamp::from_seconds(1_771_500_000) && !last.is_over(last.created_at));
    }
}
