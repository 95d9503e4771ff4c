//! The `custom_password_hash` of Auth0's import: an algorithm with its parameters, digest and salt in three encodings.
//! Digests with salt or key become those of Ory Kratos, which the verifier knows.

use secrecy::SecretString;

use super::encodings::{from_base64, from_hex, to_bare_base64, to_base64, to_hex};
use super::fields::{Fields, Found, Object, clipped};
use super::hashes::{in_dialect, is_argon2, is_bcrypt, stored};

/// What our verifier knows of LDAP's schemes.
const LDAP: [&str; 8] = ["MD5", "SMD5", "SHA", "SSHA", "SHA256", "SSHA256", "SHA512", "SSHA512"];

pub(super) fn of(custom: &Object) -> Found<SecretString> {
    let algorithm = custom.text("algorithm")?.ok_or("`custom_password_hash` has no `algorithm`")?;
    let hash = custom.object("hash")?.ok_or("`custom_password_hash` has no `hash`")?;
    let value = hash.text("value")?.ok_or("`custom_password_hash` has no `hash.value`")?;
    match (algorithm, password_encoding(custom)?) {
        ("md4", Encoding::Utf16) => nt(custom, hash),
        ("md4", Encoding::Utf8) => {
            Err("its password is hashed with MD4, which is known of UTF-16 alone".into())
        }
        (_, Encoding::Utf16) => Err("its password was hashed in UTF-16, which is known of MD4 alone".into()),
        ("bcrypt", _) => as_it_is(value, is_bcrypt(value), algorithm),
        ("argon2", _) => as_it_is(value, is_argon2(value), algorithm),
        ("ldap", _) => as_it_is(value, is_ldap(value), algorithm),
        ("pbkdf2", _) => pbkdf2(value),
        ("scrypt", _) => scrypt(custom, hash),
        ("hmac", _) => hmac(custom, hash),
        ("md5" | "sha1" | "sha256" | "sha512", _) => digest(algorithm, custom, hash),
        (other, _) => Err(format!("its password is hashed with {:?}, which is not known", clipped(other))),
    }
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16,
}

/// ASCII is UTF-8. Latin-1 is not: passwords with other letters would never match.
fn password_encoding(custom: &Object) -> Found<Encoding> {
    let encoding = match custom.object("password")? {
        Some(password) => password.text("encoding")?,
        None => None,
    };
    match encoding {
        None | Some("utf8" | "ascii") => Ok(Encoding::Utf8),
        Some("utf16le" | "ucs2") => Ok(Encoding::Utf16),
        Some(other) => Err(format!("its password was hashed in {:?}, which is not known", clipped(other))),
    }
}

/// `value` under `key`, decoded as its `encoding` says; `otherwise` where it does not.
fn octets(of: &Object, key: &str, otherwise: Option<&str>) -> Found<Vec<u8>> {
    let value = of.text("value")?.unwrap_or_default();
    let encoding = of.text("encoding")?.or(otherwise);
    let octets = match encoding.ok_or_else(|| format!("`{key}` does not say its encoding"))? {
        "hex" => from_hex(value),
        "base64" => from_base64(value),
        "utf8" if otherwise.is_some() => Some(value.as_bytes().to_vec()),
        other => return Err(format!("`{key}` has the encoding {:?}, which is not known", clipped(other))),
    };
    octets.ok_or_else(|| format!("`{key}` is not in the encoding that it names"))
}

fn salt(custom: &Object) -> Found<Vec<u8>> {
    custom.object("salt")?.map_or(Ok(Vec::new()), |salt| octets(salt, "salt", Some("utf8")))
}

fn as_it_is(value: &str, sound: bool, algorithm: &str) -> Found<SecretString> {
    if sound { stored(value) } else { Err(format!("`hash.value` is not {algorithm} as it is known here")) }
}

fn is_ldap(value: &str) -> bool {
    let scheme = value.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    scheme.is_some_and(|(scheme, _)| LDAP.contains(&scheme.to_ascii_uppercase().as_str()))
}

/// The NT hash of Windows.
fn nt(custom: &Object, hash: &Object) -> Found<SecretString> {
    if !salt(custom)?.is_empty() {
        return Err("its password is hashed with MD4 and a salt, which is not known".into());
    }
    stored(in_dialect("nt-hash", &to_hex(&octets(hash, "hash", None)?)))
}

fn digest(algorithm: &str, custom: &Object, hash: &Object) -> Found<SecretString> {
    let (digest, salt) = (octets(hash, "hash", None)?, salt(custom)?);
    if salt.is_empty() {
        return stored(in_dialect(algorithm, &to_hex(&digest)));
    }
    let position = match custom.object("salt")? {
        Some(salt) => salt.text("position")?,
        None => None,
    };
    let template = match position {
        Some("prefix") => "{SALT}{PASSWORD}",
        Some("suffix") => "{PASSWORD}{SALT}",
        _ => return Err("`salt.position` is neither prefix nor suffix".into()),
    };
    let [template, salt, digest] = [template.as_bytes(), &salt, &digest].map(to_base64);
    stored(in_dialect("kratos", &format!("${algorithm}$pf={template}${salt}${digest}")))
}

fn hmac(custom: &Object, hash: &Object) -> Found<SecretString> {
    let name = hash.text("digest")?.ok_or("its HMAC has no `hash.digest`")?;
    if !matches!(name, "md4" | "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512") {
        return Err(format!("its HMAC is of {:?}, which is not known", clipped(name)));
    }
    if !salt(custom)?.is_empty() {
        return Err("its HMAC has a salt, which is not known".into());
    }
    let key = hash.object("key")?.ok_or("its HMAC has no `hash.key`")?;
    let key = octets(key, "hash.key", Some("utf8"))?;
    if key.is_empty() {
        return Err("its HMAC has an empty `hash.key`".into());
    }
    // Kratos encodes the digits, not what they mean.
    let digits = to_hex(&octets(hash, "hash", None)?);
    stored(in_dialect(
        "kratos",
        &format!("$hmac-{name}${}${}", to_base64(digits.as_bytes()), to_base64(&key)),
    ))
}

/// A PHC string, in which both parameters may be left out.
fn pbkdf2(value: &str) -> Found<SecretString> {
    const WRONG: &str = "`hash.value` is not PBKDF2 as a PHC string of SHA-1, SHA-256 or SHA-512";
    let parts: Vec<&str> = value.split('$').collect();
    let (kind, parameters, salt, digest) = match parts[..] {
        ["", kind, salt, digest] => (kind, "", salt, digest),
        ["", kind, parameters, salt, digest] => (kind, parameters, salt, digest),
        _ => return Err(WRONG.into()),
    };
    if !matches!(kind, "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512") {
        return Err(WRONG.into());
    }
    let (mut rounds, mut length) = (100_000_u32, 64_usize);
    for parameter in parameters.split(',').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("i", number)) => rounds = number.parse().map_err(|_| WRONG)?,
            Some(("l", number)) => length = number.parse().map_err(|_| WRONG)?,
            _ => return Err(WRONG.into()),
        }
    }
    let (salt, digest) = (from_base64(salt).ok_or(WRONG)?, from_base64(digest).ok_or(WRONG)?);
    if digest.len() != length {
        return Err("`hash.value` is PBKDF2 of another length than it says".into());
    }
    let [salt, digest] = [&salt, &digest].map(|octets| to_bare_base64(octets));
    stored(format!("${kind}$i={rounds},l={length}${salt}${digest}"))
}

fn scrypt(custom: &Object, hash: &Object) -> Found<SecretString> {
    let digest = octets(hash, "hash", None)?;
    if custom.number("keylen")? != Some(digest.len() as u64) {
        return Err("`keylen` is not the length of its scrypt".into());
    }
    let cost = custom.number("cost")?.unwrap_or(16_384);
    if cost < 2 || !cost.is_power_of_two() {
        return Err("the `cost` of its scrypt is not a power of two".into());
    }
    let (r, p) = (custom.number("blockSize")?.unwrap_or(8), custom.number("parallelization")?.unwrap_or(1));
    let [salt, digest] = [&salt(custom)?, &digest].map(|octets| to_bare_base64(octets));
    stored(format!("$scrypt$ln={},r={r},p={p}${salt}${digest}", cost.ilog2()))
}
