//! What every family works with: the password, the limits, and the ways to refuse.

use subtle::ConstantTimeEq;

use super::super::cost::CostLimits;

/// Most octets of a salt.
const SALT: usize = 1_024;

/// Fewest and most octets of a digest: with fewer, strangers would match by luck.
const DIGEST: std::ops::RangeInclusive<usize> = 10..=512;

/// Why a hash cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Malformed,
    TooExpensive,
    Unknown,
    /// Nothing is wrong with it, and its work was not wanted.
    NotWanted,
}

/// Whether it matches.
pub(super) type Checked = Result<bool, Refused>;

/// One comparison.
pub(super) struct Attempt<'a> {
    pub(super) password: &'a [u8],
    pub(super) limits: &'a CostLimits,
    /// Only to be looked at: whether it could be verified.
    pub(super) look_only: bool,
}

impl Attempt<'_> {
    /// The same with what the source made of the password.
    pub(super) fn with<'b>(&'b self, password: &'b [u8]) -> Attempt<'b> {
        Attempt { password, ..*self }
    }

    /// To be called when everything was checked and the dear part comes.
    ///
    /// # Errors
    ///
    /// [`Refused::NotWanted`] when the hash was only to be looked at.
    pub(super) fn begin(&self) -> Result<(), Refused> {
        if self.look_only { Err(Refused::NotWanted) } else { Ok(()) }
    }

    /// # Errors
    ///
    /// When `rounds` digests of `octets` each are too dear.
    pub(super) fn afford(&self, rounds: u64, octets: usize) -> Result<(), Refused> {
        self.limits.allow_rounds(rounds, octets / 64 + 1).then_some(()).ok_or(Refused::TooExpensive)
    }
}

/// # Errors
///
/// When a salt or digest is of a length that no source makes.
pub(super) fn lengths(salt: &[u8], digest: &[u8]) -> Result<(), Refused> {
    (salt.len() <= SALT && DIGEST.contains(&digest.len())).then_some(()).ok_or(Refused::Malformed)
}

/// Compares in a time that depends on the length alone. Digests of different lengths are malformed.
pub(super) fn equal(made: &[u8], stored: &[u8]) -> Checked {
    if made.len() == stored.len() { Ok(made.ct_eq(stored).into()) } else { Err(Refused::Malformed) }
}
