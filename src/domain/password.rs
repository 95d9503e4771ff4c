//! Passwords: what is accepted as one, and what the policy asks of a new one.

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

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
        self.0.expose_secret().as_bytes()
    }
}

/// What a new password must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Fewest characters, counted as code points.
    pub min_length: usize,
    /// Most octets; at most [`LONGEST`], and 72 where bcrypt is the scheme.
    pub max_length: usize,
    /// At least one upper-case letter.
    pub require_upper: bool,
    /// At least one lower-case letter.
    pub require_lower: bool,
    /// At least one of the digits 0 to 9.
    pub require_digit: bool,
}

/// One way in which a password misses the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// Fewer characters than this.
    TooShort(usize),
    /// More octets than this.
    TooLong(usize),
    /// It contains U+0000.
    Nul,
    /// No upper-case letter.
    NeedsUpper,
    /// No lower-case letter.
    NeedsLower,
    /// No digit.
    NeedsDigit,
}

impl Policy {
    /// Normalises `raw` and holds it to the policy.
    ///
    /// # Errors
    ///
    /// Every violation at once, so that nobody has to guess the rules one by one.
    pub fn accept(&self, raw: &SecretString) -> Result<Password, Vec<Violation>> {
        let password = Password::parse(raw).map_err(|unacceptable| {
            vec![match unacceptable {
                Unacceptable::TooLong => Violation::TooLong(self.max_length),
                Unacceptable::Nul => Violation::Nul,
            }]
        })?;
        let text = password.0.expose_secret();
        let checks = [
            (text.chars().count() < self.min_length, Violation::TooShort(self.min_length)),
            (text.len() > self.max_length, Violation::TooLong(self.max_length)),
            (self.require_upper && !text.chars().any(char::is_uppercase), Violation::NeedsUpper),
            (self.require_lower && !text.chars().any(char::is_lowercase), Violation::NeedsLower),
            (self.require_digit && !text.chars().any(|c| c.is_ascii_digit()), Violation::NeedsDigit),
        ];
        let violations: Vec<_> =
            checks.into_iter().filter_map(|(broken, how)| broken.then_some(how)).collect();
        if violations.is_empty() { Ok(password) } else { Err(violations) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            min_length: 8,
            max_length: 72,
            require_upper: true,
            require_lower: true,
            require_digit: true,
        }
    }

    fn check(text: &str) -> Vec<Violation> {
        policy().accept(&SecretString::from(text)).err().unwrap_or_default()
    }

    #[test]
    fn every_violation_is_reported_at_once() {
        assert_eq!(check("Correct1horse"), []);
        assert_eq!(
            check(""),
            [Violation::TooShort(8), Violation::NeedsUpper, Violation::NeedsLower, Violation::NeedsDigit]
        );
        assert_eq!(check("UPPERCASE1"), [Violation::NeedsLower]);
        assert_eq!(check(&format!("aA1{}", "é".repeat(40))), [Violation::TooLong(72)]);
        assert_eq!(check("aA1\0aaaaaaaa"), [Violation::Nul]);
        assert_eq!(check(&"aA1".repeat(400)), [Violation::TooLong(72)]);
    }

    #[test]
    fn length_counts_characters_and_spellings_of_one_password_are_equal() {
        assert_eq!(check("Aé1éééé"), [Violation::TooShort(8)]);
        let composed = Password::parse(&SecretString::from("pässwörd")).expect("a password");
        let decomposed = Password::parse(&SecretString::from("pa\u{308}sswo\u{308}rd")).expect("a password");
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert!(!format!("{composed:?}").contains("wör"));
    }
}
