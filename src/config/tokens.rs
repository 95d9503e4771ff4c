//! `[tokens]`: the form of access tokens, who signs them how, and how long they hold.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::leaf::{Complaint, text_leaf};
use super::reader::Reader;
use super::secrets;
use super::words::{pick, word_leaf, words};

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
    /// The shared key of HS256, at least 32 bytes; always there when `algorithm` is HS256.
    pub hs256_secret: Option<SecretString>,
}

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
        /// HMAC with SHA-256 (RFC 7518 §3.2), in a JWT.
        Hs256 = "HS256",
        /// Ed25519, in a PASETO.
        V4Public = "v4.public",
    }
}
text_leaf!(TokenAlgorithm, "an algorithm such as `EdDSA`", algorithm, Self::to_string);

impl TokenAlgorithm {
    /// The format in which this algorithm signs.
    pub fn format(self) -> TokenFormat {
        match self {
            Self::EdDsa | Self::Hs256 => TokenFormat::Jwt,
            Self::V4Public => TokenFormat::Paseto,
        }
    }
}

fn algorithm(text: &str) -> Result<TokenAlgorithm, Complaint> {
    let instead = match text {
        "ES256" | "RS256" => "EdDSA",
        "v4.local" => "v4.public",
        _ => return pick(text, TokenAlgorithm::WORDS),
    };
    Err(Complaint::with_help(
        format!("`{text}` is not available in this release"),
        format!("use `{instead}`"),
    ))
}

const SECRET: (&str, &str) = ("tokens.hs256_secret", "tokens.hs256_secret_file");

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
        };
        tokens.check(reader);
        tokens
    }

    fn check(&self, reader: &mut Reader) {
        let weakness =
            self.hs256_secret.as_ref().and_then(|secret| secrets::weakness(secret.expose_secret()));
        if let Some(weakness) = weakness {
            let help = "make one with `openssl rand -base64 48`";
            reader.refuse_secret(SECRET.0, SECRET.1, Complaint::with_help(weakness, help));
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
        } else if self.algorithm == TokenAlgorithm::Hs256
            && self.hs256_secret.is_none()
            && reader.sound(&[SECRET.0, SECRET.1])
        {
            reader.refuse(
                "tokens.algorithm",
                Complaint::with_help(
                    "`HS256` needs a shared key, and `tokens.hs256_secret` is not set",
                    "set the variable GUARDHOUSE__TOKENS__HS256_SECRET or the key `tokens.hs256_secret_file`",
                ),
            );
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
