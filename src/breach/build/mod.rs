//! From a list to a filter.
//!
//! Lines of hashes in rising order, as the public lists come, are read twice: once to count them, once to write. That
//! takes the same few hundred KiB of memory for any length. Everything else is read once into a table of 8 octets an
//! entry (up to three times as much for a moment while it grows) and sorted there. Both ways write the same octets.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | [`build`]: count or gather, then write |
//! | `input` | lines, and what a line gives |
//! | `writer` | blocks, index and header |
//! | `partial` | the file until it has its name |
//! | `recipe` | [`Recipe`], [`Progress`], [`BuildReport`] |
//! | `fault` | [`BuildFault`] |

mod fault;
mod input;
mod partial;
mod recipe;
mod writer;

use std::ops::ControlFlow;

pub use fault::BuildFault;
pub use recipe::{BuildReport, InputKind, Progress, Recipe, Stage};

use super::layout::{MOST_ENTRIES, Shape};
use input::{Pass, Tally};
use partial::Partial;
use writer::Writer;

/// Steps between two reports of the progress.
const REPORT_EVERY: u64 = 1 << 16;

/// Writes the filter that `recipe` describes. The output appears under its name complete or not at all: it is written
/// beside it, as `OUTPUT.partial`, flushed to the disk and renamed. Entries that occur more than once count once.
///
/// `progress` is called at the end of each stage and every so often in between.
///
/// # Errors
///
/// [`BuildFault`], which names the file and the line, and never quotes one. Then the output is as it was before.
pub fn build(recipe: &Recipe<'_>, progress: &mut dyn FnMut(Progress)) -> Result<BuildReport, BuildFault> {
    recipe.check()?;
    // First of all, so that an output that cannot be written is known before a list of hours is read.
    let partial = Partial::create(recipe.output)?;
    let sorted = match recipe.kind {
        InputKind::Passwords => None,
        InputKind::Sha1Lines { .. } => count(recipe, progress)?,
    };
    let (entries, tally, octets) = match sorted {
        Some(entries) => {
            let mut writer = Writer::new(&partial, recipe, shape(recipe, entries)?);
            let tally = Pass { recipe, stage: Stage::Writing }.run(progress, &mut |fingerprint| {
                writer.push(fingerprint)?;
                Ok(ControlFlow::Continue(()))
            })?;
            (entries, tally, writer.finish()?)
        }
        None => {
            let (table, tally) = gather(recipe, progress)?;
            let entries = table.len() as u64;
            let mut writer = Writer::new(&partial, recipe, shape(recipe, entries)?);
            for (done, &fingerprint) in (1..).zip(&table) {
                writer.push(fingerprint)?;
                if done % REPORT_EVERY == 0 || done == entries {
                    progress(Progress { stage: Stage::Writing, done, total: entries });
                }
            }
            (entries, tally, writer.finish()?)
        }
    };
    partial.commit(recipe.output)?;
    let Tally { lines, left_out } = tally;
    Ok(BuildReport { lines, left_out, entries, octets, streamed: sorted.is_some() })
}

fn shape(recipe: &Recipe<'_>, entries: u64) -> Result<Shape, BuildFault> {
    if entries > MOST_ENTRIES {
        return Err(BuildFault::TooMany { path: recipe.input.to_owned() });
    }
    Ok(Shape { bits: recipe.bits, entries })
}

/// How many different fingerprints there are, or `None` as soon as one is less than the one before.
fn count(recipe: &Recipe<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Option<u64>, BuildFault> {
    let (mut entries, mut last, mut sorted) = (0, None, true);
    Pass { recipe, stage: Stage::Counting }.run(progress, &mut |fingerprint| {
        if last.is_some_and(|last| fingerprint < last) {
            sorted = false;
            return Ok(ControlFlow::Break(()));
        }
        if last.replace(fingerprint) != Some(fingerprint) {
            entries += 1;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(sorted.then_some(entries))
}

/// All fingerprints in order, each once.
fn gather(recipe: &Recipe<'_>, progress: &mut dyn FnMut(Progress)) -> Result<(Vec<u64>, Tally), BuildFault> {
    let mut table = Vec::new();
    let tally = Pass { recipe, stage: Stage::Gathering }.run(progress, &mut |fingerprint| {
        table.push(fingerprint);
        Ok(ControlFlow::Continue(()))
    })?;
    table.sort_unstable();
    table.dedup();
    Ok((table, tally))
}
