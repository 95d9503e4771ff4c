//! The JOSE cookbook (RFC 7520) with its later chapters on RFC 7797 and Curve25519: no token in it is one of ours, of
//! its keys those are read that sign with an algorithm of ours, and what they sign verifies.

use std::fs;
use std::path::PathBuf;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256};
use jsonwebtoken::crypto::{sign, verify};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

use super::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/jose_cookbook")
}

/// One file of the cookbook.
pub(in crate::tokens) fn file(name: &str) -> Value {
    let text = fs::read_to_string(folder().join(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    serde_json::from_str(&text).unwrap()
}

fn files() -> Vec<(String, Value)> {
    let names =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), file(&name))).collect()
}

/// Every object in `value`, itself included, that `wanted` picks.
fn objects<'a>(value: &'a Value, wanted: &dyn Fn(&Value) -> bool, found: &mut Vec<&'a Value>) {
    if wanted(value) {
        found.push(value);
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| objects(member, wanted, found)),
        Value::Array(items) => items.iter().for_each(|item| objects(item, wanted, found)),
        _ => {}
    }
}

/// For what `jwk` can be imported, by what it says of itself.
pub(super) fn importable(jwk: &Value) -> Vec<KeyAlgorithm> {
    let is_private = jwk.get("d").or(jwk.get("k")).is_some();
    if !is_private || jwk.get("use").is_some_and(|usage| usage != "sig") {
        return vec![];
    }
    let all = match (text(jwk, "kty"), jwk["crv"].as_str()) {
        ("OKP", Some("Ed25519")) => vec![KeyAlgorithm::EdDsa, KeyAlgorithm::V4Public],
        ("EC", Some("P-256")) => vec![KeyAlgorithm::Es256],
        ("RSA", None) => vec![KeyAlgorithm::Rs256],
        ("oct", None) => vec![KeyAlgorithm::Hs256],
        _ => vec![],
    };
    all.into_iter().filter(|key| jwk.get("alg").is_none_or(|alg| alg == key.as_str())).collect()
}

/// A JSON serialisation is refused as it is, and as a segment.
pub(super) fn json_forms_are_refused(form: &Value) -> usize {
    is_nothing(&form.to_string());
    is_nothing(&b64(form.to_string()));
    is_nothing(&format!("{0}.{0}.{0}", b64(form.to_string())))
}

type Sign = Box<dyn Fn(&[u8]) -> String>;

/// The calls by which the house signs and verifies, with a key of the vectors.
pub(super) struct Primitive {
    algorithm: Algorithm,
    /// RSA is signed with by aws-lc-rs itself, ECDSA not alike twice.
    sign: Option<Sign>,
    verify: DecodingKey,
}

impl Primitive {
    pub(super) fn of(alg: &str, jwk: &Value) -> Option<Self> {
        let octets = |name: &str| unb64(text(jwk, name));
        let with = |algorithm, key: EncodingKey| -> Option<Sign> {
            Some(Box::new(move |message| sign(message, &key, algorithm).unwrap()))
        };
        let (algorithm, sign, verify) = match alg {
            "HS256" => {
                let sign = with(Algorithm::HS256, EncodingKey::from_secret(&octets("k")));
                (Algorithm::HS256, sign, DecodingKey::from_secret(&octets("k")))
            }
            "EdDSA" => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(&octets("d"), &octets("x")).unwrap();
                let key = EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref());
                (Algorithm::EdDSA, with(Algorithm::EdDSA, key), DecodingKey::from_ed_der(&octets("x")))
            }
            "ES256" => {
                let point = [&[4][..], &octets("x"), &octets("y")].concat();
                (Algorithm::ES256, None, DecodingKey::from_ec_der(&point))
            }
            "RS256" => {
                let pair = rsa_pair(jwk);
                let sign = move |message: &[u8]| {
                    let mut signature = vec![0; pair.public_modulus_len()];
                    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                    b64(signature)
                };
                let verify = DecodingKey::from_rsa_raw_components(&octets("n"), &octets("e"));
                (Algorithm::RS256, Some(Box::new(sign) as Sign), verify)
            }
            _ => return None,
        };
        Some(Self { algorithm, sign, verify })
    }

    /// The signature verifies, that of another message does not; 1 if signing anew gives the same.
    pub(super) fn check(&self, message: &str, signature: &str) -> usize {
        let holds =
            |message: &str| verify(signature, message.as_bytes(), &self.verify, self.algorithm).unwrap();
        assert!(holds(message), "{:?}: {message}", self.algorithm);
        assert!(!holds(&message[1..]));
        assert!(!holds(&format!("{message}A")));
        let Some(sign) = &self.sign else { return 0 };
        assert_eq!(sign(message.as_bytes()), signature);
        1
    }
}

#[test]
fn no_token_of_the_cookbook_is_a_token_here() {
    let (mut compact, mut json) = (0, 0);
    for (name, file) in files() {
        let mut outputs = Vec::new();
        objects(&file, &|value| value.get("output").is_some(), &mut outputs);
        for output in outputs.into_iter().map(|file| &file["output"]) {
            if let Some(token) = output["compact"].as_str() {
                compact += is_nothing(token);
            }
            for form in ["json", "json_flat"] {
                if let Some(form) = output.get(form) {
                    json += json_forms_are_refused(form);
                }
            }
            assert!(output.as_object().is_some_and(|forms| !forms.is_empty()), "{name}");
        }
    }
    println!("cookbook: {compact} compact tokens and {json} JSON forms refused");
    assert_eq!((compact, json), (19, 50));
}

#[test]
fn the_keys_of_the_cookbook_are_read_for_what_they_are() {
    let (mut accepted, mut refused) = (std::collections::BTreeMap::<&str, usize>::new(), 0);
    for (name, file) in files() {
        let mut jwks = Vec::new();
        objects(&file, &|value| value.get("kty").is_some(), &mut jwks);
        for jwk in jwks {
            let expected = importable(jwk);
            for algorithm in KeyAlgorithm::ALL {
                let key = import(algorithm, &jwk.to_string());
                assert_eq!(key.is_ok(), expected.contains(&algorithm), "{name} {algorithm} {key:?}: {jwk}");
                let Ok(key) = key else {
                    refused += 1;
                    continue;
                };
                if key.public_key().is_some() && algorithm != KeyAlgorithm::V4Public {
                    assert_eq!(key.id(), thumbprint(jwk), "{name}");
                }
                *accepted.entry(algorithm.as_str()).or_default() += 1;
            }
        }
    }
    println!("cookbook: {accepted:?} imported, {refused} refused");
    assert_eq!(
        accepted,
        [("ES256", 1), ("EdDSA", 1), ("HS256", 8), ("RS256", 5), ("v4.public", 1)].into_iter().collect()
    );
    assert_eq!(refused, 299);
}

#[test]
fn the_signatures_of_the_cookbook_verify_by_the_calls_that_we_use() {
    let mut checked = Vec::new();
    for (name, file) in files() {
        let mut examples = Vec::new();
        objects(&file, &|value| value["output"]["compact"].is_string(), &mut examples);
        for example in examples {
            let input = &example["input"];
            let Some(primitive) = input["alg"].as_str().and_then(|alg| Primitive::of(alg, &input["key"]))
            else {
                continue;
            };
            let (message, signature) = text(&example["output"], "compact").rsplit_once('.').unwrap();
            // Its payload is sent apart (RFC 7515, appendix F).
            let message = if message.ends_with('.') {
                format!("{message}{}", b64(text(input, "payload")))
            } else {
                message.to_owned()
            };
            primitive.check(&message, signature);
            checked.push((text(input, "alg").to_owned(), name.clone()));
        }
    }
    println!("cookbook: verified and signed alike {checked:#?}");
    assert_eq!(checked.len(), 5);
}
