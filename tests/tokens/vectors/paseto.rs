//! Tokens of PASETO versions 4 and 3.

use ::paseto::keys::{AsymmetricPublicKey, AsymmetricSecretKey, SymmetricKey};
use ::paseto::token::{Local, Public, UntrustedToken};
use ::paseto::version4::{LocalToken, PublicToken, V4};

use super::*;

#[test]
fn version_4() {
    let (mut public, mut local) = (0, 0);
    for test in vectors(include_str!("../../vectors/paseto_v4.json")) {
        let (token, footer, implicit) =
            (text(&test, "token"), text(&test, "footer"), text(&test, "implicit-assertion"));
        is_nothing(token);
        let known_footer = (!footer.is_empty()).then_some(footer.as_bytes());
        let implicit = Some(implicit.as_bytes());
        let read = if let Some(key) = test.get("public-key") {
            public += 1;
            let key = AsymmetricPublicKey::<V4>::from(&hex(key.as_str().unwrap())).unwrap();
            UntrustedToken::<Public, V4>::try_from(token)
                .and_then(|token| PublicToken::verify(&key, &token, known_footer, implicit))
        } else {
            local += 1;
            assert!(UntrustedToken::<Public, V4>::try_from(token).is_err() || text(&test, "name") == "4-F-2");
            let key = SymmetricKey::<V4>::from(&hex(text(&test, "key"))).unwrap();
            UntrustedToken::<Local, V4>::try_from(token)
                .and_then(|token| LocalToken::decrypt(&key, &token, known_footer, implicit))
        };
        let Some(read) = opened(read, &test) else { continue };
        assert_eq!(read.payload(), text(&test, "payload"), "{test}");
        if let Some(secret) = test.get("secret-key") {
            let secret = AsymmetricSecretKey::<V4>::from(&hex(secret.as_str().unwrap())).unwrap();
            let message = text(&test, "payload").as_bytes();
            assert_eq!(PublicToken::sign(&secret, message, known_footer, implicit).unwrap(), token);
        }
    }
    println!("PASETO v4: {public} of v4.public, {local} of v4.local");
    assert_eq!((public, local), (4, 13));
}

#[test]
fn version_3_is_refused_as_token_and_as_key() {
    let (mut tokens, mut keys) = (0, 0);
    for test in vectors(include_str!("../../vectors/paseto_v3.json")) {
        tokens += is_nothing(text(&test, "token"));
        is_nothing(&text(&test, "token").replacen("v3.", "v4.", 1));
        for pem in ["secret-key-pem", "public-key-pem"] {
            if let Some(pem) = test[pem].as_str() {
                assert!(pem.starts_with("-----BEGIN "));
                keys += is_nothing(pem);
            }
        }
        for (member, kind) in [("key", "local"), ("secret-key", "secret"), ("public-key", "public")] {
            let Some(octets) = test[member].as_str().map(hex) else { continue };
            keys += is_nothing(&format!("k3.{kind}.{}", b64(&octets)));
            // 48 and 49 octets are no key of version 4 either; 32 are.
            if kind != "local" {
                is_nothing(&format!("k4.{kind}.{}", b64(&octets)));
            }
        }
    }
    println!("PASETO v3: {tokens} tokens and {keys} keys refused");
    assert_eq!((tokens, keys), (17, 29));
}
