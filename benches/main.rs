//! Every bench, in one binary: each further one would link everything again with link-time optimisation.
//!
//! `cargo bench` runs all of them, `cargo bench -- tokens` those whose name contains `tokens`; without `--bench`, as
//! in `cargo test --benches`, each is run once to see that it works. What is measured, and what came of it, is in
//! `docs/benchmarks/README.md`.
//!
//! One module a subject. Each holds [`support::Contest`]s: ours against the bare thing that it is made of.

mod audit;
mod flood;
mod gate;
mod hash_pool;
mod limiter;
mod login;
mod sessions;
mod start;
mod support;
mod tokens;
mod verified;

use criterion::Criterion;

/// A subject's name, as in the names of its benches, and its benches.
type Subject = (&'static str, fn(&mut Criterion));

/// The limiter comes first: it also measures the memory that it takes, before others have left theirs about.
const SUBJECTS: [Subject; 9] = [
    ("limiter", limiter::bench),
    ("gate", gate::bench),
    ("tokens", tokens::bench),
    ("hash_pool", hash_pool::bench),
    ("sessions", sessions::bench),
    ("login", login::bench),
    ("audit", audit::bench),
    ("flood", flood::bench),
    ("start", start::bench),
];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (subject, bench) in SUBJECTS {
        if is_wanted(subject) {
            bench(&mut criterion);
        }
    }
    criterion.final_summary();
    support::print_summary();
}

/// Whether the filters on the command line may mean `subject`. A subject that is not meant is not even set up.
fn is_wanted(subject: &str) -> bool {
    let filters = support::filters();
    let names_one = |filter: &String| SUBJECTS.iter().any(|(name, _)| filter.contains(name));
    filters.iter().all(|filter| filter.contains(subject) || !names_one(filter))
}
