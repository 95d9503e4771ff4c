//! The command line of Guardhouse.

use std::process::ExitCode;

fn main() -> ExitCode {
    guardhouse::cli::run()
}
