//! `guardhouse users import`: one thread reads the file, the house stores what it reads, a batch in a transaction.

mod rejects;
mod resume;
mod source;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::bail;
use clap::Args;
use secrecy::SecretString;

use self::rejects::Rejects;
use self::resume::Resume;
use self::source::{Item, Place, Source};
use self::tally::{Tally, kind};
use super::{Bar, complain, say};
use crate::domain::password::Password;
use crate::flows::import::{Stored, check, record_import, store};
use crate::flows::{Desk, Visit};
use crate::transfer::{SourceFormat, Unreadable};

#[derive(Args)]
pub(in crate::cli) struct Import {
    /// The file.
    file: PathBuf,
    /// What it is: jsonl, csv, auth0, firebase, keycloak, supabase or django.
    #[arg(long, value_parser = str::parse::<SourceFormat>)]
    format: SourceFormat,
    /// Where to write what was not imported, and why, one JSON object a line; FILE.rejects without it.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Only say what would be imported.
    #[arg(long)]
    dry_run: bool,
    /// Do not go on where an earlier import of this file stopped.
    #[arg(long)]
    start_over: bool,
    /// What the hashes of a jsonl or csv file are, where they do not say so themselves; `sha1` for example.
    #[arg(long, value_name = "DIALECT")]
    hash_dialect: Option<String>,
    /// Firebase: a file with the project's base64_signer_key.
    #[arg(long, value_name = "FILE", requires_all = ["firebase_rounds", "firebase_mem_cost"])]
    firebase_signer_key_file: Option<PathBuf>,
    /// Firebase: the project's base64_salt_separator.
    #[arg(long, value_name = "BASE64", default_value = "", requires = "firebase_signer_key_file")]
    firebase_salt_separator: String,
    /// Firebase: the project's rounds.
    #[arg(long, value_name = "N", requires = "firebase_signer_key_file")]
    firebase_rounds: Option<u32>,
    /// Firebase: the project's mem_cost.
    #[arg(long, value_name = "N", requires = "firebase_signer_key_file")]
    firebase_mem_cost: Option<u32>,
}

/// Exit codes: 0 everything was imported or there already, 1 failed, 3 something was rejected.
pub(super) async fn run(desk: &Desk, command: Import, visit: &Visit) -> anyhow::Result<ExitCode> {
    let mut resume =
        Resume::open(&command.file, command.format.word(), command.start_over || command.dry_run)?;
    let rejects = Rejects::open(&command, resume.done() > 0)?;
    if resume.done() > 0 {
        complain(format_args!("{} records were dealt with before; going on behind them", resume.done()));
    }
    let file = Source::open(&command, visit)?;
    let (octets, read) = (file.octets, file.read.clone());
    let mut batches = file.start(resume.done());
    let mut import = Run { desk, visit, dry_run: command.dry_run, tally: Tally::default(), rejects };
    let mut bar = Bar::hidden();
    bar.replace("bytes read");
    while let Some(batch) = batches.recv().await {
        let last = match batch.last() {
            Some(Ok((_, place))) => place.record,
            Some(Err(unreadable)) => unreadable.record,
            None => continue,
        };
        let fatal = batch.iter().any(|item| matches!(item, Err(unreadable) if unreadable.fatal));
        import.take(batch).await?;
        bar.set(read.load(Ordering::Relaxed), octets);
        if fatal {
            bar.finish();
            import.report(&command, false).await?;
            bail!(
                "{} cannot be read behind record {last}: see the last line of the rejects",
                command.file.display()
            );
        }
        if !command.dry_run {
            resume.reached(last)?;
        }
    }
    bar.finish();
    if !command.dry_run {
        resume.finish()?;
    }
    import.report(&command, true).await?;
    Ok(if import.tally.rejected > 0 { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

struct Run<'a> {
    desk: &'a Desk,
    visit: &'a Visit,
    dry_run: bool,
    tally: Tally,
    rejects: Rejects,
}

impl Run<'_> {
    async fn take(&mut self, batch: Vec<Item>) -> anyhow::Result<()> {
        let (mut arrivals, mut places) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for item in batch {
            match item {
                Err(unreadable) => self.reject(&unreadable)?,
                Ok((record, place)) => {
                    let email = record.email.clone();
                    match check(self.desk, record, self.visit) {
                        Ok(arrival) => {
                            arrivals.push(arrival);
                            places.push((place, email));
                        }
                        Err(reason) => self.refuse(place, email, reason)?,
                    }
                }
            }
        }
        let kinds: Vec<_> = arrivals.iter().map(kind).collect();
        let samples: Vec<_> = arrivals.iter().filter_map(|(_, hash)| hash.clone()).collect();
        let outcomes = match self.dry_run {
            true => vec![Stored::Made; arrivals.len()],
            false => store(self.desk, arrivals, self.visit).await?,
        };
        for ((outcome, kind), (place, email)) in outcomes.into_iter().zip(kinds).zip(places) {
            match outcome {
                Stored::Made => self.tally.count(kind),
                Stored::AlreadyThere => self.tally.there += 1,
                Stored::IdTaken => {
                    self.refuse(place, email, "another address has the account with this id".into())?;
                }
            }
        }
        samples.into_iter().for_each(|hash| self.tally.keep(hash));
        // Before the mark moves on: what was rejected must be found in the file, whatever comes.
        self.rejects.flush()
    }

    fn refuse(&mut self, place: Place, email: String, reason: String) -> anyhow::Result<()> {
        let Place { record, line } = place;
        self.reject(&Unreadable { record, line, email: Some(email), reason, fatal: false })
    }

    fn reject(&mut self, unreadable: &Unreadable) -> anyhow::Result<()> {
        self.tally.rejected += 1;
        self.rejects.write(unreadable)
    }

    async fn report(&self, command: &Import, whole: bool) -> anyhow::Result<()> {
        let Tally { made, there, rejected, without_password, weak, .. } = self.tally;
        let verb = if self.dry_run { "would be imported" } else { "imported" };
        let summary = format!("{made} {verb}, {there} there already, {rejected} rejected");
        if !self.dry_run {
            let (format, how) = (command.format, if whole { "" } else { ", not read to its end" });
            record_import(self.desk, format!("{format}: {summary}{how}"), self.visit).await?;
        }
        say(&summary);
        for (format, count) in &self.tally.hashes {
            say(format_args!("  {count} with a hash of {format}"));
        }
        if without_password > 0 {
            say(format_args!("  {without_password} without a password"));
        }
        if weak > 0 {
            complain(format_args!(
                "{weak} hashes are one unsalted run of a fast digest: whoever stole the source knows these passwords. \
                 Ask these users for new ones"
            ));
        }
        if rejected > 0 {
            complain(format_args!("what was rejected, and why, stands in {}", self.rejects.path.display()));
        }
        if made + there + rejected == 0 {
            complain(format_args!(
                "{} has no account of {}: is that its format?",
                command.file.display(),
                command.format
            ));
        }
        self.try_samples().await;
        Ok(())
    }

    /// Verifies one hash of each kind, so that the time of a failed login is known before the first one comes.
    async fn try_samples(&self) {
        let Ok(nobodys) = Password::parse(&SecretString::from("no password of anybody")) else { return };
        let before = self.desk.hashers.observe().failure_millis;
        for hash in self.tally.samples.values() {
            // A busy or refused try only makes the estimate smaller; nothing depends on it.
            let _ = self.desk.hashers.verify(nobodys.clone(), Some(hash.clone())).await;
        }
        let after = self.desk.hashers.observe().failure_millis;
        if after > before + 5 {
            say(format_args!(
                "The dearest of these hashes makes every failed login take {after} ms (now {before} ms), until their \
                 users have logged in. Set hashing.failure_time = \"{after}ms\" so that it holds from the start."
            ));
        }
    }
}
