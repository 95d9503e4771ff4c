//! Our own form, as lines of JSON and as a table: the same keys, and no others.

use serde_json::Value;
use uuid::Uuid;

use super::fields::{Fields, Found, Object, clipped};
use super::hashes::{in_dialect, stored};
use super::moments::rfc3339;
use super::record::Record;
use crate::domain::clock::Timestamp;

/// The keys of a line and the columns of a table; only `email` is needed.
pub(super) const KEYS: [&str; 9] = [
    "id",
    "email",
    "email_verified",
    "name",
    "roles",
    "disabled",
    "created_at",
    "last_login_at",
    "password_hash",
];

/// # Errors
///
/// When `keys` has one that is none of ours.
pub(super) fn check_keys<'a>(mut keys: impl Iterator<Item = &'a String>) -> Found<()> {
    match keys.find(|key| !KEYS.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(format!("{:?} is unknown; known are {}", clipped(key), KEYS.join(", "))),
    }
}

/// Roles stay as they are: a file of ours may bring an administrator back.
pub(super) fn record(user: &Object, dialect: Option<&str>) -> Found<Record> {
    check_keys(user.keys())?;
    let hash = user.text("password_hash")?;
    Ok(Record {
        id: id(user)?,
        email: user.email()?,
        email_verified: user.flag("email_verified")?.unwrap_or(false),
        name: user.text("name")?.map(str::to_owned),
        roles: roles(user)?,
        disabled: user.flag("disabled")?.unwrap_or(false),
        created_at: moment(user, "created_at")?,
        last_login_at: moment(user, "last_login_at")?,
        hash: hash
            .map(|hash| dialect.map_or(hash.to_owned(), |dialect| in_dialect(dialect, hash)))
            .map(stored)
            .transpose()?,
    })
}

fn id(user: &Object) -> Found<Option<Uuid>> {
    let id = user.text("id")?.map(Uuid::try_parse);
    id.transpose().map_err(|_| "`id` is not a UUID".into())
}

/// An array, or in a table the names with blanks between them.
fn roles(user: &Object) -> Found<Vec<String>> {
    let name = |role: &Value| role.as_str().map(str::to_owned);
    let roles = match user.field("roles") {
        None => Some(Vec::new()),
        Some(Value::String(names)) => Some(names.split_whitespace().map(str::to_owned).collect()),
        Some(Value::Array(roles)) => roles.iter().map(name).collect(),
        Some(_) => None,
    };
    roles.ok_or_else(|| "`roles` is not an array of texts".into())
}

fn moment(user: &Object, key: &str) -> Found<Option<Timestamp>> {
    let wrong = || format!("`{key}` is not a time as RFC 3339 writes it, between the years 1970 and 9999");
    user.text(key)?.map(|text| rfc3339(text).ok_or_else(wrong)).transpose()
}
