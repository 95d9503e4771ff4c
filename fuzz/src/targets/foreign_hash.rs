//! Hashes of other systems, as an import or a tampered row may bring them: never a panic, never more work than the
//! limits allow, and looking at one tells what verifying it would.

use guardhouse::actors::hasher::CostLimits;
use guardhouse::actors::hasher::foreign::{Foreign, LONGEST, look_at, verify};

use super::common::vectors;

/// So low that nothing takes more than a few milliseconds.
const LIMITS: CostLimits =
    CostLimits { each_kib: 64, memory_kib: 256, work_kib: 512, bcrypt: 4, rounds: 1_000 };

/// `data` is a stored hash.
pub fn run(data: &[u8]) {
    let Ok(stored) = std::str::from_utf8(data) else { return };
    let looked_at = look_at(stored, &LIMITS);
    assert_ne!(looked_at, Foreign::Match, "nothing is compared: {stored}");
    assert!(stored.len() <= LONGEST || looked_at == Foreign::Malformed);
    let verified = verify(stored, b"password", &LIMITS);
    match (looked_at, verified) {
        (Foreign::Mismatch, Foreign::Match | Foreign::Mismatch) => {}
        // What only the work finds out is refused then.
        (Foreign::Mismatch, Foreign::Malformed | Foreign::TooExpensive) => {}
        (looked_at, verified) => assert_eq!(looked_at, verified, "{stored}"),
    }
    if verified == Foreign::Match {
        assert_ne!(verify(stored, b"another password", &LIMITS), Foreign::Match, "any password: {stored}");
    }
}

/// Those of the vectors, and each of the dialects.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors(include_str!("../../../tests/vectors/import_hashes.json"));
    let dialects = ["kratos", "aspnet", "node", "werkzeug", "bcrypt-md5", "nt-hash", "md5", "sha512"];
    let digits = "098f6bcd4621d373cade4e832627b4f6";
    seeds.extend(dialects.map(|dialect| format!("$import${dialect}${digits}").into_bytes()));
    seeds
}
