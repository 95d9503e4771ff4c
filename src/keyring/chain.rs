//! The stored keys as this node last saw them, and those of them that it has opened.

use std::collections::HashMap;

use super::phases::Phase;
use super::{KeyRingFault, Settings};
use crate::domain::clock::Timestamp;
use crate::store::keys::StoredKey;
use crate::tokens::algorithm::KeyAlgorithm;
use crate::tokens::keys::{SigningKey, VerifyingKey};
use crate::tokens::master::MasterKey;

/// The rows and what was made of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain {
    rows: Vec<StoredKey>,
    /// By id; opening an RSA key takes a while.
    opened: HashMap<String, SigningKey>,
    /// What is in use: the signing key first, then all that verify, then the refresh keys.
    taken: Vec<String>,
}

/// The keys that are good for something.
pub(super) struct InUse {
    pub(super) signing: SigningKey,
    /// Of every access token that is accepted.
    pub(super) verifying: Vec<VerifyingKey>,
    pub(super) refresh: SigningKey,
    pub(super) older_refresh: Vec<SigningKey>,
}

impl Chain {
    pub(super) fn rows(&self) -> &[StoredKey] {
        &self.rows
    }

    pub(super) fn row(&self, id: &str) -> Option<&StoredKey> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// Rows of an algorithm that this release does not know are left alone: a newer node wrote them.
    pub(super) fn set(&mut self, rows: Vec<StoredKey>) {
        let known = rows.into_iter().filter(|row| row.algorithm.parse::<KeyAlgorithm>().is_ok());
        self.rows = known.collect();
        self.opened.retain(|id, _| self.rows.iter().any(|row| row.id == *id && row.retired_at.is_none()));
    }

    pub(super) fn next_slot(&self, algorithm: KeyAlgorithm) -> i32 {
        let of_it = self.rows.iter().filter(|row| row.algorithm == algorithm.as_str());
        of_it.map(|row| row.slot).max().unwrap_or(0) + 1
    }

    pub(super) fn has_current(&self, algorithm: KeyAlgorithm, phases: &[Phase]) -> bool {
        self.current(algorithm, phases).is_some()
    }

    fn current(&self, algorithm: KeyAlgorithm, phases: &[Phase]) -> Option<usize> {
        let is_it =
            |at: &usize| phases[*at] == Phase::Current && self.rows[*at].algorithm == algorithm.as_str();
        (0..self.rows.len()).find(is_it)
    }

    /// Whether other keys are good at `now` than those that were taken into use.
    pub(super) fn has_turned(&self, settings: &Settings, now: Timestamp) -> bool {
        self.good(settings, now) != self.taken
    }

    fn good(&self, settings: &Settings, now: Timestamp) -> Vec<String> {
        let phases = settings.phases(self, now);
        let signer = settings.signer(self, &phases).map(|at| self.rows[at].id.clone());
        let verify = self.rows.iter().zip(&phases).filter(|(_, phase)| phase.verifies());
        let refresh = self.current(KeyAlgorithm::Refresh, &phases).map(|at| self.rows[at].id.clone());
        let ids = verify.map(|(row, _)| row.id.clone());
        signer.into_iter().chain(ids).chain(refresh).collect()
    }

    /// The keys that are good at `now`, opened.
    pub(super) fn in_use(
        &mut self,
        settings: &Settings,
        master: &MasterKey,
        now: Timestamp,
    ) -> Result<InUse, KeyRingFault> {
        let phases = settings.phases(self, now);
        let (mut access, mut refresh, mut last) = (Vec::new(), Vec::new(), None);
        for (row, phase) in self.rows.clone().iter().zip(&phases).filter(|(_, phase)| phase.verifies()) {
            let key = match self.open(row, master) {
                Ok(key) => key,
                // It must not keep the others from changing. If it was needed, that is noticed below.
                Err(fault) => {
                    tracing::error!(kid = row.id, %fault, "a stored key cannot be used and is left out");
                    metrics::counter!("guardhouse_keys_unusable_total").increment(1);
                    last = Some(fault);
                    continue;
                }
            };
            let is_current = *phase == Phase::Current;
            match key.algorithm() {
                KeyAlgorithm::Refresh if is_current => refresh.insert(0, key),
                KeyAlgorithm::Refresh => refresh.push(key),
                _ => access.push(key),
            }
        }
        let signer = settings.signer(self, &phases).map(|at| self.rows[at].id.clone());
        let signing = match signer {
            Some(id) => access.iter().find(|key| key.id() == id).cloned(),
            // The configured secret signs, or goes on until the first key of the wanted algorithm does.
            None => settings.shared.clone(),
        };
        let verifying = access
            .iter()
            .chain(&settings.shared)
            .chain(&settings.former)
            .map(SigningKey::verifying)
            .collect();
        let current_refresh = self.current(KeyAlgorithm::Refresh, &phases).map(|at| self.rows[at].id.clone());
        let mut refresh = refresh.into_iter().peekable();
        let mints = refresh.next_if(|key: &SigningKey| Some(key.id()) == current_refresh.as_deref());
        let missing = if mints.is_none() { KeyAlgorithm::Refresh } else { settings.wanted };
        let (Some(signing), Some(mints)) = (signing, mints) else {
            return Err(last.unwrap_or_else(|| KeyRingFault::Unknown(missing.as_str().to_owned())));
        };
        Ok(InUse { signing, verifying, refresh: mints, older_refresh: refresh.collect() })
    }

    /// Remembers that what is good at `now` is in use.
    pub(super) fn took(&mut self, settings: &Settings, now: Timestamp) {
        self.taken = self.good(settings, now);
    }

    fn open(&mut self, row: &StoredKey, master: &MasterKey) -> Result<SigningKey, KeyRingFault> {
        if let Some(key) = self.opened.get(&row.id) {
            return Ok(key.clone());
        }
        let algorithm = row.algorithm.parse().map_err(|_| KeyRingFault::Unknown(row.algorithm.clone()))?;
        let key = SigningKey::unwrap(&row.id, algorithm, &row.wrapped, master)
            .map_err(|reason| KeyRingFault::Locked { id: row.id.clone(), reason })?;
        self.opened.insert(row.id.clone(), key.clone());
        Ok(key)
    }
}
