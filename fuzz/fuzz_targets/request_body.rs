#![no_main]

use guardhouse_fuzz::{targets, write_seeds_if_asked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds_if_asked("request_body"), |data: &[u8]| targets::request_body::run(data));
