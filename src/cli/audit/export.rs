//! `guardhouse audit export`

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{complain, house, new_file, runtime};
use crate::config::Config;
use crate::domain::audit::lines::Line;
use crate::flows::audit_log;
use crate::store::StoreError;

#[derive(Args)]
pub(in crate::cli) struct Export {
    /// A new file, readable for its owner alone, instead of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let out: Box<dyn Write> = match &self.output {
            None => Box::new(std::io::stdout()),
            Some(path) => Box::new(new_file::create(path)?),
        };
        let mut out = BufWriter::new(out);
        let records = runtime()?.block_on(async {
            let db = house::database(config).await?;
            for public in house::audit_keys(config, &db).await? {
                write(&mut out, &Line::Key { kid: public.kid(), public })?;
            }
            let mut failed = None;
            let read = audit_log::read(&db, |line| {
                write(&mut out, &line).map_err(|error| {
                    failed = Some(error);
                    StoreError::Other("the reader has left".into())
                })
            });
            let read = read.await;
            db.close().await;
            match failed {
                Some(error) => Err(error),
                None => Ok(read?),
            }
        })?;
        write(&mut out, &Line::End { records })?;
        out.flush()?;
        if let Some(path) = self.output {
            complain(format_args!("wrote {records} records to {}", path.display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn write(out: &mut impl Write, line: &Line) -> anyhow::Result<()> {
    let line = serde_json::to_string(line)?;
    Ok(writeln!(out, "{line}")?)
}
