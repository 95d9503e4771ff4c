//! Secrets that machines make for machines: so long that their plain SHA-256 tells nothing about them.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use subtle::{Choice, ConstantTimeEq};

/// What the secret of a client begins with: people and secret scanners recognise it.
pub const CLIENT_SECRET_PREFIX: &str = "ghc_";

/// The SHA-256 of a secret of 32 random bytes: what is kept of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// Of nothing that anybody knows: something to compare with where there is no secret.
    pub const ZERO: Self = Self([0; 32]);

    /// Of `secret`.
    pub fn of(secret: &str) -> Self {
        let mut octets = [0; 32];
        octets.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
        Self(octets)
    }
}

impl ConstantTimeEq for Sha256Digest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

/// 64 hexadecimal digits, in either case.
impl FromStr for Sha256Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let mut octets = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NoDigest);
        }
        for (octet, at) in octets.iter_mut().zip((0..64).step_by(2)) {
            *octet = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| NoDigest)?;
        }
        Ok(Self(octets))
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NoDigest;

/// As it is read.
impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written_and_from_nothing_else() {
        // FIPS 180-4, the example "abc".
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let digest = Sha256Digest::of("abc");
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        assert_eq!(text.to_uppercase().parse(), Ok(digest));
        let (short, long, sign) = (&text[1..], format!("{text}0"), format!("+{}", &text[1..]));
        for bad in ["", short, long.as_str(), sign.as_str(), &text.replace('a', "g"), &"ä".repeat(32)] {
            assert_eq!(bad.parse::<Sha256Digest>(), Err(NoDigest), "{bad}");
        }
    }

    #[test]
    fn digests_are_compared_whole() {
        let digest = Sha256Digest::of("abc");
        let mut last = digest;
        last.0[31] ^= 1;
        assert!(bool::from(digest.ct_eq(&digest.clone())));
        assert!(!bool::from(digest.ct_eq(&last)));
    }
}
