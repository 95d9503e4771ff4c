//! Password hashes that other systems made: recognised by how they begin, bounded before any work, compared in
//! constant time. Pure functions; nothing here ever makes such a hash.
//!
//! A hash is stored as its source wrote it where that says unambiguously what it is. Where it does not (32 hexadecimal
//! digits are an MD5, an MD4 of UTF-16 or neither), whoever imports names the dialect, and what is stored is
//! `$import$DIALECT$` followed by what the source had; see [`formats`] for both tables. Argon2 and bcrypt in the
//! envelopes of others come out of [`bare`], and are verified where our own are.
//!
//! Firebase encrypts its project's signer key under the password and stores the outcome, so that key is part of the
//! stored string, as in the exports of others. It helps nobody to find a password without the same guessing that
//! every other hash here costs, and it opens nothing in this house; it goes when its user's login replaces the hash.

mod aspnet;
mod attempt;
mod bcrypt;
mod digests;
mod django;
mod firebase;
pub mod formats;
mod hmacs;
mod keycloak;
mod kratos;
mod ldap;
mod md5_crypt;
mod pbkdf2;
mod phpass;
mod scrypt;
mod sha_crypt;
mod text;

use attempt::{Attempt, Refused};

use super::cost::CostLimits;

/// Longer stored strings are malformed, whatever they are: as many characters as the column holds.
pub const LONGEST: usize = 512;

/// How a password compares with a foreign hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// It is the password.
    Match,
    /// It is not.
    Mismatch,
    /// Of a known format, and not as that format writes it.
    Malformed,
    /// It asks for more than the limits allow; none of its work was done.
    TooExpensive,
    /// Of no known format; plain text and markers of unusable passwords are among these.
    Unknown,
}

/// Compares `password` with the hash `stored`. Panics on nothing and allocates no more than `limits` allow.
///
/// The password is hashed as it comes: bring it into the form that the source had.
pub fn verify(stored: &str, password: &[u8], limits: &CostLimits) -> Foreign {
    attempt(stored, &Attempt { password, limits, look_only: false })
}

/// Whether `stored` could be verified, without the work: [`Foreign::Mismatch`] when it could.
pub fn look_at(stored: &str, limits: &CostLimits) -> Foreign {
    match attempt(stored, &Attempt { password: &[], limits, look_only: true }) {
        Foreign::Match => Foreign::Mismatch,
        other => other,
    }
}

fn attempt(stored: &str, attempt: &Attempt<'_>) -> Foreign {
    if stored.len() > LONGEST {
        return Foreign::Malformed;
    }
    let Some((format, rest)) = formats::recognise(stored) else { return Foreign::Unknown };
    match (format.verify)(rest, attempt) {
        Ok(true) => Foreign::Match,
        Ok(false) | Err(Refused::NotWanted) => Foreign::Mismatch,
        Err(Refused::Malformed) => Foreign::Malformed,
        Err(Refused::TooExpensive) => Foreign::TooExpensive,
        Err(Refused::Unknown) => Foreign::Unknown,
    }
}

/// Whether `stored` is one unsalted run of a fast digest, which a dump of the table gives away for every user at
/// once. False for what is not recognised: that verifies as nothing.
pub fn is_weak(stored: &str) -> bool {
    formats::recognise(stored)
        .is_some_and(|(format, rest)| format.weak || format.name == "kratos" && kratos::is_unsalted(rest))
}

/// The name of the format of `stored`, for a report of what was imported; `None` when it is not recognised.
pub fn name(stored: &str) -> Option<&'static str> {
    formats::recognise(stored).map(|(format, _)| format.name)
}

/// Whether verifying `stored` takes memory by the megabyte, so that it must not happen on every thread at once.
pub fn is_memory_hard(stored: &str) -> bool {
    formats::recognise(stored).is_some_and(|(format, _)| format.memory_hard)
}

/// The Argon2 or bcrypt hash in an envelope of Django or LDAP, from its `$` on; anything else as it is.
pub fn bare(stored: &str) -> &str {
    let inner = |prefix: &str| {
        stored
            .get(..prefix.len())
            .filter(|start| start.eq_ignore_ascii_case(prefix))
            .map(|_| &stored[prefix.len()..])
            .filter(|inner| inner.starts_with("$argon2") || inner.starts_with("$2"))
    };
    ["argon2", "bcrypt$", "{ARGON2}", "{CRYPT}", "{BCRYPT}"].into_iter().find_map(inner).unwrap_or(stored)
}
