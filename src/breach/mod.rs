//! KNOWS WHAT LEAKED: whether a password is on a list of breached ones, without asking anybody and without the list.
//!
//! A filter is a Golomb-coded set of the first 64 bits of each password's SHA-1 (SHA-1 because the public lists are
//! made of it; it protects nothing here). It never misses an entry, and takes a stranger for one about once in 2^bits.
//! It is read in place, one block of a few hundred octets a question, and keeps nothing of itself in memory. The
//! construction is that of Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters" (2007),
//! section 4; why this one: docs/decisions/0015-breach-filter.md.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `filter` | [`BreachFilter`]: open, ask |
//! | `layout` | the file, octet by octet, and where a password has its place in it |
//! | `rice` | the code of one block |
//! | `storage` | octets of a file or of the program, read by position |
//! | `fault` | [`FilterFault`] |
//! | [`mod@build`] | from a list to a file |
//! | `common` | [`common`], the list that is built in, and [`spellings`] |
//! | `lists` | [`Lists`]: which of them a house asks |
//!
//! What does not belong here: which passwords are refused, and what people are told. Questions block on the disk when
//! the page cache is cold, so they are asked where blocking is allowed. A change of the layout is a new version number
//! and a rebuilt `common.gcs`: `tests/common.rs` fails until it is there.

pub mod build;
mod common;
mod fault;
mod filter;
mod layout;
mod lists;
mod rice;
mod storage;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

pub use common::{common, spellings};
pub use fault::FilterFault;
pub use filter::BreachFilter;
pub use layout::{BITS, DEFAULT_BITS, LONGEST_SOURCE, MOST_ENTRIES};
pub use lists::{Lists, Unasked};

/// The first 64 bits of the SHA-1 of `password`, as a number that orders as the hexadecimal digits do.
fn fingerprint(password: &[u8]) -> u64 {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password);
    u64::from_be_bytes(*hash.as_ref().first_chunk().expect("SHA-1 has 20 octets"))
}
