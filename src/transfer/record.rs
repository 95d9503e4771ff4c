//! One account as any file has it.

use secrecy::SecretString;
use uuid::Uuid;

use crate::domain::clock::Timestamp;

/// What a file says about one account, unchecked: the address may be none and the roles may not exist.
#[derive(Debug, Clone)]
pub struct Record {
    /// The identifier, where the source has a UUID.
    pub id: Option<Uuid>,
    /// The address as the file has it; never empty.
    pub email: String,
    /// Whether the source saw that the address belongs to the user; false where it does not say.
    pub email_verified: bool,
    /// How the user is called; never empty.
    pub name: Option<String>,
    /// What the user may do. Never `admin` from a file that is not our own.
    pub roles: Vec<String>,
    /// Whether the user is kept from signing in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Option<Timestamp>,
    /// When the user last signed in.
    pub last_login_at: Option<Timestamp>,
    /// The password hash, in the form that the verifier knows. `None` for who signs in some other way.
    pub hash: Option<SecretString>,
}

impl Record {
    /// The account of `email`, with nothing else known.
    pub fn new(email: impl Into<String>) -> Self {
        Self {
            id: None,
            email: email.into(),
            email_verified: false,
            name: None,
            roles: Vec::new(),
            disabled: false,
            created_at: None,
            last_login_at: None,
            hash: None,
        }
    }
}
