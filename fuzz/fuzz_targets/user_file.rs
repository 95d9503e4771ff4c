#![no_main]

use guardhouse_fuzz::{targets, write_seeds_if_asked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds_if_asked("user_file"), |data: &[u8]| targets::user_file::run(data));
