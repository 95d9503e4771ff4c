//! Keycloak's credential, as its export has it: an object with `secretData` and `credentialData`, each an object or
//! the text of one. PBKDF2 alone; what Keycloak hashes with Argon2 is not recognised.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::attempt::{Attempt, Checked, Refused};
use super::pbkdf2::{Prf, check};
use super::text::base64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    secret_data: Value,
    credential_data: Value,
}

#[derive(Deserialize)]
struct Secret {
    value: String,
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    hash_iterations: u64,
    algorithm: String,
}

fn object<T: DeserializeOwned>(value: Value) -> Result<T, Refused> {
    match value {
        Value::String(text) => serde_json::from_str(&text),
        value => serde_json::from_value(value),
    }
    .map_err(|_| Refused::Malformed)
}

/// `rest` is what comes behind the first brace.
pub(super) fn credential(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let Credential { secret_data, credential_data } =
        serde_json::from_str(&format!("{{{rest}")).map_err(|_| Refused::Malformed)?;
    let (secret, settings): (Secret, Settings) = (object(secret_data)?, object(credential_data)?);
    let prf = match settings.algorithm.as_str() {
        "pbkdf2" => Prf::Sha1,
        "pbkdf2-sha256" => Prf::Sha256,
        "pbkdf2-sha512" => Prf::Sha512,
        _ => return Err(Refused::Unknown),
    };
    check(attempt, prf, settings.hash_iterations, &base64(&secret.salt)?, &base64(&secret.value)?)
}
