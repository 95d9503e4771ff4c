//! The keys this node works with: read from the database, made there at the first start.

use std::sync::Arc;

use crate::config::{Config, TokenAlgorithm, TokenFormat};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::store::keys::{self, StoredKey};
use crate::store::{Db, StoreError};
use crate::tokens::jwt::JwtCodec;
use crate::tokens::keys::{KeyAlgorithm, KeyFault, SigningKey};
use crate::tokens::master::{Made, MasterKey, MasterKeyFault};
use crate::tokens::paseto::PasetoCodec;
use crate::tokens::published::{JwkSet, PaserkSet, jwk_set, paserk_set};
use crate::tokens::refresh::RefreshTokens;
use crate::tokens::rules::InvalidRules;
use crate::tokens::{AccessTokens, TokenCodec, TokenRules};

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingFault {
    /// The master key's file.
    #[error(transparent)]
    Master(#[from] MasterKeyFault),
    /// The table of keys.
    #[error("the keys cannot be read: {0}")]
    Store(#[from] StoreError),
    /// A stored key does not open.
    #[error(
        "the stored key {id} does not open with this node's master key: {reason}; every node that shares the database \
         needs the same master.key in its data directory"
    )]
    Locked {
        /// Which.
        id: String,
        /// Why not.
        reason: KeyFault,
    },
    /// A key does not fit its use.
    #[error("a key cannot be used: {0}")]
    Unusable(#[from] KeyFault),
    /// The token settings.
    #[error(transparent)]
    Rules(#[from] InvalidRules),
}

/// What the keys are for.
pub(super) struct Keys {
    pub(super) access_tokens: AccessTokens,
    pub(super) refresh_tokens: Arc<RefreshTokens>,
    pub(super) jwks: JwkSet,
    pub(super) paserks: PaserkSet,
}

/// Reads the keys, makes those that are missing, and sets up the codecs: the configured one signs, and whatever
/// there are older keys for is still accepted.
pub(super) async fn load(
    config: &Config,
    db: &Db,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Keys, KeyRingFault> {
    let ring = Ring { db, master: master_key(config, entropy)?, now, entropy };
    let refresh = ring.all_or_first(KeyAlgorithm::Refresh).await?;
    let wanted = config.tokens.algorithm;
    let eddsa = ring.all_if(KeyAlgorithm::EdDsa, wanted == TokenAlgorithm::EdDsa).await?;
    let v4_public = ring.all_if(KeyAlgorithm::V4Public, wanted == TokenAlgorithm::V4Public).await?;
    let shared = match &config.tokens.hs256_secret {
        Some(secret) => Some(SigningKey::hs256_shared(secret, now)?),
        None => None,
    };

    if shared.is_some() && wanted != TokenAlgorithm::Hs256 {
        tracing::warn!(
            "tokens signed with tokens.hs256_secret are still accepted; unset it once the last has expired"
        );
    }

    let rules = || {
        let tokens = &config.tokens;
        TokenRules::new(tokens.issuer.as_str(), tokens.audience.as_str(), tokens.leeway)
    };
    let mut jwt_keys: Vec<SigningKey> = eddsa.clone();
    match wanted {
        TokenAlgorithm::Hs256 => jwt_keys.splice(0..0, shared.clone()).for_each(drop),
        TokenAlgorithm::EdDsa | TokenAlgorithm::V4Public => jwt_keys.extend(shared.clone()),
    }
    let mut jwt: Option<Arc<dyn TokenCodec>> = None;
    if let Some((first, older)) = jwt_keys.split_first() {
        jwt = Some(Arc::new(JwtCodec::new(rules()?, first, older)?));
    }
    let mut paseto: Option<Arc<dyn TokenCodec>> = None;
    if let Some((first, older)) = v4_public.split_first() {
        paseto = Some(Arc::new(PasetoCodec::new(rules()?, first, older)?));
    }
    let (signing, also) = match wanted.format() {
        TokenFormat::Jwt => (jwt, paseto),
        TokenFormat::Paseto => (paseto, jwt),
    };
    let signing = signing.expect("a key of the configured algorithm was read or made above");
    let (current, older) = refresh.split_first().expect("a refresh key was read or made above");
    Ok(Keys {
        access_tokens: AccessTokens::new(signing, also.into_iter().collect()),
        refresh_tokens: Arc::new(RefreshTokens::new(current, older)?),
        jwks: jwk_set(&eddsa),
        paserks: paserk_set(&v4_public),
    })
}

/// Makes a further key of `algorithm` and stores it; nodes that start from then on sign with it. Returns its id.
///
/// # Errors
///
/// [`KeyRingFault`]
pub async fn generate_key(
    config: &Config,
    db: &Db,
    algorithm: KeyAlgorithm,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<String, KeyRingFault> {
    let ring = Ring { db, master: master_key(config, entropy)?, now, entropy };
    let slot = keys::of_algorithm(db.reader(), algorithm.as_str())
        .await?
        .first()
        .map_or(1, |newest| newest.slot + 1);
    Ok(ring.make(algorithm, slot).await?.id().to_owned())
}

fn master_key(config: &Config, entropy: &dyn Entropy) -> Result<MasterKey, KeyRingFault> {
    let path = config.data_dir.join("master.key");
    let (master, made) = MasterKey::load_or_create(&path, entropy)?;
    if matches!(made, Made::Created) {
        tracing::warn!(path = %path.display(), "made a new master key; back it up: without it the stored keys are lost");
    }
    Ok(master)
}

struct Ring<'a> {
    db: &'a Db,
    master: MasterKey,
    now: Timestamp,
    entropy: &'a dyn Entropy,
}

impl Ring<'_> {
    /// The keys of `algorithm`, the newest first; where they are `wanted` there is at least one.
    async fn all_if(&self, algorithm: KeyAlgorithm, wanted: bool) -> Result<Vec<SigningKey>, KeyRingFault> {
        if wanted { self.all_or_first(algorithm).await } else { self.all(algorithm).await }
    }

    async fn all_or_first(&self, algorithm: KeyAlgorithm) -> Result<Vec<SigningKey>, KeyRingFault> {
        let keys = self.all(algorithm).await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        match self.make(algorithm, 1).await {
            Ok(key) => Ok(vec![key]),
            // Another node was faster; its key is ours too.
            Err(KeyRingFault::Store(StoreError::Conflict(_))) => self.all(algorithm).await,
            Err(fault) => Err(fault),
        }
    }

    async fn all(&self, algorithm: KeyAlgorithm) -> Result<Vec<SigningKey>, KeyRingFault> {
        let stored = keys::of_algorithm(self.db.reader(), algorithm.as_str()).await?;
        let open = |key: StoredKey| {
            SigningKey::unwrap(&key.id, algorithm, key.created_at, &key.wrapped, &self.master)
                .map_err(|reason| KeyRingFault::Locked { id: key.id.clone(), reason })
        };
        stored.into_iter().map(open).collect()
    }

    async fn make(&self, algorithm: KeyAlgorithm, slot: i32) -> Result<SigningKey, KeyRingFault> {
        let key = SigningKey::generate(algorithm, self.now, self.entropy);
        let stored = StoredKey {
            id: key.id().to_owned(),
            algorithm: algorithm.as_str().to_owned(),
            slot,
            wrapped: key.wrap(&self.master, self.entropy),
            created_at: self.now,
        };
        keys::insert(self.db.writer(), &stored).await?;
        tracing::info!(kid = key.id(), algorithm = algorithm.as_str(), "made a key");
        Ok(key)
    }
}
