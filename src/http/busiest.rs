//! Notices when one address sends most of the requests: a proxy that nobody told this server of, behind which all clients
//! look like one and share its limits.
//!
//! Frequent addresses are found in little memory by the counters of Misra and Gries (1982): a sample of requests, a bounded
//! number of counters, and what is told is never more than what was.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::gauge;

use crate::domain::clock::Timestamp;

/// One of so many requests is looked at, so that counting costs next to nothing.
const EVERY: u32 = 16;

/// The most addresses that are counted at a time. A share is told too low by one in so many at most.
const COUNTERS: usize = 256;

/// Requests that must have been looked at before anything is said of them.
const ENOUGH: u32 = 250;

/// How long requests are gathered, and how long a warning is not repeated.
const PERIOD: Duration = Duration::from_secs(60);
const SILENCE: Duration = Duration::from_secs(3_600);

/// What became clear of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Busiest {
    address: IpAddr,
    /// Of the requests that were looked at.
    share: f64,
    /// Whether it named other clients in a forwarding header that is not believed.
    forwards: bool,
}

#[derive(Debug, Default)]
struct Period {
    since: Option<Timestamp>,
    seen: u32,
    counts: HashMap<IpAddr, (u32, bool)>,
    warned: Option<Timestamp>,
}

/// The counters.
#[derive(Debug, Default)]
pub struct Dominance(Mutex<Period>);

impl Dominance {
    /// Counts one in sixteen requests from `address`, at `now`; `forwards` when it brought a forwarding header that nobody
    /// believes.
    pub(super) fn sample(&self, address: IpAddr, forwards: impl FnOnce() -> bool, now: Timestamp) {
        thread_local! {
            static PASSED: Cell<u32> = const { Cell::new(0) };
        }
        let passed = PASSED.get().wrapping_add(1);
        PASSED.set(passed);
        if passed.is_multiple_of(EVERY) {
            self.count(address, forwards(), now);
        }
    }

    /// The addresses that are counted at the moment.
    pub fn counted(&self) -> Vec<IpAddr> {
        let period = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        period.counts.keys().copied().collect()
    }

    /// Counts; what became clear when a period is over and there is something to say.
    fn count(&self, address: IpAddr, forwards: bool, now: Timestamp) {
        let mut period = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        period.note(address, forwards);
        let since = *period.since.get_or_insert(now);
        if now < since.plus(PERIOD) || period.seen < ENOUGH {
            return;
        }
        let busiest = period.close(now);
        let silent = period.warned.is_some_and(|at| now < at.plus(SILENCE));
        let Some(busiest) = busiest else { return };
        gauge!("guardhouse_busiest_address_share").set(busiest.share);
        if busiest.share > 0.5 && !silent {
            period.warned = Some(now);
            drop(period);
            warn(busiest);
        }
    }
}

impl Period {
    fn note(&mut self, address: IpAddr, forwards: bool) {
        self.seen += 1;
        if let Some((count, did)) = self.counts.get_mut(&address) {
            *count += 1;
            *did |= forwards;
        } else if self.counts.len() < COUNTERS {
            self.counts.insert(address, (1, forwards));
        } else {
            self.counts.retain(|_, (count, _)| {
                *count -= 1;
                *count > 0
            });
        }
    }

    /// Who sent the most, and everything anew.
    fn close(&mut self, now: Timestamp) -> Option<Busiest> {
        let counts = std::mem::take(&mut self.counts);
        let seen = std::mem::replace(&mut self.seen, 0);
        self.since = Some(now);
        let (address, (count, forwards)) = counts.into_iter().max_by_key(|(_, (count, _))| *count)?;
        Some(Busiest { address, share: f64::from(count) / f64::from(seen.max(1)), forwards })
    }
}

fn warn(Busiest { address, share, forwards }: Busiest) {
    let percent = (share * 100.0).round();
    let hint = if forwards {
        "it names other clients in a forwarding header: if it is a proxy of yours, add it to server.trusted_proxies"
    } else {
        "if it is a proxy of yours, let it send X-Forwarded-For and add it to server.trusted_proxies"
    };
    tracing::warn!(%address, percent, "one address sends most of the requests, so all its clients share its limits: {hint}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn stranger(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    #[test]
    fn a_majority_is_found_among_a_million_strangers_and_never_told_too_high() {
        let proxy: IpAddr = [192, 0, 2, 1].into();
        let mut period = Period::default();
        for number in 0..100_000 {
            period.note(if number % 10 < 6 { proxy } else { stranger(number) }, number == 1_000);
        }
        let busiest = period.close(at(0)).expect("requests were counted");
        assert_eq!((busiest.address, busiest.forwards), (proxy, true));
        assert!(
            busiest.share <= 0.6 && busiest.share > 0.6 - 1.0 / COUNTERS as f64 - 0.001,
            "{}",
            busiest.share
        );
        assert!(period.counts.is_empty() && period.seen == 0);
    }

    #[test]
    fn the_counters_stay_few() {
        let mut period = Period::default();
        for number in 0..50_000 {
            period.note(stranger(number), false);
        }
        assert!(period.counts.len() <= COUNTERS);
        let busiest = period.close(at(0));
        assert!(busiest.is_none_or(|busiest| busiest.share < 0.01), "{busiest:?}");
    }

    #[test]
    fn a_warning_waits_for_enough_requests_and_is_not_repeated_for_an_hour() {
        let dominance = Dominance::default();
        let warned = || dominance.0.lock().expect("nothing panics").warned;
        for _ in 0..ENOUGH - 1 {
            dominance.count(stranger(1), false, at(0));
        }
        dominance.count(stranger(1), false, at(59));
        assert_eq!(warned(), None, "the period is not over");
        dominance.count(stranger(1), false, at(60));
        assert_eq!(warned(), Some(at(60)));
        for _ in 0..ENOUGH {
            dominance.count(stranger(1), false, at(600));
        }
        assert_eq!(warned(), Some(at(60)));
        for _ in 0..ENOUGH {
            dominance.count(stranger(1), false, at(3_660));
        }
        assert_eq!(warned(), Some(at(3_660)));
    }

    #[test]
    fn one_request_in_sixteen_is_looked_at() {
        let dominance = Dominance::default();
        for _ in 0..160 {
            dominance.sample(stranger(1), || false, at(0));
        }
        assert_eq!(dominance.0.lock().expect("nothing panics").seen, 10);
    }
}
