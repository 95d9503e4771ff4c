//! The block function word by word, for every processor: as RFC 9106, sections 3.5 and 3.6, write it.

use super::{Block, Mode, ZERO};

pub(super) fn compress(next: &mut Block, previous: &Block, reference: &Block, mode: Mode) {
    let mut sum = ZERO;
    for (sum, (previous, reference)) in sum.iter_mut().zip(previous.iter().zip(reference)) {
        *sum = previous ^ reference;
    }
    let mut mixed = sum;
    for row in 0..8 {
        permute(&mut mixed, |word| 16 * row + word);
    }
    for column in 0..8 {
        permute(&mut mixed, |word| 16 * (word / 2) + 2 * column + word % 2);
    }
    for (next, (sum, mixed)) in next.iter_mut().zip(sum.iter().zip(&mixed)) {
        let new = sum ^ mixed;
        *next = match mode {
            Mode::Replace => new,
            Mode::Add => *next ^ new,
        };
    }
}

/// P on the sixteen words at `place`. Written out, for a loop over the places would index memory instead of registers.
#[inline(always)]
fn permute(block: &mut Block, place: impl Fn(usize) -> usize) {
    let mut v: [u64; 16] = std::array::from_fn(|word| block[place(word)]);
    mix(&mut v, [0, 4, 8, 12]);
    mix(&mut v, [1, 5, 9, 13]);
    mix(&mut v, [2, 6, 10, 14]);
    mix(&mut v, [3, 7, 11, 15]);
    mix(&mut v, [0, 5, 10, 15]);
    mix(&mut v, [1, 6, 11, 12]);
    mix(&mut v, [2, 7, 8, 13]);
    mix(&mut v, [3, 4, 9, 14]);
    for (word, value) in v.into_iter().enumerate() {
        block[place(word)] = value;
    }
}

/// GB of section 3.6.
#[inline(always)]
fn mix(v: &mut [u64; 16], [a, b, c, d]: [usize; 4]) {
    v[a] = add(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = add(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = add(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = add(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

/// The sum, and twice the product of the lower halves.
#[inline(always)]
fn add(x: u64, y: u64) -> u64 {
    let product = (x & u64::from(u32::MAX)) * (y & u64::from(u32::MAX));
    x.wrapping_add(y).wrapping_add(product << 1)
}
