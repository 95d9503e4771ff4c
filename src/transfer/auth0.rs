//! Auth0: what its support exports (lines of MongoDB's JSON), and what its own import takes.

use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use super::auth0_hash;
use super::fields::{Fields, Found, NO_EMAIL, Object, as_uuid};
use super::hashes::{is_bcrypt, stored};
use super::record::Record;

/// How identifiers begin that Auth0 gives out for its own databases.
const DATABASE: &str = "auth0|";

/// `app_metadata` has no form that could be relied on, so there are no roles.
pub(super) fn record(user: &Object) -> Found<Record> {
    let (email, email_verified) = address(user)?;
    Ok(Record {
        id: id(user)?,
        email_verified,
        name: name(user, &email)?,
        email,
        roles: Vec::new(),
        disabled: user.flag("blocked")?.unwrap_or(false),
        created_at: user.moment("created_at")?,
        last_login_at: user.moment("last_login")?,
        hash: hash(user)?,
    })
}

/// Newer exports may have the address among `identifiers` alone.
fn address(user: &Object) -> Found<(String, bool)> {
    let verified = user.flag("email_verified")?;
    if let Some(email) = user.text("email")? {
        return Ok((email.to_owned(), verified.unwrap_or(false)));
    }
    let identifiers = user.list("identifiers")?.iter().filter_map(Value::as_object);
    for identifier in identifiers {
        if identifier.text("type")? == Some("email") {
            let email = identifier.text("value")?.ok_or(NO_EMAIL)?;
            let verified = verified.or(identifier.flag("verified")?);
            return Ok((email.to_owned(), verified.unwrap_or(false)));
        }
    }
    Err(NO_EMAIL.into())
}

/// `_id` is MongoDB's and never a UUID; the one that whoever made the user gave may be.
fn id(user: &Object) -> Found<Option<Uuid>> {
    let given = user.text("user_id")?.map(|id| id.strip_prefix(DATABASE).unwrap_or(id));
    Ok(as_uuid(given).or(as_uuid(user.text("alt_id")?)))
}

/// Where nobody gave a name, Auth0 has the address in its place.
fn name(user: &Object, email: &str) -> Found<Option<String>> {
    let own = |name: &&str| !name.eq_ignore_ascii_case(email);
    if let Some(name) = user.text("name")?.filter(own) {
        return Ok(Some(name.to_owned()));
    }
    match user.full_name("given_name", "family_name")? {
        None => Ok(user.text("nickname")?.map(str::to_owned)),
        name => Ok(name),
    }
}

fn hash(user: &Object) -> Found<Option<SecretString>> {
    let custom = user.object("custom_password_hash")?;
    let plain = ["passwordHash", "password_hash"].into_iter().find(|key| user.field(key).is_some());
    match (plain, custom) {
        (None, None) => Ok(None),
        (None, Some(custom)) => auth0_hash::of(custom).map(Some),
        (Some(key), None) => match user.text(key)? {
            Some(hash) if is_bcrypt(hash) => stored(hash).map(Some),
            _ => Err(format!("`{key}` is not bcrypt")),
        },
        (Some(key), Some(_)) => Err(format!("has both `{key}` and `custom_password_hash`")),
    }
}
