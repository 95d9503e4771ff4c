//! What is fuzzed: one file for each parser that reads foreign bytes, with what must hold whatever the bytes are, and
//! with the seeds to start from. `scripts/fuzz` runs them for as long as you like; `tests/fuzz_seeds.rs` includes this
//! folder and runs every seed and thousands of mutations of them in each test run.
//!
//! **One more parser**: a file with `run` and `seeds`, its line in [`targets!`], and a file of three lines in
//! `fuzz_targets` with its `[[bin]]` in `Cargo.toml`.

pub mod access_token;
pub mod account_text;
pub mod audit_file;
pub mod breach_filter;
pub mod checkpoint_text;
pub mod client_address;
mod common;
pub mod config_file;
pub mod config_values;
pub mod foreign_hash;
pub mod jwt_claims;
pub mod key_text;
pub mod paseto_claims;
pub mod password_hash;
pub mod proxy_header;
pub mod refresh_token;
pub mod request_body;
pub mod user_file;

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its binary too.
    pub name: &'static str,
    /// Reads `data` and panics where something does not hold that has to.
    pub run: fn(&[u8]),
    /// Inputs that reach deep.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident)*) => {
        /// Every target.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), run: $name::run, seeds: $name::seeds }),*];
    };
}

targets! {
    access_token
    account_text
    audit_file
    breach_filter
    checkpoint_text
    client_address
    config_file
    config_values
    foreign_hash
    jwt_claims
    key_text
    paseto_claims
    password_hash
    proxy_header
    refresh_token
    request_body
    user_file
}
