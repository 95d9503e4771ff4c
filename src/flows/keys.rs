//! Looking after keys. Whoever calls has been let in already.

use super::{Desk, Fault, Visit};
use crate::actors::Audit;
use crate::domain::audit::octets::PublicKey;
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::id::UserId;
use crate::keyring::{Change, KeyRing, KeyRingFault, Listed};
use crate::store::keys::StoredKey;
use crate::tokens::algorithm::KeyAlgorithm;
use crate::tokens::keys::SigningKey;

/// Why a key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The keyring says why.
    #[error(transparent)]
    Refused(#[from] KeyRingFault),
    /// Not the caller's doing.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Makes a new key for `algorithm`, or for the configured one. It signs after the announcement, or `at_once`.
///
/// # Errors
///
/// [`KeysError`]
pub async fn rotate(
    desk: &Desk,
    algorithm: Option<KeyAlgorithm>,
    at_once: bool,
    by: Option<UserId>,
    visit: &Visit,
) -> Result<Listed, KeysError> {
    let algorithm = algorithm.unwrap_or(desk.keys.wanted());
    let made = desk.keys.rotate(algorithm, at_once, visit.now).await?;
    note(desk, FreeKind::KeyGenerated, &made.key, by, visit).await?;
    Ok(made)
}

/// Makes a new key for the audit log.
///
/// # Errors
///
/// [`KeysError`]
pub async fn rotate_audit(desk: &Desk, visit: &Visit) -> Result<PublicKey, KeysError> {
    let made = desk.keys.rotate_audit(visit.now).await?;
    let subject = Subject::default().detail(format!("audit {}", made.kid()));
    let event = Free::new(visit.now, FreeKind::KeyGenerated, subject, &visit.origin);
    desk.audit.record_done(event).await.map_err(Fault::from)?;
    Ok(made)
}

/// Adds a key that was made elsewhere.
///
/// # Errors
///
/// [`KeysError`]
pub async fn import(
    desk: &Desk,
    key: SigningKey,
    at_once: bool,
    by: Option<UserId>,
    visit: &Visit,
) -> Result<Listed, KeysError> {
    let added = desk.keys.import(key, at_once, visit.now).await?;
    note(desk, FreeKind::KeyImported, &added.key, by, visit).await?;
    Ok(added)
}

/// Retires the key `id` before its time: what it signed is refused.
///
/// # Errors
///
/// [`KeysError`]
pub async fn retire(desk: &Desk, id: &str, by: Option<UserId>, visit: &Visit) -> Result<(), KeysError> {
    let retired = desk.keys.retire(id, visit.now).await?;
    Ok(note(desk, FreeKind::KeyRetired, &retired, by, visit).await?)
}

/// Looks at the stored keys, does what is due, and records it.
///
/// # Errors
///
/// [`KeyRingFault`]; nothing is worse than before.
pub async fn look(keys: &KeyRing, audit: &Audit, now: Timestamp) -> Result<(), KeyRingFault> {
    let origin = Origin::server(&format!("keys-{}", now.millis()));
    for change in keys.look(now).await? {
        let (kind, key) = match &change {
            Change::Generated(key) => (FreeKind::KeyGenerated, key),
            Change::Retired(key) => (FreeKind::KeyRetired, key),
        };
        audit.note(Free::new(now, kind, Subject::default().detail(told(key)), &origin));
    }
    Ok(())
}

async fn note(
    desk: &Desk,
    kind: FreeKind,
    key: &StoredKey,
    by: Option<UserId>,
    visit: &Visit,
) -> Result<(), Fault> {
    let subject = Subject { actor: by, ..Subject::default() }.detail(told(key));
    Ok(desk.audit.record_done(Free::new(visit.now, kind, subject, &visit.origin)).await?)
}

fn told(key: &StoredKey) -> String {
    format!("{} {}", key.algorithm, key.id)
}
