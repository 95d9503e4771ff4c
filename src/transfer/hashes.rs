//! The forms of hashes that the verifier knows, as far as more than one source has them.

use secrecy::SecretString;

use super::fields::Found;

/// As many characters as the column of hashes holds; the verifier takes no longer one.
pub const LONGEST: usize = 512;

/// How a hash begins whose dialect is named.
const IMPORT: &str = "$import$";

/// `hash` as it is stored.
pub(super) fn stored(hash: impl Into<String>) -> Found<SecretString> {
    let hash = hash.into();
    if hash.len() > LONGEST {
        return Err(format!("the password hash is longer than {LONGEST} characters"));
    }
    Ok(hash.into())
}

/// `hash` behind the name of its dialect. One that has a name already keeps it.
pub(super) fn in_dialect(dialect: &str, hash: &str) -> String {
    if hash.starts_with(IMPORT) { hash.to_owned() } else { format!("{IMPORT}{dialect}${hash}") }
}

/// Whether `hash` is bcrypt, such as `$2b$10$` and 53 characters of salt and digest.
pub(super) fn is_bcrypt(hash: &str) -> bool {
    let Some((start, rest)) = hash.split_at_checked(7) else { return false };
    let [b'$', b'2', b'a' | b'b' | b'x' | b'y', b'$', tens, ones, b'$'] = start.as_bytes() else {
        return false;
    };
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    tens.is_ascii_digit() && ones.is_ascii_digit() && rest.len() == 53 && rest.bytes().all(alphabet)
}

/// Whether `hash` is Argon2 as a PHC string; what it asks for is the verifier's to judge.
pub(super) fn is_argon2(hash: &str) -> bool {
    ["$argon2id$", "$argon2i$", "$argon2d$"].iter().any(|start| hash.starts_with(start))
}
