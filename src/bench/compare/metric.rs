//! What is compared, and its value in each second.

use std::fmt;

use serde::Serialize;

use crate::bench::result::{RunResult, Second, Slice};

/// One thing that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Good answers a second. In an open loop it is the offered rate until the server cannot follow.
    Throughput,
    /// The share of requests that were answered well.
    SuccessShare,
    /// The median latency of each second.
    LatencyP50,
    /// Its 99th percentile; of fewer than a hundred requests a second, that is the slowest.
    LatencyP99,
    /// The mean time of service.
    ServiceMean,
    /// Processor time for each good answer, in seconds.
    CpuPerAnswer,
    /// Resident memory, in octets.
    Rss,
    /// The highest rate that a ramp found to be carried; nothing if none was.
    Knee,
}

impl Metric {
    /// All that have a value in each second, which [`Self::Knee`] has not.
    pub const OF_SECONDS: [Self; 7] = [
        Self::Throughput,
        Self::SuccessShare,
        Self::LatencyP50,
        Self::LatencyP99,
        Self::ServiceMean,
        Self::CpuPerAnswer,
        Self::Rss,
    ];

    /// Whether more of it is better.
    pub fn is_better_higher(self) -> bool {
        match self {
            Self::Throughput | Self::SuccessShare | Self::Knee => true,
            Self::LatencyP50 | Self::LatencyP99 | Self::ServiceMean | Self::CpuPerAnswer | Self::Rss => false,
        }
    }

    /// The least effect that matters, as a share, where `usual` is that of most. One more error in a thousand matters
    /// however little that changes the share of successes.
    pub(super) fn minimum_effect(self, usual: f64) -> f64 {
        if self == Self::SuccessShare { usual.min(0.001) } else { usual }
    }

    /// Whether its average is that of the logarithms.
    pub(super) fn is_geometric(self) -> bool {
        match self {
            Self::LatencyP50 | Self::LatencyP99 | Self::ServiceMean => true,
            Self::Throughput | Self::SuccessShare | Self::CpuPerAnswer | Self::Rss | Self::Knee => false,
        }
    }

    /// Its value in each second of each slice; a second without one is left out.
    pub(super) fn values(self, run: &RunResult) -> Vec<Vec<f64>> {
        run.slices.iter().map(|slice| self.of_slice(slice)).collect()
    }

    fn of_slice(self, slice: &Slice) -> Vec<f64> {
        if self == Self::Rss {
            return slice
                .resources
                .iter()
                .filter_map(|one| one.rss_bytes)
                .map(|octets| octets as f64)
                .collect();
        }
        // The last, shorter one of an uneven slice would only be noise.
        let full = slice.seconds.first().map_or(0.0, |first| first.length);
        let seconds = slice.seconds.iter().filter(|second| second.length >= full);
        seconds.filter_map(|second| self.of_second(slice, second)).filter(|value| value.is_finite()).collect()
    }

    fn of_second(self, slice: &Slice, second: &Second) -> Option<f64> {
        match self {
            Self::Throughput => Some(second.answered as f64 / second.length),
            Self::SuccessShare => (second.due > 0).then(|| second.good as f64 / second.due as f64),
            Self::LatencyP50 => second.p50.map(|time| time.as_secs_f64()),
            Self::LatencyP99 => second.p99.map(|time| time.as_secs_f64()),
            Self::ServiceMean => second.service_mean.map(|time| time.as_secs_f64()),
            Self::CpuPerAnswer => {
                let within = second.start..second.start + second.length;
                let readings = slice.resources.iter().filter(|reading| within.contains(&reading.at));
                let cores = readings.filter_map(|reading| reading.cpu_cores);
                let (sum, count) = cores.fold((0.0, 0.0), |(sum, count), cores| (sum + cores, count + 1.0));
                (second.answered > 0).then(|| sum / count * second.length / second.answered as f64)
            }
            Self::Rss | Self::Knee => None,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throughput => "throughput",
            Self::SuccessShare => "success share",
            Self::LatencyP50 => "latency p50",
            Self::LatencyP99 => "latency p99",
            Self::ServiceMean => "service mean",
            Self::CpuPerAnswer => "CPU per answer",
            Self::Rss => "memory",
            Self::Knee => "knee",
        })
    }
}
