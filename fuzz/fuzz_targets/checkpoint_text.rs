#![no_main]

use guardhouse_fuzz::{targets, write_seeds_if_asked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds_if_asked("checkpoint_text"), |data: &[u8]| targets::checkpoint_text::run(data));
