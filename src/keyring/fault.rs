//! Why keys cannot be used.

use crate::store::StoreError;
use crate::tokens::keys::KeyFault;
use crate::tokens::master::MasterKeyFault;
use crate::tokens::rules::InvalidRules;

/// Why the keys cannot be used, or not be changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingFault {
    /// The master key.
    #[error(transparent)]
    Master(#[from] MasterKeyFault),
    /// The table of keys.
    #[error("the keys cannot be read: {0}")]
    Store(#[from] StoreError),
    /// A stored key does not open.
    #[error(
        "the stored key {id} does not open with this node's master key: {reason}; every node that shares the database \
         needs the same master key"
    )]
    Locked {
        /// Which.
        id: String,
        /// Why not.
        reason: KeyFault,
    },
    /// A stored key of the audit log does not open.
    #[error(
        "the stored key {0}, which signs the audit log, does not open with this node's master key, or its row was changed; \
         every node that shares the database needs the same master key"
    )]
    AuditLocked(String),
    /// Only a server makes a master key.
    #[error(
        "there is no master key here: neither keys.master_key nor data_dir/master.key; run this where a server runs, or \
         name the public key (`guardhouse audit keys` on a server prints it)"
    )]
    NoMaster,
    /// A key does not fit its use.
    #[error("a key cannot be used: {0}")]
    Unusable(#[from] KeyFault),
    /// The token settings.
    #[error(transparent)]
    Rules(#[from] InvalidRules),
    /// The same key once more.
    #[error("the key {0} is there already")]
    Known(String),
    /// No such key.
    #[error("there is no key {0}, or it is retired already; `guardhouse keys list` shows them")]
    Unknown(String),
    /// The configured secret signs, and a key of the server's own would not.
    #[error("tokens.hs256_secret signs and is changed in the configuration: see tokens.hs256_former_secret")]
    Shared,
    /// The key is needed.
    #[error(
        "the key {0} is the one of its algorithm that signs now; rotate that first (`guardhouse keys \
         rotate --at-once --algorithm …`), then retire it: that refuses every token it has signed"
    )]
    InUse(String),
}
