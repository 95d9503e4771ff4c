//! Made-up results for the tests of this folder.

use std::collections::BTreeMap;
use std::time::Duration;

use super::knee::{Criterion, Step, Used};
use super::recorder::{Failure, Outcome, Recorder, Sample, Stage, Stages};
use super::result::*;
use super::schedule::{Arrivals, Schedule, Window};
use crate::domain::random::SplitMix64;

/// A server that answers in about `millis`, give or take a tenth, and the `seed` of its moods.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub(super) seed: u64,
    pub(super) millis: f64,
    pub(super) per_second: f64,
    pub(super) seconds: u64,
    pub(super) slices: u64,
    /// By how much, as a share, one slice differs from the next.
    pub(super) between_slices: f64,
    /// One request in so many fails.
    pub(super) one_error_in: u64,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            seed: 1,
            millis: 30.0,
            per_second: 50.0,
            seconds: 20,
            slices: 5,
            between_slices: 0.0,
            one_error_in: u64::MAX,
        }
    }
}

impl Made {
    pub(super) fn run(self) -> RunResult {
        let mut random = SplitMix64::new(self.seed);
        let slices = (0..self.slices).map(|_| self.slice(&mut random)).collect();
        RunResult {
            started: "2026-11-28T12:00:00Z".to_owned(),
            host: Host {
                name: "tower".to_owned(),
                os: "Linux 6.12".to_owned(),
                cpu: "Model 7".to_owned(),
                cores: 2,
                memory_bytes: 24 << 30,
                file_system: None,
            },
            server: Server {
                version: "0.1.0".to_owned(),
                commit: Some("624bb27".to_owned()),
                profile: "release".to_owned(),
                configuration: vec!["hashing.threads = 2".to_owned(), "hashing.queue = 64".to_owned()],
            },
            workload: Workload {
                action: Action::Login,
                load: Load::Open { per_second: self.per_second, arrivals: Arrivals::Constant },
                connections: 16,
                window: self.window(),
                parameters: BTreeMap::from([("accounts".to_owned(), "1000".to_owned())]),
            },
            ceiling: Ceiling {
                per_second: 21_000.0,
                p50: Duration::from_micros(90),
                p99: Duration::from_micros(240),
            },
            slices,
            ramp: None,
            notes: Vec::new(),
        }
    }

    fn window(self) -> Window {
        Window { warm_up: Duration::from_secs(2), measured: Duration::from_secs(self.seconds) }
    }

    fn slice(self, random: &mut SplitMix64) -> Slice {
        let window = self.window();
        let mut recorder = Recorder::new(window);
        let mood = 1.0 + self.between_slices * spread(random);
        let schedule = Schedule::new(self.per_second, Arrivals::Constant).expect("a rate");
        for due in schedule.take_while(|due| due.at < window.end()) {
            let seconds = self.millis / 1e3 * mood * (1.0 + 0.1 * spread(random));
            let [wait, took] = [0.05, 1.0].map(|share| Duration::from_secs_f64(seconds * share));
            let outcome = match due.number % self.one_error_in {
                0 if due.number > 0 && due.number.is_multiple_of(2) => Outcome::Failed(Failure::Timeout),
                0 if due.number > 0 => Outcome::Refused { status: 503, code: Some("hash_queue_full") },
                _ => Outcome::Good(200),
            };
            let stages = Stages::default()
                .with(Stage::Queue, took.mul_f64(0.2))
                .with(Stage::Hash, took.mul_f64(0.5))
                .with(Stage::Db, took.mul_f64(0.15))
                .with(Stage::Sign, took.mul_f64(0.05));
            let sent = due.at + wait;
            recorder.record(&Sample { due: due.at, sent, done: sent + took, outcome, stages });
        }
        let resources = (0..self.seconds).map(|second| Resources {
            at: second as f64 + 0.5,
            cpu_cores: Some(1.2 * mood * (1.0 + 0.05 * spread(random))),
            rss_bytes: Some((90 << 20) + (second << 16)),
            hash_queue: Some(random.below(4) as u64),
        });
        Slice::of(&recorder, resources.collect())
    }
}

/// About normal, with a standard deviation of 1 and without tails.
fn spread(random: &mut SplitMix64) -> f64 {
    (0..4).map(|_| random.uniform() - 0.5).sum::<f64>() * 3_f64.sqrt()
}

/// A ramp alone, as a cell of a matrix.
pub(super) fn ramped() -> RunResult {
    let mut run = Made { slices: 0, ..Made::default() }.run();
    run.workload.parameters.insert("ramp".to_owned(), "10/s to 80/s, 10 s each".to_owned());
    run.ramp = Some(ramp());
    run.notes.push("the client used 3.00 % of a core on average".to_owned());
    run
}

pub(super) fn ramp() -> RampResult {
    let step = |offered: f64, share: f64, errors, p99| Step {
        offered_per_second: offered,
        due_per_second: offered,
        achieved_per_second: offered * share,
        requests: (offered * 10.0) as u64,
        errors,
        p50: Some(Duration::from_millis(p99 / 2)),
        p99: Some(Duration::from_millis(p99)),
        used: Used {
            cpu_cores: Some(share * 1.5),
            rss_bytes: Some(96 << 20),
            hash_queue: Some(errors / 10),
            stage_mean_micros: [500, 12_000, 800, 90],
        },
    };
    let steps = vec![
        step(10.0, 1.0, 0, 30),
        step(20.0, 1.0, 0, 40),
        step(40.0, 0.999, 0, 80),
        step(80.0, 0.7, 240, 2_000),
    ];
    RampResult::of(Criterion::with_p99(Duration::from_millis(250)), steps)
}

pub(super) fn matrix() -> MatrixResult {
    let cell = |database: &str, store: &str, outcome| Cell {
        at: vec![database.to_owned(), store.to_owned()],
        outcome,
    };
    let run =
        |millis| CellOutcome::Run(Box::new(Made { millis, slices: 3, seconds: 10, ..Made::default() }.run()));
    MatrixResult {
        axes: vec!["database".to_owned(), "session store".to_owned()],
        cells: vec![
            cell("sqlite", "memory", run(20.0)),
            cell("postgres", "redis", run(30.0)),
            cell("mariadb", "redis", CellOutcome::Failed("the server did not start within 30 s".to_owned())),
        ],
    }
}
