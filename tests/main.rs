//! Every test that needs the whole crate, in one binary: each further one would link everything again.
#![allow(unreachable_pub, reason = "a test binary has no callers")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "skipped tests and measured figures are told")]

mod actors;
mod attacks;
mod binary;
mod config;
mod deploy;
mod flows;
mod fuzz_seeds;
mod guard;
mod house_rules;
mod http;
mod interop;
mod kill;
mod migrations;
mod openapi;
mod profiles;
mod proofs;
mod stores;
mod support;
mod tokens;
mod walkthrough;
