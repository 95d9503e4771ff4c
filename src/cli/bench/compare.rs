//! `guardhouse bench compare`: whether one result is better than another, or only looks so.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::write;
use crate::bench::compare::{Comparisons, Terms, Verdict};
use crate::bench::report::comparison_page;
use crate::bench::result::Results;
use crate::cli::{complain, say, whole};

/// The largest file that is read: some hundred cells of a matrix.
const LARGEST: u64 = 256 << 20;
const NO_RESULTS: u8 = 2;
const CANNOT_SAY: u8 = 4;

#[derive(Args)]
pub(in crate::cli) struct Compare {
    /// The result before.
    a: PathBuf,
    /// The result after.
    b: PathBuf,
    /// The least change that matters, in per cent.
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0, value_parser = percent)]
    minimum_effect: f64,
    /// With which probability no verdict is wrong by chance, in per cent.
    #[arg(long, value_name = "PERCENT", default_value_t = 95.0, value_parser = percent)]
    confidence: f64,
    /// Writes the comparison as a page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The comparison as JSON.
    #[arg(long)]
    json: bool,
}

/// Exit codes: 0 no worse, 1 something is worse, 2 no results to compare, 4 cannot say.
pub(super) fn run(command: &Compare) -> ExitCode {
    match compare(command) {
        Ok(code) => code,
        // Not 1, which says that something is worse.
        Err(fault) => {
            complain(whole(&fault));
            ExitCode::from(NO_RESULTS)
        }
    }
}

fn compare(command: &Compare) -> anyhow::Result<ExitCode> {
    let (a, b) = (read(&command.a)?, read(&command.b)?);
    let terms = Terms {
        confidence: command.confidence / 100.0,
        minimum_effect: command.minimum_effect / 100.0,
        ..Terms::default()
    };
    let comparisons = Comparisons::of(&a, &b, terms)?;
    let names = [&command.a, &command.b].map(|path| path.display().to_string());
    write(command.html.as_deref(), || comparison_page([&names[0], &names[1]], &a, &b, &comparisons))?;
    if command.json {
        say(comparisons.to_json());
    } else {
        say(comparisons.to_string().trim_end());
    }
    Ok(code(&comparisons))
}

fn code(comparisons: &Comparisons) -> ExitCode {
    // What is missing on one side may have been what could not be measured any more.
    let is_whole = comparisons.only_in_a.is_empty() && comparisons.only_in_b.is_empty();
    match () {
        () if comparisons.pairs.is_empty() || !comparisons.are_comparable() => ExitCode::from(CANNOT_SAY),
        () if comparisons.has(Verdict::Worse) => ExitCode::FAILURE,
        () if comparisons.has(Verdict::TooNoisyToSay) || !is_whole => ExitCode::from(CANNOT_SAY),
        () => ExitCode::SUCCESS,
    }
}

fn read(path: &Path) -> anyhow::Result<Results> {
    let name = || path.display().to_string();
    let length = std::fs::metadata(path).map_err(|fault| anyhow::anyhow!("{}: {fault}", name()))?.len();
    anyhow::ensure!(length <= LARGEST, "{}: too large for a result", name());
    let text = std::fs::read_to_string(path).map_err(|fault| anyhow::anyhow!("{}: {fault}", name()))?;
    Results::read(&text).map_err(|fault| anyhow::anyhow!("{}: {fault}", name()))
}

fn percent(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if percent > 0.0 && percent < 100.0 { Ok(percent) } else { Err("between 0 and 100".into()) }
}
