//! What Ory Kratos imports, in its own spelling, which reads like that of others and is not: `ln` is N, SHA-224 and
//! SHA-384 are SHA-3. Hence only behind the name of the dialect.

use super::attempt::{Attempt, Checked, Refused, equal};
use super::digests::{Digest, md5, sha1, sha256, sha512};
use super::pbkdf2::{Prf, phc};
use super::text::{base64, parts, to_hex, value};
use super::{firebase, hmacs, md5_crypt, scrypt, sha_crypt};

/// Most octets that a template makes of salt and password.
const TEMPLATE: usize = 16 * 1_024;

/// `$KIND$…`.
pub(super) fn hash(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let (kind, rest) =
        rest.strip_prefix('$').and_then(|rest| rest.split_once('$')).ok_or(Refused::Unknown)?;
    match kind {
        "scrypt" => scrypt::kratos(rest, attempt),
        "firescrypt" => firebase::firescrypt(rest, attempt),
        "pbkdf2-sha1" => phc(Prf::Sha1, rest, attempt),
        "pbkdf2-sha224" => phc(Prf::Sha3_224, rest, attempt),
        "pbkdf2-sha256" => phc(Prf::Sha256, rest, attempt),
        "pbkdf2-sha384" => phc(Prf::Sha3_384, rest, attempt),
        "pbkdf2-sha512" => phc(Prf::Sha512, rest, attempt),
        "md5-crypt" => md5_crypt::crypt(rest, attempt),
        "sha256-crypt" => sha_crypt::sha256(rest, attempt),
        "sha512-crypt" => sha_crypt::sha512(rest, attempt),
        "md5" => digest(md5, rest, attempt),
        "sha1" => digest(sha1, rest, attempt),
        "sha256" => digest(sha256, rest, attempt),
        "sha512" => digest(sha512, rest, attempt),
        other => hmac(other.strip_prefix("hmac-").ok_or(Refused::Unknown)?, rest, attempt),
    }
}

/// Whether it is one digest of the password alone.
pub(super) fn is_unsalted(rest: &str) -> bool {
    let digest =
        ["$md5$", "$sha1$", "$sha256$", "$sha512$"].into_iter().find_map(|kind| rest.strip_prefix(kind));
    digest.is_some_and(|rest| !rest.contains('$'))
}

/// `HASH`, or `pf=TEMPLATE$SALT$HASH` where the template says where salt and password go.
fn digest(make: Digest, rest: &str, attempt: &Attempt<'_>) -> Checked {
    if !rest.contains('$') {
        return equal(&make(&[attempt.password]), &base64(rest)?);
    }
    let [template, salt, stored] = parts(rest, '$')?;
    let (template, salt) = (base64(value(template, "pf")?)?, base64(salt)?);
    let stored = base64(stored)?;
    equal(&make(&[&filled(&template, &salt, attempt.password)?]), &stored)
}

fn filled(template: &[u8], salt: &[u8], password: &[u8]) -> Result<Vec<u8>, Refused> {
    let (mut rest, mut made, mut asked) = (template, Vec::new(), false);
    while let Some((first, others)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(b"{PASSWORD}") {
            (rest, asked) = (behind, true);
            made.extend_from_slice(password);
        } else if let Some(behind) = rest.strip_prefix(b"{SALT}") {
            rest = behind;
            made.extend_from_slice(salt);
        } else {
            rest = others;
            made.push(*first);
        }
        if made.len() > TEMPLATE {
            return Err(Refused::TooExpensive);
        }
    }
    // Without a place for the password, every password would match.
    if asked { Ok(made) } else { Err(Refused::Malformed) }
}

/// `HASH$KEY`, where the hash is the base64 of hexadecimal digits.
fn hmac(name: &str, rest: &str, attempt: &Attempt<'_>) -> Checked {
    let made = |key: &[u8]| hmacs::hmac(name, key, attempt.password);
    made(&[])?;
    let [stored, key] = parts(rest, '$')?;
    let (stored, key) = (base64(stored)?, base64(key)?);
    if key.is_empty() {
        return Err(Refused::Malformed);
    }
    equal(to_hex(&made(&key)?).as_bytes(), &stored)
}
