//! The compression function G (RFC 9106, section 3.5), and which version of it runs.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::fmt;

/// 64-bit words of a block.
pub(crate) const WORDS: usize = 128;

/// One KiB of the memory, as numbers of this machine's own order.
pub(crate) type Block = [u64; WORDS];

pub(crate) const ZERO: Block = [0; WORDS];

/// What becomes of what a block held before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Overwritten: in the first pass, and in version 0x10.
    Replace,
    /// The new value is added to it, bit by bit.
    Add,
}

/// A version of the block function that this processor can run: there is no other way to get one than to ask for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Backend(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Backend {
    /// Runs everywhere.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// Every one that this processor can run, the fastest last.
    pub fn available() -> impl Iterator<Item = Self> {
        let wide = [Self::avx2(), Self::avx512()];
        std::iter::once(Self::PORTABLE).chain(wide.into_iter().flatten())
    }

    /// The fastest one that this processor can run. Asked for at each hash: the answer of the first time is kept.
    pub fn best() -> Self {
        Self::avx512().or_else(Self::avx2).unwrap_or(Self::PORTABLE)
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
        }
    }

    /// Vectors of four words.
    #[cfg(target_arch = "x86_64")]
    pub fn avx2() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(Kind::Avx2))
    }

    /// Vectors of eight words.
    #[cfg(target_arch = "x86_64")]
    pub fn avx512() -> Option<Self> {
        let detected = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        detected.then_some(Self(Kind::Avx512))
    }

    /// Not on this kind of processor.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn avx2() -> Option<Self> {
        None
    }

    /// Not on this kind of processor.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn avx512() -> Option<Self> {
        None
    }

    /// Makes `next` of `previous` and `reference`.
    #[inline]
    pub(crate) fn compress(self, next: &mut Block, previous: &Block, reference: &Block, mode: Mode) {
        match self.0 {
            Kind::Portable => portable::compress(next, previous, reference, mode),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the compiler does not see that the extension was detected")]
            // SAFETY: this kind is made by `avx2` alone, where the processor has been found to have AVX2.
            Kind::Avx2 => unsafe { avx2::compress(next, previous, reference, mode) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the compiler does not see that the extensions were detected")]
            // SAFETY: this kind is made by `avx512` alone, where the processor has been found to have AVX-512 F and BW.
            Kind::Avx512 => unsafe { avx512::compress(next, previous, reference, mode) },
        }
    }
}
