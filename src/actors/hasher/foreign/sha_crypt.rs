//! The SHA-256 and SHA-512 of crypt(3), by Ulrich Drepper.

use super::attempt::{Attempt, Checked, Refused, equal};
use super::digests::{self, Digest, crypt_rounds};
use super::text::{decimal, is_crypt, to_crypt, value};

/// Rounds where the string names none.
const ROUNDS: u64 = 5_000;

/// What may be asked for.
const BOUNDS: std::ops::RangeInclusive<u64> = 1_000..=999_999_999;

/// `$5$SALT$HASH` or `$5$rounds=…$SALT$HASH`.
pub(super) fn sha256(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let (rounds, salt, stored) = read(rest, 43, attempt)?;
    let made = digest(digests::sha256, attempt.password, salt.as_bytes(), rounds);
    // Each group of three octets begins one place further round; two octets remain.
    let mut order: Vec<usize> = (0..10).flat_map(|at| rotated(at, 10, 2)).collect();
    order.extend([30, 31]);
    equal(to_crypt(order.into_iter().map(|at| made[at])).as_bytes(), stored.as_bytes())
}

/// `$6$SALT$HASH` or `$6$rounds=…$SALT$HASH`.
pub(super) fn sha512(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let (rounds, salt, stored) = read(rest, 86, attempt)?;
    let made = digest(digests::sha512, attempt.password, salt.as_bytes(), rounds);
    let mut order: Vec<usize> = (0..21).flat_map(|at| rotated(at, 21, 1)).collect();
    order.push(63);
    equal(to_crypt(order.into_iter().map(|at| made[at])).as_bytes(), stored.as_bytes())
}

fn digest(make: Digest, password: &[u8], salt: &[u8], rounds: u64) -> Vec<u8> {
    let inner = make(&[password, salt, password]);
    let mut first = [password, salt].concat();
    first.extend(inner.iter().cycle().take(password.len()));
    let mut length = password.len();
    while length > 0 {
        first.extend_from_slice(if length & 1 == 1 { &inner } else { password });
        length >>= 1;
    }
    let first = make(&[&first]);
    let stretched = |of: &[u8], times: usize| -> Vec<u8> {
        make(&vec![of; times]).into_iter().cycle().take(of.len()).collect()
    };
    let password = stretched(password, password.len());
    let salt = stretched(salt, 16 + usize::from(first[0]));
    crypt_rounds(make, first, &password, &salt, rounds)
}

/// The octets of group `at`, lowest digits first: one from each third of the digest, turned by `turn` a group.
fn rotated(at: usize, third: usize, turn: usize) -> [usize; 3] {
    let from = |nth: usize| (nth + at * turn) % 3 * third + at;
    [from(2), from(1), from(0)]
}

fn read<'a>(rest: &'a str, length: usize, attempt: &Attempt<'_>) -> Result<(u64, &'a str, &'a str), Refused> {
    let (rounds, rest) = match rest.split_once('$') {
        Some((rounds, rest)) if rounds.starts_with("rounds=") => (decimal(value(rounds, "rounds")?)?, rest),
        _ => (ROUNDS, rest),
    };
    // Up to three times the password and twice the salt go into a round.
    attempt.afford(rounds, 64 + 2 * attempt.password.len())?;
    let (salt, stored) = rest.split_once('$').ok_or(Refused::Malformed)?;
    if salt.len() > 16 || !is_crypt(salt) || stored.len() != length || !is_crypt(stored) {
        return Err(Refused::Malformed);
    }
    if !BOUNDS.contains(&rounds) {
        return Err(Refused::Malformed);
    }
    attempt.begin()?;
    Ok((rounds, salt, stored))
}
