//! The schemes of LDAP's `userPassword` (RFC 2307 and what servers added): a digest of password and salt.

use super::attempt::{Attempt, Checked, Refused, equal};
use super::digests::{Digest, md5, sha1, sha256, sha512};
use super::formats;
use super::text::base64;

/// How long a salt is, where there is one.
const SALT: std::ops::RangeInclusive<usize> = 4..=64;

/// `{SCHEME}BASE64` by the name of the scheme, in any case.
pub(super) fn digest(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let (scheme, stored) = rest.split_once('}').ok_or(Refused::Malformed)?;
    let (make, length, salted): (Digest, usize, bool) = match scheme.to_ascii_uppercase().as_str() {
        "MD5" => (md5, 16, false),
        "SMD5" => (md5, 16, true),
        "SHA" => (sha1, 20, false),
        "SSHA" => (sha1, 20, true),
        "SHA256" => (sha256, 32, false),
        "SSHA256" => (sha256, 32, true),
        "SHA512" => (sha512, 64, false),
        "SSHA512" => (sha512, 64, true),
        _ => return Err(Refused::Unknown),
    };
    let octets = base64(stored)?;
    let (digest, salt) = octets.split_at_checked(length).ok_or(Refused::Malformed)?;
    if salted != SALT.contains(&salt.len()) || !salted && !salt.is_empty() {
        return Err(Refused::Malformed);
    }
    equal(&make(&[attempt.password, salt]), digest)
}

/// `{CRYPT}`: what crypt(3) wrote.
pub(super) fn crypt(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let (format, inner) = formats::crypt(rest).ok_or(Refused::Unknown)?;
    (format.verify)(inner, attempt)
}
