//! The code of one block: Rice, "Some Practical Universal Noiseless Coding Techniques" (1979); Golomb (1966) with a
//! power of two.
//!
//! The values of a block rise. Each is written as its gap to the one before (the first to 0): the gap divided by 2^rice
//! as so many zeros and a one, then the remaining `rice` bits as they are, the highest first. Zeros fill the last octet:
//! a code that never comes to its one, so the block needs no count. A gap of 0 is possible, where two fingerprints
//! meet in one value.

/// Writes the code of one block after another.
pub(super) struct Encoder {
    rice: u32,
    last: u64,
    octets: Vec<u8>,
    /// The bits that make no whole octet yet, at the low end.
    pending: u64,
    pending_bits: u32,
}

impl Encoder {
    /// `rice` is below 32.
    pub(super) fn new(rice: u32) -> Self {
        Self { rice, last: 0, octets: Vec::new(), pending: 0, pending_bits: 0 }
    }

    /// Adds `value`, which is not less than the one before.
    pub(super) fn push(&mut self, value: u64) {
        let gap = value - self.last;
        self.last = value;
        let mut zeros = gap >> self.rice;
        while zeros > 0 {
            let some = zeros.min(32) as u32;
            self.put(0, some);
            zeros -= u64::from(some);
        }
        let low = gap & ((1 << self.rice) - 1);
        self.put((1 << self.rice) | low, self.rice + 1);
    }

    /// Whole octets of the block so far.
    pub(super) fn octets(&self) -> usize {
        self.octets.len()
    }

    /// Ends the block: hands its octets to `take` and begins the next.
    pub(super) fn finish<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> T {
        if self.pending_bits > 0 {
            self.put(0, 8 - self.pending_bits);
        }
        let taken = take(&self.octets);
        self.octets.clear();
        self.last = 0;
        taken
    }

    /// At most 32 bits.
    fn put(&mut self, bits: u64, count: u32) {
        self.pending = (self.pending << count) | bits;
        self.pending_bits += count;
        while self.pending_bits >= 8 {
            self.pending_bits -= 8;
            self.octets.push((self.pending >> self.pending_bits) as u8);
        }
    }
}

/// Octets of zeros that have to follow a block, so that eight can be read wherever it ends.
pub(super) const PADDING: usize = 8;

/// The block ends in the middle of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut;

/// Whether `wanted` is in the block that is the first `length` octets of `padded`; [`PADDING`] zeros follow them.
///
/// Each step consumes bits of the block, so it ends whatever they are.
pub(super) fn holds(padded: &[u8], length: usize, rice: u32, wanted: u64) -> Result<bool, Cut> {
    let (mut at, end) = (0, length * 8);
    let mut value = 0_u64;
    while let Some(zeros) = zeros_from(padded, at, end) {
        at += zeros + 1;
        if at + rice as usize > end {
            return Err(Cut);
        }
        let low = window(padded, at) >> (u64::BITS - rice);
        at += rice as usize;
        value += ((zeros as u64) << rice) | low;
        if value >= wanted {
            return Ok(value == wanted);
        }
    }
    Ok(false)
}

/// How many zeros there are from bit `at` to the next one; `None` when there is no other before `end`.
fn zeros_from(padded: &[u8], mut at: usize, end: usize) -> Option<usize> {
    let from = at;
    while at < end {
        let window = window(padded, at);
        if window != 0 {
            return Some(at - from + window.leading_zeros() as usize);
        }
        at += 64 - at % 8;
    }
    None
}

/// The bits from `at` on, at the high end; at least 57 of them, then zeros.
fn window(padded: &[u8], at: usize) -> u64 {
    let octets = padded.get(at / 8..).and_then(|rest| rest.first_chunk());
    octets.map_or(0, |octets| u64::from_be_bytes(*octets) << (at % 8))
}
