//! Keys as they come from outside this process: text that an operator imports (PEM, JWK, PASERK), and the rows of the
//! database. A text that is taken is a key that works.

use std::sync::LazyLock;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guardhouse::tokens::import::import;
use guardhouse::tokens::keys::{KeyAlgorithm, SigningKey};
use guardhouse::tokens::master::MasterKey;
use serde_json::{Value, json};

use super::common::{Codec, Known, at, b64, claims, key, rules, texts, two_lines};

static MASTER: LazyLock<MasterKey> = LazyLock::new(|| MasterKey::from_bytes([6; 32]));
/// What is stored; an RSA key is imported, since a generated one would be another in each process.
static STORED: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let generated = KeyAlgorithm::ALL.into_iter().filter(|algorithm| *algorithm != KeyAlgorithm::Rs256);
    generated.map(|algorithm| key(algorithm, 7)).collect()
});

/// `data` is an algorithm's name and, on the next lines, a key's text; or what is stored as its key.
pub fn run(data: &[u8]) {
    let Some((algorithm, key)) = two_lines(data) else { return };
    let algorithm = std::str::from_utf8(algorithm).ok().and_then(|name| name.parse::<KeyAlgorithm>().ok());
    let Some(algorithm) = algorithm else { return };
    assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
    if let Ok(text) = std::str::from_utf8(key) {
        imported(algorithm, text);
    }
    stored(algorithm, key);
}

fn imported(algorithm: KeyAlgorithm, text: &str) {
    let key = match import(algorithm, text) {
        Ok(key) => key,
        Err(fault) => {
            let (told, text) = (format!("{fault} {fault:?}"), text.trim());
            // What is shorter may be in the words of the refusal by chance.
            assert!(text.len() < 100 || !told.contains(text), "a key is told: {told}");
            return;
        }
    };
    assert_eq!(key.algorithm(), algorithm);
    let wrapped = key.wrap(&MASTER, &Known(8));
    let again = SigningKey::unwrap(key.id(), algorithm, &wrapped, &MASTER).expect("what was stored opens");
    assert_eq!((again.id(), again.public_key()), (key.id(), key.public_key()));
    if !algorithm.is_for_access() {
        return;
    }
    let codec = Codec::new(rules(), &key).expect("a key that is taken can be used");
    let token = codec.seal(&claims()).expect("a key that is taken signs");
    assert_eq!(codec.open(&token, at(1)), Ok(claims()));
}

fn stored(algorithm: KeyAlgorithm, wrapped: &[u8]) {
    let Some(ours) = STORED.iter().find(|key| key.algorithm() == algorithm) else { return };
    let genuine = ours.wrap(&MASTER, &Known(8));
    let opened = SigningKey::unwrap(ours.id(), algorithm, wrapped, &MASTER);
    assert_eq!(opened.is_ok(), wrapped == genuine, "only what was stored opens");
    for other in KeyAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
        let opened = SigningKey::unwrap(ours.id(), other, &genuine, &MASTER);
        assert!(opened.is_err(), "{algorithm} as {other}");
    }
}

/// Keys of every algorithm in every form, and rows.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for key in STORED.iter() {
        let row = [key.algorithm().as_str().as_bytes(), b"\n", &key.wrap(&MASTER, &Known(8))].concat();
        seeds.extend([row[..20].to_vec(), row]);
    }
    let mut keys = vec![pem(&ed25519()), pem(&p256()), pem(&[0x30, 0])];
    keys.push(json!({ "kty": "oct", "k": b64([9; 32]), "alg": "HS256", "use": "sig" }).to_string());
    keys.push(format!("k4.local.{}", b64([9; 32])));
    keys.extend([b64([0; 64]), b64([9; 64])].map(|both| format!("k4.secret.{both}")));
    let examples = include_str!("../../../tests/vectors/jose_rfc_examples.json");
    let examples: Value = serde_json::from_str(examples).expect("the vectors are JSON");
    let jws = examples["jws"].as_array().expect("a list");
    keys.extend(jws.iter().map(|one| one["key"].to_string()));
    let paserk = include_str!("../../../tests/vectors/paserk_k4_secret.json");
    let paserk: Value = serde_json::from_str(paserk).expect("the vectors are JSON");
    keys.extend(texts(&paserk).into_iter().filter(|text| text.starts_with("k4.")));
    for text in keys {
        seeds.extend(KeyAlgorithm::ALL.map(|algorithm| format!("{algorithm}\n{text}").into_bytes()));
    }
    seeds
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: String =
        text.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n")
}

fn ed25519() -> Vec<u8> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).expect("32 bytes are a seed");
    pair.to_pkcs8().expect("a key can be written").as_ref().to_vec()
}

fn p256() -> Vec<u8> {
    let key = PrivateKey::from_private_key(&ECDH_P256, &[9; 32]).expect("a scalar of P-256");
    let der: Pkcs8V1Der<'static> = key.as_der().expect("a key can be written");
    der.as_ref().to_vec()
}
