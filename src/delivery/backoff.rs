//! How long a delivery waits after failures, and when a message is given up.

use std::time::Duration;

use super::Verdict;
use crate::domain::entropy::{Entropy, bytes};

/// The longest pause.
pub(super) const LONGEST: Duration = Duration::from_secs(3_600);

/// So often a message is tried that its receiver refuses, and one that does not get through: within one and a half hours.
const REFUSALS: u32 = 3;
const TRIES: u32 = 8;

/// The pause after so many failures in a row: a second, four times as long with each, an hour at most; a fifth more or
/// less, so that not all come back at once. Never shorter than `asked`, as far as that is not beyond an hour.
pub(super) fn pause(failures: u32, asked: Option<Duration>, entropy: &dyn Entropy) -> Duration {
    let steps = failures.saturating_sub(1).min(6);
    let plain = Duration::from_secs(4u64.pow(steps)).min(LONGEST);
    let [chance] = bytes::<1>(entropy);
    let spread = plain.mul_f64(0.8 + 0.4 * f64::from(chance) / 255.0);
    spread.max(asked.unwrap_or_default()).min(LONGEST)
}

/// Why a message is given up after `tries`, if it is.
pub(super) fn given_up(verdict: &Verdict, tries: u32) -> Option<&str> {
    match verdict {
        Verdict::Refused(reason) if tries >= REFUSALS => Some(reason),
        Verdict::Later { reason, .. } if tries >= TRIES => Some(reason),
        _ => None,
    }
}
