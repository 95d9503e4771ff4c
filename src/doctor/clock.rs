//! Whether two clocks agree: a token says when it was issued, and another machine decides whether that has been yet.

use std::time::Duration;

use super::Finding;
use crate::config::Config;
use crate::domain::clock::Timestamp;
use crate::domain::duration::format_duration;

/// Of the clock of `what`, which said `there` at some moment between `before` and `after`.
pub(super) fn finding(
    what: &'static str,
    config: &Config,
    [before, there, after]: [Timestamp; 3],
) -> Finding {
    // What can be explained by the way there and back is no difference.
    let apart = before.since(there).max(there.since(after));
    let whole = Duration::from_millis(apart.as_millis().try_into().unwrap_or(u64::MAX));
    let value = format!("differs from this machine's by {}", format_duration(whole));
    let leeway = config.tokens.leeway;
    let advice = format!(
        "run an NTP client on both: tokens of another node are refused where clocks differ by more than tokens.leeway = {}",
        format_duration(leeway)
    );
    if apart > leeway {
        Finding::fail(what, value, advice)
    } else if apart > leeway / 2 || apart > Duration::from_secs(2) {
        Finding::warn(what, value, advice)
    } else {
        Finding::ok(what, value)
    }
}
