//! The audit log of this installation: its keys, and what leaves it when its time is over.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::runtime::Handle as Runtime;

use super::keys::master_key;
use super::{Foundations, Role, StartError};
use crate::actors::Audit;
use crate::config::{AuditAddress, Config};
use crate::domain::audit::address::Addresses;
use crate::domain::audit::octets::PublicKey;
use crate::domain::entropy::SystemEntropy;
use crate::domain::id::InstanceId;
use crate::flows::audit_log::prune;
use crate::keyring::KeyRingFault;
use crate::keyring::audit::AuditKeys;
use crate::store::Db;
use crate::store::audit::Spools;
use crate::tokens::master::MasterKey;

/// The pause between two looks for records that are too old.
const PRUNING: Duration = Duration::from_secs(600);

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
    keys: AuditKeys,
) {
    let (retention, clock) = (foundations.config.audit.retention, foundations.clock.clone());
    if retention.is_zero() {
        return;
    }
    runtime.spawn(async move {
        let mut tick = tokio::time::interval(PRUNING);
        loop {
            tick.tick().await;
            match prune(&db, &audit, &keys.signing, &keys.public, clock.now(), retention).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "removed old records from the audit log"),
                Err(error) => tracing::warn!(%error, "old records could not be removed from the audit log"),
            }
        }
    });
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
