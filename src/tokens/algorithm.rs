//! What keys are for.

use std::fmt;
use std::str::FromStr;

/// What a key is for. A key serves one purpose and no other (RFC 8725 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// JWT with Ed25519 (RFC 8037 section 3.1).
    EdDsa,
    /// JWT with ECDSA on P-256 and SHA-256 (RFC 7518 section 3.4).
    Es256,
    /// JWT with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 7518 section 3.3).
    Rs256,
    /// JWT with HMAC-SHA-256 (RFC 7518 section 3.2).
    Hs256,
    /// PASETO `v4.public`, Ed25519.
    V4Public,
    /// PASETO `v4.local`, XChaCha20 and BLAKE2b: encrypted, readable for this server only.
    V4Local,
    /// The house's own refresh tokens, HMAC-SHA-256 under a derived key.
    Refresh,
}

/// A name that is none of [`KeyAlgorithm`]'s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an algorithm of a key; there are EdDSA, ES256, RS256, HS256, v4.public, v4.local and refresh"
)]
pub struct UnknownAlgorithm(pub String);

impl KeyAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 7] =
        [Self::EdDsa, Self::Es256, Self::Rs256, Self::Hs256, Self::V4Public, Self::V4Local, Self::Refresh];

    /// The name in the database, the configuration, and JWT's `alg`; stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
            Self::V4Public => "v4.public",
            Self::V4Local => "v4.local",
            Self::Refresh => "refresh",
        }
    }

    /// Whether access tokens are made with it.
    pub const fn is_for_access(self) -> bool {
        !matches!(self, Self::Refresh)
    }

    /// Whether the access tokens made with it are JWTs.
    pub const fn is_jwt(self) -> bool {
        matches!(self, Self::EdDsa | Self::Es256 | Self::Rs256 | Self::Hs256)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let named = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name);
        named.ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}
