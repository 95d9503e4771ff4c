//! The keys of the keyring as values: made, named, and wrapped for storage. Where they are stored, and which of them
//! signs at the moment, is not decided here.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

pub use super::algorithm::{KeyAlgorithm, UnknownAlgorithm};
use super::master::MasterKey;
pub use super::material::{PublicKey, SECRET_BYTES};
use super::{kid, material};
use crate::domain::entropy::Entropy;

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
    /// See [`super::material`].
    secret: Zeroizing<Vec<u8>>,
    public: Option<PublicKey>,
}

/// What tokens are verified with: the public half of a key, or the secret of one that has none.
#[derive(Clone)]
pub struct VerifyingKey {
    id: String,
    algorithm: KeyAlgorithm,
    pub(super) proof: Proof,
}

/// How a [`VerifyingKey`] proves.
#[derive(Clone)]
pub(super) enum Proof {
    Public(PublicKey),
    Shared(Zeroizing<Vec<u8>>),
}

impl VerifyingKey {
    /// The key that was published as `public` under the name `id`.
    pub fn published(id: String, algorithm: KeyAlgorithm, public: PublicKey) -> Self {
        Self { id, algorithm, proof: Proof::Public(public) }
    }

    /// The key's public name: `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the key is for.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    pub(super) fn wrong_use(&self, wanted: &'static str) -> KeyFault {
        KeyFault::WrongUse { id: self.id.clone(), algorithm: self.algorithm, wanted }
    }

    pub(super) fn unusable(&self) -> KeyFault {
        KeyFault::Unusable { id: self.id.clone(), algorithm: self.algorithm }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, algorithm, .. } = self;
        f.debug_struct("VerifyingKey").field("id", id).field("algorithm", algorithm).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A fresh key for `algorithm`.
    pub fn generate(algorithm: KeyAlgorithm, entropy: &dyn Entropy) -> Self {
        let secret = material::fresh(algorithm, entropy);
        Self::assemble(algorithm, secret).expect("a fresh secret is a key")
    }

    /// The HS256 key that is `secret`, the same under the same name on every node.
    ///
    /// # Errors
    ///
    /// [`KeyFault::SecretTooShort`] below [`SECRET_BYTES`] bytes of UTF-8.
    pub fn hs256_shared(secret: &SecretString) -> Result<Self, KeyFault> {
        let secret = secret.expose_secret().as_bytes();
        Self::assemble(KeyAlgorithm::Hs256, Zeroizing::new(secret.to_vec()))
            .ok_or(KeyFault::SecretTooShort(secret.len()))
    }

    /// `None` when the secret is no key of `algorithm`.
    pub(super) fn assemble(algorithm: KeyAlgorithm, secret: Zeroizing<Vec<u8>>) -> Option<Self> {
        let public = material::public_half(algorithm, &secret).ok()?;
        let id = kid::name(algorithm, &secret, public.as_ref())?;
        Some(Self { id, algorithm, secret, public })
    }

    /// The key's public name: `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the key is for.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The public half; symmetric keys have none.
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public.as_ref()
    }

    /// What verifies the tokens that this key signs.
    pub fn verifying(&self) -> VerifyingKey {
        let proof = match &self.public {
            Some(public) => Proof::Public(public.clone()),
            None => Proof::Shared(self.secret.clone()),
        };
        VerifyingKey { id: self.id.clone(), algorithm: self.algorithm, proof }
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
        wrapped: &[u8],
        master: &MasterKey,
    ) -> Result<Self, KeyFault> {
        let secret = master
            .open(&wrapping(id, algorithm), wrapped)
            .map_err(|_| KeyFault::NotOpened { id: id.to_owned(), algorithm })?;
        Self::assemble(algorithm, secret)
            .filter(|key| key.id == id)
            .ok_or_else(|| KeyFault::NotItself { id: id.to_owned(), algorithm })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// What a wrapped key is bound to. No algorithm's name contains the separator, so two pairs never look alike.
fn wrapping(id: &str, algorithm: KeyAlgorithm) -> Vec<u8> {
    format!("guardhouse signing key\n{algorithm}\n{id}").into_bytes()
}
