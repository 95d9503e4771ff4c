//! One key's name with another's algorithm, no algorithm, keys that the token brings along, tokens in tokens; for
//! every algorithm, with the keys of all of them at hand.

use serde_json::json;

use super::forger::*;
use super::*;

#[test]
fn no_key_verifies_for_another_algorithm() {
    let house = Everything::new();
    let claims = payload().to_string();
    let mut pairs = 0;
    for named in ACCESS {
        for said in ACCESS.into_iter().filter(|&said| said != named) {
            let header = mixed(said.as_str(), named);
            let reason = if named.is_jwt() { ALGORITHM } else { KEY };
            for signer in JWT {
                house.refuses(&format!("{signer}"), &forged(signer, &header, &claims), reason);
            }
            pairs += 1;
        }
        // The header is that key's own, the signature another's.
        for signer in JWT.into_iter().filter(|&signer| signer != named && named.is_jwt()) {
            house.refuses(&format!("{signer}"), &forged(signer, &header(named), &claims), SIGNATURE);
        }
    }
    assert_eq!(pairs, 30);
}

#[test]
fn alg_none_is_refused_in_every_spelling_for_every_key() {
    let house = Everything::new();
    let claims = payload().to_string();
    let mut spellings: Vec<String> = (0..16)
        .map(|upper| {
            let letters = "none".chars().enumerate();
            letters.map(|(at, c)| if upper >> at & 1 == 1 { c.to_ascii_uppercase() } else { c }).collect()
        })
        .collect();
    spellings.extend(
        ["", " none", "none ", "none\0", "\"none\"", "nоne", "NULL", "undefined", "0"].map(String::from),
    );
    for algorithm in JWT {
        for alg in &spellings {
            let header = mixed(alg, algorithm);
            house.refuses(alg, &forged(algorithm, &header, &claims), ALGORITHM);
            house.refuses(alg, &signed(&header.to_string(), &claims, |_| vec![]), ALGORITHM);
        }
        // Nothing behind the last dot, under an honest header.
        house.refuses("no signature", &with_signature(algorithm, []), SIGNATURE);
        let anonymous = json!({ "alg": "none" });
        house.refuses("anonymous", &forged(algorithm, &anonymous, &claims), HEADER);
        let unnamed = json!({ "alg": "none", "typ": "at+jwt", "kid": "" });
        house.refuses("unnamed", &forged(algorithm, &unnamed, &claims), KEY);
    }
}

/// RFC 8725 sections 2.8 to 2.10. The signature is right each time: only the header stands in the way.
#[test]
fn a_header_brings_no_key_and_asks_for_nothing() {
    let house = Everything::new();
    let claims = payload().to_string();
    for algorithm in JWT {
        let own = guardhouse::tokens::published::jwk_set(&verifying([&known(algorithm)])).keys;
        let own = serde_json::to_value(own.first()).unwrap();
        for (name, value) in [
            ("jwk", own.clone()),
            ("jwk", json!({ "kty": "oct", "k": b64([9; 32]) })),
            ("jwk", Value::Null),
            ("jku", json!("https://auth.example/.well-known/jwks.json")),
            ("jku", json!("https://evil.example/jwks.json")),
            ("jku", json!("file:///dev/null")),
            ("x5u", json!("https://evil.example/chain.pem")),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("AAAA")),
            ("x5t#S256", json!("AAAA")),
            ("crit", json!([])),
            ("crit", json!(["b64"])),
            ("crit", json!(["exp"])),
            ("b64", json!(true)),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
            ("enc", json!("A256GCM")),
            ("epk", own),
            ("apu", json!("")),
            ("iss", json!(ISSUER)),
        ] {
            let mut header = header(algorithm);
            header[name] = value;
            house.refuses(name, &forged(algorithm, &header, &claims), HEADER);
        }
    }
}

/// RFC 7797: the payload is signed as it is. Without `b64` in the header it is only a payload in another spelling.
#[test]
fn an_unencoded_payload_is_refused() {
    let house = Everything::new();
    for algorithm in JWT {
        for header in [
            header(algorithm),
            json!({ "typ": "at+jwt", "alg": algorithm.as_str(), "kid": known(algorithm).id(), "b64": false, "crit": ["b64"] }),
        ] {
            let message =
                format!("{}.{}", b64(header.to_string()), payload().to_string().replace('.', "\\u002e"));
            let token = format!("{message}.{}", b64(sign(algorithm, message.as_bytes())));
            let reason = if header.get("b64").is_some() { HEADER } else { CLAIMS };
            house.refuses("unencoded", &token, reason);
        }
        // RFC 7515 appendix F: the payload travels apart.
        let genuine = genuine(algorithm);
        let segments: Vec<&str> = genuine.split('.').collect();
        house.refuses("detached", &format!("{}..{}", segments[0], segments[2]), SIGNATURE);
    }
}

#[test]
fn a_token_in_a_token_is_refused() {
    let house = Everything::new();
    let reader = everything(KeyAlgorithm::V4Local);
    let inner: Vec<String> = JWT.map(genuine).into_iter().chain([reader.seal(&claims()).unwrap()]).collect();
    for algorithm in JWT {
        for inner in &inner {
            for payload in [inner.clone(), json!(inner).to_string(), json!({ "jwt": inner }).to_string()] {
                house.refuses("nested", &forged(algorithm, &header(algorithm), &payload), CLAIMS);
                let mut says_so = header(algorithm);
                says_so["cty"] = json!("JWT");
                house.refuses("nested", &forged(algorithm, &says_so, &payload), HEADER);
            }
        }
    }
}

/// Segments of genuine tokens of two keys, put together anew.
#[test]
fn genuine_segments_of_two_tokens_make_none() {
    let house = Everything::new();
    for one in JWT {
        for other in JWT.into_iter().filter(|&other| other != one) {
            let (one, other) = (genuine(one), genuine(other));
            let [header, claims, _]: [&str; 3] = one.split('.').collect::<Vec<_>>().try_into().unwrap();
            let [foreign, _, signature]: [&str; 3] = other.split('.').collect::<Vec<_>>().try_into().unwrap();
            house.refuses("signature", &format!("{header}.{claims}.{signature}"), SIGNATURE);
            house.refuses(
                "header",
                &format!("{foreign}.{claims}.{}", one.rsplit_once('.').unwrap().1),
                SIGNATURE,
            );
        }
    }
}
