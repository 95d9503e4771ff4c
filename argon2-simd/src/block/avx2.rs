//! The block function on vectors of four words (AVX2): two permutations at a time.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_alignr_epi8, _mm256_mul_epu32, _mm256_or_si256,
    _mm256_permute4x64_epi64, _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_shuffle_epi32, _mm256_slli_epi64, _mm256_srli_epi64, _mm256_xor_si256,
};

use zerocopy::transmute;

use super::{Block, Mode};

/// The four rows of two permutations' 4 × 4 words.
type Rows = [[__m256i; 2]; 4];

#[target_feature(enable = "avx2")]
pub(super) fn compress(next: &mut Block, previous: &Block, reference: &Block, mode: Mode) {
    // What the permuted sum is added to in the end.
    let mut base = [_mm256_setzero_si256(); 32];
    let mut mixed = base;
    for pair in (0..32).step_by(8) {
        for at in pair..pair + 8 {
            let sum = _mm256_xor_si256(load(previous, at), load(reference, at));
            mixed[at] = sum;
            base[at] = match mode {
                Mode::Replace => sum,
                Mode::Add => _mm256_xor_si256(sum, load(next, at)),
            };
        }
        let mut rows: Rows = std::array::from_fn(|row| [mixed[pair + row], mixed[pair + 4 + row]]);
        permute_rows(&mut rows);
        for (row, [first, second]) in rows.into_iter().enumerate() {
            mixed[pair + row] = first;
            mixed[pair + 4 + row] = second;
        }
    }
    for column in 0..4 {
        let mut rows: Rows =
            std::array::from_fn(|row| [mixed[8 * row + column], mixed[8 * row + 4 + column]]);
        permute_columns(&mut rows);
        for (row, [first, second]) in rows.into_iter().enumerate() {
            let [upper, lower] = [8 * row + column, 8 * row + 4 + column];
            store(next, upper, _mm256_xor_si256(first, base[upper]));
            store(next, lower, _mm256_xor_si256(second, base[lower]));
        }
    }
}

/// P, where each vector is one row of one permutation.
#[inline]
#[target_feature(enable = "avx2")]
fn permute_rows(rows: &mut Rows) {
    mix(rows);
    let [_, b, c, d] = rows;
    *b = b.map(|v| _mm256_permute4x64_epi64::<0b00_11_10_01>(v));
    *c = c.map(|v| _mm256_permute4x64_epi64::<0b01_00_11_10>(v));
    *d = d.map(|v| _mm256_permute4x64_epi64::<0b10_01_00_11>(v));
    mix(rows);
    let [_, b, c, d] = rows;
    *b = b.map(|v| _mm256_permute4x64_epi64::<0b10_01_00_11>(v));
    *c = c.map(|v| _mm256_permute4x64_epi64::<0b01_00_11_10>(v));
    *d = d.map(|v| _mm256_permute4x64_epi64::<0b00_11_10_01>(v));
}

/// P, where each vector is half a row of one permutation beside half a row of the other.
#[inline]
#[target_feature(enable = "avx2")]
fn permute_columns(rows: &mut Rows) {
    mix(rows);
    let [_, b, c, d] = rows;
    *b = [straddle(b[0], b[1]), straddle(b[1], b[0])];
    c.swap(0, 1);
    *d = [straddle(d[1], d[0]), straddle(d[0], d[1])];
    mix(rows);
    let [_, b, c, d] = rows;
    *b = [straddle(b[1], b[0]), straddle(b[0], b[1])];
    c.swap(0, 1);
    *d = [straddle(d[0], d[1]), straddle(d[1], d[0])];
}

/// The second word of each half of `x` before the first of `y`'s.
#[inline]
#[target_feature(enable = "avx2")]
fn straddle(x: __m256i, y: __m256i) -> __m256i {
    _mm256_alignr_epi8::<8>(y, x)
}

/// GB of section 3.6 on all columns at once.
#[inline]
#[target_feature(enable = "avx2")]
fn mix(rows: &mut Rows) {
    let by_24 = _mm256_setr_epi8(
        3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8,
        9, 10,
    );
    let by_16 = _mm256_setr_epi8(
        2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15,
        8, 9,
    );
    let [a, b, c, d] = rows;
    add(a, b);
    exchange(d, a, |v| _mm256_shuffle_epi32::<0b10_11_00_01>(v));
    add(c, d);
    exchange(b, c, |v| _mm256_shuffle_epi8(v, by_24));
    add(a, b);
    exchange(d, a, |v| _mm256_shuffle_epi8(v, by_16));
    add(c, d);
    exchange(b, c, |v| _mm256_or_si256(_mm256_slli_epi64::<1>(v), _mm256_srli_epi64::<63>(v)));
}

/// To `x` the sum and twice the product of the lower halves.
#[inline]
#[target_feature(enable = "avx2")]
fn add(x: &mut [__m256i; 2], y: &[__m256i; 2]) {
    for (x, y) in x.iter_mut().zip(y) {
        let product = _mm256_mul_epu32(*x, *y);
        *x = _mm256_add_epi64(_mm256_add_epi64(*x, *y), _mm256_add_epi64(product, product));
    }
}

/// `x ^ y`, rotated.
#[inline]
#[target_feature(enable = "avx2")]
fn exchange(x: &mut [__m256i; 2], y: &[__m256i; 2], rotate: impl Fn(__m256i) -> __m256i) {
    for (x, y) in x.iter_mut().zip(y) {
        *x = rotate(_mm256_xor_si256(*x, *y));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &Block, at: usize) -> __m256i {
    transmute!(block.as_chunks::<4>().0[at])
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(block: &mut Block, at: usize, vector: __m256i) {
    block.as_chunks_mut::<4>().0[at] = transmute!(vector);
}
