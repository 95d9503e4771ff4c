//! Plans for a host whose speed is known; against each other and against a simulated queue in files of their own.

mod properties;
mod simulation;

use std::collections::BTreeMap;

use super::*;
use crate::config::units::parse_bytes;
use crate::domain::duration::parse_duration;

const MIB: u64 = 1 << 20;

/// A host on which one thread fills `speed` MiB a second, and each further one adds the share `scaling` of that.
fn host(cores: usize, speed: f64, scaling: f64) -> Measured {
    let rate = |(memory_kib, iterations): (u32, u32)| {
        let alone = speed * 1024.0 / (f64::from(memory_kib) * f64::from(iterations));
        let total = |threads: usize| (threads, alone * (1.0 + scaling * (threads - 1) as f64));
        Rate {
            memory_kib,
            iterations,
            lanes: 1,
            one_thread_per_second: alone,
            total_per_second_at: (1..=cores).map(total).collect(),
        }
    };
    let rates = candidates(u64::MAX).into_iter().map(rate).collect();
    Measured { cores, rates, argon2id: "avx2".to_owned() }
}

fn wish(logins_per_second: f64, milliseconds: u64, mib: u64) -> Wish {
    Wish { logins_per_second, p99: Duration::from_millis(milliseconds), memory: mib * MIB }
}

#[test]
fn the_strongest_cost_that_keeps_the_wishes_is_planned() {
    // 3000 MiB a second on each of two cores: 64 MiB × 3 takes 64 ms, 128 MiB × 2 takes 85 ms, 128 MiB × 3 128 ms.
    let host = host(2, 3_000.0, 1.0);
    let cost = |wish| plan(wish, &host).map(|plan| (plan.memory_kib / 1024, plan.iterations, plan.threads));
    assert_eq!(cost(wish(20.0, 2_000, 256)), Ok((64, 3, 2)), "memory for two");
    assert_eq!(cost(wish(9.0, 2_000, 256)), Ok((128, 3, 2)), "fewer logins leave time for more");
    assert_eq!(cost(wish(9.0, 2_000, 200)), Ok((128, 2, 1)), "memory for one, which has to be quicker");
    assert_eq!(cost(wish(11.0, 2_000, 200)), Ok((64, 3, 2)), "one would not rest enough");
    assert_eq!(cost(wish(11.0, 450, 512)), Ok((128, 2, 2)), "two rounds of 128 ms are too short a queue");
    assert_eq!(cost(wish(100.0, 2_000, 256)), Ok((46, 1, 2)));
}

#[test]
fn what_is_below_the_floor_or_on_more_threads_than_cores_is_never_planned() {
    let mut host = host(2, 3_000.0, 1.0);
    host.rates = vec![Rate {
        memory_kib: 19 * 1024,
        iterations: 2,
        lanes: 1,
        one_thread_per_second: f64::NAN,
        total_per_second_at: vec![(0, 50.0), (2, 0.0), (4, 300.0), (2, f64::INFINITY)],
    }];
    assert_eq!(plan(wish(1.0, 1_000, 256), &host), Err(NoPlan::NothingMeasured));
    host.rates[0].one_thread_per_second = 75.0;
    assert!(plan(wish(1.0, 1_000, 256), &host).is_ok_and(|plan| plan.threads == 1));
    host.rates[0].iterations = 1;
    assert_eq!(plan(wish(1.0, 1_000, 256), &host), Err(NoPlan::NothingMeasured));
    assert!(matches!(plan(wish(f64::NAN, 1_000, 256), &host), Err(NoPlan::NotARate(_))));
    assert_eq!(plan(wish(0.0, 1_000, 256), &host), Err(NoPlan::NotARate(0.0)));
}

#[test]
fn the_wish_that_stands_in_the_way_is_named() {
    let host = host(2, 3_000.0, 1.0);
    let reason = |wish| match plan(wish, &host) {
        Err(NoPlan::OutOfReach(reason)) => reason,
        other => panic!("{other:?}"),
    };
    // Of the lightest cost, 7 MiB × 5, both threads make 171 a second, of which 137 may be planned with.
    let many = reason(wish(1_000.0, 1_000, 256));
    assert!(many.longer_p99.is_none() && many.more_memory.is_none());
    assert!(many.fewer_logins.as_ref().is_some_and(|plan| plan.wish.logins_per_second == 137.1), "{many}");
    assert!(many.to_string().contains("137.1 logins a second, 862.9 fewer, would do: 7MiB × 5"), "{many}");

    let hasty = reason(wish(10.0, 20, 256));
    assert!(hasty.fewer_logins.is_none() && hasty.more_memory.is_none(), "{hasty}");
    assert!(hasty.longer_p99.as_ref().is_some_and(|plan| plan.wish.p99.as_millis() == 24), "{hasty}");
    assert!(hasty.to_string().contains("a p99 of 24ms, 4ms longer, would do: 12MiB × 3"), "{hasty}");

    let narrow = reason(wish(60.0, 1_000, 4));
    assert!(narrow.fewer_logins.is_none() && narrow.longer_p99.is_none(), "{narrow}");
    assert!(
        narrow.to_string().contains("a memory budget of 7MiB, 3MiB more, would do: 7MiB × 5"),
        "{narrow}"
    );

    let hopeless = reason(wish(1_000.0, 10, 4)).to_string();
    assert!(hopeless.ends_with("the quickest hash takes 11.7 ms, and the smallest 7MiB"), "{hopeless}");
}

#[test]
fn the_lines_say_what_was_planned_and_the_server_reads_them() {
    let mut host = host(2, 3_000.0, 1.0);
    host.argon2id = "avx2\nthreads = 9".to_owned();
    let plan = plan(wish(20.0, 2_000, 256), &host).unwrap();
    let (lines, mut section, mut read) = (plan.config_lines(), "", BTreeMap::new());
    for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_once(" = ") {
            Some((key, value)) => {
                assert_eq!(read.insert(format!("{section}.{key}"), value.trim_matches('"')), None)
            }
            None => {
                section = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).expect("a section")
            }
        }
    }
    let mut take = |key: &str| read.remove(key).unwrap_or_else(|| panic!("{key} is missing from\n{lines}"));
    assert_eq!(take("hashing.algorithm"), "argon2id");
    assert_eq!(take("hashing.threads").parse(), Ok(plan.threads));
    assert_eq!(take("hashing.queue").parse(), Ok(plan.queue));
    assert_eq!(parse_duration(take("hashing.deadline")), Ok(plan.deadline));
    assert_eq!(parse_bytes(take("hashing.memory_budget")), Ok(256 * MIB));
    assert_eq!(parse_bytes(take("hashing.argon2.memory")), Ok(u64::from(plan.memory_kib) * 1024));
    assert_eq!(take("hashing.argon2.iterations").parse(), Ok(plan.iterations));
    assert_eq!(take("hashing.argon2.lanes").parse(), Ok(1));
    assert!(read.is_empty(), "{read:?}");
}
