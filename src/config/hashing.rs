//! `[hashing]`: how passwords are hashed, by how many threads, and how many may wait.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::leaf::Complaint;
use super::leaves::{ByteSize, Threads};
use super::reader::Reader;
use super::units::format_bytes;
use super::words::{word_leaf, words};

/// Password hashing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashing {
    /// What new hashes are made with; stored ones of the other kind still verify and are replaced at the next login.
    pub algorithm: HashAlgorithm,
    /// Threads that do nothing but hash.
    pub threads: NonZeroUsize,
    /// How many may wait for a thread before the next is refused; zero lets nobody wait.
    pub queue: usize,
    /// Who waited longer than this is refused without any work.
    pub deadline: Duration,
    /// The most memory, in bytes, that all threads together may take; `threads` × `argon2.memory_kib` fits into it.
    pub memory_budget: u64,
    /// By how much the hash threads yield to those that answer requests, 0 to 19.
    pub niceness: i32,
    /// The least time from the beginning of its work that a failed sign-in takes.
    pub failure_time: Duration,
    /// The cost of Argon2id.
    pub argon2: Argon2Cost,
    /// The cost of bcrypt: the logarithm of its rounds, 4 to 31.
    pub bcrypt_cost: u32,
    /// Starts even with a cost that no longer protects; for tests.
    pub danger_allow_weak: bool,
}

/// The cost of one Argon2id hash (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory, in KiB; at least eight a lane.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes; one hash always runs on one thread.
    pub lanes: u32,
}

words! {
    /// What new password hashes are made with.
    HashAlgorithm {
        /// Argon2id (RFC 9106).
        Argon2id = "argon2id",
        /// bcrypt.
        Bcrypt = "bcrypt",
    }
}
word_leaf!(HashAlgorithm, "`argon2id` or `bcrypt`");

const MEMORY: &str = "hashing.argon2.memory";
const ARGON2: [&str; 3] = [MEMORY, "hashing.argon2.iterations", "hashing.argon2.lanes"];
const SIZES: [&str; 3] = [MEMORY, "hashing.memory_budget", "hashing.threads"];

/// Costs of equal strength, in MiB and passes: OWASP Password Storage Cheat Sheet, Argon2id. Below all of them is weak.
pub const OWASP_FLOOR: [(u32, u32); 5] = [(46, 1), (19, 2), (12, 3), (9, 4), (7, 5)];

/// The lowest cost that the same sheet accepts for bcrypt.
pub const BCRYPT_FLOOR: u32 = 10;

impl Hashing {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let algorithm = reader.take("hashing.algorithm");
        let threads = reader.take::<Threads>("hashing.threads");
        let queue = reader.take_in("hashing.queue", 0..=1_000_000);
        let deadline =
            reader.take_in("hashing.deadline", Duration::from_millis(10)..=Duration::from_secs(60));
        let memory_budget = reader.take_in("hashing.memory_budget", ByteSize(1 << 20)..=ByteSize(1 << 40)).0;
        let niceness = reader.take_in("hashing.niceness", 0..=19);
        let argon2 = Argon2Cost::read(reader);
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let hashing = Self {
            algorithm,
            threads: match threads {
                Threads::Fixed(count) => count,
                Threads::Auto if algorithm == HashAlgorithm::Argon2id => {
                    fitting(cores, argon2, memory_budget)
                }
                Threads::Auto => cores,
            },
            queue,
            deadline,
            memory_budget,
            niceness,
            failure_time: reader.take_in("hashing.failure_time", Duration::ZERO..=Duration::from_secs(5)),
            argon2,
            bcrypt_cost: reader.take_in("hashing.bcrypt.cost", 4..=31),
            danger_allow_weak: reader.take("hashing.danger_allow_weak"),
        };
        match algorithm {
            HashAlgorithm::Argon2id => hashing.check_argon2(reader),
            HashAlgorithm::Bcrypt => hashing.check_bcrypt(reader),
        }
        hashing
    }

    fn check_argon2(&self, reader: &mut Reader) {
        let each = self.argon2.bytes();
        if !self.fits() && reader.sound(&SIZES) {
            let total = each.saturating_mul(self.threads.get() as u64);
            let (budget, other) = (format_bytes(self.memory_budget), reader.origin("hashing.memory_budget"));
            let budget = format!("`hashing.memory_budget` is {budget} ({other})");
            let help = format!("fewer threads, `\"auto\"`, or a budget of at least {}", format_bytes(total));
            let (each, total) = (format_bytes(each), format_bytes(total));
            if self.threads == NonZeroUsize::MIN {
                let help = "less memory for a hash, or a larger budget";
                let reason = format!("one hash takes {each}, and {budget}");
                reader.refuse(MEMORY, Complaint::with_help(reason, help));
            } else {
                let reason = format!("{} threads of {each} each need {total}, and {budget}", self.threads);
                reader.refuse("hashing.threads", Complaint::with_help(reason, help));
            }
        }
        if !self.argon2.reaches_floor() && !self.danger_allow_weak && reader.sound(&ARGON2) {
            let reason = format!(
                "{} with {} iterations is weaker than OWASP's least",
                format_bytes(each),
                self.argon2.iterations
            );
            let least = OWASP_FLOOR.map(|(mib, passes)| format!("{mib}MiB × {passes}")).join(", ");
            let help = format!(
                "use at least one of {least}, or set `hashing.danger_allow_weak = true`, for tests only"
            );
            reader.refuse(MEMORY, Complaint::with_help(reason, help));
        }
    }

    fn fits(&self) -> bool {
        self.argon2.bytes().saturating_mul(self.threads.get() as u64) <= self.memory_budget
    }

    fn check_bcrypt(&self, reader: &mut Reader) {
        if self.bcrypt_cost < BCRYPT_FLOOR
            && !self.danger_allow_weak
            && reader.sound(&["hashing.bcrypt.cost"])
        {
            let reason =
                format!("a cost of {} is weaker than OWASP's least, {BCRYPT_FLOOR}", self.bcrypt_cost);
            let help = "raise it, or set `hashing.danger_allow_weak = true`, for tests only";
            reader.refuse("hashing.bcrypt.cost", Complaint::with_help(reason, help));
        }
    }
}

impl Argon2Cost {
    fn read(reader: &mut Reader) -> Self {
        let largest = ByteSize(4 << 30);
        let memory = reader.take_if(MEMORY, |size: &ByteSize| {
            if *size > largest {
                return Err(format!(
                    "{} is more than {} for one hash",
                    format_bytes(size.0),
                    format_bytes(largest.0)
                )
                .into());
            }
            if !size.0.is_multiple_of(1024) {
                return Err(Complaint::with_help(
                    format!("{} is not a whole number of KiB", format_bytes(size.0)),
                    "Argon2 counts in KiB",
                ));
            }
            Ok(())
        });
        let cost = Self {
            memory_kib: u32::try_from(memory.0 / 1024).expect("four GiB are four million KiB"),
            iterations: reader.take_in("hashing.argon2.iterations", 1..=1000),
            lanes: reader.take_in("hashing.argon2.lanes", 1..=255),
        };
        if cost.memory_kib < 8 * cost.lanes && reader.sound(&ARGON2) {
            let reason = format!(
                "{} is too little: Argon2 needs 8KiB a lane, {}KiB",
                format_bytes(memory.0),
                8 * cost.lanes
            );
            reader.refuse(MEMORY, reason.into());
        }
        cost
    }

    /// The memory of one hash, in bytes.
    pub fn bytes(self) -> u64 {
        u64::from(self.memory_kib) * 1024
    }

    fn reaches_floor(self) -> bool {
        reaches_owasp_floor(self.memory_kib, self.iterations)
    }
}

/// Whether OWASP accepts Argon2id with this memory, in KiB, and so many passes.
pub fn reaches_owasp_floor(memory_kib: u32, iterations: u32) -> bool {
    OWASP_FLOOR.iter().any(|(mib, passes)| memory_kib >= mib * 1024 && iterations >= *passes)
}

/// As many threads as cores, but no more than the budget has memory for; one at least, and the check says if even that
/// is too much.
fn fitting(cores: NonZeroUsize, cost: Argon2Cost, budget: u64) -> NonZeroUsize {
    let room = usize::try_from(budget / cost.bytes().max(1)).unwrap_or(usize::MAX);
    NonZeroUsize::new(room).map_or(NonZeroUsize::MIN, |room| room.min(cores))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_never_takes_more_threads_than_the_budget_has_memory_for() {
        let cost = Argon2Cost { memory_kib: 19 * 1024, iterations: 2, lanes: 1 };
        let threads =
            |cores, mib: u64| fitting(NonZeroUsize::new(cores).expect("not zero"), cost, mib << 20).get();
        assert_eq!(threads(2, 256), 2);
        assert_eq!(threads(64, 256), 13);
        assert_eq!(threads(64, 10), 1);
    }

    #[test]
    fn the_floor_is_owasps() {
        for (memory_kib, iterations, accepted) in
            [(47_104, 1, true), (47_103, 1, false), (19_456, 2, true), (8_192, 5, true), (8_192, 4, false)]
        {
            assert_eq!(reaches_owasp_floor(memory_kib, iterations), accepted, "{memory_kib} × {iterations}");
        }
    }
}
