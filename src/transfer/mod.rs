//! Files of users: those of other systems are read, our own are read and written.
//!
//! ```text
//!   file ──► frames ───────────────► fields ──────► mapping ──────► Record
//!            lines, elements, rows:   unique keys    one file per
//!            one at a time, bounded                  source
//! ```
//!
//! Nothing here decides whether an account is made: [`Record`] has what the source says, in our words. Whoever
//! imports checks the address, the name and the roles by the rules of [`crate::domain`], and the hash by asking the
//! verifier whether it knows it. No file but our own ever brings the role `admin`: who administers another system
//! says nothing about this one.
//!
//! A further source is a file here with one function from the fields of a user to a record, its word in
//! [`SourceFormat`], and its row in `reader.rs`.

mod auth0;
mod auth0_hash;
mod bytes;
mod django;
mod elements;
mod encodings;
mod fields;
mod firebase;
mod format;
mod frame;
mod hashes;
mod keycloak;
mod keycloak_hash;
mod lines;
mod moments;
mod nesting;
mod options;
mod own;
mod reader;
mod record;
mod rows;
mod supabase;
mod table;
mod unreadable;
mod write;

#[cfg(test)]
mod tests;

pub use format::{SourceFormat, UnknownFormat};
pub use frame::LONGEST as LONGEST_RECORD;
pub use hashes::LONGEST as LONGEST_HASH;
pub use options::{DIALECTS, FirebaseHash, Options, OptionsFault};
pub use reader::{Reader, read};
pub use record::Record;
pub use unreadable::Unreadable;
pub use write::{CsvWriter, write_jsonl};
