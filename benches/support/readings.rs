//! What the operating system says about this process.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Runs `load` on this thread, and says how much processor time the rest of the process spent meanwhile: what the
/// servers' threads cost, without the client that loads them.
pub(crate) fn server_cpu(load: impl FnOnce()) -> Duration {
    let (all, own) = (cpu(ClockId::ProcessCPUTime), cpu(ClockId::ThreadCPUTime));
    load();
    let own = cpu(ClockId::ThreadCPUTime).saturating_sub(own);
    cpu(ClockId::ProcessCPUTime).saturating_sub(all).saturating_sub(own)
}

fn cpu(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).expect("processor time is not negative")
}

/// Memory of this process that is in use now.
pub(crate) fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux tells a process its memory");
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("pages");
    pages * rustix::param::page_size() as u64
}

/// The value that `share` of `times` do not exceed.
pub(crate) fn percentile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let at = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1)) - 1;
    times.get(at).copied().unwrap_or_default()
}
