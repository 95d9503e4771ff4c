//! `guardhouse db copy`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use secrecy::SecretString;

use super::address::{self, Address};
use super::report::{Report, print_plan};
use super::{Bar, complain, fill};
use crate::config::{self, Config};
use crate::copy::{Difference, Summary};
use crate::domain::clock::Stopwatch;
use crate::store::Db;
use crate::store::copy::{Fingerprint, Snapshot, Target};

/// What the exit code says when the two databases do not hold the same.
const DIFFERENT: u8 = 3;

#[derive(Args)]
pub(in crate::cli) struct Copy {
    /// The database to copy; the configured one without it. Also in GUARDHOUSE_COPY_FROM, which others cannot see.
    #[arg(long, value_name = "URL")]
    from: Option<SecretString>,
    /// A file with the address of the database to copy.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    from_file: Option<PathBuf>,
    /// The empty database to fill. Also in GUARDHOUSE_COPY_TO, which others cannot see.
    #[arg(long, value_name = "URL")]
    to: Option<SecretString>,
    /// A file with the address of the database to fill.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
    /// Copy nothing; read both and tell whether they hold the same.
    #[arg(long, conflicts_with = "dry_run")]
    verify_only: bool,
    /// Copy nothing; tell what would be copied, and whether it could be.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// The two databases, with their names for people.
struct Pair {
    source: Db,
    target: Db,
    from: String,
    to: String,
}

impl Copy {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let pair = self.connect(&config.database).await?;
        let done = self.carry_out(&pair).await;
        pair.source.close().await;
        pair.target.close().await;
        done
    }

    async fn connect(&self, configured: &config::Database) -> anyhow::Result<Pair> {
        let from = Address {
            option: "--from",
            variable: "GUARDHOUSE_COPY_FROM",
            argument: self.from.as_ref(),
            file: self.from_file.as_ref(),
        };
        let to = Address {
            option: "--to",
            variable: "GUARDHOUSE_COPY_TO",
            argument: self.to.as_ref(),
            file: self.to_file.as_ref(),
        };
        let from = from.find(configured)?.unwrap_or_else(|| configured.clone());
        let to = to
            .find(configured)?
            .context("which database is to be filled? Say so with --to, --to-file or GUARDHOUSE_COPY_TO")?;
        ensure!(
            address::chosen(&from) != address::chosen(&to),
            "both addresses are {}: a database cannot be copied into itself",
            from.place()
        );
        let connect = async |settings: &config::Database| {
            let db = Db::connect_unhurried(settings).await;
            db.with_context(|| format!("{} cannot be used", settings.place()))
        };
        let source = connect(&from).await?;
        Ok(Pair { source, target: connect(&to).await?, from: from.place(), to: to.place() })
    }

    async fn carry_out(&self, pair: &Pair) -> anyhow::Result<ExitCode> {
        let snapshot = Snapshot::take(&pair.source).await.with_context(|| pair.from.clone())?;
        snapshot.require_finished().await.with_context(|| pair.from.clone())?;
        let fingerprint = snapshot.fingerprint().await?;
        if self.dry_run {
            return self.plan(pair, &fingerprint).await;
        }
        let watch = Stopwatch::start();
        if self.verify_only {
            drop(snapshot);
            let there = Snapshot::take(&pair.target).await.with_context(|| pair.to.clone())?;
            there.require_finished().await.with_context(|| pair.to.clone())?;
            drop(there);
            let compared = summaries(pair, &fingerprint).await?;
            return self.tell(pair, Outcome { compared, changed: false, filled: [0, 0], watch });
        }
        let opened = Target::open(pair.target.clone(), fingerprint.name.clone()).await;
        let (target, position) = opened.with_context(|| pair.to.clone())?;
        let filled = fill::from_snapshot(&snapshot, &target, position, fingerprint.total()).await?;
        drop(snapshot);
        let compared = summaries(pair, &fingerprint).await?;
        let now = Snapshot::take(&pair.source).await?.fingerprint().await?;
        let outcome = Outcome { compared, changed: now != fingerprint, filled, watch };
        if outcome.is_same() {
            target.finish().await?;
        } else {
            complain(format_args!(
                "{} was written to while it was copied, or {} was: stop what writes to them, empty {}, and copy again. \
                 No server starts on it as it is",
                pair.from, pair.to, pair.to
            ));
        }
        self.tell(pair, outcome)
    }

    /// Tells what a copy would do, from the checks that it would begin with.
    async fn plan(&self, pair: &Pair, fingerprint: &Fingerprint) -> anyhow::Result<ExitCode> {
        let looked = Target::look(&pair.target, &fingerprint.name).await;
        let goes_on = matches!(looked, Ok(Some(_)));
        print_plan([&pair.from, &pair.to], fingerprint, goes_on, looked.as_ref().err(), self.json);
        looked.with_context(|| pair.to.clone())?;
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, pair: &Pair, outcome: Outcome) -> anyhow::Result<ExitCode> {
        let (same, differences) = (outcome.is_same(), outcome.differences());
        let Outcome { compared: [source, _], filled: [copied, resumed], watch, .. } = outcome;
        let (from, to, seconds) = (&pair.from, &pair.to, watch.elapsed().as_secs_f64());
        Report { from, to, same, tables: &source, differences, copied, resumed, seconds }.print(self.json)?;
        Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
    }
}

/// What came of it.
struct Outcome {
    /// What the source holds, and the target.
    compared: [Summary; 2],
    /// Whether the source is no longer what was copied: what it has now may be more than what was compared.
    changed: bool,
    /// Rows that this run has copied, and that an earlier one had.
    filled: [u64; 2],
    watch: Stopwatch,
}

impl Outcome {
    fn differences(&self) -> Vec<Difference> {
        let [source, target] = &self.compared;
        source.differences(target)
    }

    fn is_same(&self) -> bool {
        !self.changed && self.differences().is_empty()
    }
}

/// What both hold now, read at the same time.
async fn summaries(pair: &Pair, fingerprint: &Fingerprint) -> anyhow::Result<[Summary; 2]> {
    let mut bar = Bar::hidden();
    bar.replace("comparing");
    let (counted, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let read = |snapshot: Snapshot| {
        let counted = counted.clone();
        tokio::spawn(async move { snapshot.summary(|rows| counted.send(rows).unwrap_or_default()).await })
    };
    let source = read(Snapshot::take(&pair.source).await.with_context(|| pair.from.clone())?);
    let target = read(Snapshot::take(&pair.target).await.with_context(|| pair.to.clone())?);
    drop(counted);
    let mut done = 0;
    while let Some(rows) = seen.recv().await {
        done += rows;
        bar.set(done, 2 * fingerprint.total());
    }
    bar.finish();
    Ok([source.await??, target.await??])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The change may be so late that it was not in what was compared.
    #[test]
    fn a_source_that_has_changed_is_never_called_the_same() {
        let compared = [Summary::default(), Summary::default()];
        let outcome = |changed| Outcome {
            compared: compared.clone(),
            changed,
            filled: [0, 0],
            watch: Stopwatch::start(),
        };
        assert!(outcome(false).is_same());
        assert!(!outcome(true).is_same());
    }
}
