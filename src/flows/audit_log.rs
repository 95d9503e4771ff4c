//! The audit log itself: what it says of the server, who may read what of it, whether it still is what was written, and
//! how old records leave it.

use std::time::Duration;

use futures_util::FutureExt;

use super::{Caller, Desk, Fault};
use crate::actors::Audit;
use crate::config::Config;
use crate::domain::audit::chain::Head;
use crate::domain::audit::checkpoint::{Checkpoint, CheckpointKey, Statement};
use crate::domain::audit::lines::Line;
use crate::domain::audit::octets::PublicKey;
use crate::domain::audit::record::Record;
use crate::domain::audit::verify::{Report, Verifier};
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;
use crate::store::{Db, StoreError, audit};

pub use crate::store::audit::Search;

/// Records read at once.
const PAGE: u64 = 1_000;

/// Records that one transaction removes, or as many as lie between two checkpoints.
const SEGMENT: u64 = 5_000;

/// A record, and its place if it has one already.
pub type Found = (Record, Option<(InstanceId, Head)>);

/// A server goes on with `config`, because of `why`. Recorded without waiting: a log that cannot be written now is no
/// reason not to start.
pub fn configured(audit: &Audit, config: &Config, why: &str, now: Timestamp) {
    let subject = Subject::default().detail(format!("sha256 {}", config.digest()));
    audit.note(Free::new(now, FreeKind::ConfigurationLoaded, subject, &Origin::server(why)));
}

/// The records that `wanted` describes, the newest first. Whoever asks has been let in already.
///
/// # Errors
///
/// [`Fault`]
pub async fn search(desk: &Desk, wanted: &Search) -> Result<Vec<Found>, Fault> {
    Ok(audit::search(desk.db.reader(), wanted).await?)
}

/// What happened to the caller's own account, the newest first, behind `older_than`.
///
/// # Errors
///
/// [`Fault`]
pub async fn activity(desk: &Desk, caller: &Caller, wanted: Search) -> Result<Vec<Found>, Fault> {
    search(desk, &Search { user: Some(caller.user.0), ..wanted }).await
}

/// Reads the whole log and says what is wrong with it, given the keys that are trusted and checkpoints that were kept
/// elsewhere. Servers may go on writing meanwhile.
///
/// # Errors
///
/// As every read.
pub async fn verify(db: &Db, keys: Vec<PublicKey>, anchors: Vec<Checkpoint>) -> Result<Report, StoreError> {
    let mut verifier = Verifier::new(keys, anchors);
    read(db, |line| {
        match line {
            Line::Chain { chain, checkpoints } => verifier.chain(chain, checkpoints),
            Line::Record(linked) => verifier.record(&linked),
            Line::Key { .. } | Line::End { .. } => {}
        }
        Ok(())
    })
    .await?;
    Ok(verifier.finish())
}

/// Hands out the whole log, line by line, until `each` has enough.
///
/// # Errors
///
/// As every read.
pub async fn read(db: &Db, mut each: impl FnMut(Line) -> Result<(), StoreError>) -> Result<u64, StoreError> {
    let mut records = 0;
    for chain in audit::chains(db.reader()).await? {
        // Before the records: what is signed later is not missed.
        let checkpoints = audit::of_chain(db.reader(), chain).await?;
        each(Line::Chain { chain, checkpoints })?;
        let mut after = None;
        loop {
            let page = audit::in_chain(db.reader(), chain, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.head.seq);
            records += page.len() as u64;
            page.into_iter().try_for_each(|linked| each(Line::Record(Box::new(linked))))?;
        }
    }
    Ok(records)
}

/// Removes what is older than `retention`, in whole segments up to signed checkpoints; each removal is signed itself and
/// recorded. How many records went.
///
/// # Errors
///
/// As every write; segments that are gone stay gone.
pub async fn prune(
    db: &Db,
    audit: &Audit,
    signer: &CheckpointKey,
    keys: &[PublicKey],
    now: Timestamp,
    retention: Duration,
) -> Result<u64, StoreError> {
    let (before, mut removed) = (now.minus(retention), 0);
    for chain in audit::chains(db.reader()).await? {
        let checkpoints = audit::of_chain(db.reader(), chain).await?;
        let is = |checkpoint: &&Checkpoint, statement| checkpoint.statement == statement;
        let mut gone = checkpoints
            .iter()
            .filter(|checkpoint| is(checkpoint, Statement::Pruned))
            .map(|checkpoint| checkpoint.head.seq)
            .max()
            .unwrap_or(0);
        let begin = gone;
        // What was signed before that moment has happened before it.
        let old: Vec<_> = checkpoints
            .iter()
            .filter(|checkpoint| is(checkpoint, Statement::Reached) && checkpoint.at < before)
            .filter(|checkpoint| checkpoint.head.seq > gone)
            .collect();
        for (number, reached) in old.iter().enumerate() {
            let is_last = number + 1 == old.len();
            if !is_last && reached.head.seq - gone < SEGMENT {
                continue;
            }
            // One that somebody put there to have records removed is no permission.
            if !reached.is_signed_by(keys) {
                tracing::error!(%chain, seq = reached.head.seq, "a checkpoint is not ours; its chain is not pruned");
                break;
            }
            let pruned = signer.sign(chain, reached.head, now, Statement::Pruned);
            removed += db
                .atomically(pruned, |txn, pruned| async move { audit::prune(txn, pruned).await }.boxed())
                .await?;
            gone = reached.head.seq;
        }
        if gone > begin {
            let subject = Subject::default().detail(format!("chain {chain} up to {gone}"));
            audit.note(Free::new(now, FreeKind::RecordsPruned, subject, &Origin::server("retention")));
        }
    }
    Ok(removed)
}
