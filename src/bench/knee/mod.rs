//! The highest rate that a server carries, and what it lacked at the next one.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::format::{percent, rate, time};
use super::micros;
use super::recorder::Stage;

/// What a rate has to meet to count as carried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// Which share of the requests that were due has to be answered well, whenever the answer came: how late it may come
    /// is what `p99` says.
    pub least_achieved: f64,
    /// The share of errors has to stay below this.
    pub most_errors: f64,
    /// 99 of 100 answers have to come within this time from when they were due.
    #[serde(rename = "p99_micros", with = "micros")]
    pub p99: Duration,
}

/// One rate that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The rate that was tried, in requests a second.
    pub offered_per_second: f64,
    /// Requests that were due, a second. From the rate that was tried a Poisson schedule differs by chance, which is
    /// not the server's fault.
    pub due_per_second: f64,
    /// Good answers a second that came within the measured time. Some of them answer requests of the warm-up, and some
    /// requests are answered after the end, so this is no share of what was due.
    pub achieved_per_second: f64,
    /// How many requests were due.
    pub requests: u64,
    /// How many of them failed or got another answer than a good one.
    pub errors: u64,
    /// The median latency; none without a good answer.
    #[serde(rename = "p50_micros", with = "micros::optional")]
    pub p50: Option<Duration>,
    /// Its 99th percentile.
    #[serde(rename = "p99_micros", with = "micros::optional")]
    pub p99: Option<Duration>,
    /// What it cost the server.
    #[serde(default)]
    pub used: Used,
}

/// What one rate cost the server, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// Cores in use on average.
    pub cpu_cores: Option<f64>,
    /// The most resident memory, in octets.
    pub rss_bytes: Option<u64>,
    /// The most requests at a time that waited for a hash thread or were in one.
    pub hash_queue: Option<u64>,
    /// The mean time in each stage of the answers that passed it, as [`Stage::ALL`] orders them: queue, hash, db, sign.
    pub stage_mean_micros: [u64; Stage::ALL.len()],
}

/// One thing that a rate did not meet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "lacks")]
pub enum Shortfall {
    /// Too little of what was due was answered well.
    Achieved {
        /// The share that was.
        share: f64,
        /// The share that should have been.
        least: f64,
    },
    /// Too many errors.
    Errors {
        /// Their share.
        share: f64,
        /// What it should have stayed below.
        most: f64,
    },
    /// Too slow.
    P99 {
        /// The 99th percentile of the latency.
        #[serde(rename = "micros", with = "micros")]
        time: Duration,
        /// What it may be.
        #[serde(rename = "most_micros", with = "micros")]
        most: Duration,
    },
    /// No good answer at all.
    NoAnswer,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// The highest rate that was carried, in requests a second; none if no rate was.
    pub carried_per_second: Option<f64>,
    /// The next higher rate that was tried, and all that it lacked; none if the highest rate of all was carried, and
    /// the knee may lie beyond.
    pub next: Option<(f64, Vec<Shortfall>)>,
    /// Lower rates that were not carried when they were tried last: a sign of noise, for which the step should be
    /// repeated.
    pub failed_below: Vec<f64>,
}

impl Criterion {
    /// 98 % of the offered rate, fewer than one error in a thousand.
    pub fn with_p99(p99: Duration) -> Self {
        Self { least_achieved: 0.98, most_errors: 0.001, p99 }
    }

    /// All that `step` lacks; nothing if its rate was carried.
    pub fn shortfalls(&self, step: &Step) -> Vec<Shortfall> {
        let Self { least_achieved, most_errors, p99 } = *self;
        let mut lacks = Vec::new();
        // Of nothing, nothing was carried.
        let share = step.good() as f64 / step.requests.max(1) as f64;
        if share < least_achieved {
            lacks.push(Shortfall::Achieved { share, least: least_achieved });
        }
        let share = step.error_share();
        if share >= most_errors && step.errors > 0 {
            lacks.push(Shortfall::Errors { share, most: most_errors });
        }
        match step.p99 {
            None => lacks.push(Shortfall::NoAnswer),
            Some(time) if time > p99 => lacks.push(Shortfall::P99 { time, most: p99 }),
            Some(_) => {}
        }
        lacks
    }

    /// Finds the knee among `steps`, in whatever order the rates were tried. Of a rate that was tried twice the last trial
    /// counts.
    pub fn knee(&self, steps: &[Step]) -> Knee {
        let mut judged: Vec<_> =
            steps.iter().rev().map(|step| (step.offered_per_second, self.shortfalls(step))).collect();
        // The order of trials of one rate stays, the last one first.
        judged.sort_by(|a, b| a.0.total_cmp(&b.0));
        judged.dedup_by(|a, b| a.0 == b.0);
        let last = judged.iter().rposition(|(_, lacks)| lacks.is_empty());
        let above = judged.split_off(last.map_or(0, |last| last + 1));
        let carried_per_second = last.map(|last| judged[last].0);
        let failed = judged.into_iter().filter(|(_, lacks)| !lacks.is_empty());
        Knee {
            carried_per_second,
            next: above.into_iter().next(),
            failed_below: failed.map(|(rate, _)| rate).collect(),
        }
    }
}

impl Shortfall {
    /// What lacks, in a word or two; its `Display` is the sentence.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Achieved { .. } => "rate",
            Self::Errors { .. } => "errors",
            Self::P99 { .. } => "p99",
            Self::NoAnswer => "no answer",
        }
    }
}

impl Step {
    /// How many of its requests were answered well.
    pub fn good(&self) -> u64 {
        self.requests.saturating_sub(self.errors)
    }

    /// The share of requests that ended in an error.
    pub fn error_share(&self) -> f64 {
        self.errors as f64 / (self.requests.max(1)) as f64
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Achieved { share, least } => {
                write!(
                    f,
                    "only {} of what was due was answered well ({} is required)",
                    percent(*share),
                    percent(*least)
                )
            }
            Self::Errors { share, most } => {
                write!(
                    f,
                    "{} of the requests failed (less than {} is allowed)",
                    percent(*share),
                    percent(*most)
                )
            }
            Self::P99 { time: p99, most } => {
                write!(f, "p99 was {} (at most {} is allowed)", time(*p99), time(*most))
            }
            Self::NoAnswer => write!(f, "no request was answered well"),
        }
    }
}

impl fmt::Display for Knee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.carried_per_second {
            Some(carried) => write!(f, "carried up to {}", rate(carried))?,
            None if self.next.is_some() => write!(f, "not even the lowest rate was carried")?,
            None => return write!(f, "no rate was tried"),
        }
        match &self.next {
            Some((next, lacks)) => {
                let lacks: Vec<_> = lacks.iter().map(Shortfall::to_string).collect();
                write!(f, "; at {} {}", rate(*next), lacks.join(", and "))?;
            }
            None => write!(f, "; that was the highest rate tried, the knee may lie beyond")?,
        }
        if !self.failed_below.is_empty() {
            let rates: Vec<_> = self.failed_below.iter().copied().map(rate).collect();
            write!(f, "; yet lower ones were not carried ({}): too noisy, repeat it", rates.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
