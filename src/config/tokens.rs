//! `[tokens]`: the form of access tokens, who signs them how, and how long they hold.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::leaf::{Complaint, text_leaf};
use super::reader::Reader;
use super::secrets;
use super::words::{word_leaf, words};
use crate::domain::claims::{OUR_CLAIMS, ROLES};

/// Access tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// JWT or PASETO.
    pub format: TokenFormat,
    /// The one algorithm that signs; it belongs to the format.
    pub algorithm: TokenAlgorithm,
    /// The `iss` claim: who issues. Neither empty nor with white space.
    pub issuer: String,
    /// The `aud` claim: whom the tokens are for. Neither empty nor with white space.
    pub audience: String,
    /// How long a token holds.
    pub access_lifetime: Duration,
    /// By how much the clocks of two machines may differ; at most a minute.
    pub leeway: Duration,
    /// The shared key of HS256, at least 32 bytes; HS256 signs with it rather than with a generated key.
    pub hs256_secret: Option<SecretString>,
    /// The one before it, of which tokens are still accepted while the secret is changed.
    pub hs256_former_secret: Option<SecretString>,
    /// The name of the claim that holds the roles.
    pub roles_claim: String,
    /// Further claims of every token, the same in each; none of them is one of ours.
    pub claims: ExtraClaims,
}

/// A JSON object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraClaims(pub Map<String, Value>);

text_leaf!(
    ExtraClaims,
    "a JSON object such as `{\"tenant\": \"acme\"}`",
    serde_json::json!({ "type": "string", "pattern": r"^$|^\s*\{" }),
    |text| {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let object = serde_json::from_str(text).map(Self);
        object.map_err(|fault| {
            Complaint::with_help(
                format!("it is not a JSON object: {fault}"),
                r#"write an object, in single quotes in a file: '{"tenant": "acme"}'"#,
            )
        })
    },
    |claims| if claims.0.is_empty() { String::new() } else { Value::Object(claims.0.clone()).to_string() }
);

words! {
    /// The form of access tokens.
    TokenFormat {
        /// JSON Web Token (RFC 7519) in the profile of RFC 9068.
        Jwt = "jwt",
        /// PASETO, version 4.
        Paseto = "paseto",
    }
}
word_leaf!(TokenFormat, "`jwt` or `paseto`");

words! {
    /// How access tokens are signed.
    TokenAlgorithm {
        /// Ed25519 (RFC 8037), in a JWT.
        EdDsa = "EdDSA",
        /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4), in a JWT.
        Es256 = "ES256",
        /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3), in a JWT.
        Rs256 = "RS256",
        /// HMAC with SHA-256 (RFC 7518 §3.2), in a JWT.
        Hs256 = "HS256",
        /// Ed25519, in a PASETO.
        V4Public = "v4.public",
        /// XChaCha20 and BLAKE2b, in a PASETO: only this server reads it.
        V4Local = "v4.local",
    }
}
word_leaf!(TokenAlgorithm, "an algorithm such as `EdDSA`");

impl TokenAlgorithm {
    /// The format in which this algorithm signs.
    pub fn format(self) -> TokenFormat {
        match self {
            Self::EdDsa | Self::Es256 | Self::Rs256 | Self::Hs256 => TokenFormat::Jwt,
            Self::V4Public | Self::V4Local => TokenFormat::Paseto,
        }
    }
}

const SECRET: (&str, &str) = ("tokens.hs256_secret", "tokens.hs256_secret_file");
const FORMER: (&str, &str) = ("tokens.hs256_former_secret", "tokens.hs256_former_secret_file");

impl Tokens {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let second = Duration::from_secs(1);
        let tokens = Self {
            format: reader.take("tokens.format"),
            algorithm: reader.take("tokens.algorithm"),
            issuer: reader.take_if("tokens.issuer", |name: &String| check_name(name)),
            audience: reader.take_if("tokens.audience", |name: &String| check_name(name)),
            access_lifetime: reader.take_in("tokens.access_lifetime", 30 * second..=7 * 24 * 3600 * second),
            leeway: reader.take_in("tokens.leeway", Duration::ZERO..=60 * second),
            hs256_secret: reader.take_secret(SECRET.0, SECRET.1),
            hs256_former_secret: reader.take_secret(FORMER.0, FORMER.1),
            roles_claim: reader.take_if("tokens.roles_claim", |name: &String| check_name(name)),
            claims: reader.take("tokens.claims"),
        };
        tokens.check(reader);
        tokens.check_claims(reader);
        tokens
    }

    fn check(&self, reader: &mut Reader) {
        for (secret, (key, file_key)) in [(&self.hs256_secret, SECRET), (&self.hs256_former_secret, FORMER)] {
            if let Some(weakness) = secret.as_ref().and_then(|it| secrets::weakness(it.expose_secret())) {
                let help = "make one with `guardhouse keys secret`";
                reader.refuse_secret(key, file_key, Complaint::with_help(weakness, help));
            }
        }
        if !reader.sound(&["tokens.format", "tokens.algorithm"]) {
            return;
        }
        if self.algorithm.format() != self.format {
            let other = reader.origin("tokens.format");
            let fitting: Vec<_> = TokenAlgorithm::WORDS
                .iter()
                .filter(|(_, algorithm)| algorithm.format() == self.format)
                .map(|(word, _)| format!("`tokens.algorithm = \"{word}\"`"))
                .collect();
            reader.refuse(
                "tokens.algorithm",
                Complaint::with_help(
                    format!(
                        "`{}` does not sign a {}, which `tokens.format` asks for ({other})",
                        self.algorithm, self.format
                    ),
                    format!(
                        "use {}, or `tokens.format = \"{}\"`",
                        fitting.join(" or "),
                        self.algorithm.format()
                    ),
                ),
            );
        }
    }

    /// The names of claims that have a meaning already, and what is long enough to make every token a burden.
    fn check_claims(&self, reader: &mut Reader) {
        const KEYS: [&str; 2] = ["tokens.claims", "tokens.roles_claim"];
        const MOST_BYTES: usize = 1_024;
        if !reader.sound(&KEYS) {
            return;
        }
        let help = "claims that every token has anyway cannot be set; choose another name";
        for name in self.claims.0.keys().filter(|name| {
            OUR_CLAIMS.contains(&name.as_str()) || **name == self.roles_claim || *name == ROLES
        }) {
            let reason = format!("`{name}` is a claim that every token has already");
            reader.refuse(KEYS[0], Complaint::with_help(reason, help));
        }
        if OUR_CLAIMS.contains(&self.roles_claim.as_str()) {
            let reason = format!("`{}` is a claim that every token has already", self.roles_claim);
            reader.refuse(KEYS[1], Complaint::with_help(reason, help));
        }
        let size = Value::Object(self.claims.0.clone()).to_string().len();
        if size > MOST_BYTES {
            let reason =
                format!("it has {size} bytes, and every request carries it: {MOST_BYTES} are the most");
            reader.refuse(KEYS[0], Complaint::from(reason));
        }
    }
}

fn check_name(name: &str) -> Result<(), Complaint> {
    if name.is_empty() {
        return Err(Complaint::with_help(
            "it is empty",
            "every verifier compares it, so it has to say something",
        ));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it holds white space or control characters".to_owned().into());
    }
    Ok(())
}
