//! The master key: the one secret outside the database, under which the keys inside are stored.
//!
//! Its file is a line of base64url that only its owner may read. It appears under its name complete or not at all:
//! it is written beside, flushed, and then linked into place, which fails if the name is taken. So two processes
//! that start together agree on one key, and a crash leaves no half of one behind.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::base64url;
use crate::domain::entropy::{Entropy, bytes};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// The first of all sealed bytes: AES-256-GCM with a random nonce.
const VERSION: u8 = 1;

/// 32 bytes that encrypt what is stored.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

/// How a master key came to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// The file was there.
    Found,
    /// There was none: a new key was made and written.
    Created,
}

/// The master key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyFault {
    /// The system refused an operation on the file.
    #[error("the master key file {} could not be {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operation that failed.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "the master key file {path} has mode {mode:04o}, so others may read it; run `chmod 600 {path}`, and \
         rotate and retire every key if somebody may have read it already", path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The configured text is not a key.
    #[error("keys.master_key is not 43 characters of base64url")]
    NotAKey,
    /// It is not a key.
    #[error(
        "the master key file {} does not hold a key: it should be one line of 43 characters of base64url; restore it \
         from a backup, since the keys in the database open with no other", path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// Sealed bytes were not made by this key for this context, or were altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored secret was sealed under another master key, for another place, or was altered")]
pub struct NotOpened;

impl MasterKey {
    /// The key that is `bytes`.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key that `text` spells: 43 characters of base64url, as the file has it.
    ///
    /// # Errors
    ///
    /// [`MasterKeyFault::NotAKey`]
    pub fn from_text(text: &str) -> Result<Self, MasterKeyFault> {
        let key = base64url::decode(text).map(Zeroizing::new);
        let key = key.and_then(|key| key.as_slice().try_into().ok());
        key.map(Self::from_bytes).ok_or(MasterKeyFault::NotAKey)
    }

    /// The key in the file at `path`; if there is no file, a new key, written there with mode 0600. The folder has
    /// to exist.
    ///
    /// # Errors
    ///
    /// [`MasterKeyFault`], each with the path and what to do.
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<(Self, Made), MasterKeyFault> {
        if let Some(key) = load(path)? {
            return Ok((key, Made::Found));
        }
        if create(path, entropy).map_err(|source| fault(path, "created", source))? {
            // Read back rather than kept: what is used now is what the next start will find.
            if let Some(key) = load(path)? {
                return Ok((key, Made::Created));
            }
        } else if let Some(key) = load(path)? {
            return Ok((key, Made::Found));
        }
        Err(fault(path, "read", ErrorKind::NotFound.into()))
    }

    /// `plaintext`, encrypted and bound to `context`: version byte, nonce (12 bytes), ciphertext, tag (16 bytes).
    ///
    /// # Panics
    ///
    /// Never for the few bytes of a key: AES-GCM takes up to 64 GiB.
    pub fn seal(&self, context: &[u8], plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let nonce = bytes::<NONCE_BYTES>(entropy);
        let mut body = plaintext.to_vec();
        self.cipher()
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .expect("AES-GCM encrypts anything below 64 GiB");
        [&[VERSION], nonce.as_slice(), body.as_slice()].concat()
    }

    /// What was sealed by this key for the same `context`.
    ///
    /// # Errors
    ///
    /// [`NotOpened`] for everything else, without saying which part differs.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let (&version, rest) = sealed.split_first().ok_or(NotOpened)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(NotOpened)?;
        if version != VERSION {
            return Err(NotOpened);
        }
        let mut body = Zeroizing::new(body.to_vec());
        let opened = self
            .cipher()
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut body)
            .map_err(|_| NotOpened)?
            .len();
        body.truncate(opened);
        Ok(body)
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_slice());
        LessSafeKey::new(key.expect("the key has the size of AES-256"))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

fn fault(path: &Path, doing: &'static str, source: io::Error) -> MasterKeyFault {
    MasterKeyFault::Io { path: path.to_owned(), doing, source }
}

/// `None` when there is no such file.
fn load(path: &Path) -> Result<Option<MasterKey>, MasterKeyFault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(fault(path, "opened", source)),
    };
    refuse_exposed(path, &file)?;
    let mut content = Zeroizing::new(Vec::with_capacity(128));
    // Enough to see that a long file is too long.
    file.take(128).read_to_end(&mut content).map_err(|source| fault(path, "read", source))?;
    let line = content.strip_suffix(b"\n").unwrap_or(&content);
    let key = base64url::decode(line.strip_suffix(b"\r").unwrap_or(line)).map(Zeroizing::new);
    let key = key.and_then(|key| key.as_slice().try_into().ok());
    key.map(|key| Some(MasterKey::from_bytes(key)))
        .ok_or_else(|| MasterKeyFault::Malformed { path: path.to_owned() })
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, file: &File) -> Result<(), MasterKeyFault> {
    use std::os::unix::fs::PermissionsExt;

    let mode =
        file.metadata().map_err(|source| fault(path, "examined", source))?.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(MasterKeyFault::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &File) -> Result<(), MasterKeyFault> {
    Ok(())
}

/// Whether a new key was written; `false` when another process was faster.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<bool> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = folder.join(format!(".master-key-{}", base64url::encode(bytes::<9>(entropy))));
    let written = write(&beside, entropy).and_then(|()| std::fs::hard_link(&beside, path));
    let removed = std::fs::remove_file(&beside);
    match written {
        Err(taken) if taken.kind() == ErrorKind::AlreadyExists && path.exists() => removed.map(|()| false),
        written => written.and(removed).and_then(|()| flush_folder(folder)).map(|()| true),
    }
}

fn write(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let key = Zeroizing::new(bytes::<KEY_BYTES>(entropy));
    let line = Zeroizing::new(base64url::encode(key.as_slice()) + "\n");
    let mut file = options.open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// Without this the file's name may be lost with the power, and the key with it.
fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
