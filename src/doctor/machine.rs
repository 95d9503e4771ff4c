//! What the machine gives: chance, open files, memory.

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::config::{Config, HashAlgorithm};
use crate::domain::entropy::{Entropy, bytes};

/// Files besides connections: the stores, the log, the spool, and room.
const OTHER_FILES: u64 = 200;

pub(super) fn findings(config: &Config, source: &dyn Entropy) -> Vec<Finding> {
    let mut found = vec![entropy(source), open_files(config, getrlimit(Resource::Nofile).current)];
    let told = std::fs::read_to_string("/proc/meminfo").ok();
    let total = told.as_deref().and_then(total_memory);
    found.extend(total.map(|total| memory(config, total)));
    found
}

pub(super) fn entropy(source: &dyn Entropy) -> Finding {
    const WHAT: &str = "machine.entropy";
    let (one, other): ([u8; 32], [u8; 32]) = (bytes(source), bytes(source));
    if one == other || one == [0; 32] {
        return Finding::fail(
            WHAT,
            "the system gives the same bytes twice",
            "run it on another machine: no key made here is secret",
        );
    }
    Finding::ok(WHAT, "the system gives random bytes")
}

pub(super) fn open_files(config: &Config, limit: Option<u64>) -> Finding {
    const WHAT: &str = "machine.open_files";
    let needed = config.server.max_connections as u64 + u64::from(config.database.pool) + OTHER_FILES;
    match limit {
        Some(limit) if limit < needed => Finding::fail(
            WHAT,
            format!("{limit} may be open, and {needed} are needed"),
            "raise the limit (systemd: LimitNOFILE, shells: ulimit -n), or lower server.max_connections",
        ),
        Some(limit) => Finding::ok(WHAT, format!("{limit} may be open, and {needed} are needed")),
        None => Finding::ok(WHAT, "any number may be open"),
    }
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
pub(super) fn total_memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

pub(super) fn memory(config: &Config, total: u64) -> Finding {
    const WHAT: &str = "machine.memory";
    let hashing = match config.hashing.algorithm {
        HashAlgorithm::Argon2id => {
            u64::from(config.hashing.argon2.memory_kib) * 1_024 * config.hashing.threads.get() as u64
        }
        HashAlgorithm::Bcrypt => 0,
    };
    let needed = hashing + config.limits.memory as u64;
    let value = format!("hashing and limits may take {} MiB of {}", needed >> 20, total >> 20);
    if needed > total / 4 * 3 {
        let advice = "lower hashing.memory_budget, hashing.threads or limits.memory, or the system ends the server under load";
        return Finding::warn(WHAT, value, advice);
    }
    Finding::ok(WHAT, value)
}
