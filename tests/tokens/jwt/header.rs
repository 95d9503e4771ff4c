//! What a header may say, and above all what it may not choose.

use aws_lc_rs::signature::KeyPair;
use serde_json::json;

use super::*;

#[test]
fn alg_none_is_refused_in_every_spelling() {
    let house = House::new();
    for alg in
        ["none", "None", "NONE", "nOnE", "", "none ", "null", "HS384", "eddsa", "ES256", "RS256", "Ed25519"]
    {
        let header = with(house.header(), "alg", &format!("{alg:?}"));
        house.refuses_header(&header, ALGORITHM);
        let message = format!("{}.{}", b64(&header), b64(payload().to_string()));
        house.refuses(alg, &format!("{message}."), ALGORITHM);
        house.refuses(alg, &message, SEGMENTS);
    }
    for alg in ["null", "0", "true", "[\"EdDSA\"]", "{}"] {
        house.refuses_header(&with(house.header(), "alg", alg), HEADER);
    }
    house.refuses_header(&json!({ "typ": "at+jwt", "kid": house.ed.id() }).to_string(), HEADER);
}

#[test]
fn the_algorithm_is_the_keys_and_not_the_headers() {
    let house = House::new();
    let claims = payload().to_string();
    let mixed =
        |alg: &str, key: &SigningKey| json!({ "typ": "at+jwt", "alg": alg, "kid": key.id() }).to_string();

    let public = ed_pair(1).public_key().as_ref().to_vec();
    let as_hmac = mixed("HS256", &house.ed);
    house.refuses("HMAC under the public key", &hs_signed(&as_hmac, &claims, &public), ALGORITHM);
    house.refuses("… as text", &hs_signed(&as_hmac, &claims, b64(&public).as_bytes()), ALGORITHM);
    house.refuses("our HMAC key under the other kid", &hs_signed(&as_hmac, &claims, &[2; 32]), ALGORITHM);
    house.refuses("EdDSA under the HMAC kid", &ed_signed(&mixed("EdDSA", &house.hs), &claims), ALGORITHM);
    house.refuses("HS256 but Ed25519", &ed_signed(&mixed("HS256", &house.hs), &claims), SIGNATURE);
    let public_as_secret = hs_signed(&mixed("HS256", &house.hs), &claims, &public);
    house.refuses("the public key under the HMAC kid", &public_as_secret, SIGNATURE);
}

#[test]
fn a_header_brings_no_keys_and_no_extensions() {
    let house = House::new();
    let attacker = b64(ed_pair(9).public_key());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": attacker, "kid": house.ed.id() });
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/x.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("p2c", json!(2_147_483_648_u64)),
        ("nonce", json!("x")),
        ("", json!(0)),
        ("Alg", json!("none")),
    ] {
        let mut header = house.header();
        header[name] = value;
        house.refuses_header(&header.to_string(), HEADER);
        let by_attacker = |message: &[u8]| ed_pair(9).sign(message).as_ref().to_vec();
        house.refuses(name, &signed(&header.to_string(), &payload().to_string(), by_attacker), HEADER);
    }
}

#[test]
fn a_kid_chooses_among_our_keys_only() {
    let house = House::new();
    let attacker = key(KeyAlgorithm::EdDsa, 9);
    let trailing_nul = format!("{}\0", house.ed.id());
    for kid in ["", "../../../../dev/null", "' OR 1=1 --", "*", "0", attacker.id(), &trailing_nul] {
        let header = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid }).to_string();
        house.refuses_header(&header, KEY);
        let by_attacker = |message: &[u8]| ed_pair(9).sign(message).as_ref().to_vec();
        house.refuses(kid, &signed(&header, &payload().to_string(), by_attacker), KEY);
    }
    for kid in ["null", "1", "[]", "{}"] {
        house.refuses_header(&with(house.header(), "kid", kid), HEADER);
    }
    house.refuses_header(&with(house.header(), "kid", &format!("[{:?}]", house.ed.id())), HEADER);
    house.refuses_header(&json!({ "typ": "at+jwt", "alg": "EdDSA" }).to_string(), HEADER);
    // Our kid, the attacker's key.
    let by_attacker = |message: &[u8]| ed_pair(9).sign(message).as_ref().to_vec();
    let forged = signed(&house.header().to_string(), &payload().to_string(), by_attacker);
    house.refuses("signed by the attacker", &forged, SIGNATURE);
}

#[test]
fn only_access_tokens_pass() {
    let house = House::new();
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let header = with(house.header(), "typ", &format!("{typ:?}"));
        house.accepts(typ, &ed_signed(&header, &payload().to_string()));
    }
    for typ in [
        "JWT",
        "jwt",
        "",
        "at+jwt ",
        "refresh+jwt",
        "application/jwt",
        "logout+jwt",
        "dpop+jwt",
        "text/at+jwt",
    ] {
        house.refuses_header(&with(house.header(), "typ", &format!("{typ:?}")), KIND);
    }
    for typ in ["null", "1", "[\"at+jwt\"]"] {
        house.refuses_header(&with(house.header(), "typ", typ), HEADER);
    }
    house.refuses_header(&json!({ "alg": "EdDSA", "kid": house.ed.id() }).to_string(), HEADER);
}

#[test]
fn a_header_is_one_object_without_duplicates() {
    let house = House::new();
    let header = house.header();
    house.refuses_header(&doubled(&header, r#""alg":"none""#), HEADER);
    house.refuses_header(&doubled(&header, r#""alg":"EdDSA""#), HEADER);
    house.refuses_header(&doubled(&header, r#""\u0061lg":"EdDSA""#), HEADER);
    house.refuses_header(&doubled(&header, r#""typ":"at+jwt""#), HEADER);
    house.refuses_header(&doubled(&header, &format!("\"kid\":{:?}", house.ed.id())), HEADER);
    house.refuses_header(&json!(["at+jwt", "EdDSA", house.ed.id()]).to_string(), HEADER);
    house.refuses_header(&json!([header]).to_string(), HEADER);
    for broken in
        [format!("{header}x"), format!("{header}{header}"), format!("\u{feff}{header}"), String::new()]
    {
        house.refuses_header(&broken, HEADER);
    }
    let mut not_text = header.to_string().into_bytes();
    not_text.insert(2, 0xff);
    let message = format!("{}.{}", b64(&not_text), b64(payload().to_string()));
    let signature = b64(ed_pair(1).sign(message.as_bytes()));
    house.refuses("not UTF-8", &format!("{message}.{signature}"), HEADER);
}
