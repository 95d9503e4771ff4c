//! Keycloak's password credentials: PBKDF2 in its own form, Argon2 as a PHC string, bcrypt of a well-known extension.

use std::borrow::Cow;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::encodings::{from_base64, to_bare_base64, to_base64};
use super::fields::{Fields, Found, Object, clipped, from_json};
use super::hashes::{is_bcrypt, stored};

/// The hash of the first credential that is a password.
pub(super) fn of(credentials: &[Value]) -> Found<Option<SecretString>> {
    let is_password =
        |credential: &&Object| credential.get("type").and_then(Value::as_str) == Some("password");
    match credentials.iter().filter_map(Value::as_object).find(is_password) {
        None => Ok(None),
        Some(credential) if credential.field("value").is_some() => {
            Err("has a password in plain text, which is no hash: take it out and let the user set one".into())
        }
        Some(credential) if credential.field("hashedSaltedValue").is_some() => {
            written(credential, "hashedSaltedValue", credential).map(Some)
        }
        Some(credential) => {
            let (secret, settings) = (part(credential, "secretData")?, part(credential, "credentialData")?);
            written(&secret, "value", &settings).map(Some)
        }
    }
}

/// An object, or the text of one.
fn part<'a>(credential: &'a Object, key: &str) -> Found<Cow<'a, Object>> {
    match credential.field(key) {
        Some(Value::Object(object)) => Ok(Cow::Borrowed(object)),
        Some(Value::String(text)) => {
            from_json(text.as_bytes()).map(Cow::Owned).map_err(|_| format!("`{key}` is not a JSON object"))
        }
        _ => Err(format!("its password has no `{key}`, which only an export of the server has")),
    }
}

fn written(secret: &Object, key: &str, settings: &Object) -> Found<SecretString> {
    let algorithm = settings.text("algorithm")?.ok_or("its password does not say its `algorithm`")?;
    let value = secret.text(key)?.ok_or_else(|| format!("its password has no `{key}`"))?;
    if algorithm == "bcrypt" {
        return if is_bcrypt(value) { stored(value) } else { Err(format!("`{key}` is not bcrypt")) };
    }
    let salt = secret.text("salt")?.ok_or("its password has no `salt`")?;
    let salt = from_base64(salt).ok_or("the `salt` of its password is not base64")?;
    let value = from_base64(value).ok_or_else(|| format!("`{key}` of its password is not base64"))?;
    let rounds = settings.number("hashIterations")?.ok_or("its password has no `hashIterations`")?;
    match algorithm {
        "pbkdf2" | "pbkdf2-sha256" | "pbkdf2-sha512" => {
            let credential = json!({
                "secretData": { "value": to_base64(&value), "salt": to_base64(&salt) },
                "credentialData": { "hashIterations": rounds, "algorithm": algorithm },
            });
            stored(credential.to_string())
        }
        "argon2" => {
            let start = argon2(settings, rounds)?;
            stored(format!("{start}${}${}", to_bare_base64(&salt), to_bare_base64(&value)))
        }
        other => Err(format!("its password is hashed with {:?}, which is not known", clipped(other))),
    }
}

/// The parameters stand in arrays of one text each.
fn argon2(settings: &Object, rounds: u64) -> Found<String> {
    let parameters = settings.object("additionalParameters")?.ok_or("its Argon2 has no parameters")?;
    let one = |key: &str| {
        let value = parameters.get(key).and_then(|list| list.get(0)).and_then(Value::as_str);
        value.ok_or_else(|| format!("its Argon2 has no `{key}`"))
    };
    let number = |key: &str| {
        let number = one(key)?.parse::<u32>();
        number.map_err(|_| format!("`{key}` of its Argon2 is not a number"))
    };
    let kind = match one("type")? {
        kind @ ("id" | "i" | "d") => kind,
        _ => return Err("`type` of its Argon2 is none of id, i, d".into()),
    };
    let version = match one("version")? {
        "1.3" => 19,
        "1.0" => 16,
        _ => return Err("`version` of its Argon2 is neither 1.3 nor 1.0".into()),
    };
    let (memory, lanes) = (number("memory")?, number("parallelism")?);
    Ok(format!("$argon2{kind}$v={version}$m={memory},t={rounds},p={lanes}"))
}
