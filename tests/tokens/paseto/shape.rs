//! Other footers, assertions, versions, purposes and spellings, and everything that was cut or flipped.

use ::paseto::version4::{LocalToken, V4};
use guardhouse::tokens::MAX_TOKEN_BYTES;
use guardhouse::tokens::published::paserk_set;
use serde_json::json;

use super::*;

#[test]
fn the_implicit_assertion_binds_issuer_audience_and_kind() {
    let house = House::new();
    for implicit in [
        String::new(),
        "{}".into(),
        IMPLICIT.replace("auth.example", "b.example"),
        IMPLICIT.replace("api.example", "b.example"),
        IMPLICIT.replace("at+paseto", "rt+paseto"),
        IMPLICIT.replace("\",\"aud\":\"", ""),
        format!("{IMPLICIT} "),
        r#"{"iss":"https://auth.example","aud":"https://api.example"}"#.into(),
    ] {
        let token = signed(1, &payload().to_string(), &house.footer(), &implicit);
        house.refuses(&implicit, &token, SIGNATURE);
    }
    for (issuer, audience) in [("https://b.example", AUDIENCE), (ISSUER, "https://b.example")] {
        let rules = TokenRules::new(issuer, audience, Duration::ZERO).unwrap();
        let elsewhere = Codec::paseto(rules, &house.key, &[]).unwrap();
        house.refuses("same key, other rules", &elsewhere.seal(&claims()).unwrap(), SIGNATURE);
    }
}

#[test]
fn the_footer_is_one_that_we_write() {
    let house = House::new();
    let kid = house.key.id();
    let public = paserk_set(&verifying([&house.key])).keys[0].paserk.clone();
    let attacker = key(KeyAlgorithm::V4Public, 9);
    house.refuses("none", &signed(1, &payload().to_string(), "", IMPLICIT), FOOTER);
    house.refuses("an empty one", &format!("{}.", signed(1, &payload().to_string(), "", IMPLICIT)), KEY);
    for footer in [
        "{}".to_owned(),
        kid.to_owned(),
        format!(r#"{{"kid":"{kid}" }}"#),
        format!(r#"{{"kid":"{kid}","wpk":"k4.local-wrap.pie.AAAA"}}"#),
        format!(r#"{{"kid":"{kid}","kid":"{kid}"}}"#),
        format!(r#"{{"kid":["{kid}"]}}"#),
        format!(r#"{{"KID":"{kid}"}}"#),
        r#"{"kid":null}"#.into(),
        r#"{"kid":"../../dev/null"}"#.into(),
        json!({ "kid": attacker.id() }).to_string(),
        json!({ "kid": public }).to_string(),
        json!({ "kid": public.replace("k4.public.", "k4.secret.") }).to_string(),
        json!({ "kid": kid.replace("k4.pid.", "k3.pid.") }).to_string(),
        json!({ "kid": kid.replace("k4.pid.", "k4.sid.") }).to_string(),
        json!({ "kid": kid, "jwk": { "kty": "OKP" } }).to_string(),
    ] {
        house.refuses(&footer, &signed(1, &payload().to_string(), &footer, IMPLICIT), KEY);
        house.refuses(&footer, &signed(9, &payload().to_string(), &footer, IMPLICIT), KEY);
    }
    let other = json!({ "kid": house.other.id() }).to_string();
    house.refuses("our other key's name", &signed(1, &payload().to_string(), &other, IMPLICIT), SIGNATURE);
    house.accepts("our other key", &signed(2, &payload().to_string(), &other, IMPLICIT));
    let forged = signed(9, &payload().to_string(), &house.footer(), IMPLICIT);
    house.refuses("our name, the attacker's key", &forged, SIGNATURE);
    // Exchanged after signing.
    let genuine = house.genuine();
    let body = genuine.rsplit_once('.').unwrap().0;
    house.refuses("footer exchanged", &format!("{body}.{}", b64(&other)), SIGNATURE);
    house.refuses("footer removed", body, FOOTER);
}

#[test]
fn other_versions_and_purposes_are_refused() {
    let house = House::new();
    let genuine = house.genuine();
    for header in
        ["v3.public.", "v3.local.", "v2.public.", "v1.public.", "V4.public.", "v4.Public.", "v4.public", ""]
    {
        house.refuses(header, &genuine.replacen("v4.public.", header, 1), FORM);
    }
    let local = ::paseto::keys::SymmetricKey::<V4>::from(&ed25519_public(&house.key)).unwrap();
    let footer = house.footer();
    let message = payload().to_string();
    let encrypted =
        LocalToken::encrypt(&local, message.as_bytes(), Some(footer.as_bytes()), Some(IMPLICIT.as_bytes()));
    let encrypted = encrypted.unwrap();
    house.refuses("v4.local", &genuine.replacen("v4.public.", "v4.local.", 1), PURPOSE);
    house.refuses("v4.local under the public key", &encrypted, PURPOSE);
    house.refuses("… in disguise", &encrypted.replacen("local", "public", 1), SIGNATURE);
    let jwt = Codec::jwt(rules(), &key(KeyAlgorithm::EdDsa, 1), &[]).unwrap().seal(&claims()).unwrap();
    house.refuses("a JWT", &jwt, FORM);
    house.refuses("a JWT in disguise", &format!("v4.public.{jwt}"), KEY);
}

#[test]
fn there_is_one_spelling_of_a_token() {
    let house = House::new();
    let mut lengths = std::collections::BTreeSet::new();
    for filler in ["?~?~", "?~?~?", "?~?~?~"] {
        let token = signed(1, &doubled(&format!("\"x\":{filler:?}")), &house.footer(), IMPLICIT);
        house.accepts("the spelling that we write", &token);
        let [version, purpose, body, footer]: [&str; 4] =
            token.split('.').collect::<Vec<_>>().try_into().unwrap();
        lengths.insert(unb64(body).len() % 3);
        for other in other_spellings(body) {
            house.refuses("body", &format!("{version}.{purpose}.{other}.{footer}"), SPELLING);
        }
        for other in other_spellings(footer) {
            house.refuses("footer", &format!("{version}.{purpose}.{body}.{other}"), KEY);
        }
    }
    assert_eq!(lengths.len(), 3, "the body should end on every remainder");
    let genuine = house.genuine();
    house.refuses("white space before", &format!(" {genuine}"), FORM);
    house.refuses("a line break behind", &format!("{genuine}\n"), KEY);
    house.refuses("one more segment", &format!("{genuine}.x"), KEY);
    house.refuses("one more empty segment", &format!("{genuine}."), KEY);
    house.refuses("no body", &format!("v4.public..{}", b64(house.footer())), SPELLING);
    house.refuses(
        "only a signature",
        &format!("v4.public.{}.{}", b64([0; 64]), b64(house.footer())),
        SPELLING,
    );
}

#[test]
fn an_oversized_token_is_not_looked_at() {
    let house = House::new();
    let padded = |filler: usize| {
        signed(1, &doubled(&format!("\"x\":\"{}\"", "a".repeat(filler))), &house.footer(), IMPLICIT)
    };
    let short = padded(0).len();
    let filler = (MAX_TOKEN_BYTES - short) / 4 * 3;
    let fits = padded(filler);
    assert!((MAX_TOKEN_BYTES - 4..=MAX_TOKEN_BYTES).contains(&fits.len()), "{}", fits.len());
    house.accepts("as long as allowed", &fits);
    house.refuses("too long", &padded(filler + 5), "longer than any token");
}

#[test]
fn no_truncation_and_no_flipped_bit_passes() {
    let house = House::new();
    let genuine = house.genuine();
    for end in 0..genuine.len() {
        assert!(house.codec.open(&genuine[..end], at(1)).is_err(), "cut at {end}");
    }
    let mut flips = 0;
    for changed in bit_flips(&genuine) {
        assert!(house.codec.open(&changed, at(1)).is_err(), "{changed}");
        let expired = house.codec.open(&changed, at(1_000_000));
        assert_ne!(expired, Err(TokenFault::Expired), "a forged token is never called expired: {changed}");
        flips += 1;
    }
    assert!(flips > 4_000, "{flips}");
    house.accepts("the genuine one still", &genuine);
}
