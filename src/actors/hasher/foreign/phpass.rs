//! phpass, of phpBB and WordPress before 6.8 (MD5), and its offspring of Drupal 7 (SHA-512).

use super::attempt::{Attempt, Checked, Refused, equal};
use super::digests::{Digest, md5, sha512};
use super::text::{crypt_digit, is_crypt, to_crypt};

/// `$P$` and `$H$`: a digit for the logarithm of the rounds, eight characters of salt, the digest.
pub(super) fn portable(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check(rest, attempt, md5, 22)
}

/// `$S$`: the same, with the digest cut so that all of the string has 55 characters.
pub(super) fn drupal(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check(rest, attempt, sha512, 43)
}

fn check(rest: &str, attempt: &Attempt<'_>, digest: Digest, length: usize) -> Checked {
    let log = crypt_digit(*rest.as_bytes().first().ok_or(Refused::Malformed)?)?;
    let (salt, stored) = rest.get(1..).and_then(|rest| rest.split_at_checked(8)).ok_or(Refused::Malformed)?;
    attempt.afford(1_u64.checked_shl(log).unwrap_or(u64::MAX), 64 + attempt.password.len())?;
    if !(7..=30).contains(&log) || stored.len() != length || !is_crypt(stored) {
        return Err(Refused::Malformed);
    }
    attempt.begin()?;
    let mut made = digest(&[salt.as_bytes(), attempt.password]);
    for _ in 0..1_u64 << log {
        made = digest(&[&made, attempt.password]);
    }
    equal(&to_crypt(made).as_bytes()[..length], stored.as_bytes())
}
