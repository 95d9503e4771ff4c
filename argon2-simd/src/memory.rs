//! The memory that is filled, kept from one hash to the next: fresh pages would cost more than the hash itself.

use std::fmt;

use zeroize::Zeroize;

use crate::block::{Block, WORDS};

/// A huge page where they have their usual size, in words.
const HUGE_PAGE: usize = (2 << 20) / 8;

/// A line of the cache, in words.
const LINE: usize = 64 / 8;

/// Blocks to hash in. Nothing is taken before the first hash; then as much as the dearest asked for, until
/// [`Memory::shrink_to`].
///
/// Between two hashes the blocks keep what the last one left there: wiping them would cost each hash a tenth of its
/// time, and the next hash overwrites them. They are wiped before they are given back.
#[derive(Default)]
pub struct Memory {
    /// The blocks, and before them what it takes for them to begin on a huge page.
    words: Vec<u64>,
    start: usize,
    blocks: usize,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} KiB)", self.kib())
    }
}

impl Memory {
    /// What it takes, in KiB.
    pub fn kib(&self) -> usize {
        self.blocks
    }

    /// Gives back what is more than `kib`.
    pub fn shrink_to(&mut self, kib: usize) {
        if self.blocks > kib {
            *self = Self::default();
            *self = Self::of(kib);
        }
    }

    /// The first `count` blocks, with whatever is in them.
    pub(crate) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks < count {
            // The old first, so that there are never two.
            *self = Self::default();
            *self = Self::of(count);
        }
        self.words[self.start..][..count * WORDS].as_chunks_mut().0
    }

    pub(crate) fn wipe(&mut self) {
        self.words[self.start..][..self.blocks * WORDS].zeroize();
    }

    fn of(blocks: usize) -> Self {
        let needed = blocks * WORDS;
        // Less than two huge pages may hold no whole one.
        let alignment = if needed >= 2 * HUGE_PAGE { HUGE_PAGE } else { LINE };
        // The system zeroes pages when they are first touched, so what alignment leaves over is never resident.
        let mut words = vec![0_u64; needed + alignment];
        let start = words.as_ptr().align_offset(alignment * size_of::<u64>()).min(alignment);
        if alignment == HUGE_PAGE {
            advise_huge_pages(&mut words[start..][..needed]);
        }
        Self { words, start, blocks }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(target_os = "linux")]
fn advise_huge_pages(words: &mut [u64]) {
    use rustix::mm::{Advice, madvise};

    #[expect(unsafe_code, reason = "there is no safe way to ask for huge pages")]
    // SAFETY: the range is that of one exclusive borrow, and this advice changes no content of it, only the size of
    // the pages that are to hold it.
    let advised = unsafe { madvise(words.as_mut_ptr().cast(), size_of_val(words), Advice::LinuxHugepage) };
    // A system that has none hashes on ordinary pages, only slower.
    let _ = advised;
}

#[cfg(not(target_os = "linux"))]
fn advise_huge_pages(_: &mut [u64]) {}
