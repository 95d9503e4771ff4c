//! ASP.NET Core Identity: base64 of a version, parameters, salt and PBKDF2 digest.

use super::attempt::{Attempt, Checked, Refused};
use super::pbkdf2::{Prf, check};
use super::text::base64;

/// Fewest octets of salt and of digest that Identity itself accepts.
const LEAST: usize = 16;

/// Version 2 (a zero, then 16 octets of salt and 32 of 1,000 rounds of SHA-1) or version 3 (a one, then function,
/// rounds and length of the salt in 32 bits each, highest octet first).
pub(super) fn identity(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let octets = base64(rest)?;
    match octets.split_first() {
        Some((0, rest)) if rest.len() == 48 => check(attempt, Prf::Sha1, 1_000, &rest[..16], &rest[16..]),
        Some((1, rest)) => third(rest, attempt),
        _ => Err(Refused::Malformed),
    }
}

fn third(octets: &[u8], attempt: &Attempt<'_>) -> Checked {
    let (header, rest) = octets.split_at_checked(12).ok_or(Refused::Malformed)?;
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let prf = match number(0) {
        0 => Prf::Sha1,
        1 => Prf::Sha256,
        2 => Prf::Sha512,
        _ => return Err(Refused::Malformed),
    };
    let length = usize::try_from(number(8)).map_err(|_| Refused::Malformed)?;
    let (salt, stored) = rest.split_at_checked(length).ok_or(Refused::Malformed)?;
    if salt.len() < LEAST || stored.len() < LEAST {
        return Err(Refused::Malformed);
    }
    check(attempt, prf, u64::from(number(4)), salt, stored)
}
