//! Frames that are rows of a table (RFC 4180). They are cut here and taken apart by the `csv` crate, which alone would
//! allocate a row of any length.

use std::io::BufRead;

use csv::{ReaderBuilder, StringRecord};

use super::bytes::Bytes;
use super::frame::{Broken, Frame, Held};

pub(super) struct Rows<R>(pub(super) Bytes<R>);

/// Where a byte stands; the same distinctions as the `csv` crate makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote in quotes: the end of them, or the first half of a quote that is meant.
    Quote,
}

impl At {
    fn behind(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::FieldStart | Self::Quote, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) => Self::Quoted,
            (_, b',') => Self::FieldStart,
            _ => Self::Plain,
        }
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<Frame, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, mut held, mut at) = (self.0.line(), Held::new(), At::FieldStart);
            let ended = loop {
                match self.0.take() {
                    Ok(Some(b'\n' | b'\r')) if at != At::Quoted => break false,
                    Ok(Some(byte)) => {
                        at = at.behind(byte);
                        held.push(byte);
                    }
                    Ok(None) if at == At::Quoted => {
                        let reason = "the file ends inside of quotes, which are opened in this row";
                        return Some(Err(Broken::new(line, reason)));
                    }
                    Ok(None) => break true,
                    Err(error) => return Some(Err(Broken::io(line, &error))),
                }
            };
            if !held.is_empty() {
                return Some(Ok(held.into_frame(line)));
            }
            if ended {
                return None;
            }
        }
    }
}

/// The cells of one row.
///
/// # Errors
///
/// Why there are none, as a reason.
pub(super) fn cells(row: &[u8]) -> Result<StringRecord, String> {
    let mut reader = ReaderBuilder::new().has_headers(false).buffer_capacity(row.len() + 1).from_reader(row);
    let mut cells = StringRecord::new();
    match reader.read_record(&mut cells) {
        Ok(true) => Ok(cells),
        Ok(false) => Err("is an empty row".into()),
        Err(_) => Err("is not text in UTF-8".into()),
    }
}
