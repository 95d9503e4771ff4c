//! The fuzz targets in small: every seed, and mutations of them that are the same in each run. `scripts/fuzz` runs the
//! same code for as long as you like, guided by coverage.

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use guardhouse::domain::entropy::Entropy;
use targets::{TARGETS, Target};

use crate::support::entropy::Seeded;

/// Stamps a test for each target, with the number of its mutations.
macro_rules! mutated {
    ($($name:ident $count:literal)*) => {
        $(#[test]
        fn $name() {
            run_on_seeds_and_mutations(stringify!($name), $count);
        })*

        #[test]
        fn every_target_is_here() {
            let here = [$(stringify!($name)),*];
            assert_eq!(here.to_vec(), TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
        }
    };
}

mutated! {
    access_token 1000
    account_text 3000
    audit_file 2000
    breach_filter 1000
    checkpoint_text 3000
    client_address 3000
    config_file 40
    config_values 100
    foreign_hash 3000
    jwt_claims 2000
    key_text 1000
    paseto_claims 500
    password_hash 400
    proxy_header 3000
    refresh_token 2000
    request_body 2000
    user_file 3000
}

fn run_on_seeds_and_mutations(name: &str, count: usize) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of that name");
    let seeds = (target.seeds)();
    assert!(seeds.len() > 3, "{name} starts from next to nothing");
    let mut dice = Dice(Seeded::new(20));
    seeds.iter().for_each(|seed| run(target, seed));
    for _ in 0..count {
        run(target, &mutated(&seeds, &mut dice));
    }
}

fn run(target: &Target, data: &[u8]) {
    let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
    assert!(ended.is_ok(), "{} fails on b\"{}\"", target.name, data.escape_ascii());
}

struct Dice(Seeded);

impl Dice {
    /// A number below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit.max(1)
    }
}

/// What parsers stumble over.
const STONES: [&[u8]; 20] = [
    b"\0",
    b"\n",
    b"\"",
    b"\\u0000",
    b"{",
    b"]",
    b",",
    b"=",
    b".",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"\xff",
    b"\xc3\xa4",
    b"\xe2\x80\xae",
    b"$",
    b"%00",
    b"://",
    b"0",
    b"A",
];

/// One to four changes to one of the `seeds`.
fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut data = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(4) {
        let (from, to) = (dice.below(data.len() + 1), dice.below(data.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match dice.below(6) {
            0 if !data.is_empty() => {
                let at = from.min(data.len() - 1);
                data[at] ^= 1 << dice.below(8);
            }
            1 => drop(data.drain(from..to)),
            2 => {
                let again = data[from..to].to_vec();
                data.splice(to..to, again);
            }
            3 => drop(data.splice(from..from, STONES[dice.below(STONES.len())].iter().copied())),
            4 => drop(data.splice(from..to.min(from + 4), STONES[dice.below(STONES.len())].iter().copied())),
            _ => {
                let other = &seeds[dice.below(seeds.len())];
                let rest = dice.below(other.len() + 1);
                data.truncate(from);
                data.extend_from_slice(&other[rest..]);
            }
        }
    }
    data
}
