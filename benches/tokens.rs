//! Sealing and opening tokens against the bare signature over the same bytes, and the view of what was revoked.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use criterion::Criterion;
use guardhouse::domain::claims::Claims;
use guardhouse::domain::clock::{Clock, Stopwatch, SystemClock, Timestamp};
use guardhouse::domain::entropy::{SystemEntropy, bytes};
use guardhouse::domain::id::{SessionId, UserId, uuid_v7};
use guardhouse::domain::refresh::RefreshGrant;
use guardhouse::domain::revocation::{Revocation, Revoked};
use guardhouse::domain::role::{Role, Roles};
use guardhouse::domain::session::AuthMethod;
use guardhouse::tokens::jwt::{JwtOpener, JwtSealer};
use guardhouse::tokens::keys::{KeyAlgorithm, SigningKey};
use guardhouse::tokens::paseto::{PasetoOpener, PasetoSealer};
use guardhouse::tokens::refresh::RefreshTokens;
use guardhouse::tokens::revocations::Revocations;
use guardhouse::tokens::{Opener, Sealer, TokenRules};
use paseto::keys::{AsymmetricKeyPair, Generate, SymmetricKey};
use paseto::token::UntrustedToken;
use paseto::version4::{LocalToken, PublicToken, V4};
use secrecy::ExposeSecret;

use crate::support::{Contest, is_trial};

/// What verifying a token may cost beside its signature.
const COLD_VERIFY: f64 = 0.90;

pub(crate) fn bench(criterion: &mut Criterion) {
    let now = SystemClock.now();
    let claims = claims(now);
    jwt_eddsa(criterion, &claims, now);
    jwt_hs256(criterion, &claims, now);
    paseto_public(criterion, &claims, now);
    jwt_es256(criterion, &claims, now);
    jwt_rs256(criterion, &claims, now);
    paseto_local(criterion, &claims, now);
    refresh(criterion, now);
    for entries in [0, 1_000, 1_000_000] {
        revocations(criterion, &claims, entries, now);
    }
    crate::verified::bench(criterion);
}

fn each<T>(operation: impl Fn() -> T) -> impl Fn(u64) -> Duration {
    move |iterations| {
        let started = Stopwatch::start();
        for _ in 0..iterations {
            black_box(operation());
        }
        started.elapsed()
    }
}

fn claims(now: Timestamp) -> Claims {
    Claims {
        subject: UserId::generate(now, &SystemEntropy),
        session: SessionId::generate(now, &SystemEntropy),
        token: uuid_v7(now, &SystemEntropy),
        issued_at: now,
        expires_at: now.plus(Duration::from_secs(900)),
        authenticated_at: now,
        methods: vec![AuthMethod::Password],
        roles: Roles::from(vec![Role::user()]),
        epoch: 0,
    }
}

fn rules() -> TokenRules {
    TokenRules::new("https://auth.example.org", "example", Duration::from_secs(5)).expect("sound rules")
}

fn key(algorithm: KeyAlgorithm) -> SigningKey {
    SigningKey::generate(algorithm, &SystemEntropy)
}

fn jwt(key: &SigningKey) -> (JwtSealer, JwtOpener) {
    let sealer = JwtSealer::new(rules(), key).expect("a key for JWT");
    (sealer, JwtOpener::new(rules(), &[key.verifying()]).expect("a key for JWT"))
}

fn paseto(key: &SigningKey) -> (PasetoSealer, PasetoOpener) {
    let sealer = PasetoSealer::new(rules(), key).expect("a key for PASETO");
    (sealer, PasetoOpener::new(rules(), &[key.verifying()]).expect("a key for PASETO"))
}

fn jwt_eddsa(criterion: &mut Criterion, claims: &Claims, now: Timestamp) {
    let (sealer, opener) = jwt(&key(KeyAlgorithm::EdDsa));
    let token = sealer.seal(claims).expect("a token");
    let (message, _) = token.rsplit_once('.').expect("three segments");
    let pair = ed25519();
    Contest::new("tokens/jwt_eddsa_seal", "Ed25519 by aws-lc", each(|| pair.sign(message.as_bytes())))
        .against("JWT", each(|| sealer.seal(claims)))
        .hold(criterion);

    let signature = pair.sign(message.as_bytes());
    let public = public(&pair);
    Contest::new(
        "tokens/jwt_eddsa_open",
        "Ed25519 by aws-lc",
        each(|| public.verify_sig(message.as_bytes(), signature.as_ref()).is_ok()),
    )
    .within(COLD_VERIFY, "JWT", each(|| opener.open(&token, now)))
    .hold(criterion);
}

fn jwt_hs256(criterion: &mut Criterion, claims: &Claims, now: Timestamp) {
    let (sealer, opener) = jwt(&key(KeyAlgorithm::Hs256));
    let token = sealer.seal(claims).expect("a token");
    let (message, _) = token.rsplit_once('.').expect("three segments");
    let bare = hmac::Key::new(hmac::HMAC_SHA256, &bytes::<32>(&SystemEntropy));
    let sign = || hmac::sign(&bare, message.as_bytes());
    Contest::new("tokens/jwt_hs256_seal", "HMAC by aws-lc", each(sign))
        .against("JWT", each(|| sealer.seal(claims)))
        .hold(criterion);

    let tag = sign();
    Contest::new(
        "tokens/jwt_hs256_open",
        "HMAC by aws-lc",
        each(|| hmac::verify(&bare, message.as_bytes(), tag.as_ref()).is_ok()),
    )
    .within(COLD_VERIFY, "JWT", each(|| opener.open(&token, now)))
    .hold(criterion);
}

fn jwt_es256(criterion: &mut Criterion, claims: &Claims, now: Timestamp) {
    let (sealer, opener) = jwt(&key(KeyAlgorithm::Es256));
    let token = sealer.seal(claims).expect("a token");
    let (message, _) = token.rsplit_once('.').expect("three segments");
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let sign = || pair.sign(&SystemRandom::new(), message.as_bytes());
    Contest::new("tokens/jwt_es256_seal", "ECDSA by aws-lc", each(sign))
        .against("JWT", each(|| sealer.seal(claims)))
        .hold(criterion);

    let signature = sign().expect("a signature");
    let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()).expect("a key");
    let verify = || public.verify_sig(message.as_bytes(), signature.as_ref()).is_ok();
    Contest::new("tokens/jwt_es256_open", "ECDSA by aws-lc", each(verify))
        .within(COLD_VERIFY, "JWT", each(|| opener.open(&token, now)))
        .hold(criterion);
}

fn jwt_rs256(criterion: &mut Criterion, claims: &Claims, now: Timestamp) {
    let (sealer, opener) = jwt(&key(KeyAlgorithm::Rs256));
    let token = sealer.seal(claims).expect("a token");
    let (message, _) = token.rsplit_once('.').expect("three segments");
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let sign = || {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map(|()| signature)
    };
    Contest::new("tokens/jwt_rs256_seal", "RSA by aws-lc", each(sign))
        .against("JWT", each(|| sealer.seal(claims)))
        .hold(criterion);

    let signature = sign().expect("a signature");
    let public =
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()).expect("a key");
    let verify = || public.verify_sig(message.as_bytes(), &signature).is_ok();
    Contest::new("tokens/jwt_rs256_open", "RSA by aws-lc", each(verify))
        .within(COLD_VERIFY, "JWT", each(|| opener.open(&token, now)))
        .hold(criterion);
}

fn paseto_local(criterion: &mut Criterion, claims: &Claims, now: Timestamp) {
    let (sealer, opener) = paseto(&key(KeyAlgorithm::V4Local));
    let token = sealer.seal(claims).expect("a token");
    let key = SymmetricKey::<V4>::generate().expect("a key");
    // As long as ours, around which stand 32 octets of nonce and 32 of tag.
    let [body, footer] = [2, 3].map(|part| token.split('.').nth(part).map_or(0, |text| text.len() * 3 / 4));
    let (payload, footer, implicit) = ("p".repeat(body - 64), "f".repeat(footer), "i".repeat(70));
    let (footer, implicit) = (Some(footer.as_bytes()), Some(implicit.as_bytes()));
    let seal = || LocalToken::encrypt(&key, payload.as_bytes(), footer, implicit);
    Contest::new("tokens/paseto_v4_local_seal", "v4.local by pasetors", each(seal))
        .against("PASETO", each(|| sealer.seal(claims)))
        .hold(criterion);

    let bare = seal().expect("a token");
    let open = || {
        let untrusted = UntrustedToken::try_from(bare.as_str()).expect("our own token");
        LocalToken::decrypt(&key, &untrusted, footer, implicit).is_ok()
    };
    Contest::new("tokens/paseto_v4_local_open", "v4.local by pasetors", each(open))
        .within(COLD_VERIFY, "PASETO", each(|| opener.open(&token, now)))
        .hold(criterion);
}

fn paseto_public(criterion: &mut Criterion, claims: &Claims, now: Timestamp) {
    let (sealer, opener) = paseto(&key(KeyAlgorithm::V4Public));
    let token = sealer.seal(claims).expect("a token");
    let pair = AsymmetricKeyPair::<V4>::generate().expect("a key");
    // As long as ours, which follow the header, the payload and 64 octets of signature, and the footer.
    let [body, footer] = [2, 3].map(|part| token.split('.').nth(part).map_or(0, |text| text.len() * 3 / 4));
    let (payload, footer, implicit) = ("p".repeat(body - 64), "f".repeat(footer), "i".repeat(70));
    let (footer, implicit) = (Some(footer.as_bytes()), Some(implicit.as_bytes()));
    let sign = || PublicToken::sign(&pair.secret, payload.as_bytes(), footer, implicit);
    let ed25519 = ed25519();
    let message = payload.as_bytes();
    Contest::new("tokens/paseto_v4_public_seal", "v4.public by pasetors", each(sign))
        .against("PASETO", each(|| sealer.seal(claims)))
        .against("Ed25519 by aws-lc", each(|| ed25519.sign(message)))
        .hold(criterion);

    let bare = sign().expect("a token");
    let verify = || {
        let untrusted = UntrustedToken::try_from(bare.as_str()).expect("our own token");
        PublicToken::verify(&pair.public, &untrusted, footer, implicit).is_ok()
    };
    let (public, signature) = (public(&ed25519), ed25519.sign(message));
    Contest::new("tokens/paseto_v4_public_open", "v4.public by pasetors", each(verify))
        .within(COLD_VERIFY, "PASETO", each(|| opener.open(&token, now)))
        .against("Ed25519 by aws-lc", each(|| public.verify_sig(message, signature.as_ref()).is_ok()))
        .hold(criterion);
}

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&bytes::<32>(&SystemEntropy)).expect("any 32 octets are a seed")
}

/// Parsed once, as a verifier keeps it.
fn public(pair: &Ed25519KeyPair) -> ParsedPublicKey {
    ParsedPublicKey::new(&ED25519, pair.public_key().as_ref()).expect("a public key")
}

fn refresh(criterion: &mut Criterion, now: Timestamp) {
    let tokens = RefreshTokens::new(&key(KeyAlgorithm::Refresh), &[]).expect("a key for refresh tokens");
    let user = UserId::generate(now, &SystemEntropy);
    let grant = RefreshGrant { user, session: SessionId::generate(now, &SystemEntropy), generation: 7 };
    let token = tokens.mint(&grant);
    let bare = hmac::Key::new(hmac::HMAC_SHA256, &bytes::<32>(&SystemEntropy));
    let message = [0; 41];
    Contest::new("tokens/refresh_mint", "HMAC by aws-lc", each(|| hmac::sign(&bare, &message)))
        .against("refresh token", each(|| tokens.mint(&grant)))
        .hold(criterion);

    let tag = hmac::sign(&bare, &message);
    Contest::new(
        "tokens/refresh_read",
        "HMAC by aws-lc",
        each(|| hmac::verify(&bare, &message, tag.as_ref()).is_ok()),
    )
    .against("refresh token", each(|| tokens.read(token.expose_secret())))
    .hold(criterion);
}

/// A token that was not revoked, among `entries` that were: what every verified request asks.
fn revocations(criterion: &mut Criterion, claims: &Claims, entries: usize, now: Timestamp) {
    let view = Revocations::new();
    let mut map = HashMap::new();
    for _ in 0..if is_trial() { 1_000.min(entries) } else { entries } {
        let session = SessionId::generate(now, &SystemEntropy);
        view.insert(&Revocation { what: Revoked::Session(session), at: now, expires_at: claims.expires_at });
        map.insert(session, claims.expires_at);
    }
    Contest::new(
        format!("tokens/is_revoked_among_{entries}"),
        "a hash map",
        each(|| map.contains_key(black_box(&claims.session))),
    )
    .against("revocation view", each(|| view.is_revoked(black_box(claims))))
    .hold(criterion);
}
