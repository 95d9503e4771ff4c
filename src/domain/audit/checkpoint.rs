//! Signed statements about a chain. Who can change every row of a database can compute the links anew, but not these.
//!
//! A checkpoint is also one line of text, for the server's log and whatever else keeps it where the database's
//! administrator has no hand: an anchor.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::chain::Head;
use super::octets::{Encoding, PublicKey, Signature};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::{Entropy, bytes};
use crate::domain::id::InstanceId;

/// What a checkpoint says of its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statement {
    /// It had come so far.
    Reached,
    /// So far it was removed, because the time for which records are kept was over.
    Pruned,
}

impl Statement {
    /// The word in the table and in the text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Pruned => "pruned",
        }
    }

    /// The statement with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Reached, Self::Pruned].into_iter().find(|statement| statement.as_str() == word)
    }
}

/// A signed statement about a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which chain.
    pub chain: InstanceId,
    /// Up to where.
    #[serde(flatten)]
    pub head: Head,
    /// When it was signed.
    pub at: Timestamp,
    /// What is said.
    pub statement: Statement,
    /// The name of the key.
    pub kid: String,
    /// Over all of it.
    pub signature: Signature,
}

impl Checkpoint {
    fn message(chain: InstanceId, head: &Head, at: Timestamp, statement: Statement) -> Encoding {
        Encoding::new("guardhouse audit checkpoint v1")
            .field(statement.as_str())
            .field(chain.0.as_bytes())
            .field(head.seq.to_be_bytes())
            .field(head.link.0)
            .field(at.micros().to_be_bytes())
    }

    /// Whether one of `keys` has signed it.
    pub fn is_signed_by(&self, keys: &[PublicKey]) -> bool {
        let message = Self::message(self.chain, &self.head, self.at, self.statement);
        let signed = |key: &PublicKey| {
            key.kid() == self.kid
                && UnparsedPublicKey::new(&ED25519, key.0).verify(message.bytes(), &self.signature.0).is_ok()
        };
        keys.iter().any(signed)
    }
}

impl PublicKey {
    /// Its name: the beginning of its own hash.
    pub fn kid(&self) -> String {
        let hash = Encoding::new("guardhouse audit key v1").field(self.0).hash().to_string();
        format!("audit-{}", &hash[..16])
    }
}

/// What signs checkpoints. Wiped from memory when it is dropped, and never printed.
pub struct CheckpointKey {
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

impl CheckpointKey {
    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        loop {
            if let Some(key) = Self::from_seed(Zeroizing::new(bytes(entropy))) {
                return key;
            }
        }
    }

    /// The key with this seed; `None` for the one that everybody knows, all zeros.
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> Option<Self> {
        if seed.iter().all(|&octet| octet == 0) {
            return None;
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { seed, public })
    }

    /// The seed, to be sealed and stored.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// What verifies.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs.
    ///
    /// # Panics
    ///
    /// Never: the seed was a key when this was made.
    pub fn sign(&self, chain: InstanceId, head: Head, at: Timestamp, statement: Statement) -> Checkpoint {
        let pair = Ed25519KeyPair::from_seed_unchecked(&*self.seed).expect("it was a key before");
        let signed = pair.sign(Checkpoint::message(chain, &head, at, statement).bytes());
        let signature = signed.as_ref().try_into().expect("an Ed25519 signature has 64 octets");
        let kid = self.public.kid();
        Checkpoint { chain, head, at, statement, kid, signature: Signature(signature) }
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckpointKey({})", self.public.kid())
    }
}

/// What the text of a checkpoint begins with.
const FORM: &str = "ghac1";

/// The text is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no checkpoint: one begins with `{FORM}.` and has eight parts with dots between them")]
pub struct NoCheckpoint;

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, head, at, statement, kid, signature } = self;
        let (statement, at) = (statement.as_str(), at.micros());
        write!(f, "{FORM}.{statement}.{chain}.{}.{}.{at}.{kid}.{signature}", head.seq, head.link)
    }
}

impl FromStr for Checkpoint {
    type Err = NoCheckpoint;

    fn from_str(text: &str) -> Result<Self, NoCheckpoint> {
        let parts: [&str; 8] = text.split('.').collect::<Vec<_>>().try_into().map_err(|_| NoCheckpoint)?;
        let [form, statement, chain, seq, link, at, kid, signature] = parts;
        if form != FORM {
            return Err(NoCheckpoint);
        }
        let head = Head {
            seq: seq.parse().map_err(|_| NoCheckpoint)?,
            link: link.parse().map_err(|_| NoCheckpoint)?,
        };
        Ok(Self {
            chain: chain.parse().map_err(|_| NoCheckpoint)?,
            head,
            at: Timestamp::from_micros(at.parse().map_err(|_| NoCheckpoint)?),
            statement: Statement::from_word(statement).ok_or(NoCheckpoint)?,
            kid: kid.to_owned(),
            signature: signature.parse().map_err(|_| NoCheckpoint)?,
        })
    }
}
