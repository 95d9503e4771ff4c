//! Django: `dumpdata` of its users, also of a model of one's own whose name ends in `.user`.

use secrecy::SecretString;
use serde_json::Value;

use super::encodings::{from_base64, to_base64};
use super::fields::{Fields, Found, Object, as_uuid};
use super::hashes::{in_dialect, is_argon2, is_bcrypt, stored};
use super::record::Record;

/// `None` for objects of other models.
///
/// `is_superuser` and `is_staff` give no role, and least of all `admin`: whoever writes a dump would otherwise decide
/// who rules this house. Django does not know whether an address was verified.
pub(super) fn record(element: &Object) -> Found<Option<Record>> {
    let model = element.text("model")?.ok_or("is not of a dump of Django: it has no `model`")?;
    if !model.to_ascii_lowercase().ends_with(".user") {
        return Ok(None);
    }
    let user = element.object("fields")?.ok_or("has no `fields`")?;
    Ok(Some(Record {
        id: as_uuid(element.field("pk").and_then(Value::as_str)),
        email: user.email()?,
        email_verified: false,
        name: match user.full_name("first_name", "last_name")? {
            None => user.text("name")?.map(str::to_owned),
            name => name,
        },
        roles: Vec::new(),
        disabled: !user.flag("is_active")?.unwrap_or(true),
        created_at: user.moment("date_joined")?,
        last_login_at: user.moment("last_login")?,
        hash: user.text("password")?.map_or(Ok(None), hash)?,
    }))
}

/// As Django has it, except where that does not say what it is.
fn hash(password: &str) -> Found<Option<SecretString>> {
    // What begins so is no hash but Django's mark for "cannot sign in with a password".
    if password.starts_with('!') {
        return Ok(None);
    }
    let unsalted = password.strip_prefix("md5$$").unwrap_or(password);
    if unsalted.len() == 32 && unsalted.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return stored(in_dialect("md5", unsalted)).map(Some);
    }
    if let Some(rest) = password.strip_prefix("scrypt$") {
        return stored(scrypt(rest).ok_or("`password` is not as Django writes scrypt")?).map(Some);
    }
    let (hasher, rest) = password.split_once('$').unwrap_or_default();
    let known = match hasher {
        "pbkdf2_sha256" | "pbkdf2_sha1" | "sha1" | "md5" => true,
        "argon2" => is_argon2(&format!("${rest}")),
        "bcrypt" | "bcrypt_sha256" => is_bcrypt(rest),
        _ => false,
    };
    if known { stored(password).map(Some) } else { Err("`password` is of no hasher of Django's".into()) }
}

/// `N$SALT$R$P$BASE64`, whose salt is text.
fn scrypt(rest: &str) -> Option<String> {
    let parts: Vec<&str> = rest.split('$').collect();
    let [n, salt, r, p, digest] = parts.try_into().ok()?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let digest = from_base64(digest)?;
    let sound = [n, r, p].into_iter().all(digits);
    sound.then(|| format!("SCRYPT:{n}:{r}:{p}:{}:{}", to_base64(salt.as_bytes()), to_base64(&digest)))
}
