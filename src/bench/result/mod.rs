//! What is written to a file and read again.
//!
//! A file says which version of this model wrote it. A field that only adds something keeps the version; one that
//! changes what an older field means is a new version, which older binaries refuse rather than misread.

mod file;
mod matrix;
mod run;
mod slice;
#[cfg(test)]
mod tests;
mod text;

pub use self::file::{ReadError, Results, SCHEMA};
pub use self::matrix::{Cell, CellOutcome, MatrixResult};
pub use self::run::{Action, Ceiling, Host, Load, RampResult, RunResult, Server, Workload};
pub use self::slice::{Resources, Second, Slice, StageLatencies};
