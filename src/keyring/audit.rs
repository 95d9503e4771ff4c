//! The keys that sign checkpoints of the audit log: rows beside the keys of tokens, under the same master key.
//!
//! They have an algorithm of their own, which the keyring does not know and leaves alone. An older one is never
//! erased: what it signed is to be proved for as long as the log is kept.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{KeyRing, KeyRingFault};
use crate::domain::audit::checkpoint::CheckpointKey;
use crate::domain::audit::octets::PublicKey;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::store::keys::{self, StoredKey};
use crate::store::{Db, StoreError};
use crate::tokens::master::MasterKey;

/// The algorithm's name in the table.
pub const ALGORITHM: &str = "audit";

/// The newest key, which signs, and the public halves of all.
#[derive(Debug, Clone)]
pub struct AuditKeys {
    /// What signs.
    pub signing: Arc<CheckpointKey>,
    /// The first one there was.
    pub oldest: Arc<CheckpointKey>,
    /// What verifies, the newest first.
    pub public: Vec<PublicKey>,
}

impl AuditKeys {
    /// Reads the keys, and makes the first one where there is none.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault`]
    pub async fn open(
        db: &Db,
        master: &MasterKey,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyRingFault> {
        if let Some(keys) = Self::read(db, master).await? {
            return Ok(keys);
        }
        add(db, master, now, entropy, 1).await?;
        let made = Self::read(db, master).await?;
        made.ok_or_else(|| KeyRingFault::Unknown(ALGORITHM.to_owned()))
    }

    /// Reads the keys; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault`]
    pub async fn read(db: &Db, master: &MasterKey) -> Result<Option<Self>, KeyRingFault> {
        let stored = keys::all(db.reader()).await?.into_iter().filter(|key| key.algorithm == ALGORITHM);
        let opened = stored.map(|key| open(&key, master).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        let (Some(signing), Some(oldest)) = (opened.first().cloned(), opened.last().cloned()) else {
            return Ok(None);
        };
        let public = opened.iter().map(|key| *key.public()).collect();
        Ok(Some(Self { signing, oldest, public }))
    }
}

impl KeyRing {
    /// The keys of the audit log as they are stored now.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault`]
    pub async fn audit_keys(&self) -> Result<Option<AuditKeys>, KeyRingFault> {
        AuditKeys::read(&self.db, &self.master).await
    }

    /// Makes a new key for the audit log. Servers sign with it from their next look at the keys; what the older ones have
    /// signed is proved with them.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault`]
    pub async fn rotate_audit(&self, now: Timestamp) -> Result<PublicKey, KeyRingFault> {
        let stored = keys::all(self.db.reader()).await?;
        let slots = stored.iter().filter(|key| key.algorithm == ALGORITHM).map(|key| key.slot);
        add(&self.db, &self.master, now, &*self.entropy, slots.max().unwrap_or(0) + 1).await?;
        let made = self.audit_keys().await?.and_then(|keys| keys.public.into_iter().next());
        made.ok_or_else(|| KeyRingFault::Unknown(ALGORITHM.to_owned()))
    }
}

fn open(stored: &StoredKey, master: &MasterKey) -> Result<CheckpointKey, KeyRingFault> {
    let opened = master.open(&context(&stored.id), &stored.wrapped).ok();
    let seed = opened.and_then(|seed| seed.as_slice().try_into().ok()).map(Zeroizing::new);
    let key = seed.and_then(CheckpointKey::from_seed).filter(|key| key.public().kid() == stored.id);
    key.ok_or_else(|| KeyRingFault::AuditLocked(stored.id.clone()))
}

async fn add(
    db: &Db,
    master: &MasterKey,
    now: Timestamp,
    entropy: &dyn Entropy,
    slot: i32,
) -> Result<(), KeyRingFault> {
    let key = CheckpointKey::generate(entropy);
    let id = key.public().kid();
    let stored = StoredKey {
        wrapped: master.seal(&context(&id), key.seed(), entropy),
        algorithm: ALGORITHM.to_owned(),
        slot,
        created_at: now,
        signs_from: now,
        retired_at: None,
        id,
    };
    match keys::insert(db.writer(), &stored).await {
        // Another node was faster; its key is ours too.
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn context(id: &str) -> Vec<u8> {
    format!("guardhouse audit key\n{id}").into_bytes()
}
