//! JWKs: the key that is said, its use, its halves, its spelling.

use KeyAlgorithm::{EdDsa, Es256, Hs256, Rs256, V4Public};
use guardhouse::tokens::published::jwk_set;
use serde_json::json;

use super::*;

pub(super) fn oct(secret: &[u8]) -> String {
    json!({ "kty": "oct", "k": b64(secret) }).to_string()
}

/// The private JWK of `key`, whose secret is `d`.
pub(super) fn private(key: &SigningKey, d: &[u8]) -> Value {
    let mut jwk = serde_json::to_value(&jwk_set(&verifying([key])).keys[0]).unwrap();
    jwk["d"] = json!(b64(d));
    jwk
}

fn ed25519() -> Value {
    private(&import(EdDsa, &pem::text("ed25519_pkcs8_v1")).unwrap(), &SEED)
}

fn p256() -> Value {
    private(&import(Es256, &pem::text("p256_pkcs8")).unwrap(), &scalar())
}

fn rsa() -> Value {
    let mut jwk = RSA_JWK.clone();
    jwk["alg"] = json!("RS256");
    jwk
}

/// A good key for each algorithm, in whose changes the others of this file consist.
fn good() -> [(KeyAlgorithm, Value); 4] {
    let oct = json!({ "kty": "oct", "k": b64(SEED), "alg": "HS256", "use": "sig" });
    [(EdDsa, ed25519()), (Es256, p256()), (Rs256, rsa()), (Hs256, oct)]
}

fn with(jwk: &Value, member: &str, value: Value) -> String {
    let mut jwk = jwk.clone();
    jwk[member] = value;
    jwk.to_string()
}

fn without(jwk: &Value, member: &str) -> String {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove(member);
    jwk.to_string()
}

#[test]
fn each_key_is_read_for_its_own_algorithm_and_for_no_other() {
    for (algorithm, jwk) in good() {
        kid(algorithm, &jwk.to_string());
        for other in KeyAlgorithm::ALL.into_iter().filter(|&other| other != algorithm) {
            refusal(other, &jwk.to_string());
            // It is not only `alg` that tells them apart; but an Ed25519 key without it is for either use.
            if (algorithm, other) != (EdDsa, V4Public) {
                refusal(other, &without(&jwk, "alg"));
            }
        }
    }
    assert_eq!(kid(EdDsa, &ed25519().to_string()), ED25519_THUMBPRINT);
    assert_eq!(kid(V4Public, &without(&ed25519(), "alg")), ED25519_PID);
    assert_eq!(kid(V4Public, &with(&ed25519(), "alg", json!("v4.public"))), ED25519_PID);
    assert_eq!(kid(Es256, &p256().to_string()), P256_THUMBPRINT);
    // The name follows from the key and not from what the text calls it.
    assert_eq!(kid(Es256, &with(&p256(), "kid", json!("mine"))), P256_THUMBPRINT);
}

#[test]
fn a_key_for_another_use_is_refused() {
    for (algorithm, jwk) in good() {
        for alg in
            ["none", "", "PS256", "RS512", "ES384", "ES256K", "HS512", "Ed25519", "eddsa", "A256GCM", "dir"]
        {
            let told = refusal(algorithm, &with(&jwk, "alg", json!(alg)));
            assert!(told.ends_with("its `alg` is another one"), "{told}");
        }
        for usage in ["enc", "", "SIG", "sig "] {
            let told = refusal(algorithm, &with(&jwk, "use", json!(usage)));
            assert!(told.ends_with("its `use` is not `sig`"), "{told}");
        }
        for operations in [
            json!([]),
            json!(["verify"]),
            json!(["encrypt", "decrypt"]),
            json!(["SIGN"]),
            json!(["deriveKey"]),
        ] {
            let told = refusal(algorithm, &with(&jwk, "key_ops", operations));
            assert!(told.ends_with("its `key_ops` do not name `sign`"), "{told}");
        }
        refusal(algorithm, &with(&jwk, "key_ops", json!("sign")));
        kid(algorithm, &with(&jwk, "key_ops", json!(["sign"])));
        kid(algorithm, &with(&jwk, "key_ops", json!(["sign", "verify"])));
        kid(algorithm, &without(&jwk, "use"));
        for kty in ["oct", "OKP", "EC", "RSA", "okp", "AKP", ""] {
            if jwk["kty"] != kty {
                refusal(algorithm, &with(&jwk, "kty", json!(kty)));
            }
        }
        for crv in ["P-256", "P-384", "secp256k1", "Ed25519", "Ed448", "X25519", "p-256", ""] {
            if jwk["crv"] != crv {
                refusal(algorithm, &with(&jwk, "crv", json!(crv)));
            }
        }
    }
}

#[test]
fn no_member_that_makes_the_key_may_be_missing_doubled_or_of_another_type() {
    for (algorithm, jwk) in good() {
        let optional = ["alg", "use", "kid"];
        for (name, value) in jwk.as_object().unwrap() {
            let doubled = jwk.to_string().replacen('{', &format!("{{{name:?}:{value},"), 1);
            if name != "kid" {
                refusal(algorithm, &doubled);
            }
            for other in [json!(7), json!(true), json!([value]), json!({ "x": value })] {
                if name != "kid" {
                    refusal(algorithm, &with(&jwk, name, other));
                }
            }
            if !optional.contains(&name.as_str()) {
                refusal(algorithm, &without(&jwk, name));
                refusal(algorithm, &with(&jwk, name, Value::Null));
                refusal(algorithm, &with(&jwk, name, json!("")));
            }
        }
        let text = jwk.to_string();
        for broken in [
            format!("{text}{text}"),
            format!("{text},"),
            text[..text.len() - 1].to_owned(),
            format!("{{\"keys\":[{text}]}}"),
            "{}".to_owned(),
        ] {
            refusal(algorithm, &broken);
        }
    }
}

#[test]
fn numbers_have_one_spelling() {
    for (algorithm, jwk) in good() {
        for name in ["x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi", "k"] {
            let Some(value) = jwk[name].as_str() else { continue };
            for other in other_spellings(value) {
                refusal(algorithm, &with(&jwk, name, json!(other)));
            }
        }
    }
}

#[test]
fn a_key_whose_halves_do_not_belong_together_is_refused() {
    let [other_ed, other_es] = [EdDsa, Es256].map(|algorithm| key(algorithm, 9));
    for (algorithm, jwk, other) in [(EdDsa, ed25519(), &other_ed), (Es256, p256(), &other_es)] {
        let other = private(other, &[9; 32]);
        kid(algorithm, &other.to_string());
        for name in ["d", "x", "y"] {
            if jwk[name].is_string() {
                let told = refusal(algorithm, &with(&jwk, name, other[name].clone()));
                assert!(told.contains("public half"), "{told}");
            }
        }
    }
    // The same point below the axis.
    let mut mirrored = p256();
    mirrored["x"] = p256()["y"].clone();
    mirrored["y"] = p256()["x"].clone();
    refusal(Es256, &mirrored.to_string());
    for name in ["n", "d", "p", "q", "dp", "dq", "qi"] {
        let mut octets = unb64(rsa()[name].as_str().unwrap());
        *octets.last_mut().unwrap() ^= 4;
        refusal(Rs256, &with(&rsa(), name, json!(b64(octets))));
    }
    for exponent in [&[0][..], &[1], &[2], &[3], &[0xff, 0xff], &[1, 0, 0], &[1, 0, 3], &[0xff; 8]] {
        refusal(Rs256, &with(&rsa(), "e", json!(b64(exponent))));
    }
    // RFC 7518 section 6.3.2.7: whoever does not know more than two primes must not use the key.
    let told = refusal(Rs256, &with(&rsa(), "oth", json!([{ "r": "AQ", "d": "AQ", "t": "AQ" }])));
    assert!(told.contains("two primes"), "{told}");
}

#[test]
fn a_scalar_or_seed_has_its_size_and_range() {
    for d in
        [&[0; 32][..], &P256_ORDER, &[0xff; 32], &[1; 31], &[1; 33], &[&[0][..], &scalar()].concat(), &[1]]
    {
        refusal(Es256, &with(&p256(), "d", json!(b64(d))));
    }
    // Leading zeros belong to the scalar (RFC 7518 section 6.2.2.1).
    let mut small = [0; 32];
    small[31] = 5;
    let five = private(&SigningKey::generate(Es256, &Given(small)), &small);
    kid(Es256, &five.to_string());
    refusal(Es256, &with(&five, "d", json!(b64([5]))));
    for d in [&SEED[..31], &[&SEED[..], &[0]].concat(), &[&SEED[..], &[9; 32]].concat()] {
        refusal(EdDsa, &with(&ed25519(), "d", json!(b64(d))));
    }
    // Everybody knows this one.
    let x = ed25519_of_zeros();
    for algorithm in [EdDsa, V4Public] {
        refusal(algorithm, &json!({ "kty": "OKP", "crv": "Ed25519", "d": b64([0; 32]), "x": x }).to_string());
    }
}

fn ed25519_of_zeros() -> String {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    b64(Ed25519KeyPair::from_seed_unchecked(&[0; 32]).unwrap().public_key())
}

#[test]
fn a_shared_secret_is_long_and_not_to_be_guessed() {
    for size in [0, 1, 16, 31] {
        let told = refusal(Hs256, &oct(&SEED[..size]));
        assert!(told.contains("32 bytes"), "{size}: {told}");
    }
    let long = [SEED, SEED.map(|byte| !byte)].concat();
    for size in [32, 33, 64] {
        kid(Hs256, &oct(&long[..size]));
    }
    let counting: Vec<u8> = (0..64).collect();
    for guessed in [
        &[0; 32][..],
        &[0xff; 64],
        &[0x80; 32],
        &counting[..32],
        &counting,
        &[SEED, SEED].concat(),
        b"abcdefghijklmnopqrstuvwxyz012345",
        b"your-256-bit-secret-your-256-bit-secret",
        b"changeme-8f2c1e7d90ab4356f7e1c2d3b4a59687",
    ] {
        let told = refusal(Hs256, &oct(guessed));
        assert!(told.contains("guessed"), "{told}");
    }
}
