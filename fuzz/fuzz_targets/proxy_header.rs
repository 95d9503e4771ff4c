#![no_main]

use guardhouse_fuzz::{targets, write_seeds_if_asked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds_if_asked("proxy_header"), |data: &[u8]| targets::proxy_header::run(data));
