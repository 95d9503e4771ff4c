//! What came of the records, and of what kinds their hashes are.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use crate::actors::hasher::{StoredHash, foreign};
use crate::flows::import::Arrival;

/// Kinds of hashes of which one is kept, to be tried.
const SAMPLES: usize = 16;

/// What came of the records so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) made: u64,
    pub(super) there: u64,
    pub(super) rejected: u64,
    pub(super) without_password: u64,
    pub(super) weak: u64,
    /// How many hashes of each format.
    pub(super) hashes: BTreeMap<&'static str, u64>,
    /// One hash of each kind of cost, as far as it can be told from how it begins.
    pub(super) samples: BTreeMap<String, StoredHash>,
}

/// The format of its hash.
pub(super) fn kind((_, hash): &Arrival) -> Option<(&'static str, bool)> {
    let hash = foreign::bare(hash.as_ref()?.expose_secret());
    Some(match hash {
        argon2 if argon2.starts_with("$argon2") => ("argon2", false),
        bcrypt if bcrypt.starts_with("$2") => ("bcrypt", false),
        other => (foreign::name(other).unwrap_or("another kind"), foreign::is_weak(other)),
    })
}

impl Tally {
    pub(super) fn count(&mut self, kind: Option<(&'static str, bool)>) {
        self.made += 1;
        match kind {
            Some((format, weak)) => {
                *self.hashes.entry(format).or_default() += 1;
                self.weak += u64::from(weak);
            }
            None => self.without_password += 1,
        }
    }

    /// Keeps `hash` where it is the first that begins so: with its scheme and cost, which stand before the salt.
    pub(super) fn keep(&mut self, hash: StoredHash) {
        let text = hash.expose_secret();
        let start = &text[..text.floor_char_boundary(32)];
        let kind = start.rfind(['$', ':', '}']).map_or(start, |end| &start[..=end]);
        if self.samples.len() < SAMPLES && !self.samples.contains_key(kind) {
            self.samples.insert(kind.to_owned(), hash);
        }
    }
}
