//! Octets as text: read in every spelling, written in the one that the verifier takes.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Of either alphabet of RFC 4648, with padding or without.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    const EITHER: GeneralPurpose = GeneralPurpose::new(
        &ALPHABET,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    EITHER.decode(text.replace('-', "+").replace('_', "/")).ok()
}

/// RFC 4648 section 4, padded.
pub(super) fn to_base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// RFC 4648 section 4 without padding, as in PHC strings.
pub(super) fn to_bare_base64(octets: &[u8]) -> String {
    STANDARD_NO_PAD.encode(octets)
}

/// Digits of either case.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect())
}

/// In lower case.
pub(super) fn to_hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
