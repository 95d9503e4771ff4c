//! The keyring of this node, and who looks at it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use secrecy::ExposeSecret;
use tokio::runtime::Handle as Runtime;

use super::Foundations;
use crate::actors::Audit;
use crate::config::Config;
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::flows::keys::look;
use crate::keyring::audit::AuditKeys;
use crate::keyring::{KeyRing, KeyRingFault, Settings};
use crate::store::Db;
use crate::tokens::master::{Made, MasterKey};

/// Reads the keys, and makes those that are missing.
pub(super) async fn open(
    foundations: &Foundations,
    db: &Db,
) -> Result<(Arc<KeyRing>, AuditKeys), KeyRingFault> {
    let Foundations { config, clock, entropy, .. } = foundations;
    let (settings, master) = (Settings::new(config)?, master_key(config, &**entropy)?);
    let audit = AuditKeys::open(db, &master, clock.now(), &**entropy).await?;
    let keys = KeyRing::open(settings, db.clone(), master, clock.now(), entropy.clone()).await?;
    Ok((Arc::new(keys), audit))
}

/// Looks at the keys from now on, again and again.
pub(super) fn watch(keys: Arc<KeyRing>, audit: Audit, clock: Arc<dyn Clock>, runtime: &Runtime) {
    runtime.spawn(async move {
        loop {
            match AssertUnwindSafe(look(&keys, &audit, clock.now())).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the keys could not be looked at"),
                // Whoever stops looking never hears of a key that was retired.
                Err(_) => tracing::error!("looking at the keys panicked"),
            }
            // A moment beyond the turn, so that the next look does not come just before it.
            let pause = keys.pause(clock.now()) + Duration::from_millis(20);
            let _ = tokio::time::timeout(pause, keys.retimed()).await;
        }
    });
}

pub(super) fn master_key(config: &Config, entropy: &dyn Entropy) -> Result<MasterKey, KeyRingFault> {
    if let Some(text) = &config.keys.master_key {
        return Ok(MasterKey::from_text(text.expose_secret())?);
    }
    let path = config.data_dir.join("master.key");
    let (master, made) = MasterKey::load_or_create(&path, entropy)?;
    if matches!(made, Made::Created) {
        tracing::warn!(path = %path.display(), "made a new master key; back it up: without it the stored keys are lost");
    }
    Ok(master)
}
