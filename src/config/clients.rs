//! `[clients.NAME]`: services that ask about tokens.

use std::collections::BTreeMap;

use serde_json::{Value as Schema, json};

use super::leaf::{Complaint, Leaf, found};
use super::named::Named;
use super::reader::Reader;
use super::words::{word_leaf, words};
use crate::domain::secret::Sha256Digest;

/// The configured clients, by id.
pub type Clients = BTreeMap<String, Client>;

/// A service that may ask about tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Of its secret, and of the one before during a change.
    pub secret_sha256: SecretHashes,
    /// What it may do; never empty.
    pub may: Vec<ClientRight>,
}

words! {
    /// What a client may do.
    ClientRight {
        /// Ask whether a token is active (`POST /oauth2/introspect`).
        Introspect = "introspect",
        /// Ask the same of refresh tokens, which no service should ever be sent.
        IntrospectRefresh = "introspect_refresh",
        /// Follow what has been revoked (`GET /oauth2/revocations`).
        Revocations = "revocations",
    }
}
word_leaf!(ClientRight, "a right such as `introspect`");

/// The SHA-256 of one secret, or of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHashes(Vec<Sha256Digest>);

impl SecretHashes {
    /// The first and the last of them: always two, so that comparing with both takes the same time whether there is
    /// a second one or not.
    pub fn both(&self) -> [Sha256Digest; 2] {
        let [first, .., last] = self.0.as_slice() else { return [self.0[0], self.0[0]] };
        [*first, *last]
    }
}

impl Leaf for SecretHashes {
    fn from_toml(value: &figment::value::Value) -> Result<Self, Complaint> {
        use figment::value::Value;
        match value {
            Value::String(_, text) => Self::from_text(text),
            Value::Array(_, items) => {
                let texts = items.iter().map(|item| item.as_str().ok_or_else(not_a_hash));
                Self::of(&texts.collect::<Result<Vec<_>, _>>()?)
            }
            // A secret of digits, left out of its quotes, is a number: it must not be repeated.
            Value::Num(..) => Err(not_a_hash()),
            other => Err(format!("expected {}, but found {}", Self::wanted(), found(other)).into()),
        }
    }

    fn from_text(text: &str) -> Result<Self, Complaint> {
        let inside = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let plain = |item| str::trim(item).trim_matches('"');
        Self::of(&inside.split(',').map(plain).filter(|item| !item.is_empty()).collect::<Vec<_>>())
    }

    fn wanted() -> &'static str {
        "the SHA-256 of a secret in 64 hexadecimal digits, in quotes, or a list of two"
    }

    /// Enough to tell one from another.
    fn show(&self) -> String {
        let short = |hash: &Sha256Digest| format!("\"{}…\"", &hash.to_string()[..8]);
        self.0.iter().map(short).collect::<Vec<_>>().join(", ")
    }

    fn schema() -> Schema {
        let hash = json!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" });
        json!({ "anyOf": [hash, { "type": "array", "items": hash, "minItems": 1, "maxItems": 2 }] })
    }
}

impl SecretHashes {
    fn of(texts: &[&str]) -> Result<Self, Complaint> {
        // `printf '' | sha256sum`, and the same with a line break: hashes of an unset variable.
        const OF_NOTHING: [&str; 2] = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b",
        ];
        let hashes: Option<Vec<Sha256Digest>> = texts.iter().map(|text| text.parse().ok()).collect();
        let hashes = hashes.ok_or_else(not_a_hash)?;
        if hashes.iter().any(|hash| OF_NOTHING.contains(&hash.to_string().as_str())) {
            return Err(Complaint::with_help("it is the SHA-256 of an empty secret", HELP));
        }
        match hashes.len() {
            0 => Err(Complaint::with_help("it is empty: nobody could be this client", HELP)),
            1 | 2 => Ok(Self(hashes)),
            many => Err(format!("{many} hashes are more than two: the secret, and the one before").into()),
        }
    }
}

const HELP: &str = "make a secret and its hash with `guardhouse clients secret`";

/// Without what was found instead: it may be the secret itself.
fn not_a_hash() -> Complaint {
    Complaint::with_help(format!("expected {}", SecretHashes::wanted()), HELP)
}

pub(super) const SECTION: Named = Named {
    name: "clients",
    keys: &["secret_sha256", "may"],
    one: "a client",
    help: "a client has `clients.NAME.secret_sha256` and `clients.NAME.may`",
};

/// What may stand in the section: the two keys below any name that a client can have. They may stand in different files.
pub(super) fn schema() -> Schema {
    let mut rights = Vec::<ClientRight>::schema();
    rights["minItems"] = json!(1);
    json!({
        "type": "object",
        "propertyNames": { "pattern": "^[!-9;-~]([ -9;-~]{0,126}[!-9;-~])?$" },
        "additionalProperties": {
            "type": "object",
            "properties": { "secret_sha256": SecretHashes::schema(), "may": rights },
            "additionalProperties": false,
        },
    })
}

pub(super) fn read(reader: &mut Reader) -> Clients {
    let entries = SECTION.entries(reader);
    let client = |(id, keys): (String, Vec<String>)| {
        let here = &keys[0];
        if let Err(complaint) = check_id(&id) {
            reader.refuse(here, complaint);
            return None;
        }
        let [hashes, rights] = ["secret_sha256", "may"].map(|setting| SECTION.key(&id, setting));
        for missing in [&hashes, &rights].into_iter().filter(|key| !keys.contains(key)) {
            let reason = format!("the client `{id}` has no `{missing}`");
            let help = if *missing == hashes {
                HELP.to_owned()
            } else {
                "name what it may do: `introspect`, `revocations`".to_owned()
            };
            reader.refuse(here, Complaint::with_help(reason, help));
        }
        let secret_sha256 = reader.take_present(&hashes, |_: &SecretHashes| Ok(()));
        let may = reader.take_present(&rights, |rights: &Vec<ClientRight>| match rights.as_slice() {
            [] => Err("a client that may do nothing has no use".to_owned().into()),
            _ => Ok(()),
        });
        Some((id, Client { secret_sha256: secret_sha256?, may: may? }))
    };
    entries.into_iter().filter_map(client).collect()
}

/// RFC 6749 appendix A.1: visible characters and blanks. A colon would end it in the credentials (RFC 7617 section 2).
fn check_id(id: &str) -> Result<(), Complaint> {
    const LONGEST: usize = 128;
    let allowed = |c: char| matches!(c, ' '..='~') && c != ':';
    if id.trim() != id || id.is_empty() || id.len() > LONGEST || !id.chars().all(allowed) {
        return Err(Complaint::with_help(
            format!("`{}` cannot be the name of a client", id.escape_debug()),
            "use letters, digits and -._~; at most 128 characters of ASCII, no colon",
        ));
    }
    Ok(())
}
