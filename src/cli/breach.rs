//! `guardhouse breach`: filters of stolen passwords, for `passwords.breach_filter`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::progress::Bar;
use super::{read_password, say};
use crate::breach::build::{InputKind, Recipe, Stage, build};
use crate::breach::{BITS, BreachFilter, DEFAULT_BITS};
use crate::domain::password::Password;

#[derive(Subcommand)]
pub(super) enum Breach {
    /// Make a filter of a list of passwords, or of their SHA-1 as Have I Been Pwned publishes them.
    Build {
        /// The list, one entry a line.
        list: PathBuf,
        /// Where the filter is to be.
        filter: PathBuf,
        /// What the lines are.
        #[arg(long, value_enum)]
        format: ListFormat,
        /// Leave out hashes that were seen less often (`HASH:COUNT` lines).
        #[arg(long, default_value_t = 1)]
        min_count: u64,
        /// One password in 2^BITS is refused though it is not on the list; a filter takes about BITS + 1.8 bits an
        /// entry.
        #[arg(long, default_value_t = DEFAULT_BITS, value_parser = clap::value_parser!(u8).range(i64::from(*BITS.start())..=i64::from(*BITS.end())))]
        bits: u8,
        /// What the list is, from whom and of when; `breach check` and the server's log show it.
        #[arg(long, default_value = "")]
        source: String,
    },
    /// Tell what a filter is, and whether a password is in it; that is read from the first line of standard input.
    Check {
        /// The filter.
        filter: PathBuf,
        /// Only tell what the filter is.
        #[arg(long)]
        info: bool,
        /// As a JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ListFormat {
    /// A password a line.
    Passwords,
    /// 40 hexadecimal digits a line, and perhaps `:` and how often it was seen. Lists in the order of the hashes are
    /// read as a stream, others take 8 bytes an entry of memory.
    Sha1,
}

/// Exit codes: 0 done and not in the filter, 1 failed, 3 the password is in the filter.
pub(super) fn run(command: &Breach) -> anyhow::Result<ExitCode> {
    match command {
        Breach::Build { list, filter, format, min_count, bits, source } => {
            let kind = match format {
                ListFormat::Passwords => InputKind::Passwords,
                ListFormat::Sha1 => InputKind::Sha1Lines { min_count: *min_count },
            };
            make(&Recipe { input: list, kind, bits: *bits, source, output: filter })?;
            Ok(ExitCode::SUCCESS)
        }
        Breach::Check { filter, info, json } => check(filter, *info, *json),
    }
}

fn make(recipe: &Recipe<'_>) -> anyhow::Result<()> {
    let mut bar = Bar::hidden();
    let mut stage = None;
    let report = build(recipe, &mut |progress| {
        if stage != Some(progress.stage) {
            stage = Some(progress.stage);
            bar.replace(match progress.stage {
                Stage::Counting => "counting",
                Stage::Gathering => "reading",
                Stage::Writing => "writing",
            });
        }
        bar.set(progress.done, progress.total);
    })?;
    bar.finish();
    let filter = BreachFilter::open(recipe.output)?;
    say(format_args!(
        "{}: {} entries of {} lines ({} left out), {} bytes, {:.1} bits an entry; about one password in {:.0} is \
         refused though it is not on the list",
        recipe.output.display(),
        report.entries,
        report.lines,
        report.left_out,
        report.octets,
        report.octets as f64 * 8.0 / report.entries.max(1) as f64,
        1.0 / filter.false_positive_rate(),
    ));
    say(format_args!("set passwords.breach_filter = \"{}\"", recipe.output.display()));
    Ok(())
}

fn check(path: &Path, info: bool, as_json: bool) -> anyhow::Result<ExitCode> {
    let filter = BreachFilter::open(path)?;
    if info && as_json {
        say(json!({
            "entries": filter.entries(),
            "false_positive_rate": filter.false_positive_rate(),
            "source": filter.source(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    if info {
        say(format_args!(
            "{}: {} entries, one false in {:.0}, made of {}",
            path.display(),
            filter.entries(),
            1.0 / filter.false_positive_rate(),
            if filter.source().is_empty() { "an unnamed list" } else { filter.source() },
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let password = Password::parse(&read_password()?)?;
    let listed = filter.contains(password.as_bytes()).context("the filter cannot be asked")?;
    if as_json {
        say(json!({ "listed": listed }));
        return Ok(if listed { ExitCode::from(3) } else { ExitCode::SUCCESS });
    }
    say(if listed { "it is in the filter" } else { "it is not in the filter" });
    std::io::stdout().flush()?;
    Ok(if listed { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
