//! The audit log itself: what it says of the server, and whether it still is what was written.

use crate::actors::Audit;
use crate::config::Config;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::audit::octets::PublicKey;
use crate::domain::audit::verify::{Report, Verifier};
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::Timestamp;
use crate::store::{Db, StoreError, audit};

/// Records read at once.
const PAGE: u64 = 1_000;

/// A server starts with `config`. Recorded without waiting: a log that cannot be written now is no reason not to start.
pub fn started(audit: &Audit, config: &Config, now: Timestamp) {
    let subject = Subject::default().detail(format!("sha256 {}", config.digest()));
    audit.note(Free::new(now, FreeKind::ConfigurationLoaded, subject, &Origin::server("start")));
}

/// Reads the whole log and says what is wrong with it, given the keys that are trusted and checkpoints that were kept
/// elsewhere. Servers may go on writing meanwhile.
///
/// # Errors
///
/// As every read.
pub async fn verify(db: &Db, keys: Vec<PublicKey>, anchors: Vec<Checkpoint>) -> Result<Report, StoreError> {
    let mut verifier = Verifier::new(keys, anchors);
    for chain in audit::chains(db.reader()).await? {
        // Before the records: what is signed later is not missed.
        verifier.chain(chain, audit::of_chain(db.reader(), chain).await?);
        let mut after = None;
        loop {
            let page = audit::in_chain(db.reader(), chain, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.head.seq);
            page.iter().for_each(|record| verifier.record(record));
        }
    }
    Ok(verifier.finish())
}
