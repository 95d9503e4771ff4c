#![no_main]

use guardhouse_fuzz::{targets, write_seeds_if_asked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds_if_asked("access_token"), |data: &[u8]| targets::access_token::run(data));
