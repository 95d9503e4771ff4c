//! The file, octet by octet. Numbers in the header and the index are little-endian.
//!
//! ```text
//! header   0  magic "GHBREACH"            16  entries, u64
//!          8  version, u16                24  blocks, u64
//!         10  bits, u16                   32  octets of the body, u64
//!         12  octets of the source, u32   40  SHA-256 of octets 0 to 39, the source and the index
//!         72  source, UTF-8
//! index    blocks + 1 entries of u64: where the block begins in the body (the upper 40 bits) and its check (the
//!          lower 24); the last one holds the length of the body and no check
//! body     the blocks, each a whole number of octets: see `rice`
//! ```
//!
//! The fingerprints are scaled from 0 ‥ 2^64 to 0 ‥ entries · 2^bits, which keeps their order and leaves gaps of 2^bits
//! on average. A block holds what falls into 2^8 · 2^bits consecutive values: about 256 entries. So a password belongs
//! into one block, and the place of that block into one pair of the index.

use std::io;
use std::ops::RangeInclusive;

use aws_lc_rs::digest::{Context, SHA256};

/// The bits a filter may have; a stranger is taken for an entry about once in 2^bits.
pub const BITS: RangeInclusive<u8> = 8..=32;
/// What a list of the world's size deserves: one in a million, at 22 bits an entry.
pub const DEFAULT_BITS: u8 = 20;
/// The most octets of the text that says what a filter was made of.
pub const LONGEST_SOURCE: usize = 256;
/// The most entries of a filter: with more, 64 bits of a hash would tell too few of them apart.
pub const MOST_ENTRIES: u64 = u32::MAX as u64;

pub(super) const MAGIC: [u8; 8] = *b"GHBREACH";
pub(super) const VERSION: u16 = 1;
pub(super) const FIXED_OCTETS: usize = 72;
pub(super) const INDEX_ENTRY: u64 = 8;
/// More than twice what the fullest block of a list of hashes needs at 32 bits, and all that a question ever reads of the body.
pub(super) const LONGEST_BLOCK: usize = 4_096;
/// Where the digest begins: what is before it is part of what it covers.
pub(super) const DIGEST_AT: usize = 40;

/// The binary logarithm of the entries in an average block.
const BLOCK_BITS: u32 = 8;
const CHECK_BITS: u32 = 24;

/// How a set is spread over its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Within [`BITS`].
    pub(super) bits: u8,
    /// At most [`MOST_ENTRIES`].
    pub(super) entries: u64,
}

impl Shape {
    pub(super) fn blocks(self) -> u64 {
        self.entries.div_ceil(1 << BLOCK_BITS)
    }

    /// The block of `fingerprint`, and its value in there.
    pub(super) fn place(self, fingerprint: u64) -> (u64, u64) {
        let range = self.entries << self.bits;
        // The upper half of the product: below `range`, so it fits.
        let value = ((u128::from(fingerprint) * u128::from(range)) >> 64) as u64;
        let block = u32::from(self.bits) + BLOCK_BITS;
        (value >> block, value & ((1 << block) - 1))
    }

    /// The low bits of a gap that are written as they are. One less than the average gap has is the best whole number:
    /// 1.54 bits above `bits` an entry, where the average itself gives 1.58.
    pub(super) fn rice(self) -> u32 {
        u32::from(self.bits) - 1
    }
}

/// Everything before the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) shape: Shape,
    /// At most [`LONGEST_SOURCE`] octets, no control characters.
    pub(super) source: String,
    /// Octets of all blocks.
    pub(super) body: u64,
}

impl Header {
    pub(super) fn index_at(&self) -> u64 {
        (FIXED_OCTETS + self.source.len()) as u64
    }

    pub(super) fn body_at(&self) -> u64 {
        self.index_at() + (self.shape.blocks() + 1) * INDEX_ENTRY
    }

    pub(super) fn file_octets(&self) -> u64 {
        self.body_at() + self.body
    }

    /// The octets up to the digest.
    fn beginning(&self) -> [u8; DIGEST_AT] {
        let mut octets = [0; DIGEST_AT];
        octets[..8].copy_from_slice(&MAGIC);
        octets[8..10].copy_from_slice(&VERSION.to_le_bytes());
        octets[10..12].copy_from_slice(&u16::from(self.shape.bits).to_le_bytes());
        octets[12..16].copy_from_slice(&(self.source.len() as u32).to_le_bytes());
        octets[16..24].copy_from_slice(&self.shape.entries.to_le_bytes());
        octets[24..32].copy_from_slice(&self.shape.blocks().to_le_bytes());
        octets[32..40].copy_from_slice(&self.body.to_le_bytes());
        octets
    }

    /// The digest of the header and of the index, which `read_at` reads a piece at a time.
    pub(super) fn digest(&self, read_at: impl Fn(&mut [u8], u64) -> io::Result<()>) -> io::Result<[u8; 32]> {
        let mut context = Context::new(&SHA256);
        context.update(&self.beginning());
        context.update(self.source.as_bytes());
        let (mut at, end) = (self.index_at(), self.body_at());
        let mut piece = vec![0; 1 << 16];
        while at < end {
            let length = piece.len().min((end - at) as usize);
            read_at(&mut piece[..length], at)?;
            context.update(&piece[..length]);
            at += length as u64;
        }
        let mut octets = [0; 32];
        octets.copy_from_slice(context.finish().as_ref());
        Ok(octets)
    }

    /// The whole header, with the digest.
    pub(super) fn to_octets(&self, digest: [u8; 32]) -> Vec<u8> {
        [&self.beginning(), digest.as_slice(), self.source.as_bytes()].concat()
    }
}

/// One entry of the index. A body is far shorter than 2^40 octets: 2^32 entries of 35 bits.
pub(super) fn index_entry(begins: u64, check: u32) -> [u8; 8] {
    ((begins << CHECK_BITS) | u64::from(check)).to_le_bytes()
}

/// Where the block begins, and its check.
pub(super) fn read_index_entry(octets: [u8; 8]) -> (u64, u32) {
    let entry = u64::from_le_bytes(octets);
    (entry >> CHECK_BITS, (entry & ((1 << CHECK_BITS) - 1)) as u32)
}

/// 24 bits of the SHA-256 of a block and its number: finds damage, and a block in the place of another.
pub(super) fn check_of(block: u64, octets: &[u8]) -> u32 {
    let mut context = Context::new(&SHA256);
    context.update(&block.to_le_bytes());
    context.update(octets);
    let digest = context.finish();
    digest.as_ref().iter().take(3).fold(0, |check, &octet| (check << 8) | u32::from(octet))
}
