//! Which costs are worth measuring.

use crate::config::OWASP_FLOOR;

/// Stronger ones, in MiB and passes. More memory costs an attacker more than more passes do, so beyond three passes
/// only small memory is worth it. 64 MiB × 3 is what RFC 9106 §4 recommends where 2 GiB are too much.
const STRONGER: [(u32, u32); 10] =
    [(19, 3), (19, 4), (32, 2), (46, 2), (32, 4), (64, 2), (64, 3), (128, 2), (128, 3), (256, 3)];

/// The costs to measure for hash threads that may take `memory` bytes together, weakest first: memory in KiB, and
/// passes. From OWASP's least to 256 MiB, none that does not fit into `memory` once.
pub fn candidates(memory: u64) -> Vec<(u32, u32)> {
    let all = OWASP_FLOOR.into_iter().chain(STRONGER).map(|(mib, iterations)| (mib * 1024, iterations));
    let mut fitting: Vec<_> = all.filter(|(memory_kib, _)| u64::from(*memory_kib) * 1024 <= memory).collect();
    fitting.sort_by_key(|(memory_kib, iterations)| (work(*memory_kib, *iterations), *memory_kib));
    fitting
}

/// How strong a cost is: KiB filled in all passes together. OWASP's costs of equal strength are within a third of each
/// other by this measure, the ones with more memory ahead.
pub(super) fn work(memory_kib: u32, iterations: u32) -> u64 {
    u64::from(memory_kib) * u64::from(iterations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reaches_owasp_floor;

    #[test]
    fn candidates_rise_from_owasps_least_to_256_mib() {
        let all = candidates(u64::MAX);
        assert_eq!((all.len(), all[0], all[all.len() - 1]), (15, (7 * 1024, 5), (256 * 1024, 3)));
        assert!(all.is_sorted_by_key(|(memory_kib, iterations)| work(*memory_kib, *iterations)));
        assert!(all.iter().all(|(memory_kib, iterations)| reaches_owasp_floor(*memory_kib, *iterations)));
    }

    #[test]
    fn none_takes_more_than_all_the_memory() {
        assert_eq!(candidates(10 << 20), [(7 * 1024, 5), (9 * 1024, 4)]);
        assert!(candidates(1 << 20).is_empty());
    }
}
