//! `firebase auth:export`: users under `users`, each with the digest and the salt of its password alone. The parameters
//! of the project's scrypt are the same for all and come from the options.

use secrecy::{ExposeSecret, SecretString};

use super::encodings::{from_base64, to_base64};
use super::fields::{Fields, Found, Object, as_uuid};
use super::hashes::stored;
use super::options::{FirebaseHash, OptionsFault};
use super::record::Record;

/// "REDACTED", which stands for the hashes that the exporting account may not see.
const REDACTED: &[u8] = b"REDACTED";

/// The parameters, ready to be put before every hash.
pub(super) struct Project {
    /// `$fbscrypt$v=1,…$`
    start: SecretString,
    key_octets: usize,
}

impl Project {
    /// # Errors
    ///
    /// When they cannot be those of a project.
    pub(super) fn new(hash: &FirebaseHash) -> Result<Self, OptionsFault> {
        let FirebaseHash { signer_key, salt_separator, rounds, mem_cost } = hash;
        let key = from_base64(signer_key.expose_secret()).filter(|key| !key.is_empty());
        let key = key.ok_or(OptionsFault::SignerKey)?;
        let separator = from_base64(salt_separator).ok_or(OptionsFault::SaltSeparator)?;
        if !(1..=8).contains(rounds) {
            return Err(OptionsFault::Rounds(*rounds));
        }
        if !(1..=14).contains(mem_cost) {
            return Err(OptionsFault::MemCost(*mem_cost));
        }
        let (separator, sk) = (to_base64(&separator), to_base64(&key));
        let start = format!("$fbscrypt$v=1,n={mem_cost},r={rounds},p=1,ss={separator},sk={sk}$");
        Ok(Self { start: start.into(), key_octets: key.len() })
    }

    fn hash(&self, user: &Object) -> Found<Option<SecretString>> {
        let Some(hash) = user.text("passwordHash")? else { return Ok(None) };
        let hash = from_base64(hash).ok_or("`passwordHash` is not base64")?;
        if hash == REDACTED {
            return Err(
                "the password hash was left out of the export: the account that exported it may not \
                        read hashes (firebaseauth.configs.getHashConfig)"
                    .into(),
            );
        }
        if hash.len() != self.key_octets {
            return Err(
                "the password hash is not as long as the signer key: one of them is of another project \
                        or of another algorithm"
                    .into(),
            );
        }
        let salt = user.text("salt")?.ok_or("has a password hash without its `salt`")?;
        let salt = from_base64(salt).ok_or("`salt` is not base64")?;
        let start = self.start.expose_secret();
        stored(format!("{start}{}${}", to_base64(&salt), to_base64(&hash))).map(Some)
    }
}

/// Users without an address (by telephone, or anonymous) are refused. Their identifiers are kept where they are UUIDs,
/// which only those are that were imported there. Custom claims are not looked at, so there are no roles.
pub(super) fn record(user: &Object, project: &Project) -> Found<Record> {
    let last_login = user.moment("lastSignedInAt")?;
    Ok(Record {
        id: as_uuid(user.text("localId")?),
        email: user.email()?,
        email_verified: user.flag("emailVerified")?.unwrap_or(false),
        name: user.text("displayName")?.map(str::to_owned),
        roles: Vec::new(),
        disabled: user.flag("disabled")?.unwrap_or(false),
        created_at: user.moment("createdAt")?,
        last_login_at: if last_login.is_some() { last_login } else { user.moment("lastLoginAt")? },
        hash: project.hash(user)?,
    })
}
