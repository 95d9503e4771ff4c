//! The block function on vectors of eight words (AVX-512 F and BW): the whole block lies in sixteen registers.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_alignr_epi8, _mm512_mul_epu32, _mm512_permutex_epi64, _mm512_ror_epi64,
    _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_xor_si512,
};

use zerocopy::transmute;

use super::{Block, Mode};

/// The four rows of all eight permutations' 4 × 4 words.
type Rows = [[__m512i; 4]; 4];

/// The lower halves of two vectors, and the upper ones.
const LOWER: i32 = 0b01_00_01_00;
const UPPER: i32 = 0b11_10_11_10;

#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn compress(next: &mut Block, previous: &Block, reference: &Block, mode: Mode) {
    // What the permuted sum is added to in the end.
    let mut base = [_mm512_setzero_si512(); 16];
    let mut mixed = base;
    for at in 0..16 {
        let sum = _mm512_xor_si512(load(previous, at), load(reference, at));
        mixed[at] = sum;
        base[at] = match mode {
            Mode::Replace => sum,
            Mode::Add => _mm512_xor_si512(sum, load(next, at)),
        };
    }
    // Two rows of the block are two permutations, and half a vector is a row of one.
    let pairs = mixed.as_chunks::<4>().0;
    let pairs: [[__m512i; 4]; 4] = std::array::from_fn(|pair| {
        let [x, x_end, y, y_end] = pairs[pair];
        [
            _mm512_shuffle_i64x2::<LOWER>(x, y),
            _mm512_shuffle_i64x2::<UPPER>(x, y),
            _mm512_shuffle_i64x2::<LOWER>(x_end, y_end),
            _mm512_shuffle_i64x2::<UPPER>(x_end, y_end),
        ]
    });
    let mut rows: Rows = std::array::from_fn(|row| pairs.map(|pair| pair[row]));
    permute_rows(&mut rows);
    for (pair, vectors) in mixed.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let [a, b, c, d] = rows.map(|row| row[pair]);
        *vectors = [
            _mm512_shuffle_i64x2::<LOWER>(a, b),
            _mm512_shuffle_i64x2::<LOWER>(c, d),
            _mm512_shuffle_i64x2::<UPPER>(a, b),
            _mm512_shuffle_i64x2::<UPPER>(c, d),
        ];
    }
    // A row of four permutations is the left or the right half of two rows of the block.
    let mut rows: Rows = std::array::from_fn(|row| [0, 2, 1, 3].map(|part| mixed[4 * row + part]));
    permute_columns(&mut rows);
    for (row, vectors) in rows.into_iter().enumerate() {
        for (part, vector) in [0, 2, 1, 3].into_iter().zip(vectors) {
            let at = 4 * row + part;
            store(next, at, _mm512_xor_si512(vector, base[at]));
        }
    }
}

/// P, where each vector is one row of two permutations.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn permute_rows(rows: &mut Rows) {
    mix(rows);
    let [_, b, c, d] = rows;
    *b = b.map(|v| _mm512_permutex_epi64::<0b00_11_10_01>(v));
    *c = c.map(|v| _mm512_permutex_epi64::<0b01_00_11_10>(v));
    *d = d.map(|v| _mm512_permutex_epi64::<0b10_01_00_11>(v));
    mix(rows);
    let [_, b, c, d] = rows;
    *b = b.map(|v| _mm512_permutex_epi64::<0b10_01_00_11>(v));
    *c = c.map(|v| _mm512_permutex_epi64::<0b01_00_11_10>(v));
    *d = d.map(|v| _mm512_permutex_epi64::<0b00_11_10_01>(v));
}

/// P, where a vector is half a row of four permutations, and the one after it the other half.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn permute_columns(rows: &mut Rows) {
    mix(rows);
    let [_, b, c, d] = rows;
    for [b, c, d] in halves(b, c, d) {
        *b = [straddle(b[0], b[1]), straddle(b[1], b[0])];
        c.swap(0, 1);
        *d = [straddle(d[1], d[0]), straddle(d[0], d[1])];
    }
    mix(rows);
    let [_, b, c, d] = rows;
    for [b, c, d] in halves(b, c, d) {
        *b = [straddle(b[1], b[0]), straddle(b[0], b[1])];
        c.swap(0, 1);
        *d = [straddle(d[0], d[1]), straddle(d[1], d[0])];
    }
}

/// The vectors of a row that belong together, of three rows.
#[inline]
fn halves<'a>(
    b: &'a mut [__m512i; 4],
    c: &'a mut [__m512i; 4],
    d: &'a mut [__m512i; 4],
) -> impl Iterator<Item = [&'a mut [__m512i; 2]; 3]> {
    let [b, c, d] = [b, c, d].map(|row| row.as_chunks_mut().0);
    b.iter_mut().zip(c).zip(d).map(|((b, c), d)| [b, c, d])
}

/// The second word of each quarter of `x` before the first of `y`'s.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn straddle(x: __m512i, y: __m512i) -> __m512i {
    _mm512_alignr_epi8::<8>(y, x)
}

/// GB of section 3.6 on all columns at once.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn mix(rows: &mut Rows) {
    let [a, b, c, d] = rows;
    add(a, b);
    exchange::<32>(d, a);
    add(c, d);
    exchange::<24>(b, c);
    add(a, b);
    exchange::<16>(d, a);
    add(c, d);
    exchange::<63>(b, c);
}

/// To `x` the sum and twice the product of the lower halves.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn add(x: &mut [__m512i; 4], y: &[__m512i; 4]) {
    for (x, y) in x.iter_mut().zip(y) {
        let product = _mm512_mul_epu32(*x, *y);
        *x = _mm512_add_epi64(_mm512_add_epi64(*x, *y), _mm512_add_epi64(product, product));
    }
}

/// `x ^ y`, rotated right.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn exchange<const BITS: i32>(x: &mut [__m512i; 4], y: &[__m512i; 4]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x = _mm512_ror_epi64::<BITS>(_mm512_xor_si512(*x, *y));
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(block: &Block, at: usize) -> __m512i {
    transmute!(block.as_chunks::<8>().0[at])
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store(block: &mut Block, at: usize, vector: __m512i) {
    block.as_chunks_mut::<8>().0[at] = transmute!(vector);
}
