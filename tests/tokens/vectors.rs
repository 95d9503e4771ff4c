//! Official vectors, through the very functions of the libraries that the house calls; `tests/vectors/SOURCES.md`
//! says where they come from.

use std::fmt::Debug;
use std::sync::LazyLock;

use ::paseto::keys::{AsymmetricPublicKey, AsymmetricSecretKey, SymmetricKey};
use ::paseto::paserk::{FormatAsPaserk, Id};
use ::paseto::token::{Local, Public, UntrustedToken};
use ::paseto::version4::{LocalToken, PublicToken, V4};
use aws_lc_rs::signature::Ed25519KeyPair;
use guardhouse::tokens::published::{jwk_set, paserk_set};
use guardhouse::tokens::{AccessTokens, TokenForm};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::Value;

use super::*;

fn vectors(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["tests"].as_array().unwrap().clone()
}

fn text<'a>(test: &'a Value, member: &str) -> &'a str {
    test[member].as_str().unwrap_or_else(|| panic!("{member} in {test}"))
}

fn hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn paserk(item: &impl FormatAsPaserk) -> String {
    let mut text = String::new();
    item.fmt(&mut text).unwrap();
    text
}

/// The key whose secret the vector gives.
fn with_secret(algorithm: KeyAlgorithm, secret: &[u8]) -> SigningKey {
    struct Given<'a>(&'a [u8]);
    impl Entropy for Given<'_> {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.copy_from_slice(self.0);
        }
    }
    SigningKey::generate(algorithm, &Given(secret))
}

fn opened<T, E: Debug>(attempt: Result<T, E>, test: &Value) -> Option<T> {
    let fails = test["expect-fail"].as_bool().unwrap();
    assert_eq!(attempt.is_err(), fails, "{test}");
    attempt.ok()
}

/// Everything that the house has to read a token with.
static HOUSE: LazyLock<AccessTokens> = LazyLock::new(|| {
    let jwt = [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256, KeyAlgorithm::Hs256];
    let keys = jwt.into_iter().chain([KeyAlgorithm::V4Public, KeyAlgorithm::V4Local]);
    let keys: Vec<_> = keys.map(|algorithm| key(algorithm, 1)).collect();
    AccessTokens::new(&rules(), &keys[0], &verifying(&keys)).unwrap()
});

#[test]
fn paseto_version_4() {
    let (mut public, mut local) = (0, 0);
    for test in vectors(include_str!("../vectors/paseto_v4.json")) {
        let (token, footer, implicit) =
            (text(&test, "token"), text(&test, "footer"), text(&test, "implicit-assertion"));
        assert!(HOUSE.open(token, at(0)).is_err(), "{test}");
        let known_footer = (!footer.is_empty()).then_some(footer.as_bytes());
        let read = if let Some(key) = test.get("public-key") {
            public += 1;
            let key = AsymmetricPublicKey::<V4>::from(&hex(key.as_str().unwrap())).unwrap();
            UntrustedToken::<Public, V4>::try_from(token)
                .and_then(|token| PublicToken::verify(&key, &token, known_footer, Some(implicit.as_bytes())))
        } else {
            // Not a purpose of ours: here for the strictness of the library's parser, 4-F-4 and 4-F-5.
            local += 1;
            assert!(UntrustedToken::<Public, V4>::try_from(token).is_err() || text(&test, "name") == "4-F-2");
            let key = SymmetricKey::<V4>::from(&hex(text(&test, "key"))).unwrap();
            UntrustedToken::<Local, V4>::try_from(token)
                .and_then(|token| LocalToken::decrypt(&key, &token, known_footer, Some(implicit.as_bytes())))
        };
        if let Some(read) = opened(read, &test) {
            assert_eq!(read.payload(), text(&test, "payload"), "{test}");
            if let Some(secret) = test.get("secret-key") {
                let secret = AsymmetricSecretKey::<V4>::from(&hex(secret.as_str().unwrap())).unwrap();
                let message = text(&test, "payload").as_bytes();
                let signed = PublicToken::sign(&secret, message, known_footer, Some(implicit.as_bytes()));
                assert_eq!(signed.unwrap(), token);
            }
        }
    }
    println!("PASETO v4: {public} of v4.public, {local} others");
    assert_eq!((public, local), (4, 13));
}

#[test]
fn paserk_of_version_4() {
    let mut counts = [0; 3];
    for test in vectors(include_str!("../vectors/paserk_k4_public.json")) {
        counts[0] += 1;
        if let Some(key) = opened(AsymmetricPublicKey::<V4>::from(&hex(text(&test, "key"))), &test) {
            assert_eq!(paserk(&key), text(&test, "paserk"));
            let read = AsymmetricPublicKey::<V4>::try_from(text(&test, "paserk")).unwrap();
            assert_eq!(read.as_bytes(), key.as_bytes());
        }
    }
    for test in vectors(include_str!("../vectors/paserk_k4_pid.json")) {
        counts[1] += 1;
        if let Some(key) = opened(AsymmetricPublicKey::<V4>::from(&hex(text(&test, "key"))), &test) {
            assert_eq!(paserk(&Id::from(&key)), text(&test, "paserk"));
        }
    }
    for test in vectors(include_str!("../vectors/paserk_k4_secret.json")) {
        counts[2] += 1;
        let bytes = hex(text(&test, "key"));
        // The library panics on the all-zero seed of k4.secret-1; the house refuses it before.
        let zero = bytes.iter().take(32).all(|&byte| byte == 0);
        if !zero && let Some(key) = opened(AsymmetricSecretKey::<V4>::from(&bytes), &test) {
            assert_eq!(paserk(&key), text(&test, "paserk"));
            assert!(
                AsymmetricPublicKey::<V4>::try_from(text(&test, "paserk")).is_err(),
                "a secret is no public key"
            );
        }
        if !test["expect-fail"].as_bool().unwrap() {
            let ours = with_secret(KeyAlgorithm::V4Public, &hex(text(&test, "secret-key-seed")));
            let public = hex(text(&test, "public-key"));
            assert_eq!(ed25519_public(&ours).as_slice(), public);
            assert_eq!(ours.id(), paserk(&Id::from(&AsymmetricPublicKey::<V4>::from(&public).unwrap())));
            assert_eq!(paserk_set(&verifying([&ours])).keys[0].paserk, format!("k4.public.{}", b64(public)));
            assert_eq!(Codec::paseto(rules(), &ours, &[]).is_err(), zero);
        }
    }
    println!("PASERK: {} k4.public, {} k4.pid, {} k4.secret", counts[0], counts[1], counts[2]);
    assert_eq!(counts, [4, 5, 5]);
}

#[test]
fn jose_examples_of_the_rfcs() {
    let file: Value = serde_json::from_str(include_str!("../vectors/jose_rfc_examples.json")).unwrap();
    let (mut verified, mut refused) = (0, 0);
    for test in file["jws"].as_array().unwrap() {
        let Some(token) = test["token"].as_str() else {
            // A.6 and A.7 are JSON serialisations, which are not read at all.
            assert_eq!(TokenForm::of(&test["jws"].to_string()), None, "{test}");
            refused += 1;
            continue;
        };
        assert!(HOUSE.open(token, at(0)).is_err(), "{test}");
        refused += 1;
        let (algorithm, sign, verify) = match test["alg"].as_str() {
            Some("HS256") => {
                let secret = unb64(text(&test["key"], "k"));
                (Algorithm::HS256, EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret))
            }
            Some("EdDSA") => {
                let (seed, public) = (unb64(text(&test["key"], "d")), unb64(text(&test["key"], "x")));
                let pair =
                    Ed25519KeyPair::from_seed_and_public_key(&seed, &public).unwrap().to_pkcs8().unwrap();
                (Algorithm::EdDSA, EncodingKey::from_ed_der(pair.as_ref()), DecodingKey::from_ed_der(&public))
            }
            _ => continue,
        };
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(jsonwebtoken::crypto::sign(message.as_bytes(), &sign, algorithm).unwrap(), signature);
        let check = |message: &str| {
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &verify, algorithm).unwrap()
        };
        assert!(check(message));
        assert!(!check(&message[1..]));
        verified += 1;
    }
    let mut thumbprints = 0;
    for test in file["jwk_thumbprints"].as_array().unwrap().iter().filter(|test| test["jwk"]["kty"] == "OKP")
    {
        // RFC 8037 A.1 is the private half of the key in A.3.
        let seed = unb64("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        let ours = with_secret(KeyAlgorithm::EdDsa, &seed);
        assert_eq!(ours.id(), text(test, "sha256_thumbprint"));
        assert_eq!(
            serde_json::to_value(&jwk_set(&verifying([&ours])).keys[0]).unwrap()["x"],
            test["jwk"]["x"]
        );
        thumbprints += 1;
    }
    println!(
        "JOSE: {verified} signed and verified, {refused} refused as access tokens, {thumbprints} thumbprints"
    );
    assert_eq!((verified, refused, thumbprints), (2, 9, 1));
}
