//! Which block is made of which: the passes, slices and lanes of RFC 9106, section 3.4, and the result at their end.

use argon2::{Algorithm, Version};
use zeroize::Zeroize;

use crate::block::{Block, Mode, WORDS, ZERO};
use crate::{Recipe, blake};

/// Slices of a lane: blocks of other lanes are referenced only where their slice is finished.
const SLICES: usize = 4;

/// Where a segment lies, in blocks.
struct Segment {
    pass: usize,
    slice: usize,
    lane: usize,
    /// Lanes of the memory.
    lanes: usize,
    /// Blocks of a segment.
    length: usize,
}

impl Segment {
    fn lane_length(&self) -> usize {
        self.length * SLICES
    }

    /// The very first two blocks of a lane are not made of others.
    fn first(&self) -> usize {
        if (self.pass, self.slice) == (0, 0) { 2 } else { 0 }
    }

    /// The block that the `index`th of this segment refers to by the word `random` (section 3.4.2). Never the
    /// `index`th itself nor the one before it.
    fn reference(&self, index: usize, random: u64) -> usize {
        let lane = match (self.pass, self.slice) {
            (0, 0) => self.lane,
            _ => (random >> 32) as usize % self.lanes,
        };
        // What is finished: in the first pass the slices before this one, later the three others.
        let finished = if self.pass == 0 { self.slice * self.length } else { (SLICES - 1) * self.length };
        let window =
            if lane == self.lane { finished + index - 1 } else { finished - usize::from(index == 0) };
        // Not uniform: later blocks are referred to more often.
        let low = random & u64::from(u32::MAX);
        let back = (window as u64 * ((low * low) >> 32)) >> 32;
        let start = if self.pass == 0 { 0 } else { (self.slice + 1) % SLICES * self.length };
        let position = start + window - 1 - back as usize;
        lane * self.lane_length() + position % self.lane_length()
    }
}

/// The words that choose references where they must not depend on the password: a page of 128 at a time.
struct Addresses {
    input: Block,
    page: Block,
}

impl Addresses {
    fn new(recipe: &Recipe<'_>, segment: &Segment) -> Self {
        let mut input = ZERO;
        let [pass, lane, slice] = [segment.pass, segment.lane, segment.slice].map(|number| number as u64);
        let blocks = (segment.lane_length() * segment.lanes) as u64;
        let passes = u64::from(recipe.params.t_cost());
        input[..6].copy_from_slice(&[pass, lane, slice, blocks, passes, recipe.algorithm as u64]);
        Self { input, page: ZERO }
    }

    fn word(&mut self, index: usize, compress: &impl Fn(&mut Block, &Block, &Block, Mode)) -> u64 {
        let number = (index / WORDS) as u64 + 1;
        if self.input[6] != number {
            self.input[6] = number;
            let mut between = ZERO;
            compress(&mut between, &ZERO, &self.input, Mode::Replace);
            compress(&mut self.page, &ZERO, &between, Mode::Replace);
        }
        self.page[index % WORDS]
    }
}

/// Fills `blocks`, which are exactly those of the parameters, from the first hash by the block function `compress`.
pub(crate) fn fill(
    recipe: &Recipe<'_>,
    seed: &[u8; 64],
    blocks: &mut [Block],
    compress: impl Fn(&mut Block, &Block, &Block, Mode),
) {
    let lanes = recipe.params.p_cost() as usize;
    let length = blocks.len() / (lanes * SLICES);
    begin(seed, blocks, length * SLICES);
    for pass in 0..recipe.params.t_cost() as usize {
        for slice in 0..SLICES {
            for lane in 0..lanes {
                fill_segment(recipe, &Segment { pass, slice, lane, lanes, length }, blocks, &compress);
            }
        }
    }
}

/// The first two blocks of each lane.
fn begin(seed: &[u8; 64], blocks: &mut [Block], lane_length: usize) {
    let mut octets = [0; WORDS * 8];
    for (lane, blocks) in (0_u32..).zip(blocks.chunks_exact_mut(lane_length)) {
        for (number, block) in (0_u32..2).zip(blocks) {
            blake::long(&[seed, &number.to_le_bytes(), &lane.to_le_bytes()], &mut octets);
            for (word, octets) in block.iter_mut().zip(octets.as_chunks().0) {
                *word = u64::from_le_bytes(*octets);
            }
        }
    }
    octets.zeroize();
}

fn fill_segment(
    recipe: &Recipe<'_>,
    segment: &Segment,
    blocks: &mut [Block],
    compress: &impl Fn(&mut Block, &Block, &Block, Mode),
) {
    let independent = match recipe.algorithm {
        Algorithm::Argon2d => false,
        Algorithm::Argon2i => true,
        Algorithm::Argon2id => segment.pass == 0 && segment.slice < SLICES / 2,
    };
    let mut addresses = independent.then(|| Addresses::new(recipe, segment));
    let mode = match (segment.pass, recipe.version) {
        (0, _) | (_, Version::V0x10) => Mode::Replace,
        _ => Mode::Add,
    };
    let lane_start = segment.lane * segment.lane_length();
    let segment_start = segment.slice * segment.length;
    for index in segment.first()..segment.length {
        let current = lane_start + segment_start + index;
        let previous = match segment_start + index {
            0 => lane_start + segment.lane_length() - 1,
            _ => current - 1,
        };
        let random = match &mut addresses {
            Some(addresses) => addresses.word(index, compress),
            None => blocks[previous][0],
        };
        let reference = segment.reference(index, random);
        let [current, previous, reference] = blocks
            .get_disjoint_mut([current, previous, reference])
            .expect("a block refers neither to itself nor to the one before it");
        compress(current, previous, reference, mode);
    }
}

/// The result: H′ of the last blocks of all `lanes`, added up.
pub(crate) fn finish(lanes: usize, blocks: &[Block], output: &mut [u8]) {
    let mut sum = ZERO;
    for lane in blocks.chunks_exact(blocks.len() / lanes) {
        for (sum, word) in sum.iter_mut().zip(&lane[lane.len() - 1]) {
            *sum ^= word;
        }
    }
    let mut octets = [0; WORDS * 8];
    for (octets, word) in octets.as_chunks_mut().0.iter_mut().zip(sum) {
        *octets = word.to_le_bytes();
    }
    blake::long(&[&octets], output);
    octets.zeroize();
    sum.zeroize();
}
