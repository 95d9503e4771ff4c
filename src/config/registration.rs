//! `[registration]`: who may register.

use super::reader::Reader;
use super::words::{word_leaf, words};

/// Registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Who may register.
    pub mode: RegistrationMode,
    /// Whether a registration opens a session at once and answers with tokens.
    pub sign_in: bool,
    /// Whether the answer tells that an address is taken.
    pub reveal_taken: bool,
}

words! {
    /// Who may register.
    RegistrationMode {
        /// Anyone.
        Open = "open",
        /// Nobody; administrators create the users.
        Closed = "closed",
    }
}
word_leaf!(RegistrationMode, "`open` or `closed`");

impl Registration {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            mode: reader.take("registration.mode"),
            sign_in: reader.take("registration.sign_in"),
            reveal_taken: reader.take("registration.reveal_taken"),
        }
    }
}
