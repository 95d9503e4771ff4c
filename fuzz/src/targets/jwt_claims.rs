//! The parsers behind a JWT's signature: a header and a payload, signed with the right key whatever they say.

use std::sync::LazyLock;

use guardhouse::tokens::TokenRules;
use guardhouse::tokens::keys::{KeyAlgorithm, SigningKey};
use serde_json::{Map, Value, json};

use super::common::{Codec, assert_said, hs_signed, key, lines_and_variants, now, payload, rules, two_lines};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(KeyAlgorithm::Hs256, 2));
static PLAIN: LazyLock<Codec> = LazyLock::new(|| Codec::new(rules(), &KEY).expect("a JWT key"));
/// With the roles under another name, and claims of the operator's own.
static SAYING: LazyLock<Codec> = LazyLock::new(|| Codec::new(saying(), &KEY).expect("a JWT key"));

fn saying() -> TokenRules {
    let claims = Map::from_iter([("tenant".to_owned(), json!("acme"))]);
    rules().saying("groups", claims).expect("names that are free")
}

fn header() -> Value {
    json!({ "typ": "at+jwt", "alg": "HS256", "kid": KEY.id() })
}

/// `data` is a header and, on the next lines, a payload.
pub fn run(data: &[u8]) {
    let Some((header, payload)) = two_lines(data) else { return };
    let token = hs_signed(header, payload, 2);
    check(&PLAIN, "roles", &token, header, payload);
    check(&SAYING, "groups", &token, header, payload);
}

fn check(codec: &Codec, roles: &str, token: &str, header: &[u8], payload: &[u8]) {
    let Ok(claims) = codec.open(token, now()) else { return };
    let said: Value = serde_json::from_slice(header).expect("only JSON is accepted");
    let typ = said["typ"].as_str().expect("a text").to_ascii_lowercase();
    assert!(["at+jwt", "application/at+jwt"].contains(&typ.as_str()), "{said}");
    assert_eq!(said, json!({ "typ": said["typ"], "alg": "HS256", "kid": KEY.id() }));
    assert_said(&claims, roles, payload, Value::as_i64);
    let again = codec.seal(&claims).expect("accepted claims can be sealed");
    // What we seal is good from its issue on; a foreign `iat` may lie ahead.
    assert_eq!(codec.open(&again, now().max(claims.issued_at)), Ok(claims));
}

/// A good pair and one fault at a time.
pub fn seeds() -> Vec<Vec<u8>> {
    let payload = payload(|time| time.seconds().into());
    let mut seeds = lines_and_variants(&header(), &payload);
    let mut renamed = payload.clone();
    renamed["groups"] = renamed["roles"].take();
    renamed["tenant"] = json!("acme");
    renamed.as_object_mut().expect("an object").remove("roles");
    seeds.extend(lines_and_variants(&header(), &renamed));
    let headers = [
        json!({ "typ": "application/AT+JWT", "alg": "HS256", "kid": KEY.id() }),
        json!({ "typ": "at+jwt", "alg": "none", "kid": KEY.id() }),
        json!({ "typ": "at+jwt", "alg": "HS256", "kid": KEY.id(), "crit": ["b64"], "b64": false }),
        json!({ "typ": "JWT", "alg": "HS256", "kid": KEY.id() }),
        json!(["at+jwt", "HS256", KEY.id()]),
    ];
    seeds.extend(headers.iter().map(|header| format!("{header}\n{payload}").into_bytes()));
    seeds
}
