//! One reading of the list: lines of bounded length, and the fingerprints that each of them gives.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::str;

use secrecy::SecretString;

use super::super::fingerprint;
use super::REPORT_EVERY;
use super::fault::BuildFault;
use super::recipe::{InputKind, Progress, Recipe, Stage};
use crate::domain::password::{LONGEST, Password};

/// What a reading found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) lines: u64,
    pub(super) left_out: u64,
}

/// A reading to be done.
pub(super) struct Pass<'a> {
    pub(super) recipe: &'a Recipe<'a>,
    pub(super) stage: Stage,
}

/// Gets one fingerprint after another, and may end the reading.
pub(super) type Each<'a> = &'a mut dyn FnMut(u64) -> Result<ControlFlow<()>, BuildFault>;

impl Pass<'_> {
    /// Gives `each` every fingerprint of the list, in its order and as often as it is there.
    pub(super) fn run(
        &self,
        progress: &mut dyn FnMut(Progress),
        each: Each<'_>,
    ) -> Result<Tally, BuildFault> {
        let path = self.recipe.input;
        let unreadable = |source| BuildFault::Input { path: path.to_owned(), source };
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(BuildFault::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(unreadable)?;
        let total = file.metadata().map_err(unreadable)?.len();
        let mut lines = Lines::new(BufReader::with_capacity(1 << 17, file));
        let mut tally = Tally::default();
        while let Some(line) = lines.next().map_err(unreadable)? {
            tally.lines += 1;
            let found = match self.recipe.kind {
                InputKind::Passwords => of_password(line),
                InputKind::Sha1Lines { min_count } => [
                    of_hash(line, min_count).map_err(|what| BuildFault::Line {
                        path: path.to_owned(),
                        line: tally.lines,
                        what,
                    })?,
                    None,
                ],
            };
            tally.left_out += u64::from(found == [None; 2]);
            for fingerprint in found.into_iter().flatten() {
                if each(fingerprint)?.is_break() {
                    return Ok(tally);
                }
            }
            if tally.lines.is_multiple_of(REPORT_EVERY) {
                progress(Progress { stage: self.stage, done: lines.consumed, total });
            }
        }
        progress(Progress { stage: self.stage, done: lines.consumed, total });
        Ok(tally)
    }
}

/// The fingerprint of the line, and that of its normal form if that is another.
fn of_password(line: &[u8]) -> [Option<u64>; 2] {
    if line.is_empty() || line.len() > LONGEST {
        return [None; 2];
    }
    // ASCII is normal already, and most of any list.
    let text = str::from_utf8(line).ok().filter(|text| !text.is_ascii());
    let normal = text.and_then(|text| Password::parse(&SecretString::from(text)).ok());
    let normal = normal.filter(|normal| normal.as_bytes() != line);
    [Some(fingerprint(line)), normal.map(|normal| fingerprint(normal.as_bytes()))]
}

/// The fingerprint of a line of hashes; `None` if it was seen less than `min_count` times.
fn of_hash(line: &[u8], min_count: u64) -> Result<Option<u64>, &'static str> {
    const NOT_A_HASH: &str = "is not a SHA-1 in 40 hexadecimal digits with or without \":COUNT\" behind it; give a list \
                              of SHA-1 hashes, or say that it is one of passwords";
    let (digits, count) = line.split_at_checked(40).ok_or(NOT_A_HASH)?;
    let mut fingerprint = 0;
    for (at, &digit) in digits.iter().enumerate() {
        let value = char::from(digit).to_digit(16).ok_or(NOT_A_HASH)?;
        // The rest has to be a hash too, but is not kept.
        if at < 16 {
            fingerprint = (fingerprint << 4) | u64::from(value);
        }
    }
    let seen = match count.split_first() {
        None if min_count > 1 => return Err("has no count; a least count needs one on each line"),
        None => return Ok(Some(fingerprint)),
        Some((b':', count)) if !count.is_empty() && count.iter().all(u8::is_ascii_digit) => {
            // More than a u64 holds is enough for any least count.
            count
                .iter()
                .fold(0_u64, |seen, digit| seen.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
        }
        Some(_) => return Err(NOT_A_HASH),
    };
    Ok((seen >= min_count).then_some(fingerprint))
}

/// Lines without their ends, of which no more than is needed to see that they are too long is ever in memory.
struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    /// Octets read so far.
    consumed: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), consumed: 0 }
    }

    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        // With CR and LF.
        const MOST: u64 = LONGEST as u64 + 2;
        self.line.clear();
        let read = (&mut self.reader).take(MOST).read_until(b'\n', &mut self.line)? as u64;
        self.consumed += read;
        if read == 0 {
            return Ok(None);
        }
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            self.line.pop_if(|last| *last == b'\r');
        } else if read == MOST {
            self.consumed += self.reader.skip_until(b'\n')? as u64;
        } else {
            // The last line may lack its LF and still have its CR.
            self.line.pop_if(|last| *last == b'\r');
        }
        Ok(Some(&self.line))
    }
}
