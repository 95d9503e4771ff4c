//! What a hash costs: what is configured for new ones, and the most that a stored one may ask for.

use argon2::Params;

use crate::config::{self, HashAlgorithm};

/// The scheme and cost of new hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Costs {
    /// Argon2id, version 1.3 (RFC 9106).
    Argon2id(Params),
    /// bcrypt with this cost: 2^cost rounds.
    Bcrypt(u32),
}

/// Bounds on stored hashes: an imported or tampered row must not be able to occupy a thread for minutes or to fill
/// the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostLimits {
    /// Argon2 memory of a new hash in KiB, which every thread has for itself; 0 where new hashes need none.
    pub each_kib: u32,
    /// Most Argon2 memory of a stored hash in KiB: what the budget leaves when every other thread has its own.
    pub memory_kib: u32,
    /// Most KiB filled in all passes together.
    pub work_kib: u64,
    /// Highest bcrypt cost.
    pub bcrypt: u32,
    /// Most rounds of iterated digests, counted in blocks of 64 octets.
    pub rounds: u64,
}

/// 64 times the work of the recommended 19 MiB in two passes: about a second.
const WORK_KIB: u64 = 64 * 2 * 19 * 1_024;

/// At cost 15 one bcrypt hash takes about two seconds.
const BCRYPT: u32 = 15;

/// Most memory of one lane of a stored scrypt hash, in KiB: N = 2^17 with r = 8, the dearest that anybody recommends.
const SCRYPT_KIB: u64 = 128 * 1_024;

/// Most KiB that a stored scrypt hash fills in all its lanes together: about a second and a half.
const SCRYPT_WORK_KIB: u64 = 4 * SCRYPT_KIB;

/// Most rounds of a stored hash that is made of iterated digests: about two seconds of SHA-256, and three times what
/// Django, the dearest of the known sources, makes of a new password.
const ROUNDS: u64 = 4_000_000;

impl From<&config::Hashing> for Costs {
    fn from(settings: &config::Hashing) -> Self {
        match settings.algorithm {
            HashAlgorithm::Argon2id => {
                let cost = settings.argon2;
                let params = Params::new(cost.memory_kib, cost.iterations, cost.lanes, None)
                    .expect("the configuration was checked against the algorithm's own bounds");
                Self::Argon2id(params)
            }
            HashAlgorithm::Bcrypt => Self::Bcrypt(settings.bcrypt_cost),
        }
    }
}

impl From<&config::Hashing> for CostLimits {
    fn from(settings: &config::Hashing) -> Self {
        let each_kib = match settings.algorithm {
            HashAlgorithm::Argon2id => settings.argon2.memory_kib,
            HashAlgorithm::Bcrypt => 0,
        };
        let others = u64::from(each_kib) * (settings.threads.get() as u64 - 1);
        let rest = (settings.memory_budget / 1_024).saturating_sub(others);
        Self {
            each_kib,
            memory_kib: u32::try_from(rest).unwrap_or(u32::MAX),
            work_kib: WORK_KIB
                .max(u64::from(settings.argon2.memory_kib) * u64::from(settings.argon2.iterations)),
            bcrypt: BCRYPT.max(settings.bcrypt_cost),
            rounds: ROUNDS,
        }
    }
}

impl CostLimits {
    /// Whether a stored Argon2 hash with `params` may be verified.
    pub fn allow(&self, params: &Params) -> bool {
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        params.m_cost() <= self.memory_kib && work <= self.work_kib && params.p_cost() <= 64
    }

    /// Whether a stored scrypt hash with `n` (not its logarithm), `r` and `p` may be verified.
    pub fn allow_scrypt(&self, n: u64, r: u64, p: u64) -> bool {
        let block = r.saturating_mul(128);
        let kib = |blocks: u64| block.saturating_mul(blocks).div_ceil(1_024);
        let all = n.saturating_add(p).saturating_add(1);
        kib(n) <= SCRYPT_KIB
            && kib(all) <= u64::from(self.memory_kib)
            && kib(n.saturating_mul(p)) <= SCRYPT_WORK_KIB
    }

    /// Whether a stored hash of `rounds` digests, each of `blocks` blocks of 64 octets, may be verified.
    pub fn allow_rounds(&self, rounds: u64, blocks: usize) -> bool {
        rounds.saturating_mul(blocks as u64) <= self.rounds
    }
}
