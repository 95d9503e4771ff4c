//! The keys of the keyring as values: made, named, and wrapped for storage. Where they are stored, and which of them
//! signs at the moment, is not decided here.

use std::fmt;
use std::str::FromStr;

use ::paseto::keys::AsymmetricPublicKey;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::kid;
use super::master::MasterKey;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;

/// The size of a generated secret, and the least of a shared one (RFC 7518 section 3.2 for HS256).
pub const SECRET_BYTES: usize = 32;

/// What a key is for. A key serves one purpose and no other (RFC 8725 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// JWT with Ed25519.
    EdDsa,
    /// JWT with HMAC-SHA-256.
    Hs256,
    /// PASETO `v4.public`, Ed25519.
    V4Public,
    /// The house's own refresh tokens, HMAC-SHA-256 under a derived key.
    Refresh,
}

/// A name that is none of [`KeyAlgorithm`]'s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an algorithm of a key; there are EdDSA, HS256, v4.public and refresh")]
pub struct UnknownAlgorithm(pub String);

impl KeyAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Hs256, Self::V4Public, Self::Refresh];

    /// The name in the database, the configuration, and JWT's `alg`; stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::V4Public => "v4.public",
            Self::Refresh => "refresh",
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let named = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name);
        named.ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

/// A key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// A shared secret that can be guessed.
    #[error(
        "the shared secret for HS256 has {0} bytes and needs at least {SECRET_BYTES} (RFC 7518 section 3.2); \
         make one with `openssl rand -base64 48`"
    )]
    SecretTooShort(usize),
    /// The stored bytes do not open.
    #[error(
        "the {algorithm} key {id} does not open with this master key: it was stored under another one, or its row \
         was changed; bring back the master key that belongs to this database"
    )]
    NotOpened {
        /// The key's name.
        id: String,
        /// What it is for.
        algorithm: KeyAlgorithm,
    },
    /// The stored bytes open, and are another key than the row says.
    #[error("what is stored as the {algorithm} key {id} is no such key; restore that row from a backup")]
    NotItself {
        /// The key's name.
        id: String,
        /// What it is for.
        algorithm: KeyAlgorithm,
    },
    /// A key offered for a purpose that is not its own.
    #[error("the key {id} is for {algorithm} and not for {wanted}")]
    WrongUse {
        /// The key's name.
        id: String,
        /// What it is for.
        algorithm: KeyAlgorithm,
        /// What it was offered for.
        wanted: &'static str,
    },
    /// The library refuses the key itself.
    #[error("the {algorithm} key {id} is not a key that can be signed with; make a new one")]
    Unusable {
        /// The key's name.
        id: String,
        /// What it is for.
        algorithm: KeyAlgorithm,
    },
}

/// One key with its name. Its secret is wiped from memory when it is dropped, and never printed.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    algorithm: KeyAlgorithm,
    /// The Ed25519 seed, or the HMAC secret.
    secret: Zeroizing<Vec<u8>>,
    /// Of the two Ed25519 algorithms.
    public: Option<[u8; 32]>,
    created_at: Timestamp,
}

impl SigningKey {
    /// A fresh key for `algorithm`.
    pub fn generate(algorithm: KeyAlgorithm, now: Timestamp, entropy: &dyn Entropy) -> Self {
        let mut secret = Zeroizing::new(vec![0; SECRET_BYTES]);
        entropy.fill(&mut secret);
        Self::assemble(algorithm, secret, now).expect("the secret has the size that every algorithm takes")
    }

    /// The HS256 key that is `secret`, the same under the same name on every node.
    ///
    /// # Errors
    ///
    /// [`KeyFault::SecretTooShort`] below [`SECRET_BYTES`] bytes of UTF-8.
    pub fn hs256_shared(secret: &SecretString, now: Timestamp) -> Result<Self, KeyFault> {
        let secret = secret.expose_secret().as_bytes();
        Self::assemble(KeyAlgorithm::Hs256, Zeroizing::new(secret.to_vec()), now)
            .ok_or(KeyFault::SecretTooShort(secret.len()))
    }

    /// `None` when the secret has the wrong size.
    fn assemble(algorithm: KeyAlgorithm, secret: Zeroizing<Vec<u8>>, created_at: Timestamp) -> Option<Self> {
        let fits = match algorithm {
            KeyAlgorithm::Hs256 => secret.len() >= SECRET_BYTES,
            KeyAlgorithm::EdDsa | KeyAlgorithm::V4Public | KeyAlgorithm::Refresh => {
                secret.len() == SECRET_BYTES
            }
        };
        if !fits {
            return None;
        }
        let (id, public) = match algorithm {
            KeyAlgorithm::EdDsa => {
                let public = ed25519_public(&secret)?;
                (kid::thumbprint(&public), Some(public))
            }
            KeyAlgorithm::V4Public => {
                let public = ed25519_public(&secret)?;
                (kid::paserk_id(&AsymmetricPublicKey::from(&public).ok()?), Some(public))
            }
            KeyAlgorithm::Hs256 | KeyAlgorithm::Refresh => (kid::of_secret(algorithm, &secret), None),
        };
        Some(Self { id, algorithm, secret, public, created_at })
    }

    /// The key's public name: `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the key is for.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// The public half of an Ed25519 key; symmetric keys have none.
    pub fn public_key(&self) -> Option<&[u8; 32]> {
        self.public.as_ref()
    }

    pub(super) fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub(super) fn wrong_use(&self, wanted: &'static str) -> KeyFault {
        KeyFault::WrongUse { id: self.id.clone(), algorithm: self.algorithm, wanted }
    }

    pub(super) fn unusable(&self) -> KeyFault {
        KeyFault::Unusable { id: self.id.clone(), algorithm: self.algorithm }
    }

    /// The secret as it is stored: sealed under `master`, and bound to this key's name and algorithm.
    pub fn wrap(&self, master: &MasterKey, entropy: &dyn Entropy) -> Vec<u8> {
        master.seal(&wrapping(&self.id, self.algorithm), &self.secret, entropy)
    }

    /// The key stored as `wrapped` under this name and algorithm.
    ///
    /// # Errors
    ///
    /// [`KeyFault::NotOpened`] under another master key, or when any of the columns was changed;
    /// [`KeyFault::NotItself`] when the content does not have the name it is stored under.
    pub fn unwrap(
        id: &str,
        algorithm: KeyAlgorithm,
        created_at: Timestamp,
        wrapped: &[u8],
        master: &MasterKey,
    ) -> Result<Self, KeyFault> {
        let secret = master
            .open(&wrapping(id, algorithm), wrapped)
            .map_err(|_| KeyFault::NotOpened { id: id.to_owned(), algorithm })?;
        Self::assemble(algorithm, secret, created_at)
            .filter(|key| key.id == id)
            .ok_or_else(|| KeyFault::NotItself { id: id.to_owned(), algorithm })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// What a wrapped key is bound to. No algorithm's name contains the separator, so two pairs never look alike.
fn wrapping(id: &str, algorithm: KeyAlgorithm) -> Vec<u8> {
    format!("guardhouse signing key\n{algorithm}\n{id}").into_bytes()
}

fn ed25519_public(seed: &[u8]) -> Option<[u8; 32]> {
    Ed25519KeyPair::from_seed_unchecked(seed).ok()?.public_key().as_ref().try_into().ok()
}
