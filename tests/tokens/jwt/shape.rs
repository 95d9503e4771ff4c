//! Other spellings, other serialisations, other kinds of token, and everything that was cut or flipped.

use guardhouse::tokens::MAX_TOKEN_BYTES;
use guardhouse::tokens::refresh::RefreshTokens;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;

#[test]
fn there_is_one_spelling_of_a_token() {
    let house = House::new();
    let header = json!({ "typ": "at+jwt", "alg": "HS256", "kid": house.hs.id() });
    let mut lengths = std::collections::BTreeSet::new();
    // Unknown members of different lengths bring every remainder of three, and `?~` a `-` or `_`.
    for filler in ["?~?~", "?~?~?", "?~?~?~"] {
        let claims = doubled(&payload(), &format!("\"x\":{filler:?}"));
        for token in [
            ed_signed(&house.header().to_string(), &claims),
            hs_signed(&header.to_string(), &claims, &[2; 32]),
        ] {
            house.accepts("the spelling that we write", &token);
            let segments: Vec<&str> = token.split('.').collect();
            lengths.insert(unb64(segments[1]).len() % 3);
            for (place, segment) in segments.iter().enumerate() {
                for other in other_spellings(segment) {
                    let mut respelled = segments.clone();
                    respelled[place] = &other;
                    let respelled = respelled.join(".");
                    assert!(house.codec.open(&respelled, at(1)).is_err(), "{respelled:?}");
                }
            }
        }
    }
    assert_eq!(lengths.len(), 3, "the claims should end on every remainder");
    let genuine = house.genuine();
    for wrapped in
        [format!(" {genuine}"), format!("{genuine}\n"), format!("Bearer {genuine}"), format!("{genuine}\0")]
    {
        assert!(house.codec.open(&wrapped, at(1)).is_err(), "{wrapped:?}");
    }
}

/// The payload and header are covered by the signature as text, so a lenient decoder would only be caught if the
/// respelled text is what was signed.
#[test]
fn a_respelled_segment_is_refused_even_when_it_was_signed_so() {
    let house = House::new();
    let (header, claims) = (b64(house.header().to_string()), b64(payload().to_string()));
    let sign = |message: &str| format!("{message}.{}", b64(ed_pair(1).sign(message.as_bytes())));
    house.accepts("control", &sign(&format!("{header}.{claims}")));
    for other in other_spellings(&header) {
        house.refuses("header", &sign(&format!("{other}.{claims}")), HEADER);
    }
    for other in other_spellings(&claims) {
        house.refuses("claims", &sign(&format!("{header}.{other}")), CLAIMS);
    }
}

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
fn an_oversized_token_is_not_looked_at() {
    let house = House::new();
    let padded = |filler: usize| {
        let claims = doubled(&payload(), &format!("\"x\":\"{}\"", "a".repeat(filler)));
        ed_signed(&house.header().to_string(), &claims)
    };
    let fits = (0..MAX_TOKEN_BYTES).rev().map(padded).find(|token| token.len() <= MAX_TOKEN_BYTES).unwrap();
    assert!(fits.len() > MAX_TOKEN_BYTES - 3, "{}", fits.len());
    house.accepts("as long as allowed", &fits);
    let filler = (0..MAX_TOKEN_BYTES).find(|&filler| padded(filler).len() > MAX_TOKEN_BYTES).unwrap();
    house.refuses("one too long", &padded(filler), "longer than any token");
    house.refuses("a megabyte of dots", &".".repeat(1 << 20), "longer than any token");
}

#[test]
fn no_truncation_and_no_flipped_bit_passes() {
    let house = House::new();
    let by_hmac = Codec::jwt(rules(), &house.hs, std::slice::from_ref(&house.ed)).unwrap();
    for genuine in [house.genuine(), by_hmac.seal(&claims()).unwrap()] {
        for end in 0..genuine.len() {
            assert!(house.codec.open(&genuine[..end], at(1)).is_err(), "cut at {end}");
        }
        let mut flips = 0;
        for changed in bit_flips(&genuine) {
            assert!(house.codec.open(&changed, at(1)).is_err(), "{changed}");
            flips += 1;
        }
        assert!(flips > 4_000, "{flips}");
        house.accepts("the genuine one still", &genuine);
    }
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
