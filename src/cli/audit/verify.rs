//! `guardhouse audit verify`

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;

use super::{complain, house, runtime, say};
use crate::config::Config;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::audit::lines::{Line, Reading};
use crate::domain::audit::octets::PublicKey;
use crate::domain::audit::verify::{Report, Verifier};
use crate::domain::clock::{Clock, SystemClock};
use crate::flows::audit_log;
use crate::store::audit::without_a_place;

/// What the exit code says when the log is not what was written.
const CHANGED: u8 = 3;

/// Rows without a place are nothing to tell of for so long.
const MOMENT: std::time::Duration = std::time::Duration::from_secs(120);

#[derive(Args)]
pub(in crate::cli) struct Verify {
    /// A file of `guardhouse audit export` instead of the configured database.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere, or a file with some, such as a server's log. May be given more than once.
    #[arg(long, value_name = "CHECKPOINT|FILE")]
    anchor: Vec<String>,
    /// A public key that is trusted, instead of those in the database. May be given more than once.
    #[arg(long, value_name = "KEY")]
    key: Vec<PublicKey>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let mut anchors = Vec::new();
        for anchor in &self.anchor {
            anchors.extend(read_anchor(anchor)?);
        }
        let report = match &self.file {
            Some(file) => from_file(file, self.key, anchors)?,
            None => from_database(config, self.key, anchors)?,
        };
        if self.json {
            print_json(&report)?
        } else {
            print(&report)
        }
        Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(CHANGED) })
    }
}

/// Every checkpoint that is written in the text itself or in the file of that name.
fn read_anchor(anchor: &str) -> anyhow::Result<Vec<Checkpoint>> {
    if let Ok(checkpoint) = anchor.parse() {
        return Ok(vec![checkpoint]);
    }
    let file = File::open(anchor)
        .with_context(|| format!("`{anchor}` is neither a checkpoint nor a file that can be read"))?;
    let mut found = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        // A log may hold colours and what is no UTF-8.
        let line = String::from_utf8_lossy(&line?).into_owned();
        let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'));
        found.extend(words.filter_map(|word| word.parse::<Checkpoint>().ok()));
    }
    ensure!(!found.is_empty(), "there is no checkpoint in {anchor}");
    Ok(found)
}

fn from_database(config: &Config, keys: Vec<PublicKey>, anchors: Vec<Checkpoint>) -> anyhow::Result<Report> {
    runtime()?.block_on(async {
        let db = house::database(config).await?;
        let keys = if keys.is_empty() { house::audit_keys(config, &db).await? } else { keys };
        let report = audit_log::verify(&db, keys, anchors).await?;
        let placeless = without_a_place(db.reader(), SystemClock.now().minus(MOMENT)).await?;
        if placeless > 0 {
            complain(format_args!(
                "{placeless} records have no place in a chain yet and prove nothing: a running server gives them one"
            ));
        }
        db.close().await;
        Ok(report)
    })
}

fn from_file(path: &Path, keys: Vec<PublicKey>, anchors: Vec<Checkpoint>) -> anyhow::Result<Report> {
    let named = || path.display().to_string();
    let file = File::open(path).with_context(|| format!("{} cannot be read", named()))?;
    let mut lines = BufReader::new(file).lines().enumerate().peekable();
    let (mut own, mut verifier, mut reading) = (Vec::new(), None, Reading::default());
    for (number, line) in &mut lines {
        let line = line.with_context(|| format!("{} cannot be read", named()))?;
        let line: Line = serde_json::from_str(&line)
            .with_context(|| format!("line {} of {} is none of an audit log", number + 1, named()))?;
        if let Line::Key { public, .. } = &line {
            own.push(*public);
        }
        if verifier.is_none() && !matches!(line, Line::Key { .. }) {
            if keys.is_empty() {
                complain(
                    "the signatures are checked with the keys in the file itself, which whoever wrote it has chosen; name \
                     those that you trust with --key",
                );
            }
            let trusted = if keys.is_empty() { own.clone() } else { keys.clone() };
            verifier = Some(Verifier::new(trusted, anchors.clone()));
        }
        if let Some(verifier) = &mut verifier {
            reading.line(line, verifier).with_context(named)?;
        }
    }
    reading.end().with_context(named)?;
    Ok(verifier.unwrap_or_else(|| Verifier::new(keys, anchors)).finish())
}

fn print(report: &Report) {
    for chain in &report.chains {
        let records = (chain.last + 1).saturating_sub(chain.first);
        let pruned =
            if chain.first > 1 { format!(", {} before them pruned", chain.first - 1) } else { String::new() };
        let erased = if chain.erased > 0 {
            format!(", {} without personal data", chain.erased)
        } else {
            String::new()
        };
        say(format_args!(
            "chain {}: {records} records proved, signed up to {}{pruned}{erased}",
            chain.chain, chain.signed
        ));
    }
    for fault in &report.faults {
        complain(fault);
    }
    match report.faults.len() {
        0 => say("the audit log is what was written"),
        1 => complain("the audit log is not what was written: 1 fault"),
        faults => complain(format_args!("the audit log is not what was written: {faults} faults")),
    }
}

fn print_json(report: &Report) -> anyhow::Result<()> {
    let chains: Vec<_> = report
        .chains
        .iter()
        .map(|chain| {
            serde_json::json!({
                "chain": chain.chain, "first": chain.first, "last": chain.last, "signed": chain.signed,
                "erased": chain.erased,
            })
        })
        .collect();
    let faults: Vec<_> = report
        .faults
        .iter()
        .map(|fault| {
            let wrong = &fault.wrong;
            serde_json::json!({
                "chain": fault.chain, "fault": wrong.word(), "seq": wrong.seq(), "detail": fault.to_string(),
            })
        })
        .collect();
    say(serde_json::to_string(&serde_json::json!({ "chains": chains, "faults": faults }))?);
    Ok(())
}
