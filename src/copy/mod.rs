//! COMPARES: rows as every database means them, whatever it stores them as, and what tells two sets of rows apart.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`row`] | [`Value`], and the one encoding of a row: what is hashed, and what a back-up holds |
//! | [`digest`] | [`Digest`]: of rows in any order |
//! | [`summary`] | how many rows each table has, and their digest; where two differ |
//!
//! Nothing here knows a database: reading and writing tables is the business of `store::copy`.

pub mod digest;
pub mod row;
pub mod summary;

pub use digest::{Digest, Hash};
pub use row::{Row, Unreadable, Value};
pub use summary::{Difference, Summary, TableSummary};
