//! Tokens: round trips, official vectors, and every attack refused by the very check that is meant to refuse it.
//!
//! A forged token here is signed with the house's own key wherever that sharpens the test: then the signature holds,
//! and only the check under test stands between the forgery and an answer.

#![expect(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails, with its line")]

mod access;
mod following;
mod import;
mod jwt;
mod keys;
mod master;
mod paseto;
mod refresh;
mod revocations;
mod round_trip;
mod vectors;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guardhouse::domain::claims::Claims;
use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::entropy::Entropy;
use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::domain::role::{Role, Roles};
use guardhouse::domain::session::AuthMethod;
use guardhouse::tokens::jwt::{JwtOpener, JwtSealer};
use guardhouse::tokens::keys::{KeyAlgorithm, KeyFault, PublicKey, SigningKey, VerifyingKey};
use guardhouse::tokens::paseto::{PasetoOpener, PasetoSealer};
use guardhouse::tokens::{AccessTokens, Opener, SealError, Sealer, TokenFault, TokenRules};
use serde_json::Value;
use uuid::Uuid;

const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "https://api.example";
const LEEWAY: u64 = 30;
/// When the test tokens are issued, in seconds.
const ISSUED: i64 = 1_795_193_429;
const LIFETIME: i64 = 900;

/// Everything that access tokens are made with.
const ACCESS: [KeyAlgorithm; 6] = [
    KeyAlgorithm::EdDsa,
    KeyAlgorithm::Es256,
    KeyAlgorithm::Rs256,
    KeyAlgorithm::Hs256,
    KeyAlgorithm::V4Public,
    KeyAlgorithm::V4Local,
];

/// The number of points on P-256 (SEC 2 section 2.4.2), big endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// These bytes every time.
struct Given([u8; 32]);

impl Entropy for Given {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

/// The same bytes every time: a key whose secret the test knows.
struct Known(u8);

impl Entropy for Known {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

/// A different, repeatable sequence for every seed (SplitMix64).
struct Seeded(AtomicU64);

impl Seeded {
    fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = z.to_le_bytes()[7];
        }
    }
}

fn at(seconds_after_issue: i64) -> Timestamp {
    Timestamp::from_seconds(ISSUED + seconds_after_issue)
}

fn rules() -> TokenRules {
    TokenRules::new(ISSUER, AUDIENCE, Duration::from_secs(LEEWAY)).unwrap()
}

/// A key whose secret is 32 times `byte`.
fn key(algorithm: KeyAlgorithm, byte: u8) -> SigningKey {
    SigningKey::generate(algorithm, &Known(byte))
}

/// RFC 7520 section 3.4.
static RSA_JWK: LazyLock<Value> = LazyLock::new(|| vectors::cookbook::file("jwk__3_4.rsa_private_key.json"));

/// A key whose secret the tests know: 32 times 1, or, for RSA, that of the cookbook.
fn known(algorithm: KeyAlgorithm) -> SigningKey {
    if algorithm == KeyAlgorithm::Rs256 {
        guardhouse::tokens::import::import(algorithm, &RSA_JWK.to_string()).unwrap()
    } else {
        key(algorithm, 1)
    }
}

/// The private RSA key in `jwk`.
fn rsa_pair(jwk: &Value) -> RsaKeyPair {
    let octets = |name: &str| unb64(jwk[name].as_str().unwrap());
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: octets("n"), e: octets("e") },
        d: octets("d"),
        p: octets("p"),
        q: octets("q"),
        dP: octets("dp"),
        dQ: octets("dq"),
        qInv: octets("qi"),
    };
    RsaKeyPair::from_components(&components).unwrap()
}

/// Reads the tokens of every algorithm at once, and signs with `signing`.
fn everything(signing: KeyAlgorithm) -> AccessTokens {
    let keys = ACCESS.map(known);
    AccessTokens::new(&rules(), &known(signing), &verifying(&keys)).unwrap()
}

/// What verifies the tokens of `keys`.
fn verifying<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Vec<VerifyingKey> {
    keys.into_iter().map(SigningKey::verifying).collect()
}

/// The public half of an Ed25519 key.
fn ed25519_public(key: &SigningKey) -> [u8; 32] {
    let Some(PublicKey::Ed25519(public)) = key.public_key() else { panic!("{key:?}") };
    *public
}

/// One format, signing with one key and verifying with it and others.
struct Codec {
    sealer: Box<dyn Sealer>,
    opener: Box<dyn Opener>,
}

impl Codec {
    fn jwt(rules: TokenRules, signing: &SigningKey, also: &[SigningKey]) -> Result<Self, KeyFault> {
        let keys = verifying(std::iter::once(signing).chain(also));
        let opener = Box::new(JwtOpener::new(rules.clone(), &keys)?);
        Ok(Self { sealer: Box::new(JwtSealer::new(rules, signing)?), opener })
    }

    fn paseto(rules: TokenRules, signing: &SigningKey, also: &[SigningKey]) -> Result<Self, KeyFault> {
        let keys = verifying(std::iter::once(signing).chain(also));
        let opener = Box::new(PasetoOpener::new(rules.clone(), &keys)?);
        Ok(Self { sealer: Box::new(PasetoSealer::new(rules, signing)?), opener })
    }

    fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        self.sealer.seal(claims)
    }

    fn open(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        self.opener.open(token, now)
    }
}

fn claims() -> Claims {
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

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// `text` with every single bit flipped in turn, as far as the outcome is text at all.
fn bit_flips(text: &str) -> impl Iterator<Item = String> {
    (0..text.len() * 8).filter_map(|bit| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        String::from_utf8(bytes).ok()
    })
}

/// Other spellings of the base64url `segment` that a lenient decoder reads as the same bytes.
fn other_spellings(segment: &str) -> Vec<String> {
    let bytes = unb64(segment);
    let mut spellings = vec![
        format!("{segment}="),
        format!("{segment}=="),
        format!("{segment}\n"),
        format!(" {segment}"),
        format!("{}\r\n{}", &segment[..2], &segment[2..]),
        base64::engine::general_purpose::URL_SAFE.encode(&bytes) + "=",
    ];
    if segment.contains(['-', '_']) {
        spellings.push(segment.replace('-', "+").replace('_', "/"));
    }
    if !bytes.len().is_multiple_of(3) {
        // The last character has bits that carry nothing.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = alphabet.find(segment.chars().last().unwrap()).unwrap();
        spellings.push(format!("{}{}", &segment[..segment.len() - 1], &alphabet[last + 1..last + 2]));
    }
    spellings
}
