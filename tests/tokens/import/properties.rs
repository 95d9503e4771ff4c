//! For all texts and all keys: nothing breaks the reader, and what is exported has the name it was imported under.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::engine::general_purpose::STANDARD;
use guardhouse::tokens::published::{jwk_set, paserk_set};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn armoured(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pem =
        ["ed25519_pkcs8_v1", "ed25519_pkcs8_v2", "p256_sec1", "p256_pkcs8", "rsa2048_pkcs8", "rsa2048_pkcs1"];
    let mut texts: Vec<String> = pem.map(pem::text).into();
    let mut okp = jwk::private(&import(KeyAlgorithm::EdDsa, &texts[0]).unwrap(), &SEED);
    // With it, a changed letter in the member's name would let the key in for its other use.
    okp.as_object_mut().unwrap().remove("alg");
    texts.extend([okp.to_string(), jwk::oct(&SEED), paserk::secret(&SEED), RSA_JWK.to_string()]);
    texts.push(format!("k4.local.{}", b64(SEED)));
    texts
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_text_breaks_the_reader(
        text in any::<String>(),
        armoured_text in "[A-Za-z0-9+/=\n -]{0,200}",
        members in r#"("(kty|crv|d|x|y|n|e|k|alg|use|key_ops)":("OKP"|"EC"|"RSA"|"oct"|"[A-Za-z0-9_=-]{0,44}"|\[\]|\{\}|null|1e9),?){0,6}"#,
        kind in "(secret|local|public|seal)",
        body in "[A-Za-z0-9_=-]{0,90}",
    ) {
        for text in [
            text.clone(),
            format!("-----BEGIN {text}-----\n{text}\n-----END {text}-----"),
            format!("-----BEGIN PRIVATE KEY-----\n{armoured_text}\n-----END PRIVATE KEY-----"),
            format!("-----BEGIN EC PRIVATE KEY-----\n{armoured_text}\n-----END EC PRIVATE KEY-----"),
            format!("{{{members}}}"),
            format!("{{{text}"),
            format!("k4.{kind}.{body}"),
            format!("k4.{text}"),
        ] {
            for algorithm in KeyAlgorithm::ALL {
                if let Err(fault) = import(algorithm, &text) {
                    prop_assert!(!fault.to_string().is_empty());
                }
            }
        }
    }

    #[test]
    fn a_key_with_a_changed_letter_is_refused_or_is_another_key(
        which in any::<Index>(), place in any::<Index>(), letter in "[A-Za-z0-9+/=\" \n._-]",
    ) {
        let text = which.get(&TEXTS);
        let at = place.index(text.len());
        let changed = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
        for algorithm in KeyAlgorithm::ALL {
            let (before, after) = (import(algorithm, text), import(algorithm, &changed));
            prop_assert!(before.is_ok() || after.is_err(), "{algorithm} {changed}");
            if let (Ok(before), Ok(after)) = (before, after) {
                let same = before.public_key() == after.public_key();
                prop_assert!(same || before.id() != after.id(), "{algorithm} {changed}");
            }
        }
    }

    #[test]
    fn what_is_exported_has_the_name_that_it_was_imported_under(secret in any::<[u8; 32]>()) {
        let ed = Ed25519KeyPair::from_seed_unchecked(&secret).unwrap();
        let ed_pem = armoured(ed.to_pkcs8().unwrap().as_ref());
        let made = SigningKey::generate(KeyAlgorithm::EdDsa, &Given(secret));
        let es = SigningKey::generate(KeyAlgorithm::Es256, &Given(secret));
        let Some(PublicKey::P256(point)) = es.public_key() else { panic!("{es:?}") };
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &secret, point);
        let es_pem = armoured(pair.unwrap().to_pkcs8v1().unwrap().as_ref());
        for (algorithm, text) in [
            (KeyAlgorithm::EdDsa, ed_pem.clone()),
            (KeyAlgorithm::EdDsa, jwk::private(&made, &secret).to_string()),
            (KeyAlgorithm::Es256, jwk::private(&es, &secret).to_string()),
            (KeyAlgorithm::Es256, es_pem),
            (KeyAlgorithm::V4Public, ed_pem),
            (KeyAlgorithm::V4Public, paserk::secret(&secret)),
            (KeyAlgorithm::V4Local, format!("k4.local.{}", b64(secret))),
            (KeyAlgorithm::Hs256, jwk::oct(&secret)),
        ] {
            let key = import(algorithm, &text).unwrap();
            let made = SigningKey::generate(algorithm, &Given(secret));
            prop_assert_eq!(key.id(), made.id(), "{}", algorithm);
            let keys = verifying([&key]);
            let jwks = jwk_set(&keys).keys;
            let paserks = paserk_set(&keys).keys;
            let read = jwks.iter().map(|jwk| jwk.read()).chain(paserks.iter().map(|paserk| paserk.read()));
            let names: Vec<String> = read.map(|key| key.unwrap().id().to_owned()).collect();
            let expected = if key.public_key().is_some() { vec![key.id().to_owned()] } else { vec![] };
            prop_assert_eq!(names, expected);
        }
    }
}
