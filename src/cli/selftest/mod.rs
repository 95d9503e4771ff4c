//! `guardhouse selftest`: what a running server tells without meaning to.

mod people;
mod probe;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use futures_util::FutureExt;
use url::Url;

use self::people::{Kind, People};
use self::probe::Probe;
use super::desk::with_desk;
use super::progress::Bar;
use super::{complain, say};
use crate::config::Config;
use crate::domain::duration::parse_duration;
use crate::domain::entropy::{SystemEntropy, bytes};
use crate::flows::{Desk, Visit};
use crate::selftest::report::Report;
use crate::selftest::schedule::interleave;
use crate::selftest::statistics::{Class, Terms};

/// Rounds before those that count: the server learns how dear its hashes are, the processor wakes up.
const WARM_UP: usize = 5;

#[derive(Subcommand)]
pub(super) enum SelfTest {
    /// Whether the time of a failed login tells what was wrong: unknown user, wrong password, disabled account,
    /// imported hash of another cost, hash that cannot be read, no password.
    ///
    /// Makes accounts at example.invalid in the database of this configuration, which must be the running server's;
    /// signs in as them without success, in a random order over one connection; compares the times (Welch's t-test
    /// and that of Kolmogorov and Smirnov, with Holm's correction); and removes the accounts again. Run the server
    /// with `limits.enabled = false`, and nothing else beside it.
    Timing(Timing),
}

#[derive(Args)]
pub(super) struct Timing {
    /// Where the server listens, with its base path if it has one.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// How often each kind of failure is measured.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(30..=1_000_000))]
    rounds: u32,
    /// The smallest difference that matters; smaller ones need more rounds to be seen.
    #[arg(long, default_value = "250us", value_parser = threshold)]
    threshold: Duration,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// Exit codes: 0 nothing tells the kinds apart, 1 failed, 3 something does, 4 too few rounds to say.
pub(super) fn run(config: Config, command: SelfTest) -> anyhow::Result<ExitCode> {
    let SelfTest::Timing(command) = command;
    with_desk(config, "guardhouse selftest", |desk, visit| timing(desk, command, visit).boxed())
}

async fn timing(desk: &Desk, command: Timing, visit: &Visit) -> anyhow::Result<ExitCode> {
    let probe = Probe::connect(&command.url)?;
    let people = People::make(desk, visit).await?;
    let rounds = command.rounds as usize;
    // On a thread of its own: the waiting must not keep the house from anything.
    let (people, measured) = tokio::task::spawn_blocking(move || {
        let measured = measure(probe, &people, rounds);
        (people, measured)
    })
    .await?;
    let removed = people.remove(desk, visit).await;
    let report = Report::of(&measured?, Terms::new(command.threshold.as_secs_f64()))?;
    removed?;
    if command.json {
        say(report.to_json());
    } else {
        say(&report);
    }
    Ok(match () {
        () if report.is_separable() => ExitCode::from(3),
        () if !report.is_conclusive() => {
            complain("too few rounds to see what matters; raise --rounds, or --threshold");
            ExitCode::from(4)
        }
        () => ExitCode::SUCCESS,
    })
}

fn measure(mut probe: Probe, people: &People, rounds: usize) -> anyhow::Result<Vec<Class>> {
    let mut times = Kind::ALL.map(|_| Vec::with_capacity(rounds));
    let order = interleave(&Kind::ALL, WARM_UP + rounds, || u64::from_ne_bytes(bytes(&SystemEntropy)));
    let warm_up = WARM_UP * Kind::ALL.len();
    let mut bar = Bar::hidden();
    bar.replace("failed logins");
    for (number, kind) in order.iter().enumerate() {
        let (email, password) = people.attempt(*kind, number / Kind::ALL.len());
        let answer = probe.sign_in(&email, &password)?;
        match answer.status {
            401 => {}
            429 => {
                bail!("the server limits logins (429): run it with limits.enabled = false for the self-test")
            }
            503 => bail!("the server is too busy (503): nothing else may run beside the self-test"),
            200 => bail!("the server let {email} in: is its database another one than this configuration's?"),
            other => bail!("the server answered {other} to a failed login"),
        }
        if number >= warm_up {
            times[*kind as usize].push(answer.took.as_secs_f64());
        }
        bar.set(number as u64, order.len() as u64);
    }
    bar.finish();
    let classes = Kind::ALL.into_iter().zip(times);
    Ok(classes.map(|(kind, times)| Class::new(kind.name(), times)).collect::<Result<_, _>>()?)
}

/// As elsewhere, and also in microseconds.
fn threshold(text: &str) -> Result<Duration, String> {
    match text.strip_suffix("us").map(str::parse) {
        Some(Ok(micros)) => Ok(Duration::from_micros(micros)),
        _ => parse_duration(text),
    }
}
