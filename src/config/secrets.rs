//! Secrets that are none: too short, published in a manual, or made of hardly anything.
//!
//! This finds what people leave in place by mistake. It measures no entropy: a secret that passes may still be a poor one.

/// The size of the hash: a shorter key is forbidden (RFC 7518 §3.2).
const SHORTEST: usize = 32;

/// Parts of secrets that stand in examples, in lower case and without punctuation. All have eight
/// letters or more, so that less than one random secret in a billion holds one by chance.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacewith",
    "placeholder",
    "yoursecret",
    "yourjwtsecret",
    "your256bit",
    "atleast256bits",
    "supersecret",
    "mysecret",
    "secretkey",
    "passwordpassword",
    "donotuse",
];

/// Why `secret` is no secret, if it is none; without any part of it.
pub(super) fn weakness(secret: &str) -> Option<String> {
    let plain: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    if plain == "secret" || PLACEHOLDERS.iter().any(|part| plain.contains(part)) {
        return Some("the secret is one of those that stand in examples and are tried first".to_owned());
    }
    let bytes = secret.as_bytes();
    if bytes.len() < SHORTEST {
        return Some(format!("the secret has {} bytes; HS256 needs at least {SHORTEST}", bytes.len()));
    }
    if is_made_of_hardly_anything(bytes) {
        return Some("the secret repeats itself or counts up; it can be guessed".to_owned());
    }
    None
}

/// Whether the octets of a secret that was made elsewhere are such a one, as text or by themselves.
pub(crate) fn is_guessable(secret: &[u8]) -> bool {
    let text = std::str::from_utf8(secret).ok();
    text.and_then(weakness).is_some() || is_made_of_hardly_anything(secret)
}

fn is_made_of_hardly_anything(bytes: &[u8]) -> bool {
    is_repetition(bytes) || has_few_letters(bytes) || is_a_run(bytes)
}

/// The whole is one part over and over, at least twice.
fn is_repetition(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2).any(|period| bytes.iter().zip(&bytes[period..]).all(|(one, other)| one == other))
}

/// 32 random hexadecimal digits hold fewer than eight different ones less than once in ten million times.
fn has_few_letters(bytes: &[u8]) -> bool {
    let mut letters = bytes.to_vec();
    letters.sort_unstable();
    letters.dedup();
    letters.len() < 8
}

/// Most neighbours are the same or one apart, as in `abcdefgh…`.
fn is_a_run(bytes: &[u8]) -> bool {
    let steps = bytes.iter().zip(&bytes[1..]).filter(|(one, other)| one.abs_diff(**other) <= 1).count();
    steps * 4 >= bytes.len() * 3
}
