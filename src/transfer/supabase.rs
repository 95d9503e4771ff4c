//! Supabase: rows of `auth.users`, as a table or as JSON. Columns that are not named here are passed over.

use std::borrow::Cow;

use serde_json::Value;

use super::fields::{Fields, Found, Object, as_uuid, from_json};
use super::hashes::{is_argon2, is_bcrypt, stored};
use super::record::Record;
use crate::domain::clock::Timestamp;

/// Users without an address (by telephone, or anonymous) and deleted ones are refused. `role` and `is_super_admin` are
/// PostgreSQL's and mean nothing here, so there are no roles.
pub(super) fn record(user: &Object, now: Timestamp) -> Found<Record> {
    if user.field("deleted_at").is_some() {
        return Err("was deleted at the source".into());
    }
    let id = user.text("id")?;
    Ok(Record {
        id: match as_uuid(id) {
            None if id.is_some() => return Err("`id` is not a UUID".into()),
            id => id,
        },
        email: user.email()?,
        // Before 2021 there was one column for address and telephone.
        email_verified: user.moment("email_confirmed_at")?.or(user.moment("confirmed_at")?).is_some(),
        name: name(user)?,
        roles: Vec::new(),
        disabled: is_banned(user, now)?,
        created_at: user.moment("created_at")?,
        last_login_at: user.moment("last_sign_in_at")?,
        hash: match user.text("encrypted_password")? {
            None => None,
            Some(hash) if is_bcrypt(hash) || is_argon2(hash) || hash.starts_with("$fbscrypt$") => {
                Some(stored(hash)?)
            }
            Some(_) => {
                return Err("`encrypted_password` is neither bcrypt nor Argon2 nor a hash of Firebase".into());
            }
        },
    })
}

/// A ban for ever is a time that is far away, or PostgreSQL's `infinity`.
fn is_banned(user: &Object, now: Timestamp) -> Found<bool> {
    if user.field("banned_until").and_then(Value::as_str) == Some("infinity") {
        return Ok(true);
    }
    Ok(user.moment("banned_until")?.is_some_and(|until| until > now))
}

/// What the user or a provider said; an object, or in a table its text.
fn name(user: &Object) -> Found<Option<String>> {
    let meta = match user.field("raw_user_meta_data") {
        Some(Value::Object(object)) => Cow::Borrowed(object),
        Some(Value::String(text)) => Cow::Owned(
            from_json(text.as_bytes()).map_err(|_| "`raw_user_meta_data` is not a JSON object".to_owned())?,
        ),
        _ => return Ok(None),
    };
    // Anybody may have written anything there: what is no text is no name.
    let text = |key: &str| meta.field(key).and_then(Value::as_str);
    Ok(["full_name", "name", "display_name"].into_iter().find_map(text).map(str::to_owned))
}

/// Some clients write the word where a table has nothing; no column that matters can have it as a value.
pub(super) fn clear_nulls(row: &mut Object) {
    row.retain(|_, value| !value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("null")));
}
