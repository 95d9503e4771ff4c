//! `[passwords]`: what a new password must look like.

use std::path::PathBuf;

use super::leaf::Complaint;
use super::reader::Reader;

/// The password policy; it binds new passwords, never a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passwords {
    /// The least length, in Unicode code points.
    pub min_length: usize,
    /// The greatest length, in bytes of UTF-8, 64 to 1024; longer ones are refused, never cut.
    pub max_length: usize,
    /// Whether an upper-case letter is needed.
    pub require_upper: bool,
    /// Whether a lower-case letter is needed.
    pub require_lower: bool,
    /// Whether a digit is needed.
    pub require_digit: bool,
    /// The least strength that zxcvbn must estimate, 1 to 4; 0 asks for none.
    pub min_strength: u8,
    /// Whether a password that is mostly the account's address is refused.
    pub refuse_similar: bool,
    /// Whether the passwords that most people have are refused.
    pub refuse_common: bool,
    /// A filter of stolen passwords, which are refused.
    pub breach_filter: Option<PathBuf>,
}

const KEYS: [&str; 2] = ["passwords.min_length", "passwords.max_length"];

impl Passwords {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let passwords = Self {
            min_length: reader.take_in(KEYS[0], 1..=1024),
            max_length: reader.take_in(KEYS[1], 64..=1024),
            require_upper: reader.take("passwords.require_upper"),
            require_lower: reader.take("passwords.require_lower"),
            require_digit: reader.take("passwords.require_digit"),
            min_strength: reader.take_in("passwords.min_strength", 0..=4),
            refuse_similar: reader.take("passwords.refuse_similar"),
            refuse_common: reader.take("passwords.refuse_common"),
            breach_filter: Some(reader.take::<String>("passwords.breach_filter"))
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
        };
        if passwords.min_length > passwords.max_length && reader.sound(&KEYS) {
            let other = reader.origin(KEYS[1]);
            let reason = format!(
                "no password can have {} characters and at most `passwords.max_length` = {} bytes ({other})",
                passwords.min_length, passwords.max_length
            );
            reader.refuse(KEYS[0], Complaint::with_help(reason, "lower the one or raise the other"));
        }
        passwords
    }
}
