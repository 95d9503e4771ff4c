//! The audit log of this installation: its keys, and what leaves it when its time is over.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use secrecy::ExposeSecret;
use tokio::runtime::Handle as Runtime;
use tokio::sync::watch;

use super::keys::master_key;
use super::{Foundations, Role, StartError};
use crate::actors::Audit;
use crate::config::{AuditAddress, Config};
use crate::delivery;
use crate::delivery::courier::{Courier, Parts};
use crate::domain::audit::address::Addresses;
use crate::domain::audit::checkpoint::CheckpointKey;
use crate::domain::audit::octets::PublicKey;
use crate::domain::entropy::SystemEntropy;
use crate::domain::id::InstanceId;
use crate::flows::audit_log::prune;
use crate::keyring::audit::AuditKeys;
use crate::keyring::{KeyRing, KeyRingFault};
use crate::store::Db;
use crate::store::audit::Spools;
use crate::tokens::master::MasterKey;

/// The pause between two looks for records that are too old.
const PRUNING: Duration = Duration::from_secs(600);

/// The keys of the log, for those who use them while they change.
#[derive(Debug, Clone)]
pub(super) struct LiveKeys {
    /// What signs.
    pub(super) signing: Arc<ArcSwap<CheckpointKey>>,
    /// What verifies, the newest first.
    pub(super) public: Arc<ArcSwap<Vec<PublicKey>>>,
}

impl LiveKeys {
    pub(super) fn new(keys: &AuditKeys) -> Self {
        Self {
            signing: Arc::new(ArcSwap::new(keys.signing.clone())),
            public: Arc::new(ArcSwap::from_pointee(keys.public.clone())),
        }
    }

    /// Takes over what other processes have made, from now on.
    pub(super) fn watch(&self, keys: Arc<KeyRing>, runtime: &Runtime) {
        let live = self.clone();
        runtime.spawn(async move {
            loop {
                match keys.audit_keys().await {
                    Ok(Some(stored)) if stored.public != **live.public.load() => {
                        // Who verifies knows a key before anything is signed with it.
                        live.public.store(Arc::new(stored.public));
                        let kid = stored.signing.public().kid();
                        live.signing.store(stored.signing);
                        tracing::info!(kid, "the audit log is signed with another key");
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "the keys of the audit log could not be looked at"),
                }
                // Asked each time: a reload may change it.
                tokio::time::sleep(keys.poll_interval()).await;
            }
        });
    }
}

/// How much of an address is kept.
pub(super) fn addresses(config: &Config, keys: &AuditKeys) -> Addresses {
    match config.audit.address {
        AuditAddress::Full => Addresses::Full,
        AuditAddress::Prefix => Addresses::Prefix,
        AuditAddress::KeyedHash => Addresses::keyed(&keys.oldest),
    }
}

/// Where a server's events go while the database is away. A command that cannot be recorded fails.
pub(super) fn spools(
    config: &Config,
    instance: InstanceId,
    role: Role,
) -> Result<Option<Spools>, StartError> {
    if role == Role::Tool || config.audit.spool == 0 {
        return Ok(None);
    }
    let opened = Spools::open(&config.data_dir, instance, config.audit.spool, true);
    opened.map(Some).map_err(|reason| StartError::DataDir {
        path: config.data_dir.join("audit-spool").display().to_string(),
        reason,
    })
}

/// Removes old records now and then, where they are not kept for ever.
pub(super) fn prune_now_and_then(
    foundations: &Foundations,
    runtime: &Runtime,
    db: Db,
    audit: Audit,
    keys: LiveKeys,
) {
    let (retention, clock) = (foundations.config.audit.retention, foundations.clock.clone());
    if retention.is_zero() {
        return;
    }
    runtime.spawn(async move {
        let mut tick = tokio::time::interval(PRUNING);
        loop {
            tick.tick().await;
            let (signing, public) = (keys.signing.load_full(), keys.public.load_full());
            match prune(&db, &audit, &signing, &public, clock.now(), retention).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "removed old records from the audit log"),
                Err(error) => tracing::warn!(%error, "old records could not be removed from the audit log"),
            }
        }
    });
}

/// Sends the log's records where they are configured to go.
pub(super) fn deliver(
    foundations: &Foundations,
    runtime: &Runtime,
    db: &Db,
    stop: &watch::Sender<bool>,
) -> Result<(), StartError> {
    let Foundations { config, clock, entropy, .. } = foundations;
    for (name, delivery) in &config.deliveries {
        let refused = |reason| StartError::Delivery { name: name.clone(), reason };
        let carrier = delivery::carrier(delivery).map_err(refused)?;
        let parts = Parts { db: db.clone(), clock: clock.clone(), entropy: entropy.clone() };
        runtime.spawn(Courier::new(name, delivery.kinds.clone(), carrier, parts).work(stop.subscribe()));
    }
    Ok(())
}

/// The public keys under which the log is signed, for a command: nothing is made for it.
///
/// # Errors
///
/// [`StartError::Keys`] when there is no master key here, or no key of the log yet.
pub async fn audit_keys(config: &Config, db: &Db) -> Result<Vec<PublicKey>, StartError> {
    let master = match &config.keys.master_key {
        Some(text) => MasterKey::from_text(text.expose_secret()).map_err(KeyRingFault::from)?,
        None if config.data_dir.join("master.key").exists() => master_key(config, &SystemEntropy)?,
        None => return Err(KeyRingFault::NoMaster.into()),
    };
    let keys = AuditKeys::read(db, &master).await?;
    Ok(keys.map(|keys| keys.public).unwrap_or_default())
}
