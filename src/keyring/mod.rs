//! KEEPS KEYS: which key signs, which ones verify, and when that changes, on every node by itself.
//!
//! The keys are rows in the database, encrypted under the master key. A row says from when its key signs; what it is
//! good for at a moment follows from the rows and the time ([`phases`]), so that no node needs to tell another. Each
//! node looks at the rows every few seconds and hands what it finds to [`AccessTokens`], [`RefreshTokens`] and
//! [`Published`], which are replaced as a whole while requests go on. A key is announced for long enough that every
//! node, and everybody who fetches the published keys, knows it before the first token is signed with it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | [`KeyRing`]: look, generate, import, retire |
//! | [`audit`] | the keys that sign checkpoints of the audit log |
//! | [`phases`] | what a key is good for at a moment |
//! | `chain` | the stored keys, opened |
//! | `settings` | from the configuration |
//! | `told` | [`Published`], [`Listed`], [`Change`]: what others are told |
//! | `fault` | [`KeyRingFault`] |

pub mod audit;
mod chain;
mod fault;
pub mod phases;
mod settings;
mod told;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use metrics::gauge;
use tokio::sync::Notify;

pub use fault::KeyRingFault;
pub use settings::Settings;
pub use told::{Change, Listed, Published};

use chain::Chain;
use phases::Phase;

use crate::config;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::store::keys::{self, StoredKey};
use crate::store::{Db, StoreError};
use crate::tokens::algorithm::KeyAlgorithm;
use crate::tokens::keys::SigningKey;
use crate::tokens::master::MasterKey;
use crate::tokens::refresh::RefreshTokens;
use crate::tokens::{AccessTokens, TokenRules};

/// The longest that reading the keys may take.
const LONGEST_READ: Duration = Duration::from_secs(10);

/// The keys of this node. Clones of what it hands out see every change.
pub struct KeyRing {
    db: Db,
    master: MasterKey,
    settings: Settings,
    retimed: Notify,
    entropy: Arc<dyn Entropy>,
    /// Held by whoever changes something: an older reading must not replace a newer one.
    changing: tokio::sync::Mutex<()>,
    chain: Mutex<Chain>,
    /// What was made at the start, until the first look tells of it.
    first: Mutex<Vec<Change>>,
    access: AccessTokens,
    refresh: RefreshTokens,
    published: ArcSwap<Published>,
}

impl KeyRing {
    /// Reads the keys and makes those that are missing.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault`]
    pub async fn open(
        settings: Settings,
        db: Db,
        master: MasterKey,
        now: Timestamp,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, KeyRingFault> {
        let (mut chain, mut first) = (Chain::default(), Vec::new());
        chain.set(keys::all(db.reader()).await?);
        while let Some(algorithm) = settings.missing(&chain, now) {
            let key = SigningKey::generate(algorithm, &*entropy);
            match insert(&db, &master, &*entropy, &chain, &key, [now, now]).await {
                // Another node was faster; its key is ours too.
                Err(KeyRingFault::Store(StoreError::Conflict(_))) => {}
                Ok(stored) => first.push(Change::Generated(stored)),
                Err(fault) => return Err(fault),
            }
            chain.set(keys::all(db.reader()).await?);
        }
        let in_use = chain.in_use(&settings, &master, now)?;
        let access = AccessTokens::new(&settings.rules, &in_use.signing, &in_use.verifying)?;
        let refresh = RefreshTokens::new(&in_use.refresh, &in_use.older_refresh)?;
        let published = ArcSwap::from_pointee(Published::of(&in_use, &settings));
        chain.took(&settings, now);
        let (chain, first, changing) = (Mutex::new(chain), Mutex::new(first), tokio::sync::Mutex::default());
        let retimed = Notify::new();
        Ok(Self {
            db,
            master,
            settings,
            retimed,
            entropy,
            changing,
            chain,
            first,
            access,
            refresh,
            published,
        })
    }

    /// Seals and opens access tokens.
    pub fn access_tokens(&self) -> AccessTokens {
        self.access.clone()
    }

    /// Mints and reads refresh tokens.
    pub fn refresh_tokens(&self) -> RefreshTokens {
        self.refresh.clone()
    }

    /// What is published at the moment.
    pub fn published(&self) -> Arc<Published> {
        self.published.load_full()
    }

    /// What every access token agrees with.
    pub fn rules(&self) -> &TokenRules {
        &self.settings.rules
    }

    /// Which algorithm is configured to sign.
    pub fn wanted(&self) -> KeyAlgorithm {
        self.settings.wanted
    }

    /// The pause until the next [`Self::look`]: the configured one, or less when a phase ends before.
    pub fn pause(&self, now: Timestamp) -> Duration {
        let chain = self.chain();
        let phases = self.settings.phases(&chain, now);
        let turn = phases::next_turn(chain.rows(), &phases, now).map(|turn| turn.since(now));
        let poll_interval = self.poll_interval();
        turn.map_or(poll_interval, |turn| turn.min(poll_interval))
    }

    /// The longest pause between two looks, as it is set now.
    pub fn poll_interval(&self) -> Duration {
        self.settings.timing().poll_interval
    }

    /// From now on keys come and go as `settings` say; [`Self::retimed`] tells of it.
    pub fn retime(&self, settings: &config::Keys) {
        self.settings.retime(settings.into());
        self.retimed.notify_one();
    }

    /// Waits until the times have changed.
    pub async fn retimed(&self) {
        self.retimed.notified().await;
    }

    /// Looks at the stored keys, makes those that are due, erases those that are long over, and takes all of it over.
    /// When the database is away, the phases of the keys that are known go on by themselves.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault`]; nothing is worse than before.
    pub async fn look(&self, now: Timestamp) -> Result<Vec<Change>, KeyRingFault> {
        let _alone = self.changing.lock().await;
        let mut changes = std::mem::take(&mut *self.first.lock().unwrap_or_else(PoisonError::into_inner));
        let done = self.keep_up(now, &mut changes).await;
        let taken = self.take_over(now);
        done.and(taken)?;
        gauge!("guardhouse_keys_looked_at_timestamp_seconds").set(now.seconds() as f64);
        let signs = |listed: &Listed| listed.signs && listed.key.algorithm != REFRESH;
        let signer = self.list(now).into_iter().find(signs).map(|listed| listed.key.signs_from);
        gauge!("guardhouse_signing_key_timestamp_seconds").set(signer.map_or(0.0, |at| at.seconds() as f64));
        Ok(changes)
    }

    async fn keep_up(&self, now: Timestamp, changes: &mut Vec<Change>) -> Result<(), KeyRingFault> {
        self.reread().await?;
        let (due, erasable) = {
            let chain = self.chain();
            (self.settings.due(&chain, now), self.settings.erasable(&chain, now))
        };
        for algorithm in due {
            let signs_from = self.begins(algorithm, now);
            match self.add(SigningKey::generate(algorithm, &*self.entropy), [now, signs_from]).await {
                Ok(stored) => changes.push(Change::Generated(stored)),
                Err(KeyRingFault::Store(StoreError::Conflict(_))) => {}
                Err(fault) => return Err(fault),
            }
        }
        for key in erasable {
            if keys::retire(self.db.writer(), &key.id, now).await? {
                changes.push(Change::Retired(key));
            }
        }
        if changes.is_empty() { Ok(()) } else { self.reread().await }
    }

    /// Makes a new key for `algorithm`, which signs after the announcement, or `at_once`.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault`]
    pub async fn rotate(
        &self,
        algorithm: KeyAlgorithm,
        at_once: bool,
        now: Timestamp,
    ) -> Result<Listed, KeyRingFault> {
        let _alone = self.changing.lock().await;
        if algorithm == KeyAlgorithm::Hs256 && self.settings.signs_shared() {
            return Err(KeyRingFault::Shared);
        }
        self.bring(SigningKey::generate(algorithm, &*self.entropy), at_once, now).await
    }

    /// Adds a key that was made elsewhere, as [`Self::rotate`] adds a fresh one.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault::Known`] when it is there already, retired or not; [`KeyRingFault`].
    pub async fn import(
        &self,
        key: SigningKey,
        at_once: bool,
        now: Timestamp,
    ) -> Result<Listed, KeyRingFault> {
        let _alone = self.changing.lock().await;
        self.reread().await?;
        if self.chain().row(key.id()).is_some() {
            return Err(KeyRingFault::Known(key.id().to_owned()));
        }
        self.bring(key, at_once, now).await
    }

    /// Retires a key before its time: every token it has signed is refused, here at once, on the other nodes with
    /// their next look.
    ///
    /// # Errors
    ///
    /// [`KeyRingFault::Unknown`]; [`KeyRingFault::InUse`] for the newest key of an algorithm; [`KeyRingFault`].
    pub async fn retire(&self, id: &str, now: Timestamp) -> Result<StoredKey, KeyRingFault> {
        let _alone = self.changing.lock().await;
        self.reread().await?;
        let listed = self.list(now).into_iter().find(|listed| listed.key.id == id);
        let listed = listed.filter(|listed| listed.phase != Phase::Retired);
        let listed = listed.ok_or_else(|| KeyRingFault::Unknown(id.to_owned()))?;
        // Which algorithm signs is each node's configuration to say: the current key of any may be in use.
        if listed.phase == Phase::Current {
            return Err(KeyRingFault::InUse(id.to_owned()));
        }
        keys::retire(self.db.writer(), id, now).await?;
        self.reread().await?;
        self.take_over(now)?;
        Ok(listed.key)
    }

    /// Every key there is or was, the newest of each algorithm first; as of the last look.
    pub fn list(&self, now: Timestamp) -> Vec<Listed> {
        let chain = self.chain();
        let phases = self.settings.phases(&chain, now);
        let signer = self.settings.signer(&chain, &phases);
        let listed = chain.rows().iter().zip(phases).enumerate();
        let signs = |at, key: &StoredKey, phase| {
            signer == Some(at) || (key.algorithm == REFRESH && phase == Phase::Current)
        };
        listed
            .map(|(at, (key, phase))| Listed { key: key.clone(), phase, signs: signs(at, key, phase) })
            .collect()
    }

    async fn bring(&self, key: SigningKey, at_once: bool, now: Timestamp) -> Result<Listed, KeyRingFault> {
        let signs_from = if at_once { now } else { self.begins(key.algorithm(), now) };
        let mut tries = 0;
        let stored = loop {
            self.reread().await?;
            match self.add(key.clone(), [now, signs_from]).await {
                // Another node took the number.
                Err(KeyRingFault::Store(StoreError::Conflict(_))) if tries < 3 => tries += 1,
                done => break done?,
            }
        };
        self.reread().await?;
        self.take_over(now)?;
        let listed = self.list(now).into_iter().find(|listed| listed.key.id == stored.id);
        listed.ok_or(KeyRingFault::Unknown(stored.id))
    }

    /// From when a new key of `algorithm` signs: at once where nothing else could.
    fn begins(&self, algorithm: KeyAlgorithm, now: Timestamp) -> Timestamp {
        let chain = self.chain();
        let phases = self.settings.phases(&chain, now);
        let is_alone = if algorithm.is_for_access() {
            !self.settings.has_shared() && self.settings.signer(&chain, &phases).is_none()
        } else {
            !chain.has_current(algorithm, &phases)
        };
        if is_alone { now } else { now.plus(self.settings.timing().announcement) }
    }

    async fn add(&self, key: SigningKey, times: [Timestamp; 2]) -> Result<StoredKey, KeyRingFault> {
        let chain = self.chain().clone();
        insert(&self.db, &self.master, &*self.entropy, &chain, &key, times).await
    }

    async fn reread(&self) -> Result<(), KeyRingFault> {
        // A database that hangs must not hold up the phases of the keys that are known.
        let read = tokio::time::timeout(LONGEST_READ, keys::all(self.db.reader())).await;
        let rows = read.map_err(|_| StoreError::Unavailable("no answer in time".into()))??;
        self.chain().set(rows);
        Ok(())
    }

    /// Hands the keys that are good at `now` to those who use them, where they are not the same as before.
    fn take_over(&self, now: Timestamp) -> Result<(), KeyRingFault> {
        let mut chain = self.chain();
        if !chain.has_turned(&self.settings, now) {
            return Ok(());
        }
        let in_use = chain.in_use(&self.settings, &self.master, now)?;
        self.access.replace(&self.settings.rules, &in_use.signing, &in_use.verifying)?;
        self.refresh.replace(&in_use.refresh, &in_use.older_refresh)?;
        self.published.store(Arc::new(Published::of(&in_use, &self.settings)));
        chain.took(&self.settings, now);
        tracing::info!(
            kid = in_use.signing.id(),
            accepted = in_use.verifying.len(),
            "the keys in use have changed"
        );
        Ok(())
    }

    /// The rows are whole at every moment: a holder that panicked has not half-written any.
    fn chain(&self) -> std::sync::MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const REFRESH: &str = KeyAlgorithm::Refresh.as_str();

/// Stores `key`, made and signing from the two times on.
async fn insert(
    db: &Db,
    master: &MasterKey,
    entropy: &dyn Entropy,
    chain: &Chain,
    key: &SigningKey,
    [created_at, signs_from]: [Timestamp; 2],
) -> Result<StoredKey, KeyRingFault> {
    let stored = StoredKey {
        id: key.id().to_owned(),
        algorithm: key.algorithm().as_str().to_owned(),
        slot: chain.next_slot(key.algorithm()),
        wrapped: key.wrap(master, entropy),
        created_at,
        signs_from,
        retired_at: None,
    };
    keys::insert(db.writer(), &stored).await?;
    let StoredKey { id, algorithm, .. } = &stored;
    tracing::info!(kid = id, algorithm, %signs_from, "stored a key");
    Ok(stored)
}
