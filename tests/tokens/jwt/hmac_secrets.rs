//! HS256: what is public is no secret, in whatever encoding somebody took it; other digests, other lengths.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use aws_lc_rs::signature::KeyPair;
use base64::engine::general_purpose::STANDARD;
use guardhouse::tokens::published::{jwk_set, paserk_set};

use super::forger::*;
use super::*;

const HS256: KeyAlgorithm = KeyAlgorithm::Hs256;

fn armoured(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The SubjectPublicKeyInfo of the house's key (RFC 5280 section 4.1.2.7).
fn spki(algorithm: KeyAlgorithm) -> Vec<u8> {
    let der = |key: &dyn AsDer<PublicKeyX509Der<'static>>| key.as_der().unwrap().as_ref().to_vec();
    match algorithm {
        KeyAlgorithm::EdDsa | KeyAlgorithm::V4Public => der(ed_pair(1).public_key()),
        KeyAlgorithm::Es256 => der(es_pair().public_key()),
        KeyAlgorithm::Rs256 => der(rsa_pair(&RSA_JWK).public_key()),
        other => panic!("{other}"),
    }
}

/// The key's own octets: the Ed25519 point, the P-256 point or its coordinates, the modulus or PKCS#1.
fn raw(key: &SigningKey) -> Vec<Vec<u8>> {
    match key.public_key().unwrap() {
        PublicKey::Ed25519(point) => vec![point.to_vec()],
        PublicKey::P256(point) => {
            let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
            vec![point.to_vec(), point[1..].to_vec(), point[1..33].to_vec(), point[33..].to_vec(), compressed]
        }
        PublicKey::Rsa { n, .. } => {
            let pkcs1 = rsa_pair(&RSA_JWK).public_key().as_ref().to_vec();
            vec![n.clone(), [&[0][..], n].concat(), pkcs1]
        }
    }
}

/// Every text or sequence of octets in which somebody may come by the key.
fn spellings(algorithm: KeyAlgorithm) -> Vec<Vec<u8>> {
    let key = known(algorithm);
    let spki = spki(algorithm);
    let mut octets = raw(&key);
    octets.push(spki.clone());
    let mut spellings = octets.clone();
    for octets in &octets {
        let hex: String = octets.iter().map(|byte| format!("{byte:02x}")).collect();
        let texts = [b64(octets), STANDARD.encode(octets), hex.to_uppercase(), hex];
        spellings.extend(texts.map(String::into_bytes));
    }
    let mut pems = vec![armoured("PUBLIC KEY", &spki)];
    if algorithm == KeyAlgorithm::Rs256 {
        pems.push(armoured("RSA PUBLIC KEY", octets.iter().rev().nth(1).unwrap()));
    }
    for pem in pems {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        spellings.extend([
            pem.trim_end().into(),
            pem.replace('\n', "\r\n").into(),
            pem.replace('\n', "").into(),
            body.into_bytes(),
            format!("{pem}\n").into(),
            pem.into(),
        ]);
    }
    let keys = verifying([&key]);
    for jwk in jwk_set(&keys).keys {
        spellings.push(serde_json::to_vec(&jwk).unwrap());
        spellings.push(serde_json::to_vec_pretty(&jwk).unwrap());
        spellings.push(serde_json::to_vec(&jwk.material).unwrap());
        spellings.push(serde_json::to_vec(&jwk_set(&keys)).unwrap());
    }
    for paserk in paserk_set(&keys).keys {
        spellings.push(paserk.paserk.clone().into());
        spellings.push(serde_json::to_vec(&paserk).unwrap());
    }
    spellings.push(key.id().into());
    spellings
}

#[test]
fn no_public_key_is_the_secret_of_a_mac() {
    let house = Everything::new();
    let claims = payload().to_string();
    let mut tried = Vec::new();
    for algorithm in [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256, KeyAlgorithm::Rs256, KeyAlgorithm::V4Public] {
        let spellings = spellings(algorithm);
        tried.push(spellings.len());
        for secret in spellings {
            let by_public = |message: &[u8]| mac(HMAC_SHA256, &secret, message);
            let what = format!("{algorithm} as {}", String::from_utf8_lossy(&secret));
            // As the HMAC key of our own.
            house.refuses(&what, &signed(&header(HS256).to_string(), &claims, by_public), SIGNATURE);
            if algorithm.is_jwt() {
                // As the key itself, once saying so and once not.
                let says_hmac = mixed("HS256", algorithm).to_string();
                house.refuses(&what, &signed(&says_hmac, &claims, by_public), ALGORITHM);
                let silent = header(algorithm).to_string();
                house.refuses(&what, &signed(&silent, &claims, by_public), SIGNATURE);
            } else {
                house.refuses(
                    &what,
                    &signed(&mixed("HS256", algorithm).to_string(), &claims, by_public),
                    KEY,
                );
            }
        }
    }
    println!("public keys as secrets: {tried:?} spellings");
    assert_eq!(tried, [21, 41, 37, 19]);
}

#[test]
fn no_secret_but_the_keys_own_and_no_other_digest_or_length_passes() {
    let house = Everything::new();
    let (ours, claims) = (header(HS256).to_string(), payload().to_string());
    let all_zero = [0; 64];
    for secret in
        [&[][..], b"secret", b"changeme", b"null", &all_zero[..32], &all_zero, &[1; 31], &[1; 33], &[1; 64]]
    {
        let token = signed(&ours, &claims, |message| mac(HMAC_SHA256, secret, message));
        house.refuses("another secret", &token, SIGNATURE);
    }
    // The secrets of the other keys, which nobody has but the house.
    for secret in [RSA_JWK["d"].as_str().unwrap().into(), b64([1; 32]), "01".repeat(32)] {
        let token = signed(&ours, &claims, |message| mac(HMAC_SHA256, secret.as_bytes(), message));
        house.refuses("a secret as text", &token, SIGNATURE);
    }
    for (alg, other) in [
        ("HS384", HMAC_SHA384),
        ("HS512", HMAC_SHA512),
        ("HS1", HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        ("HS256/64", HMAC_SHA256),
    ] {
        let by_our_key = |message: &[u8]| mac(other, &[1; 32], message);
        house.refuses(alg, &signed(&mixed(alg, HS256).to_string(), &claims, by_our_key), ALGORITHM);
        if other != HMAC_SHA256 {
            house.refuses(alg, &signed(&ours, &claims, by_our_key), SIGNATURE);
            let cut = |message: &[u8]| by_our_key(message).into_iter().take(32).collect();
            house.refuses(alg, &signed(&ours, &claims, cut), SIGNATURE);
        }
    }
    // RFC 2104 section 5 allows to cut it; RFC 7518 section 3.2 does not.
    for length in (0..32).chain([33, 64]) {
        let resized = |message: &[u8]| {
            let mut mac = mac(HMAC_SHA256, &[1; 32], message);
            mac.resize(length, 0);
            mac
        };
        house.refuses("another length", &signed(&ours, &claims, resized), SIGNATURE);
    }
}
