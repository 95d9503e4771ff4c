//! One measurement without a pause: its distributions, and the same second by second.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::knee::{Step, Used};
use crate::bench::latencies::Latencies;
use crate::bench::micros;
use crate::bench::recorder::{Outcomes, Recorder, Stage};

/// One slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// Good answers, from when they were due.
    pub latency: Latencies,
    /// Good answers, from when they were sent.
    pub service: Latencies,
    /// What the server said about the time of good answers.
    pub stages: StageLatencies,
    /// How requests ended.
    pub outcomes: Outcomes,
    /// The same over time; a slot is longer than a second where the slice is longer than ten minutes.
    pub seconds: Vec<Second>,
    /// What the server used meanwhile, about once a second.
    pub resources: Vec<Resources>,
}

/// The server's stages of a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StageLatencies {
    /// Waiting for a hash thread.
    pub queue: Latencies,
    /// Hashing.
    pub hash: Latencies,
    /// The database.
    pub db: Latencies,
    /// Signing.
    pub sign: Latencies,
}

/// One slot of the time series. A request lies in that in which it was due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// When it begins, in seconds since the warm-up ended.
    pub start: f64,
    /// How long it is, in seconds.
    pub length: f64,
    /// Requests that were due.
    pub due: u64,
    /// Those of them with a good answer, whenever it came.
    pub good: u64,
    /// Good answers that came within it.
    pub answered: u64,
    /// The median latency; none without a good answer.
    #[serde(rename = "p50_micros", with = "micros::optional")]
    pub p50: Option<Duration>,
    /// The 99th percentile.
    #[serde(rename = "p99_micros", with = "micros::optional")]
    pub p99: Option<Duration>,
    /// The mean time of service.
    #[serde(rename = "service_mean_micros", with = "micros::optional")]
    pub service_mean: Option<Duration>,
    /// The mean time in each stage, as [`Stage::ALL`] orders them: queue, hash, db, sign. What a request does not pass
    /// counts as nothing, so that they add up to less than the service.
    pub stage_mean_micros: [u64; Stage::ALL.len()],
}

/// What the server used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// When it was read, in seconds since the warm-up ended.
    pub at: f64,
    /// Processor time since the reading before, as a share of one core: 1.5 is one and a half cores. None where its process
    /// is not known.
    pub cpu_cores: Option<f64>,
    /// Resident memory in octets.
    pub rss_bytes: Option<u64>,
    /// Requests that waited for a hash thread or were in one; none where the server did not tell.
    pub hash_queue: Option<u64>,
}

impl Slice {
    /// What `recorder` holds, with the `resources` that the server used. Of those, what lies outside the window, or is
    /// no number, is left out.
    pub fn of(recorder: &Recorder, resources: Vec<Resources>) -> Self {
        let measured = recorder.window().measured.as_secs_f64();
        let timeline = recorder.timeline();
        let second = |index| {
            let (start, length) = timeline.bounds(index);
            let (start, length) = (start.as_secs_f64(), length.as_secs_f64());
            // Nothing happened any more, which is a value too: a rate is over the whole time.
            let Some(slot) = timeline.slots().get(index) else { return Second::empty(start, length) };
            let mean = |sum: u64| sum.checked_div(slot.good);
            Second {
                start,
                length,
                due: slot.due,
                good: slot.good,
                answered: slot.answered,
                p50: slot.quantile(0.5),
                p99: slot.quantile(0.99),
                service_mean: mean(slot.service_micros).map(Duration::from_micros),
                stage_mean_micros: slot.stage_micros.map(|sum| mean(sum).unwrap_or(0)),
            }
        };
        let stage = |stage| recorder.stage(stage).clone();
        let is_within =
            |one: &Resources| (0.0..=measured).contains(&one.at) && one.cpu_cores.is_none_or(f64::is_finite);
        Self {
            latency: recorder.latency().clone(),
            service: recorder.service().clone(),
            stages: StageLatencies {
                queue: stage(Stage::Queue),
                hash: stage(Stage::Hash),
                db: stage(Stage::Db),
                sign: stage(Stage::Sign),
            },
            outcomes: recorder.outcomes().clone(),
            seconds: (0..timeline.len()).map(second).collect(),
            resources: resources.into_iter().filter(is_within).map(Resources::rounded).collect(),
        }
    }

    /// So many a second of its whole length.
    fn per_second(&self, count: impl Fn(&Second) -> u64) -> f64 {
        let length: f64 = self.seconds.iter().map(|second| second.length).sum();
        let count: u64 = self.seconds.iter().map(count).sum();
        if length > 0.0 { count as f64 / length } else { 0.0 }
    }

    /// The slice in short, as a step of a ramp that offered so many requests a second.
    pub fn step(&self, offered_per_second: f64) -> Step {
        Step {
            offered_per_second,
            due_per_second: self.per_second(|second| second.due),
            achieved_per_second: self.per_second(|second| second.answered),
            requests: self.outcomes.total(),
            errors: self.outcomes.bad(),
            p50: self.latency.quantile(0.5),
            p99: self.latency.quantile(0.99),
            used: self.used(),
        }
    }

    fn used(&self) -> Used {
        let readings = &self.resources;
        let cores: Vec<f64> = readings.iter().filter_map(|one| one.cpu_cores).collect();
        let cores = cores.iter().sum::<f64>() / cores.len() as f64;
        let mean = |stage| self.stages.of(stage).mean().map_or(0, micros::of);
        Used {
            cpu_cores: cores.is_finite().then(|| rounded(cores)),
            rss_bytes: readings.iter().filter_map(|one| one.rss_bytes).max(),
            hash_queue: readings.iter().filter_map(|one| one.hash_queue).max(),
            stage_mean_micros: Stage::ALL.map(mean),
        }
    }
}

/// To digits that a file holds exactly, whoever reads it.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

impl Second {
    fn empty(start: f64, length: f64) -> Self {
        let (due, good, answered, stage_mean_micros) = (0, 0, 0, [0; Stage::ALL.len()]);
        Self {
            start,
            length,
            due,
            good,
            answered,
            p50: None,
            p99: None,
            service_mean: None,
            stage_mean_micros,
        }
    }
}

impl Resources {
    fn rounded(self) -> Self {
        Self { at: rounded(self.at), cpu_cores: self.cpu_cores.map(rounded), ..self }
    }
}

impl StageLatencies {
    /// The times of one stage.
    pub fn of(&self, stage: Stage) -> &Latencies {
        match stage {
            Stage::Queue => &self.queue,
            Stage::Hash => &self.hash,
            Stage::Db => &self.db,
            Stage::Sign => &self.sign,
        }
    }
}
