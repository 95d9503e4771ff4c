//! Lays a filter down from fingerprints in order: body and index side by side, each through a buffer of its own, and at
//! last the header. Nothing of it grows with the number of entries.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::super::layout::{Header, LONGEST_BLOCK, Shape, check_of, index_entry};
use super::super::rice::Encoder;
use super::fault::BuildFault;
use super::partial::Partial;
use super::recipe::Recipe;

pub(super) struct Writer<'a> {
    partial: &'a Partial,
    recipe: &'a Recipe<'a>,
    header: Header,
    encoder: Encoder,
    /// The block that is being filled.
    block: u64,
    last: Option<u64>,
    written: u64,
    index: Lane<'a>,
    body: Lane<'a>,
}

impl<'a> Writer<'a> {
    /// `shape` says how many different fingerprints there will be: their places follow from it.
    pub(super) fn new(partial: &'a Partial, recipe: &'a Recipe<'a>, shape: Shape) -> Self {
        let header = Header { shape, source: recipe.source.to_owned(), body: 0 };
        Self {
            partial,
            recipe,
            encoder: Encoder::new(shape.rice()),
            block: 0,
            last: None,
            written: 0,
            index: Lane::new(partial.file(), header.index_at()),
            body: Lane::new(partial.file(), header.body_at()),
            header,
        }
    }

    /// Adds a fingerprint that is not less than the one before; the same one again adds nothing.
    pub(super) fn push(&mut self, fingerprint: u64) -> Result<(), BuildFault> {
        if self.last == Some(fingerprint) {
            return Ok(());
        }
        if self.last.is_some_and(|last| fingerprint < last) {
            return Err(BuildFault::Changed { path: self.recipe.input.to_owned() });
        }
        self.last = Some(fingerprint);
        self.written += 1;
        let (block, value) = self.header.shape.place(fingerprint);
        while self.block < block {
            self.end_block()?;
        }
        self.encoder.push(value);
        // At once, or the block would grow in memory; and the bits that fill its last octet still have to fit.
        if self.encoder.octets() >= LONGEST_BLOCK {
            return Err(BuildFault::Uneven { path: self.recipe.input.to_owned() });
        }
        Ok(())
    }

    /// Writes what is left, and the octets of the whole file.
    pub(super) fn finish(mut self) -> Result<u64, BuildFault> {
        if self.written != self.header.shape.entries {
            return Err(BuildFault::Changed { path: self.recipe.input.to_owned() });
        }
        while self.block < self.header.shape.blocks() {
            self.end_block()?;
        }
        self.header.body = self.body.written;
        self.seal().map_err(|source| self.partial.fault(source))?;
        Ok(self.header.file_octets())
    }

    fn seal(&mut self) -> io::Result<()> {
        self.index.write(&index_entry(self.body.written, 0))?;
        self.index.flush()?;
        self.body.flush()?;
        // The index is read back, since it is too long to be kept.
        let file = self.partial.file();
        let digest = self.header.digest(|buffer, at| file.read_exact_at(buffer, at))?;
        file.write_all_at(&self.header.to_octets(digest), 0)
    }

    fn end_block(&mut self) -> Result<(), BuildFault> {
        let Self { encoder, index, body, block, .. } = self;
        let written = encoder.finish(|octets| {
            index.write(&index_entry(body.written, check_of(*block, octets)))?;
            body.write(octets)
        });
        self.block += 1;
        written.map_err(|source| self.partial.fault(source))
    }
}

/// A part of the file that is written from its beginning to its end.
struct Lane<'a> {
    file: &'a File,
    begins: u64,
    /// Octets so far, those in the buffer included.
    written: u64,
    buffer: Vec<u8>,
}

impl<'a> Lane<'a> {
    const BUFFER: usize = 1 << 17;

    fn new(file: &'a File, begins: u64) -> Self {
        Self { file, begins, written: 0, buffer: Vec::new() }
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(octets);
        self.written += octets.len() as u64;
        if self.buffer.len() < Self::BUFFER { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        let at = self.begins + self.written - self.buffer.len() as u64;
        self.file.write_all_at(&self.buffer, at)?;
        self.buffer.clear();
        Ok(())
    }
}
