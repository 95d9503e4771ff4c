//! Reading a back-up. Each frame was proved to be what was written before anybody sees it; that all of them came is known
//! only with the last one.

use std::io::BufRead;

use super::header;
use super::stream::Opening;
use super::{ArchiveFault, Beginning, FORMAT, Passphrase, kind};
use crate::copy::{Row, Summary, row};

/// The longest frame: more than any row may take.
const LONGEST: u32 = 1 << 20;

/// A back-up that is being read.
pub struct Reader<R> {
    from: Opening<R>,
    /// What it said at its beginning.
    pub beginning: Beginning,
    frame: Vec<u8>,
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub enum Frame {
    /// A row of the table at this place of the beginning's list.
    Row(usize, Row),
    /// What all of it was. Nothing comes behind it.
    End(Summary),
}

impl<R: BufRead> Reader<R> {
    /// Opens a back-up.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault`]
    pub fn open(mut from: R, passphrase: &Passphrase) -> Result<Self, ArchiveFault> {
        let key = header::read(&mut from, passphrase)?;
        let mut from = Opening::new(from, &key)?;
        let mut frame = Vec::new();
        if receive(&mut from, &mut frame)? != kind::BEGIN {
            return Err(ArchiveFault::Content("it does not begin as one"));
        }
        let beginning = serde_json::from_slice::<Beginning>(&frame);
        let beginning = beginning.ok().filter(|beginning| beginning.format == FORMAT);
        let beginning =
            beginning.ok_or(ArchiveFault::Content("it was made by another program or version"))?;
        Ok(Self { from, beginning, frame })
    }

    /// The next frame.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::Altered`], [`ArchiveFault::Content`]
    pub fn frame(&mut self) -> Result<Frame, ArchiveFault> {
        match receive(&mut self.from, &mut self.frame)? {
            kind::ROW => {
                let (&place, encoded) =
                    self.frame.split_first().ok_or(ArchiveFault::Content("a row of no table"))?;
                let table = self.beginning.tables.get(usize::from(place));
                let table = table.ok_or(ArchiveFault::Content("a row of no table"))?;
                let row = row::decode(encoded, table.columns.len());
                Ok(Frame::Row(place.into(), row.map_err(|_| ArchiveFault::Content("a row is unreadable"))?))
            }
            kind::END => {
                let summary = serde_json::from_slice(&self.frame);
                let summary = summary.map_err(|_| ArchiveFault::Content("its end is unreadable"))?;
                match self.from.fill(&mut [0])? {
                    0 => Ok(Frame::End(summary)),
                    _ => Err(ArchiveFault::Content("something comes behind its end")),
                }
            }
            _ => Err(ArchiveFault::Content("it has a frame of no known kind")),
        }
    }
}

/// Reads one frame's content into `frame`; its kind.
fn receive(from: &mut Opening<impl BufRead>, frame: &mut Vec<u8>) -> Result<u8, ArchiveFault> {
    let mut head = [0; 5];
    exactly(from, &mut head)?;
    let [kind, length @ ..] = head;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(ArchiveFault::Content("a frame is too long"));
    }
    frame.resize(length as usize, 0);
    exactly(from, frame)?;
    Ok(kind)
}

fn exactly(from: &mut Opening<impl BufRead>, buffer: &mut [u8]) -> Result<(), ArchiveFault> {
    let filled = from.fill(buffer)?;
    if filled == buffer.len() { Ok(()) } else { Err(ArchiveFault::Altered(from.proved())) }
}
