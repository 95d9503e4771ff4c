//! The options of a load, and the plan that they are.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use rustix::process::{Resource, getrlimit, setrlimit};
use url::Url;

use super::STOP;
use crate::bench::drive::crew::{MOST_SESSIONS_EACH, Mix};
use crate::bench::drive::people::People;
use crate::bench::drive::plan::{Plan, RampOrder};
use crate::bench::drive::sampler::Sources;
use crate::bench::drive::target::Target;
use crate::bench::knee::Criterion;
use crate::bench::result::{Action, Load, Server};
use crate::bench::schedule::{Arrivals, Window};
use crate::domain::duration::parse_duration;
use crate::seeding;

/// Files that are open besides connections.
const OTHER_FILES: u64 = 64;

/// A load against one server.
#[derive(Args)]
pub(in crate::cli) struct SingleLoad {
    #[command(flatten)]
    pub(super) server: ServerOptions,
    #[command(flatten)]
    pub(super) load: LoadOptions,
}

/// Which server. A matrix starts its own, and has none of these.
#[derive(Args)]
pub(in crate::cli) struct ServerOptions {
    /// Where the server listens, with its base path if it has one; http and this machine only.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", conflicts_with = "own")]
    pub(super) url: Url,
    /// Its operations listener, to read how many wait for a hash thread.
    #[arg(long, value_name = "URL", conflicts_with = "own")]
    pub(super) ops_url: Option<Url>,
    /// A file with the operators' token, where the metrics need one.
    #[arg(long, value_name = "FILE", requires = "ops_url")]
    pub(super) ops_token_file: Option<PathBuf>,
    /// The operators' token itself, which others on this machine can then read.
    #[arg(long, value_name = "TOKEN", requires = "ops_url", conflicts_with = "ops_token_file")]
    pub(super) ops_token: Option<String>,
    /// The server's process, to read what it uses.
    #[arg(long, value_name = "PID", conflicts_with = "own")]
    pub(super) pid: Option<u32>,
    /// Starts this very program as a server for the load: in a directory of its own, on a free port, without limits,
    /// and for the rest as --config and --set say. Variables do not count. A database that is named there and was filled
    /// before needs its master key too.
    #[arg(long = "self")]
    pub(super) own: bool,
    /// Loads another machine than this one.
    #[arg(long)]
    pub(super) i_may_load_this_server: bool,
}

#[derive(Args)]
pub(in crate::cli) struct LoadOptions {
    /// An open loop: so many requests a second, whatever the server does.
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// A closed loop: so many connections, each of which asks again when it has its answer. 16 if neither is given.
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(super) connections: Option<u32>,
    /// How many connections an open loop may take.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(super) most_connections: u32,
    /// How the requests of an open loop are spread.
    #[arg(long, value_enum, default_value_t = Spread::Poisson)]
    pub(super) arrivals: Spread,
    /// Looks for the highest rate that the server carries, between these two.
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    pub(super) ramp: Option<(f64, f64)>,
    /// How long each rate of a ramp is measured, after a fifth of that as a warm-up.
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "ramp", value_parser = positive)]
    pub(super) step: Duration,
    /// Within which time 99 of 100 answers have to come for a rate to count as carried.
    #[arg(long, value_name = "TIME", default_value = "250ms", requires = "ramp", value_parser = positive)]
    pub(super) p99: Duration,
    /// How long each slice is measured.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = positive)]
    pub(super) time: Duration,
    /// How long the server is loaded before each slice without being measured.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    pub(super) warm_up: Duration,
    /// How many slices; three or more show what differs from run to run.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) slices: u32,
    /// How many people there are.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub(super) users: u32,
    /// These people are among so many accounts that `guardhouse seed --users N` made in the server's database, spread
    /// evenly, and not accounts of their own.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=seeding::MOST))]
    pub(super) seeded: Option<u64>,
    /// How many sessions are verified and refreshed; by default one of each of those people, and no fewer than the
    /// connections of a closed loop or than an open one refreshes in a second.
    #[arg(long = "session-count", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) sessions: Option<u32>,
    /// The same seed is the same people and the same schedule.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// How long to wait for an answer.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive)]
    pub(super) patience: Duration,
    /// Writes the result, to compare it later.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Writes the result as a page.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Spread {
    /// As from many people who know nothing of each other.
    Poisson,
    /// At equal distances.
    Constant,
}

/// What is known of the server before it is asked anything.
pub(super) struct Known {
    pub(super) target: Target,
    pub(super) sources: Sources,
    pub(super) server: Server,
    /// Where its files are; not known of one that is not our own.
    pub(super) directory: Option<PathBuf>,
}

impl LoadOptions {
    /// The plan to ask `mix`, which is `action`, of the server that is `known`.
    pub(super) fn plan(&self, action: Action, mix: Mix, known: Known) -> anyhow::Result<Plan> {
        let arrivals = match self.arrivals {
            Spread::Poisson => Arrivals::Poisson { seed: self.seed },
            Spread::Constant => Arrivals::Constant,
        };
        let is_open = self.rate.is_some() || (self.ramp.is_some() && self.connections.is_none());
        // Of a ramp alone, the highest rate that is tried.
        let highest = self.ramp.filter(|_| is_open).map(|(_, to)| to);
        let load = match self.rate.or(highest) {
            Some(per_second) => Load::Open { per_second, arrivals },
            None => Load::Closed,
        };
        let ramp = self.ramp.map(|(from, to)| RampOrder {
            from,
            to,
            window: Window { warm_up: self.step / 5, measured: self.step },
            criterion: Criterion::with_p99(self.p99),
            arrivals,
        });
        let closed = self.connections.unwrap_or(16);
        let connections = if is_open { self.most_connections } else { closed };
        files_for(u64::from(connections))?;
        // Of a mix, one half of the people stays.
        let stay = if action == Action::Mixed { self.users / 2 } else { self.users };
        let at_a_time = match load {
            Load::Open { per_second, .. } => {
                let fastest = self.ramp.map_or(per_second, |(_, to)| to.max(per_second));
                let most = stay.saturating_mul(MOST_SESSIONS_EACH as u32);
                refreshed_at_a_time(fastest, &mix, self.patience).min(most)
            }
            Load::Closed => closed,
        };
        let sessions = self.sessions.unwrap_or(at_a_time.max(stay));
        if let Some(accounts) = self.seeded.filter(|accounts| u64::from(self.users) > *accounts) {
            bail!("--users {} are more than the {accounts} accounts of --seeded", self.users);
        }
        let every = self.seeded.map(|accounts| (accounts / u64::from(self.users)) as usize);
        let alone = self.ramp.is_some() && self.rate.is_none() && self.connections.is_none();
        Ok(Plan {
            target: known.target,
            action,
            mix,
            load,
            connections: connections as usize,
            window: Window { warm_up: self.warm_up, measured: self.time },
            slices: if alone { 0 } else { self.slices },
            ramp,
            people: People { seed: self.seed, count: self.users as usize, every },
            sessions: sessions as usize,
            patience: self.patience,
            sources: known.sources,
            server: known.server,
            directory: known.directory,
            stop: &STOP,
        })
    }
}

/// How many sessions an open loop has to have so that its refreshes wait for the server only and not for each other: each
/// takes part in one at a time. One that takes longer than a second is slow by any measure.
fn refreshed_at_a_time(per_second: f64, mix: &Mix, patience: Duration) -> u32 {
    let longest = patience.min(Duration::from_secs(1)).as_secs_f64();
    (per_second * mix.share(Action::Refresh) * longest).ceil() as u32
}

/// Raises what this process may open, as far as it may.
fn files_for(connections: u64) -> anyhow::Result<()> {
    let (needed, mut limit) = (connections + OTHER_FILES, getrlimit(Resource::Nofile));
    if limit.current.is_some_and(|current| current < needed) {
        if let Some(most) = limit.maximum.filter(|most| *most < needed) {
            bail!(
                "{connections} connections need {needed} open files, and {most} are allowed here (ulimit -Hn)"
            );
        }
        limit.current = Some(needed);
        setrlimit(Resource::Nofile, limit).context("cannot allow this process more open files")?;
    }
    Ok(())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if rate > 0.0 && rate <= 1e6 {
        Ok(rate)
    } else {
        Err("a rate is above zero, and at most a million".into())
    }
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let (from, to) = text.split_once("..").ok_or("a ramp is written FROM..TO, such as 10..1000")?;
    let (from, to) = (rate(from)?, rate(to)?);
    if from < to { Ok((from, to)) } else { Err("a ramp goes from a lower rate to a higher one".into()) }
}

fn positive(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    let day = Duration::from_secs(86_400);
    if time.is_zero() || time > day { Err("more than nothing and at most a day".into()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refreshes_of_an_open_loop_do_not_wait_for_each_other() {
        let at_a_time = |mix: &[(Action, u32)], patience| {
            refreshed_at_a_time(400.0, &Mix(mix.to_vec()), Duration::from_millis(patience))
        };
        assert_eq!(at_a_time(&[(Action::Refresh, 1)], 10_000), 400);
        assert_eq!(at_a_time(&[(Action::Refresh, 1)], 100), 40);
        assert_eq!(at_a_time(&[(Action::Refresh, 15), (Action::Verify, 85)], 10_000), 60);
        assert_eq!(at_a_time(&[(Action::Verify, 1)], 10_000), 0);
    }

    #[test]
    fn ramps_are_read_or_refused() {
        assert_eq!(range("10..1000"), Ok((10.0, 1000.0)));
        assert!(["10", "10..5", "0..5", "a..b"].iter().all(|text| range(text).is_err()));
        assert!(positive("0s").is_err() && positive("1s").is_ok());
    }
}
