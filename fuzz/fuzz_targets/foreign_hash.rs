#![no_main]

use guardhouse_fuzz::{targets, write_seeds_if_asked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds_if_asked("foreign_hash"), |data: &[u8]| targets::foreign_hash::run(data));
