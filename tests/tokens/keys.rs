//! Keys: their names, their wrapping, their published halves, and that no secret shows.

use guardhouse::tokens::keys::UnknownAlgorithm;
use guardhouse::tokens::master::MasterKey;
use guardhouse::tokens::published::{jwk_set, paserk_set};
use secrecy::SecretString;
use serde_json::json;

use super::*;

fn master() -> MasterKey {
    MasterKey::from_bytes([42; 32])
}

#[test]
fn algorithms_are_stored_under_stable_names() {
    let names = KeyAlgorithm::ALL.map(KeyAlgorithm::as_str);
    assert_eq!(names, ["EdDSA", "ES256", "RS256", "HS256", "v4.public", "v4.local", "refresh"]);
    for algorithm in KeyAlgorithm::ALL {
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
    }
    for other in ["", "none", "eddsa", "HS512", "v3.local", "EdDSA "] {
        assert_eq!(other.parse::<KeyAlgorithm>(), Err(UnknownAlgorithm(other.into())));
    }
}

#[test]
fn a_name_follows_from_the_key_and_nothing_else() {
    let mut names = std::collections::HashSet::new();
    // The library draws RSA keys by itself.
    for algorithm in KeyAlgorithm::ALL.into_iter().filter(|&algorithm| algorithm != KeyAlgorithm::Rs256) {
        let first = key(algorithm, 1);
        assert_eq!(first.id(), key(algorithm, 1).id());
        assert!(
            names.insert(first.id().to_owned()),
            "{algorithm}: the same secret has another name per purpose"
        );
        assert!(names.insert(key(algorithm, 2).id().to_owned()));
    }
}

#[test]
fn a_shared_secret_has_the_same_name_on_every_node_and_enough_bytes() {
    let shared = |text: &str| SigningKey::hs256_shared(&SecretString::from(text));
    let text = "0123456789abcdef0123456789abcdef";
    let (here, there) = (shared(text).unwrap(), SigningKey::hs256_shared(&text.into()).unwrap());
    assert_eq!(here.id(), there.id());
    assert_eq!(here.id().len(), 22, "16 bytes");
    assert_eq!(here.algorithm(), KeyAlgorithm::Hs256);
    assert_ne!(here.id(), shared(&format!("{text}!")).unwrap().id());
    let fault = shared(&text[1..]).unwrap_err();
    assert_eq!(fault, KeyFault::SecretTooShort(31));
    assert!(fault.to_string().contains("has 31 bytes and needs at least 32"), "{fault}");
}

#[test]
fn fresh_keys_differ() {
    let entropy = Seeded::new(1);
    for algorithm in KeyAlgorithm::ALL {
        let [one, two] = [(); 2].map(|()| SigningKey::generate(algorithm, &entropy));
        assert_ne!(one.id(), two.id());
    }
}

#[test]
fn a_wrapped_key_opens_as_itself_and_as_nothing_else() {
    let entropy = Seeded::new(7);
    for algorithm in KeyAlgorithm::ALL {
        let key = SigningKey::generate(algorithm, &entropy);
        let wrapped = key.wrap(&master(), &entropy);
        let unwrapped = SigningKey::unwrap(key.id(), algorithm, &wrapped, &master()).unwrap();
        assert_eq!((unwrapped.id(), unwrapped.public_key()), (key.id(), key.public_key()));
        let again = SigningKey::unwrap(key.id(), algorithm, &key.wrap(&master(), &entropy), &master());
        assert!(again.is_ok());

        let refused = |id: &str, algorithm, wrapped: &[u8], master: &MasterKey| {
            let fault = SigningKey::unwrap(id, algorithm, wrapped, master).unwrap_err();
            assert_eq!(fault, KeyFault::NotOpened { id: id.to_owned(), algorithm });
        };
        refused(key.id(), algorithm, &wrapped, &MasterKey::from_bytes([43; 32]));
        refused("another", algorithm, &wrapped, &master());
        for other in KeyAlgorithm::ALL.into_iter().filter(|&other| other != algorithm) {
            refused(key.id(), other, &wrapped, &master());
        }
        refused(key.id(), algorithm, &[], &master());
        refused(key.id(), algorithm, &wrapped[1..], &master());
    }
}

#[test]
fn a_stored_key_that_is_not_the_one_it_is_called_is_refused() {
    // Sealed by somebody who has the master key, under a name that is not the key's own.
    let context = b"guardhouse signing key\nEdDSA\nmine";
    let sealed = master().seal(context, &[1; 32], &Seeded::new(1));
    let fault = SigningKey::unwrap("mine", KeyAlgorithm::EdDsa, &sealed, &master()).unwrap_err();
    assert_eq!(fault, KeyFault::NotItself { id: "mine".into(), algorithm: KeyAlgorithm::EdDsa });
    for size in [0, 31, 33] {
        let real = key(KeyAlgorithm::EdDsa, 1);
        let context = format!("guardhouse signing key\nEdDSA\n{}", real.id());
        let sealed = master().seal(context.as_bytes(), &vec![1; size], &Seeded::new(1));
        let fault = SigningKey::unwrap(real.id(), KeyAlgorithm::EdDsa, &sealed, &master()).unwrap_err();
        assert!(matches!(fault, KeyFault::NotItself { .. }), "{size}: {fault}");
    }
}

/// Every way in which octets are commonly printed, of every part that is long enough to help a guesser.
fn shows(printed: &str, secret: &[u8]) -> bool {
    let printed = printed.to_lowercase();
    let joined = |part: &[u8], separator: &str, radix: fn(&u8) -> String| {
        part.iter().map(radix).collect::<Vec<_>>().join(separator)
    };
    secret.windows(6).any(|part| {
        let hex = |byte: &u8| format!("{byte:02x}");
        let decimal = |byte: &u8| byte.to_string();
        let spellings = [
            joined(part, "", hex),
            joined(part, " ", hex),
            joined(part, ":", hex),
            joined(part, ", ", hex),
            joined(part, ", 0x", hex),
            joined(part, ", ", decimal),
            joined(part, ",\n", decimal),
            b64(part).to_lowercase(),
            String::from_utf8_lossy(part).to_lowercase(),
        ];
        let compact: String = printed.chars().filter(|c| !c.is_whitespace()).collect();
        spellings.iter().any(|spelling| printed.contains(spelling))
            || compact.contains(&joined(part, ",", decimal))
    })
}

#[test]
fn no_secret_is_printed() {
    let text = "what nobody else knows, in words: 8d1fa07c62";
    let shared = SigningKey::hs256_shared(&SecretString::from(text)).unwrap();
    // The parts of the RSA key, and of PKCS#8 what is not in every such key.
    let rsa = ["d", "p", "q", "dp", "dq", "qi"].map(|name| unb64(RSA_JWK[name].as_str().unwrap())).concat();
    let mut keys: Vec<(SigningKey, Vec<u8>)> = Vec::new();
    for algorithm in KeyAlgorithm::ALL {
        let secret = if algorithm == KeyAlgorithm::Rs256 { rsa.clone() } else { (0xa5..0xc5).collect() };
        let made = match algorithm {
            KeyAlgorithm::Rs256 => known(algorithm),
            _ => SigningKey::generate(algorithm, &Given(secret.clone().try_into().unwrap())),
        };
        keys.push((made, secret));
    }
    keys.push((shared, text.into()));
    for (key, secret) in keys {
        let verifying = key.verifying();
        for printed in
            [format!("{key:?}"), format!("{key:#?}"), format!("{verifying:?}"), format!("{verifying:#?}")]
        {
            assert!(printed.contains(key.id()) && printed.len() < 200, "{printed}");
            assert!(!shows(&printed, &secret), "{printed}");
        }
    }
    assert!(!shows(&format!("{:?} {:#?}", master(), master()), &[42; 32]));
    // The search finds what there is to find.
    assert!(shows(&format!("{:?}", [1, 2, 3, 4, 5, 6, 7]), &[2, 3, 4, 5, 6, 7]));
    assert!(shows(&format!("{:#?}", [1, 2, 3, 4, 5, 6, 7]), &[2, 3, 4, 5, 6, 7]));
    assert!(shows("of 0xA5A6a7a8a9aa.", &(0xa5..0xab).collect::<Vec<u8>>()));
}

#[test]
fn only_public_halves_are_published() {
    let keys = KeyAlgorithm::ALL.map(|algorithm| key(algorithm, 1));
    let [ed, es, rs, _, v4, ..] = &keys;
    let Some(PublicKey::P256(point)) = es.public_key() else { panic!("{es:?}") };
    let Some(PublicKey::Rsa { n, e }) = rs.public_key() else { panic!("{rs:?}") };
    assert_eq!((n.len(), b64(e)), (256, "AQAB".to_owned()));
    let (ed_public, v4_public) = (b64(ed25519_public(ed)), b64(ed25519_public(v4)));
    let keys = verifying(&keys);
    assert_eq!(
        serde_json::to_value(jwk_set(&keys)).unwrap(),
        json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "x": ed_public, "kid": ed.id(), "alg": "EdDSA", "use": "sig" },
            {
                "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]),
                "kid": es.id(), "alg": "ES256", "use": "sig",
            },
            { "kty": "RSA", "n": b64(n), "e": b64(e), "kid": rs.id(), "alg": "RS256", "use": "sig" },
        ]})
    );
    assert_eq!(
        serde_json::to_value(paserk_set(&keys)).unwrap(),
        json!({ "keys": [{
            "kid": v4.id(), "paserk": format!("k4.public.{}", v4_public),
        }]})
    );
    let both =
        [serde_json::to_string(&jwk_set(&keys)).unwrap(), serde_json::to_string(&paserk_set(&keys)).unwrap()];
    assert!(!both.concat().contains(&b64([1; 32])), "a seed was published");
    assert_eq!(serde_json::to_value(jwk_set(&[])).unwrap(), json!({ "keys": [] }));
}

#[test]
fn what_was_published_is_read_back_and_nothing_else_is() {
    let keys = KeyAlgorithm::ALL.map(|algorithm| key(algorithm, 1));
    let all = verifying(&keys);
    let jwks: Vec<_> = jwk_set(&all).keys.iter().map(|jwk| jwk.read().unwrap()).collect();
    let paserks: Vec<_> = paserk_set(&all).keys.iter().map(|paserk| paserk.read().unwrap()).collect();
    for key in keys.iter().filter(|key| key.public_key().is_some()) {
        let read = jwks.iter().chain(&paserks).find(|read| read.id() == key.id()).unwrap();
        assert_eq!(read.algorithm(), key.algorithm());
        let signing =
            guardhouse::tokens::AccessTokens::new(&rules(), key, std::slice::from_ref(read)).unwrap();
        assert_eq!(signing.open(&signing.seal(&claims()).unwrap(), at(1)), Ok(claims()), "{key:?}");
    }
    for (at_key, jwk) in jwk_set(&all).keys.into_iter().enumerate() {
        let good = serde_json::to_value(&jwk).unwrap();
        let changes = [
            ("kid", json!("another")),
            ("alg", json!("HS256")),
            ("alg", json!("none")),
            ("use", json!("enc")),
            ("kty", json!("oct")),
            ("crv", json!("P-521")),
            ("x", json!("AAAA")),
            ("n", json!("AQ")),
        ];
        let applies = |name: &str| good.get(name).is_some();
        for (name, value) in changes.into_iter().filter(|(name, _)| applies(name)) {
            let mut changed = good.clone();
            changed[name] = value;
            let read = serde_json::from_value::<guardhouse::tokens::published::Jwk>(changed.clone());
            assert!(read.ok().and_then(|jwk| jwk.read()).is_none(), "{at_key}: {changed}");
        }
    }
}
