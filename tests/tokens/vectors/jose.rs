//! The examples in RFC 7515, RFC 7517, RFC 7638 and RFC 8037.

use guardhouse::tokens::TokenForm;
use guardhouse::tokens::published::Jwk;

use super::cookbook::{Primitive, importable, json_forms_are_refused};
use super::*;

fn examples() -> Value {
    serde_json::from_str(include_str!("../../vectors/jose_rfc_examples.json")).unwrap()
}

#[test]
fn the_jws_are_refused_as_tokens_and_those_of_our_algorithms_verify() {
    let (mut verified, mut signed, mut refused) = (Vec::new(), 0, 0);
    let file = examples();
    for test in file["jws"].as_array().unwrap() {
        refused += 1;
        let Some(token) = test["token"].as_str() else {
            // A.6 and A.7 are JSON serialisations, which are not read at all.
            assert_eq!(TokenForm::of(&test["jws"].to_string()), None, "{test}");
            json_forms_are_refused(&test["jws"]);
            continue;
        };
        is_nothing(token);
        if let Some(primitive) = Primitive::of(text(test, "alg"), &test["key"]) {
            let (message, signature) = token.rsplit_once('.').unwrap();
            signed += primitive.check(message, signature);
            verified.push(text(test, "alg"));
        }
    }
    println!(
        "JWS of the RFCs: {refused} refused as access tokens, {verified:?} verified, {signed} signed alike"
    );
    assert_eq!(refused, 9);
    assert_eq!(verified, ["HS256", "RS256", "ES256", "EdDSA"]);
    // ECDSA draws a number for each signature.
    assert_eq!(signed, 3);
}

#[test]
fn the_private_keys_are_imported_under_their_thumbprints() {
    let file = examples();
    let jws = file["jws"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|test| test.get("key").filter(|key| !key.is_null()));
    let sets = file["jwk_sets"].as_object().unwrap().values().flat_map(|set| set["keys"].as_array().unwrap());
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for jwk in jws.chain(sets) {
        let expected = importable(jwk);
        for algorithm in KeyAlgorithm::ALL {
            let key = import(algorithm, &jwk.to_string());
            assert_eq!(key.is_ok(), expected.contains(&algorithm), "{algorithm} {key:?}: {jwk}");
            let Ok(key) = key else {
                refused += 1;
                continue;
            };
            if key.public_key().is_some() && algorithm != KeyAlgorithm::V4Public {
                assert_eq!(key.id(), thumbprint(jwk));
            }
            accepted.push(algorithm.as_str());
        }
    }
    println!("JWK of the RFCs: {accepted:?} imported, {refused} refused");
    assert_eq!(accepted, ["HS256", "RS256", "ES256", "EdDSA", "v4.public", "RS256", "HS256"]);
    assert_eq!(refused, 70);
}

#[test]
fn the_thumbprints_are_ours() {
    let mut thumbprints = 0;
    for test in examples()["jwk_thumbprints"].as_array().unwrap() {
        let alg = if test["jwk"]["kty"] == "RSA" { "RS256" } else { "EdDSA" };
        let mut jwk = test["jwk"].clone();
        (jwk["kid"], jwk["alg"], jwk["use"]) =
            (test["sha256_thumbprint"].clone(), Value::from(alg), Value::from("sig"));
        let published: Jwk = serde_json::from_value(jwk).unwrap();
        let read = published.read().unwrap_or_else(|| panic!("{published:?}"));
        assert_eq!((read.id(), read.algorithm().as_str()), (text(test, "sha256_thumbprint"), alg));
        assert_eq!(thumbprint(&test["jwk"]), read.id());
        let misnamed = Jwk { kid: thumbprint(&test["jwk"]).to_lowercase(), ..published };
        assert!(misnamed.read().is_none());
        thumbprints += 1;
    }
    // RFC 8037 A.1 is the private half of the key in A.3.
    let seed = unb64("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").try_into().unwrap();
    let ours = SigningKey::generate(KeyAlgorithm::EdDsa, &Given(seed));
    assert_eq!(ours.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    println!("JWK: {thumbprints} thumbprints");
    assert_eq!(thumbprints, 2);
}
