//! A filter that is open: checked once as far as that is cheap, and block by block when it is asked.

use std::io;
use std::path::Path;

use super::fault::FilterFault;
use super::fingerprint;
use super::layout::{
    BITS, DIGEST_AT, FIXED_OCTETS, Header, INDEX_ENTRY, LONGEST_BLOCK, LONGEST_SOURCE, MAGIC, MOST_ENTRIES,
    Shape, VERSION, check_of, read_index_entry,
};
use super::rice::{PADDING, holds};
use super::storage::Storage;

/// A set of passwords that can be asked and not be listed. It has no false negatives.
///
/// An open filter stays what it was when its file is replaced by renaming another over it; open it again to see the
/// new one. A file that is overwritten in place gives errors, and no wrong answers but by a chance of 2^-24.
#[derive(Debug)]
pub struct BreachFilter {
    storage: Storage,
    header: Header,
}

impl BreachFilter {
    /// Opens the filter at `path`: checks its magic, version and length, and the digest of header and index, which
    /// reads 8 octets for 256 entries (32 MB of a filter of a billion). The body is checked as it is asked.
    ///
    /// # Errors
    ///
    /// [`FilterFault`], which names the file.
    pub fn open(path: &Path) -> Result<Self, FilterFault> {
        Self::check(Storage::open(path)?)
    }

    /// The filter that is `octets`, checked as [`open`](Self::open) does.
    ///
    /// # Errors
    ///
    /// [`FilterFault`]
    pub fn embedded(octets: &'static [u8]) -> Result<Self, FilterFault> {
        Self::check(Storage::Embedded(octets))
    }

    /// Whether the octets of `password` are on the list, as far as the filter can tell: `true` for each that is, and
    /// for one stranger in 2^bits. Ask with the normalised password (`domain::password::Password::as_bytes`).
    ///
    /// Two reads by position, of 16 octets and of about 700 at 20 bits (4 KiB at most), and no lock. They wait for the
    /// disk unless the system has the pages in its cache.
    ///
    /// # Errors
    ///
    /// That of the system, or [`io::ErrorKind::InvalidData`] for damage; the [`FilterFault`] inside names the file.
    pub fn contains(&self, password: &[u8]) -> io::Result<bool> {
        Ok(self.holds(fingerprint(password))?)
    }

    /// How many different fingerprints the list had.
    pub fn entries(&self) -> u64 {
        self.header.shape.entries
    }

    /// The share of strangers that are taken for entries: 2^-bits, or 0 for an empty filter.
    pub fn false_positive_rate(&self) -> f64 {
        if self.entries() == 0 { 0.0 } else { (-f64::from(self.header.shape.bits)).exp2() }
    }

    /// What the filter was made of, in the words of who built it: at most [`LONGEST_SOURCE`] octets on one line.
    pub fn source(&self) -> &str {
        &self.header.source
    }

    fn check(storage: Storage) -> Result<Self, FilterFault> {
        let damaged = |what| FilterFault::Damaged { file: storage.name(), what };
        let unreadable = |source| FilterFault::of_reading(storage.name(), source);
        let length = storage.octets().map_err(unreadable)?;
        let mut fixed = [0; FIXED_OCTETS];
        // As much as there is: a short file with the right beginning is damaged, not foreign.
        let present = FIXED_OCTETS.min(usize::try_from(length).unwrap_or(FIXED_OCTETS));
        storage.read_at(&mut fixed[..present], 0).map_err(unreadable)?;
        if present < MAGIC.len() || fixed[..8] != MAGIC {
            return Err(FilterFault::NotAFilter { file: storage.name() });
        }
        if present < FIXED_OCTETS {
            return Err(damaged("it ends too early"));
        }
        let number = |at, octets| little_endian(&fixed[at..at + octets]);
        let version = u16::from_le_bytes([fixed[8], fixed[9]]);
        if version != VERSION {
            return Err(FilterFault::Version { file: storage.name(), found: version });
        }
        let wrong_header = || damaged("its header is not one that we write");
        let bits = u8::try_from(number(10, 2)).ok().filter(|bits| BITS.contains(bits));
        let shape = Shape { bits: bits.ok_or_else(wrong_header)?, entries: number(16, 8) };
        let (source, body) = (number(12, 4), number(32, 8));
        // Bounded before anything is computed from them, or read.
        if shape.entries > MOST_ENTRIES
            || number(24, 8) != shape.blocks()
            || source > LONGEST_SOURCE as u64
            || body > length
        {
            return Err(wrong_header());
        }
        let mut text = vec![0; source as usize];
        storage.read_at(&mut text, FIXED_OCTETS as u64).map_err(unreadable)?;
        let source = String::from_utf8(text).map_err(|_| wrong_header())?;
        let header = Header { shape, source, body };
        if header.file_octets() != length {
            return Err(damaged("its length is not the one in its header"));
        }
        let digest = header.digest(|buffer, at| storage.read_at(buffer, at)).map_err(unreadable)?;
        if digest != fixed[DIGEST_AT..] {
            return Err(damaged("its header and index do not match their digest"));
        }
        if header.source.chars().any(char::is_control) {
            return Err(wrong_header());
        }
        Ok(Self { storage, header })
    }

    /// As [`contains`](Self::contains), by fingerprint.
    pub(super) fn holds(&self, fingerprint: u64) -> Result<bool, FilterFault> {
        let Header { shape, body, .. } = self.header;
        if shape.entries == 0 {
            return Ok(false);
        }
        let (block, wanted) = shape.place(fingerprint);
        // The index was checked at the start, but it is read again now: nothing in it is believed.
        let mut pair = [0; 2 * INDEX_ENTRY as usize];
        self.read_at(&mut pair, self.header.index_at() + block * INDEX_ENTRY)?;
        let [mut first, mut second] = [[0; 8]; 2];
        first.copy_from_slice(&pair[..8]);
        second.copy_from_slice(&pair[8..]);
        let ((begins, check), (ends, _)) = (read_index_entry(first), read_index_entry(second));
        let length =
            ends.checked_sub(begins).filter(|length| *length <= LONGEST_BLOCK as u64 && ends <= body);
        let length = length.ok_or_else(|| self.damaged("its index points outside of the body"))? as usize;
        let mut octets = [0; LONGEST_BLOCK + PADDING];
        self.read_at(&mut octets[..length], self.header.body_at() + begins)?;
        if check_of(block, &octets[..length]) != check {
            return Err(self.damaged("a block does not match its check"));
        }
        holds(&octets, length, shape.rice(), wanted)
            .map_err(|_| self.damaged("a block ends in the middle of a code"))
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<(), FilterFault> {
        let read = self.storage.read_at(buffer, at);
        read.map_err(|source| FilterFault::of_reading(self.storage.name(), source))
    }

    fn damaged(&self, what: &'static str) -> FilterFault {
        FilterFault::Damaged { file: self.storage.name(), what }
    }
}

/// At most eight octets.
fn little_endian(octets: &[u8]) -> u64 {
    octets.iter().rev().fold(0, |number, octet| (number << 8) | u64::from(*octet))
}
