//! What the benches share: contests, the actors' and flows' surroundings, whole houses, a lean HTTP client.

mod client;
mod contest;
#[expect(
    unreachable_pub,
    clippy::print_stderr,
    reason = "the file belongs to the tests, where both are allowed"
)]
#[allow(dead_code, reason = "the benches need less of it than the tests")]
#[path = "../../tests/support/database.rs"]
mod database;
mod house;
mod readings;
mod world;

pub(crate) use client::{Client, bare_server, get, in_turn, post, serve};
pub(crate) use contest::{Contest, note, print_summary};
pub(crate) use database::Kind;
pub(crate) use house::{House, PASSWORD, email, visit};
pub(crate) use readings::{percentile, resident_bytes, server_cpu};
pub(crate) use world::{concurrently, in_actix, world};

/// Whether each bench is only to be run once, to see that it works: cargo gives `--bench` when it wants figures.
pub(crate) fn is_trial() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}

/// The filters on the command line.
pub(crate) fn filters() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect()
}

/// Whether what criterion does not know of should be measured for `subject`: without filters, or with one that names
/// the subject.
pub(crate) fn is_named(subject: &str) -> bool {
    filters().is_empty() || filters().iter().any(|filter| filter.contains(subject))
}
