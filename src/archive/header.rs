//! The header of an `age` file with one scrypt recipient (age-encryption.org/v1, C2SP `age.md`).
//!
//! ```text
//! age-encryption.org/v1
//! -> scrypt SALT LOG-N
//! FILE-KEY, sealed under the passphrase
//! --- MAC over all of it, under the file key
//! ```

use std::io::{BufRead, Read, Write};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::{ArchiveFault, Passphrase};
use crate::domain::entropy::{Entropy, bytes};

const VERSION: &str = "age-encryption.org/v1";
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// 128 MiB for a moment (OWASP's first choice for scrypt).
const LOG_N: u8 = 17;
const MOST_LOG_N: u8 = 20;
/// Of the whole header. Ours has some 160 bytes.
const LONGEST: u64 = 1_024;
const SALT: usize = 16;
const FILE_KEY: usize = 16;

/// The key from which a file's others are derived.
pub(super) struct FileKey(Zeroizing<[u8; FILE_KEY]>);

/// The length of a derived key.
struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

impl FileKey {
    #[cfg(test)]
    pub(super) fn of(key: [u8; FILE_KEY]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// A key for one purpose.
    pub(super) fn derive(&self, salt: &[u8], purpose: &'static str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let extracted = Salt::new(HKDF_SHA256, salt).extract(self.0.as_slice());
        let purpose = [purpose.as_bytes()];
        let expanded = extracted.expand(&purpose, Bytes32).and_then(|okm| okm.fill(key.as_mut_slice()));
        expanded.expect("HKDF gives up to 255 hashes");
        key
    }

    fn mac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.derive(&[], "header").as_slice())
    }
}

/// Writes the header of a new file that `passphrase` opens.
pub(super) fn write(
    to: &mut impl Write,
    passphrase: &Passphrase,
    entropy: &dyn Entropy,
) -> Result<FileKey, ArchiveFault> {
    let (salt, key) = (bytes::<SALT>(entropy), FileKey(Zeroizing::new(bytes(entropy))));
    let mut sealed = key.0.to_vec();
    wrapping(passphrase, &salt, LOG_N)
        .seal_in_place_append_tag(zero(), Aad::empty(), &mut sealed)
        .expect("sixteen bytes are not too many");
    let [salt, sealed] = [&salt[..], &sealed].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    let text = format!("{VERSION}\n-> scrypt {salt} {LOG_N}\n{sealed}\n---");
    let mac = STANDARD_NO_PAD.encode(hmac::sign(&key.mac(), text.as_bytes()));
    writeln!(to, "{text} {mac}")?;
    Ok(key)
}

/// Reads a header, and nothing behind it.
pub(super) fn read(from: &mut impl BufRead, passphrase: &Passphrase) -> Result<FileKey, ArchiveFault> {
    use ArchiveFault::NotABackup;
    let mut limited = from.take(LONGEST);
    let mut line = || {
        let mut line = Vec::new();
        limited.read_until(b'\n', &mut line)?;
        let line = line.strip_suffix(b"\n").and_then(|line| String::from_utf8(line.to_vec()).ok());
        Ok::<_, ArchiveFault>(line)
    };
    if line()?.as_deref() != Some(VERSION) {
        return Err(NotABackup("it does not begin as an age file"));
    }
    let stanza = line()?.unwrap_or_default();
    let words: Vec<_> = stanza.split(' ').collect();
    let &["->", "scrypt", salt, log_n] = words.as_slice() else {
        return Err(NotABackup("it is an age file for others, and not for a passphrase"));
    };
    let malformed = || NotABackup("its header is malformed");
    let body = line()?.ok_or_else(malformed)?;
    let last = line()?.ok_or_else(malformed)?;
    let mac = last.strip_prefix("--- ").ok_or_else(malformed)?;
    let decoded = |text: &str| STANDARD_NO_PAD.decode(text).map_err(|_| malformed());
    let (salt_bytes, mac) = (decoded(salt)?, decoded(mac)?);
    let plain = log_n.bytes().all(|digit| digit.is_ascii_digit()) && !log_n.starts_with('0');
    let cost: u8 = log_n.parse().ok().filter(|_| plain).ok_or_else(malformed)?;
    if cost > MOST_LOG_N {
        return Err(ArchiveFault::TooExpensive(cost));
    }
    let mut sealed = Zeroizing::new(decoded(&body)?);
    if salt_bytes.len() != SALT || sealed.len() != FILE_KEY + CHACHA20_POLY1305.tag_len() {
        return Err(malformed());
    }
    let opened = wrapping(passphrase, &salt_bytes, cost).open_in_place(zero(), Aad::empty(), &mut sealed);
    let opened = opened.map_err(|_| ArchiveFault::WrongPassphrase)?;
    let key = FileKey(Zeroizing::new((&*opened).try_into().map_err(|_| malformed())?));
    let signed = format!("{VERSION}\n{stanza}\n{body}\n---");
    hmac::verify(&key.mac(), signed.as_bytes(), &mac).map_err(|_| ArchiveFault::WrongPassphrase)?;
    Ok(key)
}

/// The passphrase, made dear to try.
fn wrapping(passphrase: &Passphrase, salt: &[u8], log_n: u8) -> LessSafeKey {
    let mut key = Zeroizing::new([0; 32]);
    let params = scrypt::Params::new(log_n, 8, 1).expect("2^1 to 2^20 are costs of scrypt");
    let salt = [LABEL, salt].concat();
    scrypt::scrypt(passphrase.bytes(), &salt, &params, key.as_mut_slice()).expect("32 bytes are a key");
    cipher(&key)
}

/// ChaCha20-Poly1305 under `key`.
pub(super) fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("32 bytes are the size of the key"))
}

/// Each wrapping key seals one thing.
fn zero() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
