//! Whether two configurations hold the same secrets, without holding a second copy of any.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::domain::secret::Sha256Digest;

/// A digest of every secret. It is compared and never shown: that of a poor secret gives it away.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Marks(BTreeMap<&'static str, Sha256Digest>);

impl Marks {
    pub(super) fn set(&mut self, key: &'static str, secret: Option<&SecretString>) {
        if let Some(secret) = secret {
            self.0.insert(key, Sha256Digest::of(secret.expose_secret()));
        }
    }

    /// Whether `key` holds the same secret in both, or none in either.
    pub(super) fn agree(&self, other: &Self, key: &str) -> bool {
        self.0.get(key) == other.0.get(key)
    }

    /// Takes the secret of `key` over from `other`.
    pub(super) fn take_over(&mut self, other: &Self, key: &'static str) {
        self.0.remove(key);
        self.0.extend(other.0.get(key).map(|mark| (key, *mark)));
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
