//! Other serialisations and other kinds of token.

use guardhouse::tokens::refresh::RefreshTokens;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;

#[test]
fn only_the_compact_form_of_three_segments_is_read() {
    let house = House::new();
    let genuine = house.genuine();
    let [header, claims, signature]: [&str; 3] = genuine.split('.').collect::<Vec<_>>().try_into().unwrap();

    for (token, reason) in [
        (String::new(), SEGMENTS),
        (".".into(), SEGMENTS),
        ("..".into(), HEADER),
        (format!("{header}.{claims}"), SEGMENTS),
        (format!("{header}.{claims}."), SIGNATURE),
        (format!("{header}..{signature}"), SIGNATURE),
        (format!(".{claims}.{signature}"), HEADER),
        (format!("{genuine}."), MORE_SEGMENTS),
        (format!(".{genuine}"), MORE_SEGMENTS),
        (format!("{genuine}.{signature}"), MORE_SEGMENTS),
        (format!("{header}.{claims}..{signature}"), MORE_SEGMENTS),
        // JWE in compact form, RFC 7516 section 7.1.
        (format!("{}.a.b.c.d", b64(r#"{"alg":"dir","enc":"A128GCM"}"#)), MORE_SEGMENTS),
        (format!("{header}.{claims}.{signature}.{claims}.{signature}"), MORE_SEGMENTS),
        (format!("{}.{claims}.{signature}", b64(r#"{"alg":"dir","enc":"A128GCM"}"#)), HEADER),
    ] {
        house.refuses("shape", &token, reason);
    }
    let flattened = json!({ "protected": header, "payload": claims, "signature": signature });
    let general =
        json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] });
    let unprotected = json!({ "header": house.header(), "payload": claims, "signature": signature });
    for form in [flattened, general, unprotected] {
        assert!(house.codec.open(&form.to_string(), at(1)).is_err(), "{form}");
        assert!(house.codec.open(&b64(form.to_string()), at(1)).is_err(), "{form}");
    }
    // A token inside a token.
    house.refuses_payload(&genuine, CLAIMS);
    house.refuses_payload(&format!("{genuine:?}"), CLAIMS);
}

#[test]
fn tokens_of_other_kinds_and_houses_are_refused() {
    let house = House::new();
    let grant = guardhouse::domain::refresh::RefreshGrant {
        user: claims().subject,
        session: claims().session,
        generation: 0,
    };
    let refresh = RefreshTokens::new(&key(KeyAlgorithm::Refresh, 1), &[]).unwrap().mint(&grant);
    house.refuses("a refresh token", refresh.expose_secret(), SEGMENTS);
    let dressed = format!("{}.{}.x", b64(house.header().to_string()), &refresh.expose_secret()[4..]);
    house.refuses("a refresh token in disguise", &dressed, SIGNATURE);

    let elsewhere = |issuer: &str, audience: &str| {
        let rules = TokenRules::new(issuer, audience, Duration::ZERO).unwrap();
        Codec::jwt(rules, &house.ed, &[]).unwrap().seal(&claims()).unwrap()
    };
    house.refuses("same key, other issuer", &elsewhere("https://b.example", AUDIENCE), "by another issuer");
    house.refuses(
        "same key, other audience",
        &elsewhere(ISSUER, "https://b.example"),
        "for another audience",
    );
    let paseto = Codec::paseto(rules(), &key(KeyAlgorithm::V4Public, 1), &[]).unwrap();
    house.refuses("PASETO", &paseto.seal(&claims()).unwrap(), MORE_SEGMENTS);
}
