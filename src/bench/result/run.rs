//! One workload under one load: where, what, and what came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Slice;
use crate::bench::knee::{Criterion, Knee, Step};
use crate::bench::latencies::Latencies;
use crate::bench::micros;
use crate::bench::recorder::Outcomes;
use crate::bench::schedule::{Arrivals, Window};

/// One run. It is measured in several slices, so that what differs from one to the next can be told from what differs
/// from one result to the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// When it began, as RFC 3339 has it.
    pub started: String,
    /// The machine.
    pub host: Host,
    /// What was measured.
    pub server: Server,
    /// What was asked of it.
    pub workload: Workload,
    /// How much of that the client could have done at all.
    pub ceiling: Ceiling,
    /// What came of it; empty for a ramp alone.
    pub slices: Vec<Slice>,
    /// The rates that were tried to find the knee, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<RampResult>,
    /// What whoever reads the numbers should know, such as how busy the client itself was; a sentence each, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The machine of client and server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Operating system and kernel.
    pub os: String,
    /// The processor's model.
    pub cpu: String,
    /// How many cores the server may use.
    pub cores: u32,
    /// Memory in octets.
    pub memory_bytes: u64,
    /// The type of the file system that the files of a server of our own were on; none of another server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_system: Option<String>,
}

/// The server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// The commit that it was built from, where that is known.
    pub commit: Option<String>,
    /// How it was built: `release` or `debug`.
    pub profile: String,
    /// Its configuration without secrets, one line each: `hashing.threads = 2`.
    pub configuration: Vec<String>,
}

/// What is asked of the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Which requests.
    pub action: Action,
    /// At which pace.
    pub load: Load,
    /// How many connections there are.
    pub connections: u32,
    /// What is warm-up and what counts, of each slice.
    pub window: Window,
    /// Anything else that decides what is asked, such as `accounts` or the weights of a mix.
    pub parameters: BTreeMap<String, String>,
}

/// Which requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sign in with a password.
    Login,
    /// Make an account.
    Register,
    /// Exchange a refresh token.
    Refresh,
    /// Have an access token verified.
    Verify,
    /// End a session.
    Logout,
    /// All of them, by weights.
    Mixed,
}

/// The pace of requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "loop")]
pub enum Load {
    /// As scheduled, whatever the server does.
    Open {
        /// Requests a second.
        per_second: f64,
        /// How they are spread.
        arrivals: Arrivals,
    },
    /// Each connection asks again as soon as it has its answer. Its latency says nothing about what people wait who
    /// come on their own account.
    Closed,
}

/// What the client itself reaches, against an endpoint that does nothing, on the same host and with as many
/// connections. Near it, a result is about the client.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Answers a second.
    pub per_second: f64,
    /// The median of their service time.
    #[serde(rename = "p50_micros", with = "micros")]
    pub p50: Duration,
    /// Its 99th percentile.
    #[serde(rename = "p99_micros", with = "micros")]
    pub p99: Duration,
}

/// A search for the knee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RampResult {
    /// What a rate had to meet.
    pub criterion: Criterion,
    /// Every rate that was tried, in the order of trial.
    pub steps: Vec<Step>,
    /// What was found.
    pub knee: Knee,
}

impl RunResult {
    /// Good answers of all slices, from when they were due.
    pub fn latency(&self) -> Latencies {
        self.merged(|slice| &slice.latency)
    }

    /// The same, from when they were sent.
    pub fn service(&self) -> Latencies {
        self.merged(|slice| &slice.service)
    }

    /// How the requests of all slices ended.
    pub fn outcomes(&self) -> Outcomes {
        let mut all = Outcomes::default();
        self.slices.iter().for_each(|slice| all.merge(&slice.outcomes));
        all
    }

    /// Good answers a second that came within the measured time; none without any.
    pub fn answered_per_second(&self) -> Option<f64> {
        let seconds = self.slices.iter().flat_map(|slice| &slice.seconds);
        let (answered, length) = seconds.fold((0, 0.0), |(answered, length), second| {
            (answered + second.answered, length + second.length)
        });
        (length > 0.0).then(|| answered as f64 / length)
    }

    /// Which share of the client's ceiling was used, by a ramp alone at its knee; none without either or a ceiling.
    pub fn ceiling_share(&self) -> Option<f64> {
        let knee = || self.ramp.as_ref()?.knee.carried_per_second;
        let share = self.answered_per_second().or_else(knee)? / self.ceiling.per_second;
        share.is_finite().then_some(share)
    }

    /// What was asked, at which pace, on how many connections.
    pub fn asked(&self) -> String {
        let Workload { action, load, connections, parameters, .. } = &self.workload;
        let pace = match (parameters.get("ramp"), self.slices.is_empty()) {
            // Of a ramp alone, the load is only its highest rate.
            (Some(ramp), true) => format!("a ramp from {ramp}, at most"),
            (Some(ramp), false) => format!("{load}, after a ramp from {ramp},"),
            (None, _) => format!("{load},"),
        };
        format!("{action}, {pace} {connections} connections")
    }

    fn merged<'a>(&'a self, part: impl Fn(&'a Slice) -> &'a Latencies) -> Latencies {
        let mut all = Latencies::new();
        self.slices.iter().for_each(|slice| all.merge(part(slice)));
        all
    }
}

impl RampResult {
    /// Finds the knee of `steps`.
    pub fn of(criterion: Criterion, steps: Vec<Step>) -> Self {
        let knee = criterion.knee(&steps);
        Self { criterion, steps, knee }
    }

    /// The step at the knee; none if no rate was carried.
    pub fn carried(&self) -> Option<&Step> {
        // Of two trials the last one counts.
        let at = self.knee.carried_per_second?;
        self.steps.iter().rfind(|step| step.offered_per_second == at)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::Register => "register",
            Self::Refresh => "refresh",
            Self::Verify => "verify",
            Self::Logout => "logout",
            Self::Mixed => "mixed",
        })
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { per_second, arrivals: Arrivals::Constant } => {
                write!(f, "open loop, {per_second} a second at equal distances")
            }
            Self::Open { per_second, arrivals: Arrivals::Poisson { seed } } => {
                write!(f, "open loop, {per_second} a second, Poisson with seed {seed}")
            }
            Self::Closed => f.write_str("closed loop"),
        }
    }
}
