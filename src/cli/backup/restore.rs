//! `guardhouse restore`

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::{Bar, Fault, complain, layouts, passphrase, runtime, say, say_tables};
use crate::archive::{ArchiveFault, Frame, Passphrase, Reader};
use crate::config::Config;
use crate::copy::{Digest, Row, Summary, TableSummary};
use crate::house;
use crate::store::Db;
use crate::store::copy::{PAGE, Position, Snapshot, Target, tables};

/// The file is read to its end and proved to be what was written before anything of it is stored. Then start the server
/// with the master key that belongs to it. A restore that was interrupted goes on when it is started again.
#[derive(Args)]
pub(in crate::cli) struct Restore {
    /// The file of `guardhouse backup`.
    file: PathBuf,
    /// A file whose first line is the passphrase; only its owner may read it.
    #[arg(long, value_name = "FILE")]
    passphrase_file: PathBuf,
    /// Store nothing; tell whether the file is whole, and what is in it.
    #[arg(long)]
    verify_only: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(in crate::cli) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let passphrase = passphrase(&self.passphrase_file)?;
        let summary = prove(&self.file, &passphrase).with_context(|| self.file.display().to_string())?;
        if !self.verify_only {
            let reader = open(&self.file, &passphrase).with_context(|| self.file.display().to_string())?;
            runtime()?.block_on(async {
                let db = house::whole_database(config).await?;
                let done = fill(&db, reader, &summary).await;
                db.close().await;
                done.map_err(|fault| fault.named(&config.database.place(), &self.file))
            })?;
        }
        if self.json {
            say(serde_json::json!({ "file": self.file, "restored": !self.verify_only, "tables": summary }));
            return Ok(ExitCode::SUCCESS);
        }
        say_tables(&summary);
        if self.verify_only {
            say(format_args!("{} is whole: {} rows", self.file.display(), summary.rows()));
        } else {
            say(format_args!("{} rows were restored", summary.rows()));
            complain(
                "its keys open with the master key of the installation that it was made of, and with no other",
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn fill(db: &Db, reader: Reader<BufReader<File>>, summary: &Summary) -> Result<(), Fault> {
    let mut name = Digest::default();
    let content = serde_json::to_string(summary).map_err(io::Error::from).map_err(ArchiveFault::Io)?;
    name.add(&content, &[]);
    let (target, position) = Target::open(db.clone(), name.value().to_string()[..32].to_owned()).await?;
    store(reader, &target, position, summary.rows()).await?;
    let there = Snapshot::take(db).await?.summary(|_| ()).await?;
    match summary.differences(&there).into_iter().next() {
        Some(first) => Err(Fault::Different(first)),
        None => Ok(target.finish().await?),
    }
}

fn open(path: &Path, passphrase: &Passphrase) -> anyhow::Result<Reader<BufReader<File>>> {
    let file = File::open(path).context("it cannot be read")?;
    let reader = Reader::open(BufReader::with_capacity(1 << 17, file), passphrase)?;
    let made = &reader.beginning;
    ensure!(
        made.tables == layouts(),
        "it was made by version {} with the schema {}, which this version does not have: restore it with that one, and \
         upgrade then",
        made.version,
        made.schema
    );
    Ok(reader)
}

/// Reads all of it and holds it to its own end.
fn prove(path: &Path, passphrase: &Passphrase) -> anyhow::Result<Summary> {
    let mut reader = open(path, passphrase)?;
    let tables = tables();
    let mut digests = vec![Digest::default(); tables.len()];
    let (mut bar, mut count) = (Bar::hidden(), 0);
    bar.replace("proving");
    let told = loop {
        match reader.frame()? {
            Frame::Row(place, row) => {
                ensure!(tables[place].fits(&row), "it holds a row that is none of {}", tables[place].name);
                digests[place].add(tables[place].name, &row);
                count += 1;
                bar.set(count, 0);
            }
            Frame::End(summary) => break summary,
        }
    };
    bar.finish();
    let read = tables.iter().zip(&digests).map(|(table, digest)| TableSummary {
        table: table.name.to_owned(),
        rows: digest.rows(),
        digest: digest.value(),
    });
    let read = Summary(read.collect());
    if let Some(difference) = told.differences(&read).first() {
        bail!("it is not what it says at its end: {difference}");
    }
    Ok(read)
}

/// Stores what comes behind `position`.
async fn store(
    mut reader: Reader<BufReader<File>>,
    target: &Target,
    position: Position,
    total: u64,
) -> Result<(), Fault> {
    let tables = tables();
    let mut behind = Some(position);
    let (mut page, mut place, mut done) = (Vec::<Row>::new(), 0, 0);
    let mut bar = Bar::hidden();
    bar.replace("restoring");
    loop {
        let (next, row) = match reader.frame()? {
            Frame::Row(next, row) => (next, Some(row)),
            Frame::End(_) => (place, None),
        };
        if !page.is_empty() && (next != place || page.len() as u64 == PAGE || row.is_none()) {
            done += page.len() as u64;
            target.append(place, std::mem::take(&mut page)).await?;
            bar.set(done, total);
        }
        let Some(row) = row else { break };
        place = next;
        if let Some(Position { table, after }) = &behind {
            if place < *table || (place == *table && after.is_some()) {
                done += 1;
                if place == *table && after.as_deref() == Some(&tables[place].key(&row)) {
                    behind = None;
                }
                continue;
            }
            behind = None;
        }
        page.push(row);
    }
    bar.finish();
    Ok(())
}
