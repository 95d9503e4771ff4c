//! Processor time and memory of a process, from `/proc` (proc_pid_stat(5), proc_pid_statm(5)).

use std::io::{self, ErrorKind};
use std::time::Duration;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::time::{ClockId, clock_gettime};

/// A process of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    pid: u32,
    ticks: Option<u64>,
}

impl Process {
    /// Whether it is there shows with the first reading.
    pub fn new(pid: u32) -> Self {
        Self { pid, ticks: ticks(pid).ok() }
    }

    /// The cores that it used in the `seconds` since the last reading, and its resident octets.
    ///
    /// # Errors
    ///
    /// It is gone, or not this user's business.
    pub fn read(&mut self, seconds: f64) -> io::Result<(f64, u64)> {
        let now = ticks(self.pid)?;
        let used = now.saturating_sub(self.ticks.unwrap_or(now));
        self.ticks = Some(now);
        let cores = used as f64 / clock_ticks_per_second() as f64 / seconds;
        let statm = file(self.pid, "statm")?;
        let pages: u64 =
            statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        Ok((cores, pages * page_size() as u64))
    }
}

fn file(pid: u32, name: &str) -> io::Result<String> {
    let path = format!("/proc/{pid}/{name}");
    std::fs::read_to_string(&path).map_err(|fault| io::Error::new(fault.kind(), format!("{path}: {fault}")))
}

/// Time in user and kernel mode.
fn ticks(pid: u32) -> io::Result<u64> {
    let stat = file(pid, "stat")?;
    used(&stat).ok_or_else(|| ErrorKind::InvalidData.into())
}

fn used(stat: &str) -> Option<u64> {
    // The name may contain anything, brackets too: what counts comes after the last one.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    user.checked_add(system)
}

/// The processor time of this process.
pub(super) struct OwnTime(Duration);

impl OwnTime {
    pub(super) fn now() -> Self {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Self(Duration::try_from(time).unwrap_or_default())
    }

    /// Seconds since the last lap.
    pub(super) fn lap(&mut self) -> f64 {
        let before = std::mem::replace(self, Self::now());
        self.0.saturating_sub(before.0).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "42 (a) 1 (b)) S 1 2 3 4 5 6 7 8 9 10 70 30 0 0 20 0 1 0 5 6";
        assert_eq!(used(stat), Some(100));
        assert_eq!(used("42 (a"), None);
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        let mut process = Process::new(std::process::id());
        let (mut own, mut sum) = (OwnTime::now(), 0_u64);
        while own.0.is_zero() || sum < 30_000_000 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(own.lap() > 0.0);
        let (cores, rss) = process.read(1.0).unwrap();
        assert!(cores >= 0.0 && rss > 1 << 20, "{cores} {rss}");
        assert!(Process::new(u32::MAX).read(1.0).is_err());
    }
}
