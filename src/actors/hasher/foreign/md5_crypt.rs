//! The MD5 of crypt(3), by Poul-Henning Kamp, and Apache's variant of it. A thousand rounds, always.

use super::attempt::{Attempt, Checked, Refused, equal};
use super::digests::{crypt_rounds, md5};
use super::text::{is_crypt, parts, to_crypt};

const ROUNDS: u64 = 1_000;

/// `$1$SALT$HASH`.
pub(super) fn crypt(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check("$1$", rest, attempt)
}

/// `$apr1$SALT$HASH`.
pub(super) fn apache(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check("$apr1$", rest, attempt)
}

fn check(magic: &str, rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [salt, stored] = parts(rest, '$')?;
    if salt.len() > 8 || !is_crypt(salt) || stored.len() != 22 || !is_crypt(stored) {
        return Err(Refused::Malformed);
    }
    attempt.afford(ROUNDS, 2 * attempt.password.len())?;
    equal(digest(magic.as_bytes(), salt.as_bytes(), attempt.password).as_bytes(), stored.as_bytes())
}

fn digest(magic: &[u8], salt: &[u8], password: &[u8]) -> String {
    let inner = md5(&[password, salt, password]);
    let mut first = [password, magic, salt].concat();
    first.extend(inner.iter().cycle().take(password.len()));
    let mut length = password.len();
    while length > 0 {
        // An odd bit adds a zero, an even one the first octet of the password.
        first.push(if length & 1 == 1 { 0 } else { password[0] });
        length >>= 1;
    }
    let made = crypt_rounds(md5, md5(&[&first]), password, salt, ROUNDS);
    const ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];
    to_crypt(ORDER.map(|at| made[at]))
}
