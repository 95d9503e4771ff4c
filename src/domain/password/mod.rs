//! Passwords: what is accepted as one, and what the policy asks of a new one.

#[cfg(feature = "server")]
mod policy;
#[cfg(feature = "server")]
mod similarity;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

#[cfg(feature = "server")]
pub use policy::{Policy, Violation};

/// The most octets a password may have, before and after normalisation, whatever the policy says.
pub const LONGEST: usize = 1_024;

/// A password as it is hashed: NFKC (NIST SP 800-63B-4 section 3.1.1.2), no NUL, at most [`LONGEST`] octets.
///
/// It does not print and is wiped when dropped.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

/// Why a text cannot be a password at all, under any policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// Longer than [`LONGEST`] octets.
    #[error("a password has at most {LONGEST} octets")]
    TooLong,
    /// It contains U+0000, at which some hashing schemes stop reading.
    #[error("a password cannot contain the character U+0000")]
    Nul,
}

impl Password {
    /// Normalises `raw`.
    ///
    /// # Errors
    ///
    /// [`Unacceptable`] when no policy could accept it.
    pub fn parse(raw: &SecretString) -> Result<Self, Unacceptable> {
        let raw = raw.expose_secret();
        if raw.len() > LONGEST {
            return Err(Unacceptable::TooLong);
        }
        if raw.contains('\0') {
            return Err(Unacceptable::Nul);
        }
        let normal: String = raw.nfkc().collect();
        if normal.len() > LONGEST { Err(Unacceptable::TooLong) } else { Ok(Self(SecretString::from(normal))) }
    }

    /// The octets to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.as_str().as_bytes()
    }

    /// The text, for judging it.
    pub fn as_str(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_password_are_equal() {
        let composed = Password::parse(&SecretString::from("pässwörd")).expect("a password");
        let decomposed = Password::parse(&SecretString::from("pa\u{308}sswo\u{308}rd")).expect("a password");
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert!(!format!("{composed:?}").contains("wör"));
    }

    #[test]
    fn what_no_policy_could_accept_is_no_password() {
        let parse = |text: &str| Password::parse(&SecretString::from(text)).map(|_| ());
        assert_eq!(parse(&"a".repeat(1_024)), Ok(()));
        assert_eq!(parse(&"a".repeat(1_025)), Err(Unacceptable::TooLong));
        // One character of three octets that becomes eighteen of thirty-three.
        assert_eq!(parse(&"\u{fdfa}".repeat(40)), Err(Unacceptable::TooLong));
        assert_eq!(parse("a\0b"), Err(Unacceptable::Nul));
    }
}
