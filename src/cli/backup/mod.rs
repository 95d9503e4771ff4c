//! `guardhouse backup` and `guardhouse restore`: all of a database in one file, and out of it into any other.

mod fault;
mod restore;
mod whole_file;

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use secrecy::SecretString;

pub(super) use restore::Restore;

use self::fault::Fault;
use self::whole_file::WholeFile;
use super::progress::Bar;
use super::{complain, runtime, say, say_tables};
use crate::archive::{ArchiveFault, Beginning, FORMAT, Layout, Passphrase, Writer};
use crate::config::Config;
use crate::copy::Summary;
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
        let done = write(&db, &file, &passphrase).await;
        db.close().await;
        let summary = done.map_err(|fault| fault.named(&config.database.place(), &command.file))?;
        let octets = file.commit()?;
        if command.json {
            say(serde_json::json!({ "file": command.file, "octets": octets, "tables": summary }));
        } else {
            say_tables(&summary);
            say(format_args!("{} has {} rows in {octets} bytes", command.file.display(), summary.rows()));
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn write(db: &Db, file: &WholeFile, passphrase: &Passphrase) -> Result<Summary, Fault> {
    let beginning = Beginning {
        format: FORMAT.to_owned(),
        made_at: SystemClock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        // Asked before the snapshot, which holds a connection: it may be the only one.
        schema: schema(db).await?,
        tables: layouts(),
    };
    let snapshot = Snapshot::take(db).await?;
    snapshot.require_finished().await?;
    let output = BufWriter::with_capacity(1 << 17, file.file());
    let mut writer = Writer::begin(output, passphrase, &beginning, &SystemEntropy)?;
    let (mut bar, mut count) = (Bar::hidden(), 0);
    bar.replace("rows");
    let summary = snapshot
        .pages(|place, rows| {
            rows.iter().try_for_each(|row| writer.row(place, row))?;
            count += rows.len() as u64;
            bar.set(count, 0);
            Ok::<_, Fault>(())
        })
        .await?;
    let flushed = writer.finish(&summary)?.into_inner();
    flushed.map_err(|error| ArchiveFault::Io(error.into_error()))?;
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
