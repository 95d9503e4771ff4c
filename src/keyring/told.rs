//! What others are told of the keys.

use std::time::Duration;

use super::Settings;
use super::chain::InUse;
use super::phases::Phase;
use crate::store::keys::StoredKey;
use crate::tokens::published::{JwkSet, PaserkSet, jwk_set, paserk_set};

/// The longest that somebody may keep the published keys without asking again.
const LONGEST_CACHED: Duration = Duration::from_secs(300);

/// What others verify our tokens with.
#[derive(Debug, Clone)]
pub struct Published {
    /// For JWTs.
    pub jwks: JwkSet,
    /// For `v4.public`.
    pub paserks: PaserkSet,
    /// For how long it may be kept: well below the time for which a new key is announced.
    pub max_age: Duration,
}

/// A key as it is told to operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The row.
    pub key: StoredKey,
    /// What it is good for.
    pub phase: Phase,
    /// Whether this node signs with it.
    pub signs: bool,
}

impl Listed {
    /// The phase in one word: `announced`, `signing`, `verifying` or `retired`.
    pub fn phase_name(&self) -> &'static str {
        match self.phase {
            Phase::Announced => "announced",
            Phase::Current if self.signs => "signing",
            Phase::Current | Phase::Verifying(_) => "verifying",
            Phase::Over | Phase::Retired => "retired",
        }
    }
}

/// Something that became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A key was made.
    Generated(StoredKey),
    /// The secret of a key was erased, a month after the last of its tokens has expired.
    Retired(StoredKey),
}

impl Published {
    pub(super) fn of(in_use: &InUse, settings: &Settings) -> Self {
        Self {
            jwks: jwk_set(&in_use.verifying),
            paserks: paserk_set(&in_use.verifying),
            max_age: (settings.timing().announcement / 2).min(LONGEST_CACHED),
        }
    }
}
