//! The user account as a value, and the rules on it.

use unicode_normalization::UnicodeNormalization;

use super::clock::Timestamp;
use super::email::Email;
use super::id::UserId;
use super::role::Roles;

/// A user account. It never holds a password hash: that lives in a table and a type of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identifier; never given to anybody else again.
    pub id: UserId,
    /// The account's name when signing in; unique.
    pub email: Email,
    /// Whether the address was shown to belong to the user.
    pub email_verified: bool,
    /// How the user wants to be called.
    pub name: Option<DisplayName>,
    /// What the user may do.
    pub roles: Roles,
    /// When the account was disabled, if it is.
    pub disabled_at: Option<Timestamp>,
    /// When an administrator last unlocked it: wrong passwords from before do not lock it any more.
    pub unlocked_at: Option<Timestamp>,
    /// Where the account's security stands.
    pub security: SecurityEpoch,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything of the account last changed.
    pub updated_at: Timestamp,
    /// When the user last signed in.
    pub last_login_at: Option<Timestamp>,
}

impl User {
    /// Whether the account may sign in.
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// Two counters in place of two clocks. Times of several nodes cannot be compared exactly, counters in one row can.
///
/// Every access token carries the `current` of the moment it was made. Whatever makes older tokens wrong (a
/// changed role, a new password, a ban) raises `current` and says so in the revocation feed. What must also end
/// the sessions themselves raises `sessions_from` to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecurityEpoch {
    /// Raised by every change after which older access tokens must be refused.
    pub current: u32,
    /// Sessions opened under an epoch below this one are dead, in every store.
    pub sessions_from: u32,
}

impl SecurityEpoch {
    /// Whether a session opened (or last re-authenticated) under `epoch` still counts.
    pub fn admits_session(self, epoch: u32) -> bool {
        epoch >= self.sessions_from
    }
}

/// How a user wants to be called: 1 to 200 characters after NFC, no control characters, no blanks around it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct DisplayName(String);

/// Why a text is not accepted as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 200 characters, none of them a control character")]
pub struct InvalidName;

impl DisplayName {
    /// Normalises and checks `text`.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] when it is empty, too long, or has control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.len() > 4_096 {
            return Err(InvalidName);
        }
        let name: String = text.trim().nfc().collect();
        let length = name.chars().count();
        if length == 0 || length > 200 || name.chars().any(char::is_control) {
            return Err(InvalidName);
        }
        Ok(Self(name))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_counts_from_the_epoch_on_that_ended_those_before_it() {
        let banned = SecurityEpoch { current: 5, sessions_from: 3 };
        assert!(!banned.admits_session(2) && banned.admits_session(3) && banned.admits_session(5));
    }

    #[test]
    fn a_name_is_trimmed_and_normalised() {
        let composed = DisplayName::parse(" Zoe\u{308} ").expect("a name");
        assert_eq!(composed.as_str(), "Zoë");
        for bad in ["", "   ", "a\0b", "line\nbreak", &"x".repeat(201)] {
            assert!(DisplayName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
