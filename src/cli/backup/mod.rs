//! `guardhouse backup` and `guardhouse restore`: all of a database in one file, and out of it into any other.

mod restore;
mod whole_file;

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use secrecy::SecretString;

pub(super) use restore::Restore;

use self::whole_file::WholeFile;
use super::progress::Bar;
use super::{complain, runtime, say};
use crate::archive::{Beginning, FORMAT, Layout, Passphrase, Writer};
use crate::config::Config;
use crate::copy::{Digest, Summary, TableSummary};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::SystemEntropy;
use crate::house;
use crate::store::Db;
use crate::store::copy::{Snapshot, schema, tables};

/// The server may run meanwhile: what is written is the state of one moment. Without the master key, which is not in the
/// file, the keys in it open for nobody: keep that elsewhere.
#[derive(Args)]
pub(super) struct Backup {
    /// Where to write; it must not be there. It appears under this name whole or not at all.
    file: PathBuf,
    /// A file whose first line is the passphrase; only its owner may read it.
    #[arg(long, value_name = "FILE")]
    passphrase_file: PathBuf,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, command: &Backup) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(async {
        let passphrase = passphrase(&command.passphrase_file)?;
        let file = WholeFile::create(&command.file)?;
        let db = house::whole_database(config).await?;
        let done = write(&db, &file, &passphrase).await.with_context(|| config.database.place());
        db.close().await;
        let summary = done?;
        let octets = file.commit()?;
        if command.json {
            say(serde_json::json!({ "file": command.file, "octets": octets, "tables": summary }));
        } else {
            print(&summary);
            say(format_args!("{} has {} rows in {octets} bytes", command.file.display(), summary.rows()));
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn write(db: &Db, file: &WholeFile, passphrase: &Passphrase) -> anyhow::Result<Summary> {
    let snapshot = Snapshot::take(db).await?;
    ensure!(!snapshot.is_unfinished().await?, "it is the target of a copy that has not come to its end");
    let tables = tables();
    let beginning = Beginning {
        format: FORMAT.to_owned(),
        made_at: SystemClock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: schema(db).await?,
        tables: layouts(),
    };
    let output = BufWriter::with_capacity(1 << 17, file.file());
    let mut writer = Writer::begin(output, passphrase, &beginning, &SystemEntropy)?;
    let (mut bar, mut count, mut summary) = (Bar::hidden(), 0, Summary::default());
    bar.replace("rows");
    for (place, table) in tables.iter().enumerate() {
        let (mut digest, mut after) = (Digest::default(), None);
        loop {
            let rows = snapshot.page(table, after.as_deref()).await?;
            for row in &rows {
                writer.row(place, row)?;
                digest.add(table.name, row);
            }
            count += rows.len() as u64;
            bar.set(count, 0);
            match rows.last() {
                Some(last) => after = Some(table.key(last)),
                None => break,
            }
        }
        let (table, rows, digest) = (table.name.to_owned(), digest.rows(), digest.value());
        summary.0.push(TableSummary { table, rows, digest });
    }
    writer.finish(&summary)?.into_inner().map_err(|error| error.into_error())?;
    bar.finish();
    Ok(summary)
}

/// What this version writes and reads.
fn layouts() -> Vec<Layout> {
    let layout = |table: &crate::store::copy::Table| Layout {
        table: table.name.to_owned(),
        columns: table.columns().into_iter().map(str::to_owned).collect(),
    };
    tables().iter().map(layout).collect()
}

fn print(summary: &Summary) {
    for table in &summary.0 {
        say(format_args!("{:18} {:>12} rows  {}", table.table, table.rows, table.digest));
    }
}

/// The first line of the file at `path`.
fn passphrase(path: &Path) -> anyhow::Result<Passphrase> {
    use std::os::unix::fs::PermissionsExt;
    let named = || path.display();
    let metadata = std::fs::metadata(path).with_context(|| format!("{} cannot be read", named()))?;
    let mode = metadata.permissions().mode();
    ensure!(
        mode & 0o077 == 0,
        "others may read the passphrase in {}: chmod 600 it, and take another one",
        named()
    );
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", named()))?;
    let line = SecretString::from(text.lines().next().unwrap_or_default());
    Passphrase::new(line).with_context(|| named().to_string())
}
