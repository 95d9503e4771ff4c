//! KEEPS: the file of a back-up. Everything of a database, encrypted under a passphrase, in the `age` format, so that it can
//! be opened without this program too.
//!
//! ```text
//! age ( version 1, one scrypt recipient )
//!   └─ frames = kind 1 │ length 4, big endian │ content
//!        1  begin   JSON: what this is, of which version, and the tables with their columns
//!        2  row     the table's place 1 │ the row as `copy::row` encodes it
//!        3  end     JSON: how many rows each table has, and their digest
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`passphrase`] | [`Passphrase`], and what it must be |
//! | `header` | the header of the `age` format: who can open the file |
//! | `stream` | its content in sealed pieces of 64 KiB, so that no byte is believed before it is proved |
//! | [`write`](mod@write) | [`Writer`] |
//! | [`read`] | [`Reader`] |
//! | [`fault`] | [`ArchiveFault`]: what is told when a file is cut off, altered, another's, or of another version |
//!
//! What goes into it and where it comes out is the business of the commands.

pub mod fault;
mod header;
pub mod passphrase;
pub mod read;
mod stream;
#[cfg(test)]
mod tests;
pub mod write;

use serde::{Deserialize, Serialize};

pub use fault::ArchiveFault;
pub use passphrase::Passphrase;
pub use read::{Frame, Reader};
pub use write::Writer;

/// What the first frame says that this is.
pub const FORMAT: &str = "guardhouse backup 1";

/// The content of the first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// [`FORMAT`]
    pub format: String,
    /// When it was made.
    pub made_at: crate::domain::clock::Timestamp,
    /// By which version of the program.
    pub version: String,
    /// The newest change of the schema.
    pub schema: String,
    /// The tables, in the order of their rows.
    pub tables: Vec<Layout>,
}

/// A table and what its rows are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The table.
    pub table: String,
    /// Its columns, in the order of a row's values.
    pub columns: Vec<String>,
}

/// The kinds of frames.
mod kind {
    pub(super) const BEGIN: u8 = 1;
    pub(super) const ROW: u8 = 2;
    pub(super) const END: u8 = 3;
}
