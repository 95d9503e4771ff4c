//! bcrypt of something that was made of the password before. Of the password itself: see the scheme.

use super::attempt::{Attempt, Checked, Refused};
use super::digests::{md5, sha1, sha256, sha512};
use super::hmacs::hmac;
use super::text::{decimal, parts, to_hex, value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What bcrypt makes of `prepared`, against `stored`, which begins with `$2`.
fn check(stored: &str, prepared: &[u8], attempt: &Attempt<'_>) -> Checked {
    let cost = stored.parse::<bcrypt::HashParts>().map_err(|_| Refused::Malformed)?.get_cost();
    if cost > attempt.limits.bcrypt {
        return Err(Refused::TooExpensive);
    }
    attempt.begin()?;
    bcrypt::verify(prepared, stored).map_err(|_| Refused::Malformed)
}

/// Django's `bcrypt_sha256$`, and whoever else gives bcrypt the hexadecimal SHA-256.
pub(super) fn of_sha256(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check(rest, to_hex(&sha256(&[attempt.password])).as_bytes(), attempt)
}

/// The hexadecimal MD5.
pub(super) fn of_md5(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check(rest, to_hex(&md5(&[attempt.password])).as_bytes(), attempt)
}

/// The hexadecimal SHA-1.
pub(super) fn of_sha1(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check(rest, to_hex(&sha1(&[attempt.password])).as_bytes(), attempt)
}

/// The hexadecimal SHA-512, of which bcrypt reads 72 digits.
pub(super) fn of_sha512(rest: &str, attempt: &Attempt<'_>) -> Checked {
    check(rest, to_hex(&sha512(&[attempt.password])).as_bytes(), attempt)
}

/// WordPress from 6.8 on, `$wp$2y$…`: the HMAC-SHA-384 of the trimmed password, in base64.
pub(super) fn wordpress(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let blank = |octet: &u8| matches!(octet, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0);
    let password = attempt.password;
    let start = password.iter().position(|octet| !blank(octet)).unwrap_or(password.len());
    let end = password.iter().rposition(|octet| !blank(octet)).map_or(start, |at| at + 1);
    let prepared = STANDARD.encode(hmac("sha384", b"wp-sha384", &password[start..end])?);
    check(&format!("${rest}"), prepared.as_bytes(), attempt)
}

/// passlib's `$bcrypt-sha256$`: `2a,ROUNDS$SALT$HASH` of the SHA-256 in base64, or `v=2,t=2b,r=ROUNDS$SALT$HASH` of
/// its HMAC under the salt as it stands.
pub(super) fn passlib(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [settings, salt, digest] = parts(rest, '$')?;
    let (version, ident, cost) = match settings.strip_prefix("v=2,") {
        Some(settings) => {
            let [ident, cost] = parts(settings, ',')?;
            (2, value(ident, "t")?, value(cost, "r")?)
        }
        None => {
            let [ident, cost] = parts(settings, ',')?;
            (1, ident, cost)
        }
    };
    let cost = decimal(cost)?;
    if !matches!((version, ident), (_, "2b") | (1, "2a")) || (salt.len(), digest.len()) != (22, 31) {
        return Err(Refused::Malformed);
    }
    if cost > u64::from(attempt.limits.bcrypt) {
        return Err(Refused::TooExpensive);
    }
    let prepared = match version {
        1 => sha256(&[attempt.password]),
        _ => hmac("sha256", salt.as_bytes(), attempt.password)?,
    };
    check(&format!("${ident}${cost:02}${salt}{digest}"), STANDARD.encode(prepared).as_bytes(), attempt)
}
