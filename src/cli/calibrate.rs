//! `guardhouse calibrate`: measures this host and proposes the settings of the hash pool.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::{Algorithm, Params, Version};
use clap::Args;
use guardhouse_argon2::{Backend, Memory, Recipe};

use super::progress::Bar;
use super::{complain, say};
use crate::calibrate::{Measured, Rate, Wish, candidates, plan};
use crate::config::units::parse_bytes;
use crate::domain::clock::Stopwatch;
use crate::domain::duration::parse_duration;

#[derive(Args)]
pub(super) struct Calibrate {
    /// Logins a second, in the busiest minute.
    #[arg(long, value_name = "N", value_parser = rate)]
    logins_per_second: f64,
    /// Within which time 99 of 100 of them have their hash; milliseconds, or a duration such as 250ms.
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    p99: Duration,
    /// The memory that all hash threads may take together; bytes, or a size such as 256MiB.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory: u64,
    /// How long to measure each cost on each number of threads.
    #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = milliseconds)]
    each: Duration,
    /// Hash threads to plan with at most; by default as many as there are cores.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Exit codes: 0 a plan was printed, 3 there is none.
pub(super) fn run(command: &Calibrate) -> anyhow::Result<ExitCode> {
    let wish =
        Wish { logins_per_second: command.logins_per_second, p99: command.p99, memory: command.memory };
    let cores = std::thread::available_parallelism()?.get();
    let cores = command.threads.map_or(cores, |most| most.clamp(1, cores));
    match plan(wish, &measure(command, cores)?) {
        Ok(plan) => {
            say(plan.config_lines());
            Ok(ExitCode::SUCCESS)
        }
        Err(none) => {
            complain(none);
            Ok(ExitCode::from(3))
        }
    }
}

fn measure(command: &Calibrate, cores: usize) -> anyhow::Result<Measured> {
    let costs = candidates(command.memory);
    let numbers = numbers_of_threads(cores);
    let mut bar = Bar::hidden();
    bar.replace("measuring");
    let total = (costs.len() * numbers.len()) as u64;
    let mut rates = Vec::with_capacity(costs.len());
    for (memory_kib, iterations) in costs {
        let params =
            Params::new(memory_kib, iterations, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
        let mut totals = Vec::with_capacity(numbers.len());
        for threads in &numbers {
            bar.set((rates.len() * numbers.len() + totals.len()) as u64, total);
            let needed = u64::from(memory_kib) * 1024 * *threads as u64;
            if needed <= command.memory {
                totals.push((*threads, hashes_per_second(&params, *threads, command.each)));
            }
        }
        let one_thread_per_second = totals.first().map_or(0.0, |(_, rate)| *rate);
        rates.push(Rate {
            memory_kib,
            iterations,
            lanes: 1,
            one_thread_per_second,
            total_per_second_at: totals,
        });
    }
    bar.finish();
    Ok(Measured { cores, rates, argon2id: Backend::best().name().to_owned() })
}

/// One, all, and the powers of two between.
fn numbers_of_threads(cores: usize) -> Vec<usize> {
    let mut numbers: Vec<_> = std::iter::successors(Some(1), |number| Some(number * 2))
        .take_while(|number| *number < cores)
        .collect();
    numbers.push(cores);
    numbers
}

/// As the hash pool does it: each thread with memory of its own that it keeps.
fn hashes_per_second(params: &Params, threads: usize, time: Duration) -> f64 {
    let recipe = Recipe::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut memories: Vec<_> = (0..threads).map(|_| Memory::default()).collect();
    let hash = |memory: &mut Memory| {
        let mut output = [0; 32];
        let hashed = recipe.hash_into(b"a password like any other", b"0123456789abcdef", memory, &mut output);
        hashed.expect("a cost within the algorithm's bounds");
        std::hint::black_box(output);
    };
    // Fresh memory costs as much again as the hash.
    memories.iter_mut().for_each(hash);
    let (done, started) = (AtomicU64::new(0), Stopwatch::start());
    std::thread::scope(|scope| {
        for memory in &mut memories {
            scope.spawn(|| {
                let mut mine = 0;
                while started.elapsed() < time || mine == 0 {
                    hash(memory);
                    mine += 1;
                }
                done.fetch_add(mine, Ordering::Relaxed);
            });
        }
    });
    done.into_inner() as f64 / started.elapsed().as_secs_f64()
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("more than none are needed".into()) }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        Err(_) => parse_duration(text),
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    text.parse().or_else(|_| parse_bytes(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cores_are_measured_and_fewer() {
        assert_eq!(numbers_of_threads(1), [1]);
        assert_eq!(numbers_of_threads(2), [1, 2]);
        assert_eq!(numbers_of_threads(6), [1, 2, 4, 6]);
    }

    #[test]
    fn plain_numbers_are_milliseconds_and_bytes() {
        assert_eq!(milliseconds("250"), Ok(Duration::from_millis(250)));
        assert_eq!(milliseconds("2s"), Ok(Duration::from_secs(2)));
        assert_eq!((bytes("1048576"), bytes("1MiB")), (Ok(1 << 20), Ok(1 << 20)));
        assert!(rate("0").is_err() && rate("-1").is_err() && rate("inf").is_err() && rate("2.5").is_ok());
    }
}
