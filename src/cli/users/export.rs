//! `guardhouse users export`: page by page, in constant memory.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Bar, complain, new_file};
use crate::flows::export::{page, record_export};
use crate::flows::{Desk, Visit};
use crate::transfer::{CsvWriter, Record, write_jsonl};

#[derive(Args)]
pub(in crate::cli) struct Export {
    /// Where to write; standard output without it. An existing file is not overwritten.
    file: Option<PathBuf>,
    /// The form.
    #[arg(long, value_enum, default_value = "jsonl")]
    format: OwnFormat,
    /// With the password hashes. Whoever has them can guess passwords at leisure: keep the file as you keep the
    /// database.
    #[arg(long)]
    with_hashes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum OwnFormat {
    /// One JSON object a line.
    Jsonl,
    /// A table.
    Csv,
}

pub(super) async fn run(desk: &Desk, command: &Export, visit: &Visit) -> anyhow::Result<()> {
    let output: Box<dyn Write + Send> = match &command.file {
        Some(path) => Box::new(new_file::create(path)?),
        None => Box::new(std::io::stdout()),
    };
    record_export(desk, command.with_hashes, visit).await?;
    let mut writer = Writer::new(command.format, BufWriter::new(output))?;
    let (mut bar, mut after, mut count) = (Bar::hidden(), None, 0);
    bar.replace("accounts");
    loop {
        let (records, next) = page(desk, after, command.with_hashes).await?;
        for record in &records {
            writer.write(record)?;
        }
        count += records.len() as u64;
        bar.set(count, 0);
        after = next;
        if after.is_none() {
            break;
        }
    }
    writer.finish()?;
    bar.finish();
    complain(format_args!("{count} accounts were written"));
    Ok(())
}

enum Writer<W: Write> {
    Jsonl(W),
    Csv(Box<CsvWriter<W>>),
}

impl<W: Write> Writer<W> {
    fn new(format: OwnFormat, output: W) -> anyhow::Result<Self> {
        Ok(match format {
            OwnFormat::Jsonl => Self::Jsonl(output),
            OwnFormat::Csv => Self::Csv(Box::new(CsvWriter::new(output)?)),
        })
    }

    fn write(&mut self, record: &Record) -> anyhow::Result<()> {
        match self {
            Self::Jsonl(output) => Ok(write_jsonl(output, record)?),
            Self::Csv(table) => Ok(table.write(record)?),
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Jsonl(mut output) => Ok(output.flush()?),
            Self::Csv(table) => Ok(table.finish()?.flush()?),
        }
    }
}
