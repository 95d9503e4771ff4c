//! Digests by name: SHA from the library that the tokens use, MD4, MD5 and SHA-3 from RustCrypto. And what is one run
//! of a digest over the password: nothing that a source should still have.

use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use md4::Md4;
use md5::{Digest as _, Md5};

use super::attempt::{Attempt, Checked, Refused, equal};
use super::text::{base64_unpadded, hex};

/// A digest of parts that follow one another.
pub(super) type Digest = fn(&[&[u8]]) -> Vec<u8>;

pub(super) fn md5(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Md5::new();
    parts.iter().for_each(|part| context.update(part));
    context.finalize().to_vec()
}

fn sha(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

pub(super) fn sha1(parts: &[&[u8]]) -> Vec<u8> {
    sha(&SHA1_FOR_LEGACY_USE_ONLY, parts)
}

pub(super) fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    sha(&SHA256, parts)
}

pub(super) fn sha512(parts: &[&[u8]]) -> Vec<u8> {
    sha(&SHA512, parts)
}

/// The rounds of crypt(3), which its MD5 and its SHA have in common, from the digest `made` on.
pub(super) fn crypt_rounds(
    make: Digest,
    mut made: Vec<u8>,
    password: &[u8],
    salt: &[u8],
    rounds: u64,
) -> Vec<u8> {
    for round in 0..rounds {
        let odd = round & 1 == 1;
        made = make(&[
            if odd { password } else { &made },
            if round % 3 == 0 { &[] } else { salt },
            if round % 7 == 0 { &[] } else { password },
            if odd { &made } else { password },
        ]);
    }
    made
}

/// Hexadecimal MD5, unsalted.
pub(super) fn hex_md5(rest: &str, attempt: &Attempt<'_>) -> Checked {
    equal(&md5(&[attempt.password]), &hex(rest)?)
}

/// Hexadecimal SHA-1, unsalted.
pub(super) fn hex_sha1(rest: &str, attempt: &Attempt<'_>) -> Checked {
    equal(&sha1(&[attempt.password]), &hex(rest)?)
}

/// Hexadecimal SHA-256, unsalted.
pub(super) fn hex_sha256(rest: &str, attempt: &Attempt<'_>) -> Checked {
    equal(&sha256(&[attempt.password]), &hex(rest)?)
}

/// Hexadecimal SHA-512, unsalted.
pub(super) fn hex_sha512(rest: &str, attempt: &Attempt<'_>) -> Checked {
    equal(&sha512(&[attempt.password]), &hex(rest)?)
}

/// The NT hash in hexadecimal: MD4 of the password in UTF-16, low octet first.
pub(super) fn nt(rest: &str, attempt: &Attempt<'_>) -> Checked {
    nt_octets(&hex(rest)?, attempt)
}

/// `ipaNTHash: BASE64`.
pub(super) fn ipa_nt(rest: &str, attempt: &Attempt<'_>) -> Checked {
    nt_octets(&base64_unpadded(rest)?, attempt)
}

fn nt_octets(stored: &[u8], attempt: &Attempt<'_>) -> Checked {
    let password = str::from_utf8(attempt.password).map_err(|_| Refused::Malformed)?;
    let wide: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    equal(Md4::digest(wide).as_slice(), stored)
}
