//! Tokens of a real server, verified by libraries in other languages that know nothing of this house but what
//! docs/verify-elsewhere.md says and what the server publishes. Each language gets the bad tokens too, so that a
//! verifier that verifies nothing is noticed.
//!
//! **One more algorithm**: its line in [`algorithms!`]. The code that verifies is taken from the document; `verify.py`
//! and `verify.mjs` only read requests and print answers.

mod languages;
mod tokens;

use serde_json::{Value, json};
use uuid::Uuid;

use languages::{LANGUAGES, Language};
use tokens::{Issued, Setup};

use crate::binary::process::Installation;

/// Stamps the tests of each algorithm: its module, its name, how a verifier comes by the key, and further settings.
macro_rules! algorithms {
    ($($module:ident: $algorithm:literal, $keys:expr, $settings:expr;)*) => {
        $(mod $module {
            use super::*;

            const SETUP: Setup = Setup { algorithm: $algorithm, keys: $keys, settings: &$settings };

            #[test]
            fn other_languages_read_the_same_claims_and_refuse_what_is_bad() {
                super::other_languages_agree(&SETUP);
            }
        })*
    };
}

algorithms! {
    eddsa: "EdDSA", Keys::Published("/.well-known/jwks.json"), [];
    es256: "ES256", Keys::Published("/.well-known/jwks.json"), [];
    rs256: "RS256", Keys::Published("/.well-known/jwks.json"), [];
    hs256: "HS256", Keys::Shared { key: "tokens.hs256_secret", secret: SECRET, other: OTHER_SECRET }, [];
    v4_local: "v4.local", Keys::Imported { secret: LOCAL, other: OTHER_LOCAL }, [("tokens.format", "paseto")];
    v4_public: "v4.public", Keys::Published("/.well-known/paserk.json"), [("tokens.format", "paseto")];
}

/// How a verifier comes by its key.
#[derive(Debug, Clone, Copy)]
enum Keys {
    /// It fetches what is published at this path.
    Published(&'static str),
    /// It holds the secret itself.
    Shared {
        /// The setting that gives it to the server.
        key: &'static str,
        secret: &'static str,
        /// That of another installation.
        other: &'static str,
    },
    /// It holds the key itself, which the server has imported.
    Imported {
        secret: &'static str,
        /// That of another installation.
        other: &'static str,
    },
}

impl Keys {
    /// Those of another installation.
    fn of_another_installation(self) -> Self {
        match self {
            Self::Published(path) => Self::Published(path),
            Self::Shared { key, secret, other } => Self::Shared { key, secret: other, other: secret },
            Self::Imported { secret, other } => Self::Imported { secret: other, other: secret },
        }
    }
}

const SECRET: &str = "kZ3pXw9TqLr2VbN8sJ5yHc0GdMfA6uEoQi1x-shared-with-the-verifiers";
const OTHER_SECRET: &str = "Wm7RtK1vYd4BqPz6LhXs9CfN3gJa8UeToE2i-shared-by-somebody-else";
const LOCAL: &str = "k4.local.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8";
const OTHER_LOCAL: &str = "k4.local.AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";

/// A verifier's request, but for the token.
fn request(setup: &Setup, address: &str) -> Value {
    let (keys, secret) = match setup.keys {
        Keys::Published(path) => (json!(format!("http://{address}{path}")), Value::Null),
        Keys::Shared { secret, .. } | Keys::Imported { secret, .. } => (Value::Null, json!(secret)),
    };
    json!({
        "algorithm": setup.algorithm, "keys": keys, "secret": secret,
        "issuer": tokens::ISSUER, "audience": tokens::AUDIENCE,
    })
}

fn other_languages_agree(setup: &Setup) {
    let languages: Vec<&Language> = LANGUAGES.iter().filter(|language| language.is_ready()).collect();
    if languages.is_empty() {
        return;
    }
    let house = Installation::new();
    let data = house.data_dir();
    // What is bad about each is said in the settings or the clock of the house that signs it, with the same keys.
    let expired = setup.issued_in_process(&data, &[], tokens::A_DAY_AGO);
    let elsewhere = setup.issued_in_process(&data, &[("tokens.audience", "elsewhere")], tokens::NOW);
    let foreign =
        setup.issued_in_process(&data, &[("tokens.issuer", "https://somebody.example")], tokens::NOW);
    let house = setup.flags(&[]).fold(house, |house, (key, value)| house.set(key, value));
    let server = house.serve();
    let good = Issued::from(server.post("/auth/login", &tokens::credentials()).ok(200));

    let mut presented = vec![
        ("good", good.token.clone()),
        ("expired", expired.token),
        ("for another audience", elsewhere.token),
        ("by another issuer", foreign.token),
        ("of another installation", setup.of_another_installation().token),
    ];
    presented.extend(flipped(&good.token));
    let request = request(setup, &server.address.to_string());
    let requests: Vec<Value> = presented.iter().map(|(_, token)| with(&request, token)).collect();
    for language in languages {
        let answers = language.verify(&requests);
        assert_eq!(answers.len(), presented.len(), "{}: {answers:?}", language.name);
        println!("{} with {}: {answers:#?}", language.name, setup.algorithm);
        good.is_told_by(&answers[0]["claims"]);
        for ((what, _), answer) in presented.iter().zip(&answers).skip(1) {
            let refused = answer["refused"].as_str();
            let refused =
                refused.unwrap_or_else(|| panic!("{} takes a token {what}: {answer}", language.name));
            let of_age = refused.to_lowercase().contains("expired") || refused.contains("\"exp\"");
            assert_eq!(of_age, *what == "expired", "{} refuses one {what} with {refused}", language.name);
        }
    }
    server.terminate();
}

fn with(request: &Value, token: &str) -> Value {
    let mut request = request.clone();
    request["token"] = json!(token);
    request
}

/// `token` with one bit of its signature and one bit of its claims changed, in the same encoding.
fn flipped(token: &str) -> [(&'static str, String); 2] {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let segments: Vec<&str> = token.split('.').collect();
    // A PASETO has claims and signature, in this order, in its third segment of four; a JWT has a segment for each.
    let (claims, signature) = if token.starts_with("v4.") { (2, 2) } else { (1, 2) };
    let flip = |segment: usize, at: usize| {
        let text = segments[segment];
        let symbol = ALPHABET.find(&text[at..=at]).expect("a symbol of base64url") ^ 1;
        let text = format!("{}{}{}", &text[..at], &ALPHABET[symbol..=symbol], &text[at + 1..]);
        let mut segments = segments.clone();
        segments[segment] = &text;
        segments.join(".")
    };
    [
        ("with a flipped bit in its signature", flip(signature, segments[signature].len() - 20)),
        ("with a flipped bit in its claims", flip(claims, 100)),
    ]
}

impl Issued {
    /// Asserts that `claims` are those of this token, every one, and no other.
    fn is_told_by(&self, claims: &Value) {
        let seconds =
            |name: &str| tokens::seconds(&claims[name]).unwrap_or_else(|| panic!("{name}: {claims}"));
        let issued_at = seconds("iat");
        assert_eq!(seconds("exp"), self.expires_at.seconds(), "{claims}");
        assert!((0..=1).contains(&(seconds("exp") - issued_at - tokens::LIFETIME_SECONDS)), "{claims}");
        assert_eq!((seconds("nbf"), seconds("auth_time")), (issued_at, issued_at), "{claims}");
        let token: Uuid = claims["jti"].as_str().and_then(|id| id.parse().ok()).expect("jti is a UUID");
        assert_eq!(token.get_version_num(), 7);
        let expected = json!({
            "iss": tokens::ISSUER, "sub": self.user, "aud": tokens::AUDIENCE, "client_id": "guardhouse",
            "exp": claims["exp"], "nbf": claims["nbf"], "iat": claims["iat"], "jti": claims["jti"],
            "sid": self.session, "auth_time": claims["auth_time"], "amr": ["pwd"], "roles": ["user"], "epoch": 0,
        });
        assert_eq!(claims, &expected);
    }
}
