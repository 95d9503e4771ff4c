//! Fixed numbers of bytes with one spelling, lower-case hexadecimal digits, and the hash that the audit log uses.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text is not the right number of hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0} lower-case hexadecimal digits")]
pub struct NotHex(usize);

macro_rules! octets {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; $length]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotHex;

            fn from_str(text: &str) -> Result<Self, NotHex> {
                let mut octets = [0; $length];
                let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
                if text.len() != 2 * $length || !text.bytes().all(is_digit) {
                    return Err(NotHex(2 * $length));
                }
                for (octet, at) in octets.iter_mut().zip((0..).step_by(2)) {
                    *octet = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| NotHex(2 * $length))?;
                }
                Ok(Self(octets))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

octets!(
    /// A SHA-256.
    Hash, 32
);
octets!(
    /// What keeps a commitment to few possible values from being guessed.
    Salt, 16
);
octets!(
    /// An Ed25519 signature (RFC 8032).
    Signature, 64
);
octets!(
    /// An Ed25519 public key (RFC 8032).
    PublicKey, 32
);

impl Hash {
    /// Of nothing: what the first record of a chain follows.
    pub const ZERO: Self = Self([0; 32]);
}

/// Bytes in which no two lists of fields look alike: each field comes with its length, each absent one with a mark.
#[derive(Debug, Clone, Default)]
pub struct Encoding(Vec<u8>);

impl Encoding {
    /// For one purpose: `tag` is the first field, so that bytes made for one are never taken for another.
    pub fn new(tag: &str) -> Self {
        Self::default().field(tag)
    }

    /// With one more field.
    #[must_use]
    pub fn field(mut self, field: impl AsRef<[u8]>) -> Self {
        let field = field.as_ref();
        let length = u32::try_from(field.len()).expect("no field of an event is anywhere near 4 GiB");
        self.0.push(1);
        self.0.extend(length.to_be_bytes());
        self.0.extend(field);
        self
    }

    /// With one more field, or the mark of its absence.
    #[must_use]
    pub fn optional(mut self, field: Option<impl AsRef<[u8]>>) -> Self {
        match field {
            Some(field) => self.field(field),
            None => {
                self.0.push(0);
                self
            }
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Their SHA-256.
    pub fn hash(&self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        let mut octets = [0; 32];
        octets.copy_from_slice(context.finish().as_ref());
        Hash(octets)
    }
}
