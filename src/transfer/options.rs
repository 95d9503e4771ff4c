//! What a source does not say in its file.

use secrecy::SecretString;

use super::format::SourceFormat;
use crate::domain::clock::Timestamp;

/// The dialects of the verifier: names for hashes that do not say what they are.
pub const DIALECTS: [&str; 15] = [
    "kratos",
    "aspnet",
    "better-auth",
    "lucia",
    "node",
    "werkzeug",
    "bcrypt-md5",
    "bcrypt-sha1",
    "bcrypt-sha256",
    "bcrypt-sha512",
    "nt-hash",
    "md5",
    "sha1",
    "sha256",
    "sha512",
];

/// What has to be said beside the file.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the project of Firebase hashes; needed for its files and for no others.
    pub firebase: Option<FirebaseHash>,
    /// What the hashes of a `jsonl` or `csv` file are, where they do not say so themselves; one of [`DIALECTS`].
    pub hash_dialect: Option<String>,
    /// The present: a ban of Supabase that ended before it counts no more.
    pub now: Timestamp,
}

impl Default for Options {
    /// Nothing is said, and no ban has ended.
    fn default() -> Self {
        Self { firebase: None, hash_dialect: None, now: Timestamp::MIN }
    }
}

/// The password hash parameters of a Firebase project: its console shows them beside the list of users.
#[derive(Debug, Clone)]
pub struct FirebaseHash {
    /// `base64_signer_key`
    pub signer_key: SecretString,
    /// `base64_salt_separator`
    pub salt_separator: String,
    /// `rounds`, 1 to 8.
    pub rounds: u32,
    /// `mem_cost`, 1 to 14.
    pub mem_cost: u32,
}

/// Why a file cannot even be begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsFault {
    /// There is no such dialect.
    #[error("`{0}` is no dialect of hashes; known are {known}", known = DIALECTS.join(", "))]
    UnknownDialect(String),
    /// An option that would do nothing.
    #[error("{option} says nothing about a file of {format}: leave it out")]
    NotForFormat {
        /// The option.
        option: &'static str,
        /// The source.
        format: SourceFormat,
    },
    /// A file of Firebase without the parameters of its project.
    #[error(
        "a file of firebase needs the project's hash parameters: signer key, salt separator, rounds, mem_cost"
    )]
    FirebaseMissing,
    /// The signer key is not base64 of anything.
    #[error("the signer key of firebase is not base64, as `base64_signer_key` in its console is")]
    SignerKey,
    /// The salt separator is not base64.
    #[error("the salt separator of firebase is not base64, as `base64_salt_separator` in its console is")]
    SaltSeparator,
    /// Out of range.
    #[error("the rounds of firebase are a number from 1 to 8, not {0}")]
    Rounds(u32),
    /// Out of range.
    #[error("the mem_cost of firebase is a number from 1 to 14, not {0}")]
    MemCost(u32),
}

impl Options {
    /// # Errors
    ///
    /// When something is said that `format` has no use for. What it needs, its own file checks.
    pub(super) fn check(&self, format: SourceFormat) -> Result<(), OptionsFault> {
        let own = matches!(format, SourceFormat::Jsonl | SourceFormat::Csv);
        match &self.hash_dialect {
            Some(_) if !own => {
                return Err(OptionsFault::NotForFormat { option: "the dialect of hashes", format });
            }
            Some(dialect) if !DIALECTS.contains(&dialect.as_str()) => {
                return Err(OptionsFault::UnknownDialect(dialect.clone()));
            }
            _ => {}
        }
        if self.firebase.is_some() && format != SourceFormat::Firebase {
            return Err(OptionsFault::NotForFormat { option: "a hash parameter of firebase", format });
        }
        Ok(())
    }
}
