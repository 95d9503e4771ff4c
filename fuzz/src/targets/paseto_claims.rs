//! The parser behind a PASETO's signature: a footer and a payload, signed with the right key whatever they say.

use std::sync::LazyLock;

use ::paseto::keys::AsymmetricSecretKey;
use ::paseto::version4::{PublicToken, V4};
use guardhouse::tokens::keys::{KeyAlgorithm, PublicKey, SigningKey};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::common::{
    AUDIENCE, Codec, ISSUER, assert_said, key, lines_and_variants, now, payload, rules, two_lines,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(KeyAlgorithm::V4Public, 3));
static CODEC: LazyLock<Codec> = LazyLock::new(|| Codec::new(rules(), &KEY).expect("a PASETO key"));
static SECRET: LazyLock<AsymmetricSecretKey<V4>> = LazyLock::new(|| {
    let Some(PublicKey::Ed25519(public)) = KEY.public_key() else { panic!("no Ed25519 key: {KEY:?}") };
    AsymmetricSecretKey::from(&[[3; 32], *public].concat()).expect("the same key")
});

/// `data` is a footer and, on the next lines, a payload.
pub fn run(data: &[u8]) {
    let Some((footer, payload)) = two_lines(data) else { return };
    let implicit = format!(r#"{{"typ":"at+paseto","iss":"{ISSUER}","aud":"{AUDIENCE}"}}"#);
    let Ok(token) = PublicToken::sign(&SECRET, payload, Some(footer), Some(implicit.as_bytes())) else {
        return;
    };
    let Ok(claims) = CODEC.open(&token, now()) else { return };
    assert_eq!(footer, json!({ "kid": KEY.id() }).to_string().as_bytes());
    assert_said(&claims, "roles", payload, |time| {
        Some(OffsetDateTime::parse(time.as_str()?, &Rfc3339).ok()?.unix_timestamp())
    });
    let said: Value = serde_json::from_slice(payload).expect("read just now");
    assert!(said["aud"].is_string(), "PASETO knows one audience: {said}");
    let again = CODEC.seal(&claims).expect("accepted claims can be sealed");
    // What we seal is good from its issue on; a foreign `iat` may lie ahead.
    assert_eq!(CODEC.open(&again, now().max(claims.issued_at)), Ok(claims));
}

/// A good pair and one fault at a time.
pub fn seeds() -> Vec<Vec<u8>> {
    let footer = json!({ "kid": KEY.id() });
    let mut seeds = lines_and_variants(&footer, &payload(|time| time.to_string().into()));
    let times = [
        "2026-11-20T18:05:29+01:00",
        "2026-11-20T17:05:29.999999999Z",
        "2026-11-20 17:05:29Z",
        "9999-12-31T23:59:60Z",
    ];
    for text in times {
        let mut other = payload(|time| time.to_string().into());
        other["exp"] = json!(text);
        seeds.push(format!("{footer}\n{other}").into_bytes());
    }
    seeds
}
