//! Django's oldest: one digest of salt and password.

use super::attempt::{Attempt, Checked, equal};
use super::digests::{md5, sha1};
use super::text::{hex, parts};

/// `md5$SALT$HEX`.
pub(super) fn salted_md5(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [salt, stored] = parts(rest, '$')?;
    equal(&md5(&[salt.as_bytes(), attempt.password]), &hex(stored)?)
}

/// `sha1$SALT$HEX`.
pub(super) fn salted_sha1(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [salt, stored] = parts(rest, '$')?;
    equal(&sha1(&[salt.as_bytes(), attempt.password]), &hex(stored)?)
}
