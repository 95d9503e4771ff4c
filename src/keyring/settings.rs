//! What the configuration says about keys, and what is due because of it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::KeyRingFault;
use super::chain::Chain;
use super::phases::{self, Phase};
use crate::config::{self, Config, TokenAlgorithm};
use crate::domain::clock::Timestamp;
use crate::store::keys::StoredKey;
use crate::tokens::TokenRules;
use crate::tokens::algorithm::KeyAlgorithm;
use crate::tokens::keys::SigningKey;
use crate::tokens::rules::MAX_LEEWAY;

/// Added to the life of tokens before their key is over: clocks differ, and a node may start with a longer life.
const SLACK: Duration = Duration::from_secs(3_600);

/// How long the secret of a key is kept after the last of its tokens has expired, by this node's settings: erasing
/// cannot be undone, and another node's may be right.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// How keys come and go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) announcement: Duration,
    pub(super) poll_interval: Duration,
    /// After how long a key is followed by another; zero is never.
    pub(super) lifetime: Duration,
}

impl From<&config::Keys> for Timing {
    fn from(keys: &config::Keys) -> Self {
        Self { announcement: keys.announcement, poll_interval: keys.poll_interval, lifetime: keys.lifetime }
    }
}

/// How keys are used.
pub struct Settings {
    /// Which algorithm signs.
    pub(super) wanted: KeyAlgorithm,
    /// What every token agrees with.
    pub(super) rules: TokenRules,
    /// The configured secret of HS256.
    pub(super) shared: Option<SigningKey>,
    /// The one before.
    pub(super) former: Option<SigningKey>,
    /// Replaced when the configuration is reloaded.
    timing: ArcSwap<Timing>,
    access_life: Duration,
    refresh_life: Duration,
}

impl Settings {
    /// As configured.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault::Unusable`] for a shared secret that is none, [`KeyRingFault::Rules`].
    pub fn new(config: &Config) -> Result<Self, KeyRingFault> {
        let (tokens, keys) = (&config.tokens, &config.keys);
        let shared = tokens.hs256_secret.as_ref().map(SigningKey::hs256_shared).transpose()?;
        let former = tokens.hs256_former_secret.as_ref().map(SigningKey::hs256_shared).transpose()?;
        let rules = TokenRules::new(tokens.issuer.as_str(), tokens.audience.as_str(), tokens.leeway)?;
        Ok(Self {
            wanted: wanted(tokens.algorithm),
            rules: rules.saying(&tokens.roles_claim, tokens.claims.0.clone())?,
            shared,
            former,
            timing: ArcSwap::from_pointee(keys.into()),
            access_life: tokens.access_lifetime,
            refresh_life: config.sessions.refresh_lifetime,
        })
    }

    pub(super) fn timing(&self) -> Timing {
        **self.timing.load()
    }

    pub(super) fn retime(&self, timing: Timing) {
        self.timing.store(Arc::new(timing));
    }

    pub(super) fn has_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether the shared secret signs.
    pub(super) fn signs_shared(&self) -> bool {
        self.wanted == KeyAlgorithm::Hs256 && self.shared.is_some()
    }

    pub(super) fn phases(&self, chain: &Chain, now: Timestamp) -> Vec<Phase> {
        let life = |algorithm: &str| {
            let life = if algorithm == super::REFRESH { self.refresh_life } else { self.access_life };
            life + MAX_LEEWAY + SLACK
        };
        let mut phases = phases::phases(chain.rows(), now, life);
        self.end_what_nobody_wants(chain.rows(), &mut phases, now);
        phases
    }

    /// The last key of an algorithm that is in use nowhere any more: whoever still signed with it would have replaced it.
    fn end_what_nobody_wants(&self, rows: &[StoredKey], phases: &mut [Phase], now: Timestamp) {
        let is_wanted = |key: &StoredKey| key.algorithm == self.wanted.as_str();
        let wanted_signs =
            rows.iter().zip(&*phases).any(|(key, phase)| is_wanted(key) && *phase == Phase::Current);
        let lifetime = self.timing().lifetime;
        if lifetime.is_zero() || !(wanted_signs || self.signs_shared()) {
            return;
        }
        for (key, phase) in rows.iter().zip(phases) {
            let end = key.signs_from.plus(lifetime + self.access_life + MAX_LEEWAY + SLACK);
            let other = !is_wanted(key) && key.algorithm != super::REFRESH;
            if *phase == Phase::Current && other && now >= end {
                *phase = Phase::Over;
            }
        }
    }

    /// Which row signs access tokens, if it is one of the rows.
    pub(super) fn signer(&self, chain: &Chain, phases: &[Phase]) -> Option<usize> {
        if self.signs_shared() { None } else { phases::signer(chain.rows(), phases, self.wanted) }
    }

    /// An algorithm without a key of which nothing can be signed at all.
    pub(super) fn missing(&self, chain: &Chain, now: Timestamp) -> Option<KeyAlgorithm> {
        let phases = self.phases(chain, now);
        if !self.has_shared() && self.signer(chain, &phases).is_none() {
            return Some(self.wanted);
        }
        (!chain.has_current(KeyAlgorithm::Refresh, &phases)).then_some(KeyAlgorithm::Refresh)
    }

    /// The algorithms that need a new key: they have none, or theirs is as old as a key may get, and none is announced.
    pub(super) fn due(&self, chain: &Chain, now: Timestamp) -> Vec<KeyAlgorithm> {
        let phases = self.phases(chain, now);
        let needed = [Some(self.wanted).filter(|_| !self.signs_shared()), Some(KeyAlgorithm::Refresh)];
        let Timing { announcement, lifetime, .. } = self.timing();
        let is_due = |algorithm: &KeyAlgorithm| {
            let of_it =
                chain.rows().iter().zip(&phases).filter(|(key, _)| key.algorithm == algorithm.as_str());
            let (mut current, mut announced) = (None, false);
            for (key, phase) in of_it {
                match phase {
                    Phase::Announced => announced = true,
                    Phase::Current => current = Some(key),
                    Phase::Verifying(_) | Phase::Over | Phase::Retired => {}
                }
            }
            let is_old =
                |key: &StoredKey| !lifetime.is_zero() && now >= key.signs_from.plus(lifetime - announcement);
            !announced && current.is_none_or(is_old)
        };
        needed.into_iter().flatten().filter(is_due).collect()
    }

    /// The keys whose secrets can be erased: their tokens have all expired, and that long ago that a node with a wrong
    /// setting would have been noticed.
    pub(super) fn erasable(&self, chain: &Chain, now: Timestamp) -> Vec<StoredKey> {
        let phases = self.phases(chain, now.minus(KEPT));
        let over = chain.rows().iter().zip(phases).filter(|(_, phase)| *phase == Phase::Over);
        over.map(|(key, _)| key.clone()).collect()
    }
}

fn wanted(algorithm: TokenAlgorithm) -> KeyAlgorithm {
    match algorithm {
        TokenAlgorithm::EdDsa => KeyAlgorithm::EdDsa,
        TokenAlgorithm::Es256 => KeyAlgorithm::Es256,
        TokenAlgorithm::Rs256 => KeyAlgorithm::Rs256,
        TokenAlgorithm::Hs256 => KeyAlgorithm::Hs256,
        TokenAlgorithm::V4Public => KeyAlgorithm::V4Public,
        TokenAlgorithm::V4Local => KeyAlgorithm::V4Local,
    }
}
