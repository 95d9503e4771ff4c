//! What the policy asks of a new password. It binds new ones, never a login.

use zxcvbn::zxcvbn;

use super::similarity::is_mostly;
use super::{Password, Unacceptable};
use crate::domain::email::Email;

/// Estimating the strength takes time that grows with more than the length; behind so many characters it is known.
const JUDGED: usize = 64;

/// What a new password must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Fewest characters, counted as code points.
    pub min_length: usize,
    /// Most octets; at most [`super::LONGEST`], and 72 where bcrypt is the scheme.
    pub max_length: usize,
    /// At least one upper-case letter.
    pub require_upper: bool,
    /// At least one lower-case letter.
    pub require_lower: bool,
    /// At least one of the digits 0 to 9.
    pub require_digit: bool,
    /// The least strength, 0 (any) to 4, as zxcvbn estimates it (Wheeler, USENIX Security 2016).
    pub min_strength: u8,
    /// Not mostly the account's own address or a part of it.
    pub refuse_similar: bool,
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
    /// Too few guesses would find it; what was asked for, of 4.
    TooWeak(u8),
    /// It is mostly the account's address or a part of it.
    Similar,
    /// Many people have it.
    Common,
    /// It is in a collection of stolen passwords.
    Breached,
}

impl Policy {
    /// Every way in which `password` misses the policy, so that nobody has to guess the rules one by one. `email` is
    /// the address of the account, where it is known.
    pub fn violations(&self, password: &Password, email: Option<&Email>) -> Vec<Violation> {
        let text = password.as_str();
        let checks = [
            (text.chars().count() < self.min_length, Violation::TooShort(self.min_length)),
            (text.len() > self.max_length, Violation::TooLong(self.max_length)),
            (self.require_upper && !text.chars().any(char::is_uppercase), Violation::NeedsUpper),
            (self.require_lower && !text.chars().any(char::is_lowercase), Violation::NeedsLower),
            (self.require_digit && !text.chars().any(|c| c.is_ascii_digit()), Violation::NeedsDigit),
            (self.is_too_weak(text, email), Violation::TooWeak(self.min_strength)),
            (self.refuse_similar && email.is_some_and(|email| is_mostly(text, email)), Violation::Similar),
        ];
        checks.into_iter().filter_map(|(broken, how)| broken.then_some(how)).collect()
    }

    /// The violation that a text is which cannot be a password at all.
    pub fn violation(&self, unacceptable: Unacceptable) -> Violation {
        match unacceptable {
            Unacceptable::TooLong => Violation::TooLong(self.max_length),
            Unacceptable::Nul => Violation::Nul,
        }
    }

    fn is_too_weak(&self, text: &str, email: Option<&Email>) -> bool {
        if self.min_strength == 0 {
            return false;
        }
        let judged: String = text.chars().take(JUDGED).collect();
        let known: Vec<&str> = email.iter().flat_map(|email| email.as_str().split('@')).collect();
        u8::from(zxcvbn(&judged, &known).score()) < self.min_strength
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn lax() -> Policy {
        Policy {
            min_length: 8,
            max_length: 72,
            require_upper: false,
            require_lower: false,
            require_digit: false,
            min_strength: 0,
            refuse_similar: false,
        }
    }

    fn check(policy: &Policy, text: &str) -> Vec<Violation> {
        let email = Email::parse("ada.lovelace@example.org").expect("an address");
        let password = Password::parse(&SecretString::from(text)).expect("a password");
        policy.violations(&password, Some(&email))
    }

    #[test]
    fn every_violation_is_reported_at_once() {
        let policy = Policy {
            require_upper: true,
            require_lower: true,
            require_digit: true,
            min_strength: 3,
            refuse_similar: true,
            ..lax()
        };
        assert_eq!(check(&policy, "Correct1horse battery"), []);
        assert_eq!(
            check(&policy, ""),
            [
                Violation::TooShort(8),
                Violation::NeedsUpper,
                Violation::NeedsLower,
                Violation::NeedsDigit,
                Violation::TooWeak(3)
            ]
        );
        assert_eq!(
            check(&policy, "lovelace"),
            [Violation::NeedsUpper, Violation::NeedsDigit, Violation::TooWeak(3), Violation::Similar]
        );
        assert_eq!(check(&policy, "UPPERCASE OF MY DOG 1"), [Violation::NeedsLower]);
        assert_eq!(
            check(&policy, &format!("Six geese & 1 staple{}", "é".repeat(40))),
            [Violation::TooLong(72)]
        );
    }

    #[test]
    fn texts_that_are_no_passwords_have_their_violations() {
        assert_eq!(lax().violation(Unacceptable::TooLong), Violation::TooLong(72));
        assert_eq!(lax().violation(Unacceptable::Nul), Violation::Nul);
    }

    #[test]
    fn length_counts_characters_and_every_character_is_welcome() {
        assert_eq!(check(&lax(), "Aé1éééé"), [Violation::TooShort(8)]);
        for good in ["Aé1ééééé", "        ", "🐴🔋🐴🔋🐴🔋🐴🔋", "correct horse battery"]
        {
            assert_eq!(check(&lax(), good), [], "{good:?}");
        }
    }

    #[test]
    fn the_strength_asked_for_is_the_strength_needed() {
        let strength = |min_strength| Policy { min_strength, ..lax() };
        for (text, score) in [
            ("password", 0),
            ("geese1815", 3),
            ("example1815", 2),
            ("lovelace1", 1),
            ("correct horse battery staple", 4),
        ] {
            for asked in 0..=4 {
                let refused = check(&strength(asked), text) == [Violation::TooWeak(asked)];
                assert_eq!(refused, asked > score, "{text}, of which {score} is known, asked {asked}");
            }
        }
        // What stands in the address is no strength, and neither is what stands far behind.
        assert_eq!(check(&strength(2), "ada.lovelace"), [Violation::TooWeak(2)]);
        let repeated = format!("{}aQ7-?pIo", "a".repeat(64));
        assert_eq!(check(&strength(3), &repeated), [Violation::TooWeak(3)]);
    }

    #[test]
    fn the_account_s_own_address_is_no_password_where_that_is_refused() {
        let policy = Policy { refuse_similar: true, ..lax() };
        assert_eq!(check(&policy, "ada.lovelace@example.org"), [Violation::Similar]);
        assert_eq!(check(&lax(), "ada.lovelace@example.org"), []);
        let password = Password::parse(&SecretString::from("ada.lovelace")).expect("a password");
        assert_eq!(policy.violations(&password, None), [], "without an address there is nothing to compare");
    }
}
