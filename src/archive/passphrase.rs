//! The passphrase of a back-up.

use secrecy::{ExposeSecret, SecretString};

/// The fewest characters. The file may be tried at leisure by whoever finds it.
pub const SHORTEST: usize = 16;

/// What opens a back-up.
#[derive(Debug, Clone)]
pub struct Passphrase(SecretString);

/// It can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a passphrase of {0} characters can be guessed; it needs at least {SHORTEST}, and `guardhouse keys secret` makes a good one"
)]
pub struct TooShort(usize);

impl Passphrase {
    /// `text`, as it is.
    ///
    /// # Errors
    ///
    /// [`TooShort`]
    pub fn new(text: SecretString) -> Result<Self, TooShort> {
        let characters = text.expose_secret().chars().count();
        if characters < SHORTEST { Err(TooShort(characters)) } else { Ok(Self(text)) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}
