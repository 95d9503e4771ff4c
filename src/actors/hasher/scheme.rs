//! Hashing and verifying as plain functions; the thread lends its memory. Everybody but the threads of the pool and
//! the fuzzer goes through [`super::Hashers`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Ident, Output, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};
use guardhouse_argon2::Recipe;
use secrecy::SecretString;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

pub use guardhouse_argon2::Memory;

use super::cost::{CostLimits, Costs};
use super::foreign::{self, Foreign};
use super::{PasswordVerification, StoredHash};
use crate::domain::entropy::{Entropy, bytes};
use crate::domain::password::Password;

/// bcrypt reads no further than this.
const BCRYPT_READS: usize = 72;

/// The configured scheme, the bounds, and the decoy for users that do not exist.
pub struct Scheme {
    costs: Costs,
    limits: CostLimits,
    entropy: Arc<dyn Entropy>,
    decoy: String,
    /// Held while a hash dearer than the configured ones is verified.
    dear: Mutex<()>,
}

/// Why a stored hash can never be verified here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// Of no known format.
    #[error("the password hash is of no known format")]
    Unknown,
    /// Of a known format, and not as that format writes it.
    #[error("the password hash is not as its format writes it")]
    Malformed,
    /// Verifying it takes more time or memory than is allowed.
    #[error("the password hash is too expensive to verify")]
    TooExpensive,
}

/// What an Argon2 string says.
struct StoredArgon2 {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    expected: Output,
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheme({self})")
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.costs {
            Costs::Argon2id(p) => {
                write!(f, "argon2id m={} KiB t={} p={}", p.m_cost(), p.t_cost(), p.p_cost())
            }
            Costs::Bcrypt(cost) => write!(f, "bcrypt cost={cost}"),
        }
    }
}

impl Scheme {
    /// With a decoy of its own. Hashes are salted from `entropy`.
    pub fn new(costs: Costs, limits: CostLimits, entropy: Arc<dyn Entropy>) -> Self {
        Self::made_in(&mut Memory::default(), costs, limits, entropy)
    }

    /// As [`Self::new`], with memory that the caller goes on to use.
    pub(super) fn made_in(
        memory: &mut Memory,
        costs: Costs,
        limits: CostLimits,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let mut scheme = Self { costs, limits, entropy, decoy: String::new(), dear: Mutex::default() };
        // Made of no password, so that nothing matches it.
        scheme.decoy = scheme.encode(&bytes::<32>(&*scheme.entropy), memory);
        scheme
    }

    /// The name of the configured scheme.
    pub(super) fn name(&self) -> &'static str {
        match self.costs {
            Costs::Argon2id(_) => "argon2id",
            Costs::Bcrypt(_) => "bcrypt",
        }
    }

    /// Does the work of one comparison, as nobody's.
    pub(super) fn rehearse(&self, memory: &mut Memory) {
        let _ = self.compare(&[], &self.decoy, memory);
    }

    /// Hashes a new password.
    pub fn hash(&self, password: &Password, memory: &mut Memory) -> StoredHash {
        SecretString::from(self.encode(password.as_bytes(), memory))
    }

    /// Compares `candidate` with `stored`, or with the decoy; a hash dearer than the limits is
    /// [`PasswordVerification::Unusable`] before any of its work is done.
    pub fn verify(
        &self,
        candidate: &Password,
        stored: Option<&str>,
        memory: &mut Memory,
    ) -> PasswordVerification {
        let (hash, real) = stored.map_or((self.decoy.as_str(), false), |hash| (hash, true));
        match self.compare(candidate.as_bytes(), hash, memory) {
            Some(true) if real => {
                // bcrypt would cut a longer password: that one keeps the hash it has.
                let fits =
                    !matches!(self.costs, Costs::Bcrypt(_)) || candidate.as_bytes().len() <= BCRYPT_READS;
                let upgrade = (fits && !self.is_current(hash)).then(|| self.hash(candidate, memory));
                PasswordVerification::Match { upgrade }
            }
            Some(_) => PasswordVerification::Mismatch,
            None => {
                // The time of an answer must not tell that this user's hash is broken.
                let _ = self.compare(candidate.as_bytes(), &self.decoy, memory);
                PasswordVerification::Unusable
            }
        }
    }

    fn encode(&self, password: &[u8], memory: &mut Memory) -> String {
        let salt = bytes::<16>(&*self.entropy);
        match &self.costs {
            Costs::Argon2id(params) => {
                let mut output = [0; 32];
                Recipe::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_into(password, &salt, memory, &mut output)
                    .expect("configured parameters and a 16-octet salt are within the algorithm's bounds");
                let hash = PasswordHash {
                    algorithm: Ident::new("argon2id").expect("a valid identifier"),
                    version: Some(u32::from(Version::V0x13)),
                    params: params.try_into().expect("parameters fit their string form"),
                    salt: Some(Salt::new(&salt).expect("16 octets are a valid salt")),
                    hash: Some(Output::new(&output).expect("32 octets are a valid output")),
                };
                output.zeroize();
                hash.to_string()
            }
            Costs::Bcrypt(cost) => bcrypt::hash_with_salt(password, *cost, salt)
                .expect("the configured cost is within the algorithm's bounds and the policy refuses U+0000")
                .to_string(),
        }
    }

    /// `None` when `stored` cannot be verified.
    pub(super) fn compare(&self, password: &[u8], stored: &str, memory: &mut Memory) -> Option<bool> {
        let stored = foreign::bare(stored);
        if stored.starts_with("$argon2") {
            self.compare_argon2(password, stored, memory)
        } else if stored.starts_with("$2") {
            self.compare_bcrypt(password, stored)
        } else {
            self.compare_foreign(password, stored, memory)
        }
    }

    /// Whether `stored` could be verified here; none of its work is done.
    ///
    /// # Errors
    ///
    /// [`Unsound`]
    pub fn look_at(&self, stored: &str) -> Result<(), Unsound> {
        let stored = foreign::bare(stored);
        if stored.starts_with("$argon2") {
            self.read_argon2(stored).map(|_| ())
        } else if stored.starts_with("$2") {
            self.read_bcrypt(stored)
        } else {
            match foreign::look_at(stored, &self.limits) {
                Foreign::Match | Foreign::Mismatch => Ok(()),
                Foreign::Malformed => Err(Unsound::Malformed),
                Foreign::TooExpensive => Err(Unsound::TooExpensive),
                Foreign::Unknown => Err(Unsound::Unknown),
            }
        }
    }

    fn compare_foreign(&self, password: &[u8], stored: &str, memory: &mut Memory) -> Option<bool> {
        // scrypt brings memory of its own, so it takes what this thread gives back and what the budget leaves.
        let _alone = foreign::is_memory_hard(stored).then(|| {
            memory.shrink_to(0);
            self.dear.lock().unwrap_or_else(PoisonError::into_inner)
        });
        match foreign::verify(stored, password, &self.limits) {
            Foreign::Match => Some(true),
            Foreign::Mismatch => Some(false),
            Foreign::Malformed | Foreign::TooExpensive | Foreign::Unknown => None,
        }
    }

    fn read_argon2(&self, stored: &str) -> Result<StoredArgon2, Unsound> {
        let hash = PasswordHash::new(stored).map_err(|_| Unsound::Malformed)?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| Unsound::Malformed)?;
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from);
        let version = version.map_err(|_| Unsound::Malformed)?;
        let params = Params::try_from(&hash).map_err(|_| Unsound::Malformed)?;
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else { return Err(Unsound::Malformed) };
        // The parser takes parameters in any order, twice, or not at all; whoever writes such hashes takes only these.
        let named = |version: &str| {
            let (m, t, p) = (params.m_cost(), params.t_cost(), params.p_cost());
            stored.starts_with(&format!("${}${version}m={m},t={t},p={p}$", hash.algorithm))
        };
        let unversioned = version == Version::V0x10 && named("");
        if !unversioned && !named(&format!("v={}$", u32::from(version))) {
            return Err(Unsound::Malformed);
        }
        if !self.limits.allow(&params) {
            return Err(Unsound::TooExpensive);
        }
        Ok(StoredArgon2 { algorithm, version, params, salt, expected })
    }

    fn compare_argon2(&self, password: &[u8], stored: &str, memory: &mut Memory) -> Option<bool> {
        let StoredArgon2 { algorithm, version, params, salt, expected } = self.read_argon2(stored).ok()?;
        let mut output = vec![0; expected.len()];
        // Hashes dearer than the configured ones are verified one at a time: each thread's own memory is spoken for.
        let dear = params.m_cost() > self.limits.each_kib;
        let alone = dear.then(|| self.dear.lock().unwrap_or_else(PoisonError::into_inner));
        let hashed =
            Recipe::new(algorithm, version, &params).hash_into(password, salt.as_ref(), memory, &mut output);
        if dear {
            memory.shrink_to(self.limits.each_kib as usize);
        }
        drop(alone);
        hashed.ok()?;
        let equal = output.ct_eq(expected.as_bytes()).into();
        output.zeroize();
        Some(equal)
    }

    fn read_bcrypt(&self, stored: &str) -> Result<(), Unsound> {
        let cost = stored.parse::<bcrypt::HashParts>().map_err(|_| Unsound::Malformed)?.get_cost();
        if cost > self.limits.bcrypt { Err(Unsound::TooExpensive) } else { Ok(()) }
    }

    fn compare_bcrypt(&self, password: &[u8], stored: &str) -> Option<bool> {
        self.read_bcrypt(stored).ok()?;
        let matches = bcrypt::verify(password, stored).ok()?;
        // Where bcrypt is the scheme nobody has a longer password, so what lies behind the 72 octets is not theirs. An
        // imported hash keeps the meaning it had where it was made, until its user's login replaces it.
        let readable = password.len() <= BCRYPT_READS || !matches!(self.costs, Costs::Bcrypt(_));
        Some(matches && readable)
    }

    /// Whether `stored`, which has just been verified, was made under the configured scheme and cost.
    fn is_current(&self, stored: &str) -> bool {
        foreign::bare(stored) == stored && self.has_configured_costs(stored)
    }

    fn has_configured_costs(&self, stored: &str) -> bool {
        match &self.costs {
            Costs::Argon2id(configured) => PasswordHash::new(stored).is_ok_and(|hash| {
                hash.algorithm.as_str() == "argon2id"
                    && hash.version == Some(u32::from(Version::V0x13))
                    && Params::try_from(&hash).is_ok_and(|params| {
                        (params.m_cost(), params.t_cost(), params.p_cost())
                            == (configured.m_cost(), configured.t_cost(), configured.p_cost())
                    })
            }),
            Costs::Bcrypt(cost) => {
                stored.parse::<bcrypt::HashParts>().is_ok_and(|parts| parts.get_cost() == *cost)
            }
        }
    }
}
