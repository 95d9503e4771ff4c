//! Input that was understood but is not acceptable, told field by field.

use secrecy::SecretString;

use super::{Desk, Fault};
use crate::domain::account::DisplayName;
use crate::domain::email::Email;
use crate::domain::password::{Password, Violation};
use crate::domain::role::{Role, Roles};

/// Every access token carries them, and tokens have to stay small.
const MOST_ROLES: usize = 16;

/// Which field, as a JSON pointer (RFC 6901).
pub type Pointer = &'static str;

/// One reason why a field is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Which field.
    pub pointer: Pointer,
    /// The stable code of the reason.
    pub code: &'static str,
    /// The reason in words.
    pub detail: String,
}

/// Collects every fault of a request before anything is done.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<Invalid>);

impl Checks {
    fn fail<T>(&mut self, pointer: Pointer, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.0.push(Invalid { pointer, code, detail: detail.into() });
        None
    }

    pub(super) fn email(&mut self, text: &str) -> Option<Email> {
        Email::parse(text)
            .or_else(|error| self.fail("/email", "email_invalid", error.to_string()).ok_or(()))
            .ok()
    }

    pub(super) fn name(&mut self, text: Option<&str>) -> Option<DisplayName> {
        let parsed = DisplayName::parse(text?);
        parsed.or_else(|error| self.fail("/name", "name_invalid", error.to_string()).ok_or(())).ok()
    }

    pub(super) fn roles(&mut self, names: &[String]) -> Roles {
        if names.len() > MOST_ROLES {
            let _: Option<()> =
                self.fail("/roles", "roles_too_many", format!("a user has at most {MOST_ROLES} roles"));
            return Roles::default();
        }
        let parse = |name: &String| {
            Role::try_from(name.clone())
                .or_else(|error| self.fail("/roles", "role_invalid", error.to_string()).ok_or(()))
        };
        Roles::from(names.iter().map(parse).filter_map(Result::ok).collect::<Vec<_>>())
    }

    /// Holds a new password of the account with the address `email`, where that is known, to the policy and the lists.
    ///
    /// # Errors
    ///
    /// [`Fault`] when a list cannot be asked: what nobody could check is not accepted.
    pub(super) async fn new_password(
        &mut self,
        desk: &Desk,
        pointer: Pointer,
        raw: &SecretString,
        email: Option<&Email>,
    ) -> Result<Option<Password>, Fault> {
        let rules = desk.rules();
        let policy = &rules.passwords;
        let (password, mut violations) = match Password::parse(raw) {
            Ok(password) => {
                let violations = policy.violations(&password, email);
                (Some(password), violations)
            }
            Err(unacceptable) => (None, vec![policy.violation(unacceptable)]),
        };
        if let Some(password) = &password {
            violations.extend(rules.lists.violations(password).await?);
        }
        for violation in &violations {
            let (code, detail) = describe(*violation);
            let _: Option<()> = self.fail(pointer, code, detail);
        }
        Ok(password.filter(|_| violations.is_empty()))
    }

    /// `value`, when nothing failed.
    pub(super) fn passed<T>(self, value: Option<T>) -> Result<T, Vec<Invalid>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }
}

fn describe(violation: Violation) -> (&'static str, String) {
    match violation {
        Violation::TooShort(min) => {
            ("password_too_short", format!("the password needs at least {min} characters"))
        }
        Violation::TooLong(max) => {
            ("password_too_long", format!("the password may have at most {max} octets"))
        }
        Violation::Nul => ("password_invalid", "the password contains the character U+0000".into()),
        Violation::NeedsUpper => ("password_needs_upper", "the password needs an upper-case letter".into()),
        Violation::NeedsLower => ("password_needs_lower", "the password needs a lower-case letter".into()),
        Violation::NeedsDigit => ("password_needs_digit", "the password needs a digit".into()),
        Violation::TooWeak(_) => {
            ("password_too_weak", "the password is too easy to guess; more words make it stronger".into())
        }
        Violation::Similar => {
            ("password_similar_to_email", "the password is too much like the e-mail address".into())
        }
        Violation::Common => {
            ("password_common", "many people have this password, so it is tried first".into())
        }
        Violation::Breached => {
            ("password_breached", "this password is in a collection of stolen passwords".into())
        }
    }
}
