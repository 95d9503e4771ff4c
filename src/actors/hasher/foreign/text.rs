//! The encodings of others: strict where the source is, so that one hash has one form.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::attempt::Refused;

/// The alphabet of crypt(3), which is also its order of digits.
pub(super) const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

type Octets = Result<Vec<u8>, Refused>;

fn decode(engine: &GeneralPurpose, text: &str) -> Octets {
    engine.decode(text).map_err(|_| Refused::Malformed)
}

/// RFC 4648 section 4, padded.
pub(super) fn base64(text: &str) -> Octets {
    decode(&STANDARD, text)
}

/// RFC 4648 section 4, without padding.
pub(super) fn base64_unpadded(text: &str) -> Octets {
    decode(&STANDARD_NO_PAD, text)
}

/// RFC 4648 section 5, padded.
pub(super) fn base64url(text: &str) -> Octets {
    decode(&URL_SAFE, text)
}

/// RFC 4648 section 4, with padding or without.
pub(super) fn base64_either(text: &str) -> Octets {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    decode(&GeneralPurpose::new(&alphabet::STANDARD, CONFIG), text)
}

/// What passlib writes: no padding, `.` for `+`, and bits behind the last octet that LDAP servers leave set.
pub(super) fn adapted_base64(text: &str) -> Octets {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    decode(&GeneralPurpose::new(&alphabet::STANDARD, CONFIG), &text.replace('.', "+"))
}

/// Hexadecimal digits of either case.
pub(super) fn hex(text: &str) -> Octets {
    let digit = |octet: u8| (octet as char).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    if !text.len().is_multiple_of(2) {
        return Err(Refused::Malformed);
    }
    text.as_bytes().chunks_exact(2).map(pair).collect::<Option<_>>().ok_or(Refused::Malformed)
}

/// In lower case.
pub(super) fn to_hex(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .map(|d| char::from(b"0123456789abcdef"[usize::from(d)]))
        .collect()
}

/// As crypt(3) writes octets: six bits at a time, the lowest first, in groups of three octets.
pub(super) fn to_crypt(octets: impl IntoIterator<Item = u8>) -> String {
    let (mut held, mut bits, mut text) = (0_u32, 0, String::new());
    for octet in octets {
        held |= u32::from(octet) << bits;
        bits += 8;
        while bits >= 6 {
            text.push(char::from(CRYPT[(held & 63) as usize]));
            (held, bits) = (held >> 6, bits - 6);
        }
    }
    if bits > 0 {
        text.push(char::from(CRYPT[(held & 63) as usize]));
    }
    text
}

/// The value of a digit of crypt(3).
pub(super) fn crypt_digit(octet: u8) -> Result<u32, Refused> {
    CRYPT.iter().position(|digit| *digit == octet).map(|at| at as u32).ok_or(Refused::Malformed)
}

/// Whether `text` is of the alphabet of crypt(3) alone.
pub(super) fn is_crypt(text: &str) -> bool {
    text.bytes().all(|octet| CRYPT.contains(&octet))
}

/// A decimal number without sign and leading zeros. One that is larger than any bound is [`u64::MAX`].
pub(super) fn decimal(text: &str) -> Result<u64, Refused> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    if !digits || (text.starts_with('0') && text != "0") {
        return Err(Refused::Malformed);
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// What stands behind `key=`.
pub(super) fn value<'a>(text: &'a str, key: &str) -> Result<&'a str, Refused> {
    text.strip_prefix(key).and_then(|rest| rest.strip_prefix('=')).ok_or(Refused::Malformed)
}

/// Exactly `N` parts between `separator`.
pub(super) fn parts<const N: usize>(text: &str, separator: char) -> Result<[&str; N], Refused> {
    let parts: Vec<&str> = text.split(separator).take(N + 1).collect();
    parts.try_into().map_err(|_| Refused::Malformed)
}
