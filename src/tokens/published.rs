//! The public keys, as others fetch them to verify our tokens, and back. Symmetric keys have no public half and never
//! appear.

use ::paseto::keys::AsymmetricPublicKey;
use ::paseto::version4::V4;
use serde::{Deserialize, Serialize};

use super::algorithm::KeyAlgorithm;
use super::keys::{Proof, VerifyingKey};
use super::material::PublicKey;
use super::{base64url, kid};

/// A JWK set (RFC 7517 section 5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct JwkSet {
    /// The keys, in the order given.
    pub keys: Vec<Jwk>,
}

/// A public key as a JWK (RFC 7517 section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Jwk {
    /// What the key consists of.
    #[serde(flatten)]
    pub material: JwkMaterial,
    /// The name that tokens carry.
    pub kid: String,
    /// The only algorithm it is for.
    pub alg: String,
    /// `sig`
    #[serde(rename = "use")]
    pub usage: String,
}

/// What a public key consists of; numbers and points are base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(tag = "kty")]
pub enum JwkMaterial {
    /// RFC 8037 section 2; the curve is `Ed25519`.
    #[serde(rename = "OKP")]
    Okp {
        /// The curve.
        crv: String,
        /// The public key.
        x: String,
    },
    /// RFC 7518 section 6.2.1; the curve is `P-256`.
    #[serde(rename = "EC")]
    Ec {
        /// The curve.
        crv: String,
        /// The point's first coordinate.
        x: String,
        /// The second.
        y: String,
    },
    /// RFC 7518 section 6.3.1.
    #[serde(rename = "RSA")]
    Rsa {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
}

/// The `v4.public` keys as PASERK text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct PaserkSet {
    /// The keys, in the order given.
    pub keys: Vec<Paserk>,
}

/// One public key with its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Paserk {
    /// `k4.pid.…`, the name that footers carry.
    pub kid: String,
    /// `k4.public.…`
    pub paserk: String,
}

/// The public keys for JWTs among `keys`.
pub fn jwk_set<'a>(keys: impl IntoIterator<Item = &'a VerifyingKey>) -> JwkSet {
    let jwk = |key: &VerifyingKey| match &key.proof {
        Proof::Public(public) if key.algorithm().is_jwt() => Some(Jwk {
            material: JwkMaterial::of(public),
            kid: key.id().to_owned(),
            alg: key.algorithm().as_str().to_owned(),
            usage: "sig".to_owned(),
        }),
        _ => None,
    };
    JwkSet { keys: keys.into_iter().filter_map(jwk).collect() }
}

/// The `v4.public` keys among `keys`.
pub fn paserk_set<'a>(keys: impl IntoIterator<Item = &'a VerifyingKey>) -> PaserkSet {
    let paserk = |key: &VerifyingKey| match (key.algorithm(), &key.proof) {
        (KeyAlgorithm::V4Public, Proof::Public(PublicKey::Ed25519(public))) => {
            let public = AsymmetricPublicKey::<V4>::from(public).ok()?;
            Some(Paserk { kid: key.id().to_owned(), paserk: kid::text(&public) })
        }
        _ => None,
    };
    PaserkSet { keys: keys.into_iter().filter_map(paserk).collect() }
}

impl JwkMaterial {
    fn of(public: &PublicKey) -> Self {
        match public {
            PublicKey::Ed25519(x) => Self::Okp { crv: "Ed25519".into(), x: base64url::encode(x) },
            PublicKey::P256(point) => Self::Ec {
                crv: "P-256".into(),
                x: base64url::encode(&point[1..33]),
                y: base64url::encode(&point[33..]),
            },
            PublicKey::Rsa { n, e } => Self::Rsa { n: base64url::encode(n), e: base64url::encode(e) },
        }
    }

    fn read(&self) -> Option<PublicKey> {
        match self {
            Self::Okp { crv, x } if crv == "Ed25519" => {
                Some(PublicKey::Ed25519(base64url::decode(x)?.try_into().ok()?))
            }
            Self::Ec { crv, x, y } if crv == "P-256" => {
                let (x, y) = (base64url::decode(x)?, base64url::decode(y)?);
                let point = [&[4][..], &x, &y].concat();
                if x.len() == 32 { Some(PublicKey::P256(point.try_into().ok()?)) } else { None }
            }
            Self::Rsa { n, e } => Some(PublicKey::Rsa { n: base64url::decode(n)?, e: base64url::decode(e)? }),
            Self::Okp { .. } | Self::Ec { .. } => None,
        }
    }
}

impl Jwk {
    /// The key that was published, if it is one of the kinds that we publish and has the name that follows from it.
    pub fn read(&self) -> Option<VerifyingKey> {
        let public = self.material.read()?;
        let algorithm = match (&public, self.alg.as_str()) {
            (PublicKey::Ed25519(_), "EdDSA") => KeyAlgorithm::EdDsa,
            (PublicKey::P256(_), "ES256") => KeyAlgorithm::Es256,
            (PublicKey::Rsa { .. }, "RS256") => KeyAlgorithm::Rs256,
            _ => return None,
        };
        let itself = self.usage == "sig" && kid::thumbprint(&public) == self.kid;
        itself.then(|| VerifyingKey::published(self.kid.clone(), algorithm, public))
    }
}

impl Paserk {
    /// The key that was published, if it has the name that follows from it.
    pub fn read(&self) -> Option<VerifyingKey> {
        let public = AsymmetricPublicKey::<V4>::try_from(self.paserk.as_str()).ok()?;
        let octets: [u8; 32] = public.as_bytes().try_into().ok()?;
        let public = PublicKey::Ed25519(octets);
        let named = kid::name(KeyAlgorithm::V4Public, &[], Some(&public))? == self.kid;
        named.then(|| VerifyingKey::published(self.kid.clone(), KeyAlgorithm::V4Public, public))
    }
}
