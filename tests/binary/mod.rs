//! The binary as a user sees it: the real program as a process of its own, with its own directory and environment.

mod audit;
mod backup;
#[cfg(target_os = "linux")]
mod bench;
mod breach;
mod calibrate;
mod clients;
mod command_line;
mod configuration;
pub mod copy;
mod deliveries;
mod doctor;
mod documents;
mod import;
mod keys;
pub mod load;
mod logs;
mod migrate;
pub mod process;
mod refusals;
mod reload;
pub mod seed;
mod selftest;
mod shutdown;
mod start;
mod users;
