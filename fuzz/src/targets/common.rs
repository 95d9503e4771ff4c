//! What several targets share: known keys, a clock that stands still, claims, the vectors.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guardhouse::domain::claims::Claims;
use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::entropy::Entropy;
use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::domain::role::{Role, Roles};
use guardhouse::domain::session::AuthMethod;
use guardhouse::tokens::jwt::{JwtOpener, JwtSealer};
use guardhouse::tokens::keys::{KeyAlgorithm, KeyFault, SigningKey};
use guardhouse::tokens::paseto::{PasetoOpener, PasetoSealer};
use guardhouse::tokens::{Opener, SealError, Sealer, TokenFault, TokenRules};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) const ISSUER: &str = "https://auth.example";
pub(super) const AUDIENCE: &str = "https://api.example";
/// When the tokens are issued, in seconds.
pub(super) const ISSUED: i64 = 1_795_193_429;
pub(super) const LIFETIME: i64 = 900;
pub(super) const LEEWAY: i64 = 30;

/// The same byte every time.
pub(super) struct Known(pub(super) u8);

impl Entropy for Known {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

pub(super) fn at(seconds_after_issue: i64) -> Timestamp {
    Timestamp::from_seconds(ISSUED + seconds_after_issue)
}

/// When tokens are presented.
pub(super) fn now() -> Timestamp {
    at(1)
}

pub(super) fn rules() -> TokenRules {
    TokenRules::new(ISSUER, AUDIENCE, Duration::from_secs(LEEWAY.unsigned_abs())).expect("sound rules")
}

/// A key whose secret is 32 times `byte`.
pub(super) fn key(algorithm: KeyAlgorithm, byte: u8) -> SigningKey {
    SigningKey::generate(algorithm, &Known(byte))
}

/// One key that makes tokens and reads them.
pub(super) struct Codec {
    sealer: Box<dyn Sealer>,
    opener: Box<dyn Opener>,
}

impl Codec {
    pub(super) fn new(rules: TokenRules, key: &SigningKey) -> Result<Self, KeyFault> {
        let verifying = [key.verifying()];
        if key.algorithm().is_jwt() {
            let opener = Box::new(JwtOpener::new(rules.clone(), &verifying)?);
            Ok(Self { sealer: Box::new(JwtSealer::new(rules, key)?), opener })
        } else {
            let opener = Box::new(PasetoOpener::new(rules.clone(), &verifying)?);
            Ok(Self { sealer: Box::new(PasetoSealer::new(rules, key)?), opener })
        }
    }

    pub(super) fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        self.sealer.seal(claims)
    }

    pub(super) fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        self.opener.open(token, now)
    }
}

pub(super) fn claims() -> Claims {
    Claims {
        subject: UserId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001)),
        session: SessionId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0002)),
        token: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0003),
        issued_at: at(0),
        expires_at: at(LIFETIME),
        authenticated_at: at(-60),
        methods: vec![AuthMethod::Password],
        roles: Roles::from(vec![Role::user(), Role::admin()]),
        epoch: 7,
    }
}

/// The payload of a good token, its times as `time` writes them.
pub(super) fn payload(time: impl Fn(Timestamp) -> Value) -> Value {
    json!({
        "iss": ISSUER, "sub": claims().subject, "aud": AUDIENCE, "client_id": "guardhouse",
        "exp": time(at(LIFETIME)), "nbf": time(at(0)), "iat": time(at(0)), "jti": claims().token,
        "sid": claims().session, "auth_time": ISSUED - 60, "amr": ["pwd"], "roles": ["admin", "user"], "epoch": 7,
    })
}

/// Two lines, and variants of the second in which one member is missing, doubled, or of another kind.
pub(super) fn lines_and_variants(first: &Value, second: &Value) -> Vec<Vec<u8>> {
    let line = |text: &str| format!("{first}\n{text}").into_bytes();
    let mut seeds = vec![line(&second.to_string()), line("{}"), line("[]"), line("")];
    // Bytes that are no text, where nobody reads them.
    let unread =
        [br#"{"unread":""#, &b"\xcd\xff"[..], br#"","#, &second.to_string().as_bytes()[1..]].concat();
    seeds.push([&line("")[..], &unread].concat());
    for name in second.as_object().expect("an object").keys() {
        let mut without = second.clone();
        without.as_object_mut().expect("an object").remove(name);
        seeds.push(line(&without.to_string()));
        seeds.push(line(&second.to_string().replacen('{', &format!("{{\"{name}\":{},", second[name]), 1)));
        for other in [json!(null), json!(""), json!(-1), json!([AUDIENCE]), json!({}), json!(1e300)] {
            let mut changed = second.clone();
            changed[name] = other;
            seeds.push(line(&changed.to_string()));
        }
    }
    seeds
}

/// Asserts that accepted `claims` say what `payload` says, and that its every rule holds. `roles` is what the roles are called,
/// and `seconds` reads a time.
pub(super) fn assert_said(
    claims: &Claims,
    roles: &str,
    payload: &[u8],
    seconds: impl Fn(&Value) -> Option<i64>,
) {
    let said: Value = serde_json::from_slice(payload).expect("only JSON is accepted");
    let time = |name: &str| seconds(&said[name]).unwrap_or_else(|| panic!("{name} is no time: {said}"));
    let text = |name: &str| said[name].as_str().unwrap_or_else(|| panic!("{name} is no text: {said}"));
    assert_eq!((text("iss"), text("client_id")), (ISSUER, "guardhouse"));
    assert!(said["aud"] == AUDIENCE || said["aud"] == json!([AUDIENCE]), "{said}");
    let same = |name: &str, id: Uuid| Uuid::try_parse(text(name)).is_ok_and(|read| read == id);
    assert!(
        same("sub", claims.subject.0) && same("sid", claims.session.0) && same("jti", claims.token),
        "{said}"
    );
    assert_eq!(claims.issued_at.seconds(), time("iat"));
    assert_eq!(claims.expires_at.seconds(), time("exp"));
    assert_eq!(Some(claims.authenticated_at.seconds()), said["auth_time"].as_i64());
    assert!(time("iat") < time("exp"), "{said}");
    assert!(
        time("nbf") <= ISSUED + 1 + LEEWAY && ISSUED + 1 < time("exp") + LEEWAY,
        "its time is not now: {said}"
    );
    assert_eq!(said["epoch"].as_u64(), Some(u64::from(claims.epoch)));
    let listed = |name: &str| said[name].as_array().expect("a list").clone();
    let methods: Vec<Value> = claims.methods.iter().map(|method| json!(method.as_str())).collect();
    assert_eq!(listed("amr"), methods);
    for role in listed(roles) {
        let role = Role::try_from(role.as_str().expect("a text").to_owned()).expect("a role");
        assert!(claims.roles.contains(&role), "{said}");
    }
    assert!(claims.roles.iter().all(|role| listed(roles).contains(&json!(role.as_str()))), "{said}");
}

pub(super) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JWT with this header and payload, signed by the HS256 key of [`key`] with `byte`.
pub(super) fn hs_signed(header: &[u8], payload: &[u8], byte: u8) -> String {
    let message = format!("{}.{}", b64(header), b64(payload));
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]), message.as_bytes());
    format!("{message}.{}", b64(mac))
}

/// Every text below `value`.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Every text in a file of `tests/vectors`, as bytes.
pub(super) fn vectors(json: &str) -> Vec<Vec<u8>> {
    let value: Value = serde_json::from_str(json).expect("the vectors are JSON");
    texts(&value).into_iter().map(String::into_bytes).collect()
}

/// `data` up to the first line break, and what follows it.
pub(super) fn two_lines(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n')?;
    Some((&data[..end], &data[end + 1..]))
}
