//! The content of an `age` file: pieces of 64 KiB, each sealed under its number and whether it is the last (STREAM, Hoang,
//! Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015). So a
//! piece that was altered, left out or moved is noticed when it is read, and an end that is missing, too.

use std::io::{BufRead, Read, Write};

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use zeroize::Zeroize;

use super::ArchiveFault;
use super::header::{FileKey, cipher};
use crate::domain::entropy::{Entropy, bytes};

const PIECE: usize = 64 * 1_024;
const TAG: usize = 16;
const NONCE: usize = 16;
const PURPOSE: &str = "payload";

/// Numbers the pieces.
struct Pieces {
    cipher: LessSafeKey,
    next: u64,
}

impl Pieces {
    fn new(key: &FileKey, nonce: &[u8; NONCE]) -> Self {
        Self { cipher: cipher(&key.derive(nonce, PURPOSE)), next: 0 }
    }

    /// Eleven bytes of number, and one that says whether it is the last.
    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.next += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals what is written.
pub(super) struct Sealing<W> {
    to: W,
    pieces: Pieces,
    piece: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(mut to: W, key: &FileKey, entropy: &dyn Entropy) -> Result<Self, ArchiveFault> {
        let nonce = bytes(entropy);
        to.write_all(&nonce)?;
        Ok(Self { to, pieces: Pieces::new(key, &nonce), piece: Vec::with_capacity(PIECE + TAG) })
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), ArchiveFault> {
        while !bytes.is_empty() {
            // Only now is it known that the piece is not the last one.
            if self.piece.len() == PIECE {
                self.seal(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Seals the last piece. What was written until then is a whole file.
    pub(super) fn finish(mut self) -> Result<W, ArchiveFault> {
        self.seal(true)?;
        Ok(self.to)
    }

    fn seal(&mut self, is_last: bool) -> Result<(), ArchiveFault> {
        let nonce = self.pieces.nonce(is_last);
        let sealed = self.pieces.cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut self.piece);
        sealed.expect("64 KiB are not too many");
        self.to.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

/// Opens what is read, piece by piece.
pub(super) struct Opening<R> {
    from: R,
    pieces: Pieces,
    piece: Vec<u8>,
    /// How much of the piece was read.
    read: usize,
    was_last: bool,
    proved: u64,
}

impl<R: BufRead> Opening<R> {
    pub(super) fn new(mut from: R, key: &FileKey) -> Result<Self, ArchiveFault> {
        let mut nonce = [0; NONCE];
        from.read_exact(&mut nonce).map_err(|_| ArchiveFault::Altered(0))?;
        let pieces = Pieces::new(key, &nonce);
        Ok(Self { from, pieces, piece: Vec::new(), read: 0, was_last: false, proved: 0 })
    }

    /// Fills `buffer`, or says that the content ends before: with how much there was.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveFault> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.read == self.piece.len() && !self.open()? {
                break;
            }
            let many = (buffer.len() - filled).min(self.piece.len() - self.read);
            buffer[filled..filled + many].copy_from_slice(&self.piece[self.read..self.read + many]);
            (filled, self.read) = (filled + many, self.read + many);
        }
        Ok(filled)
    }

    /// How much was read and proved so far.
    pub(super) fn proved(&self) -> u64 {
        self.proved
    }

    /// The next piece; whether there was one.
    fn open(&mut self) -> Result<bool, ArchiveFault> {
        if self.was_last {
            return Ok(false);
        }
        self.piece.zeroize();
        self.read = 0;
        self.from.by_ref().take((PIECE + TAG) as u64).read_to_end(&mut self.piece)?;
        self.was_last = self.from.fill_buf()?.is_empty();
        let altered = ArchiveFault::Altered(self.proved);
        let first = self.pieces.next == 0;
        let nonce = self.pieces.nonce(self.was_last);
        let Ok(opened) = self.pieces.cipher.open_in_place(nonce, Aad::empty(), &mut self.piece) else {
            return Err(altered);
        };
        let length = opened.len();
        if length == 0 && !first {
            return Err(altered);
        }
        self.piece.truncate(length);
        self.proved += length as u64;
        Ok(true)
    }
}
