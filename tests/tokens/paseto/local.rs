//! `v4.local`: forged, altered, cut and respelled tokens, each refused by the check named beside it.

use guardhouse::tokens::MAX_TOKEN_BYTES;

use super::purposes::{Everything, encrypted, footer};
use super::*;

const LOCAL: KeyAlgorithm = KeyAlgorithm::V4Local;

fn ours(payload: &str) -> String {
    encrypted(&[1; 32], payload, &footer(LOCAL), IMPLICIT)
}

fn body(token: &str) -> Vec<u8> {
    unb64(token.split('.').nth(2).unwrap())
}

fn with_body(body: &[u8]) -> String {
    format!("v4.local.{}.{}", b64(body), b64(footer(LOCAL)))
}

#[test]
fn the_forger_can_make_a_good_token_and_no_two_are_alike() {
    let house = Everything::new();
    let tokens = [(); 3].map(|()| ours(&payload().to_string()));
    for token in &tokens {
        house.accepts("control", token);
        assert!(!token.contains(&b64(ISSUER)) && !body(token).windows(5).any(|part| part == b"\"iss\""));
    }
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
    assert_ne!(body(&tokens[0])[..32], body(&tokens[1])[..32], "a nonce is used once");
    house.accepts("an unknown claim", &ours(&doubled(r#""scope":"a b""#)));
}

#[test]
fn only_the_house_key_under_its_own_name_decrypts() {
    let house = Everything::new();
    let message = payload().to_string();
    for secret in [[0; 32], [2; 32], [0xff; 32]] {
        house.refuses("another key", &encrypted(&secret, &message, &footer(LOCAL), IMPLICIT), TAG);
    }
    let lid = known(LOCAL).id().to_owned();
    for other in [
        "{}".to_owned(),
        lid.clone(),
        format!(r#"{{"kid":"{lid}" }}"#),
        format!(r#"{{"kid":"{lid}","kid":"{lid}"}}"#),
        format!(r#"{{"kid":["{lid}"]}}"#),
        format!(r#"{{"kid":"{lid}","wpk":"k4.local-wrap.pie.AAAA"}}"#),
        json!({ "kid": lid.replace("k4.lid.", "k4.pid.") }).to_string(),
        json!({ "kid": lid.replace("k4.lid.", "k3.lid.") }).to_string(),
        json!({ "kid": key(LOCAL, 9).id() }).to_string(),
        json!({ "kid": format!("k4.local.{}", b64([1; 32])) }).to_string(),
        r#"{"kid":null}"#.into(),
    ] {
        house.refuses(&other, &encrypted(&[1; 32], &message, &other, IMPLICIT), KEY);
        house.refuses(&other, &encrypted(&[9; 32], &message, &other, IMPLICIT), KEY);
    }
    house.refuses("none", &encrypted(&[1; 32], &message, "", IMPLICIT), FOOTER);
    let genuine = ours(&message);
    house.refuses("footer removed", genuine.rsplit_once('.').unwrap().0, FOOTER);
    for implicit in
        ["", "{}", &IMPLICIT.replace("auth.", "b."), &IMPLICIT.replace("api.", "b."), &format!("{IMPLICIT} ")]
    {
        house.refuses(implicit, &encrypted(&[1; 32], &message, &footer(LOCAL), implicit), TAG);
    }
    for (issuer, audience) in [("https://b.example", AUDIENCE), (ISSUER, "https://b.example")] {
        let rules = TokenRules::new(issuer, audience, Duration::ZERO).unwrap();
        let elsewhere = Codec::paseto(rules, &known(LOCAL), &[]).unwrap();
        house.refuses("same key, other rules", &elsewhere.seal(&claims()).unwrap(), TAG);
    }
}

#[test]
fn what_is_inside_is_judged_like_in_every_other_token() {
    let house = Everything::new();
    for (member, value, reason) in [
        ("iss", "\"https://evil.example\"", "by another issuer"),
        ("aud", "\"https://evil.example\"", "for another audience"),
        ("aud", "[\"https://api.example\"]", CLAIMS),
        ("client_id", "\"other\"", "for another client"),
        ("exp", "1795194329", CLAIMS),
        ("exp", "\"never\"", RANGE),
        ("auth_time", "-1", RANGE),
        ("epoch", "4294967296", CLAIMS),
        ("roles", "[\"Admin\"]", CLAIMS),
    ] {
        house.refuses(value, &ours(&with(member, value)), reason);
    }
    let time = |seconds: i64| format!("\"{}\"", at(seconds));
    house.refuses("exp", &ours(&with("exp", &time(0))), "ends before it begins");
    let early = ours(&with("nbf", &time(1 + LEEWAY as i64 + 1)));
    assert_eq!(house.opener.open(&early, at(1)), Err(TokenFault::Invalid("not valid yet")));
    let over = house.opener.open(&ours(&payload().to_string()), at(LIFETIME + LEEWAY as i64));
    assert_eq!(over, Err(TokenFault::Expired));
    for (name, value) in payload().as_object().unwrap() {
        house.refuses(name, &ours(&doubled(&format!("{name:?}:{value}"))), CLAIMS);
        let mut lacking = payload();
        lacking.as_object_mut().unwrap().remove(name);
        house.refuses(name, &ours(&lacking.to_string()), CLAIMS);
    }
    for broken in ["null", "[]", "{", "\"x\"", &ours("{}"), &format!("\u{feff}{}", payload())] {
        house.refuses(broken, &ours(broken), CLAIMS);
    }
}

#[test]
fn nonce_cipher_text_and_tag_belong_together() {
    let house = Everything::new();
    let [one, other] = [(); 2].map(|()| body(&ours(&payload().to_string())));
    assert_eq!(one.len(), other.len());
    house.accepts("control", &with_body(&one));
    let tag = one.len() - 32;
    for mixed in [
        [&one[..32], &other[32..]].concat(),
        [&one[..tag], &other[tag..]].concat(),
        [&one[..32], &other[32..tag], &one[tag..]].concat(),
        [&[0; 32], &one[32..]].concat(),
        [&one[..tag], &[0; 32]].concat(),
        [&one[..tag], &one[tag..tag + 16]].concat(),
        [&one[..], &[0]].concat(),
        [&[0], &one[..]].concat(),
        [&one[..], &one[..]].concat(),
        [&one[..32], &one[33..]].concat(),
        one.iter().rev().copied().collect(),
    ] {
        house.refuses("mixed", &with_body(&mixed), TAG);
    }
    house.refuses_anyhow("nothing inside", &with_body(&[&one[..32], &one[tag..]].concat()));
    for size in [0, 1, 31, 32, 63, 64, 65] {
        house.refuses_anyhow("short", &with_body(&one[..size]));
        house.refuses_anyhow("short", &with_body(&vec![0; size]));
    }
}

#[test]
fn there_is_one_spelling_of_a_token() {
    let house = Everything::new();
    let mut lengths = std::collections::BTreeSet::new();
    for filler in ["?~?~", "?~?~?", "?~?~?~"] {
        let token = ours(&doubled(&format!("\"x\":{filler:?}")));
        house.accepts("the spelling that we write", &token);
        let [_, _, body, footer]: [&str; 4] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        lengths.insert(unb64(body).len() % 3);
        for other in other_spellings(body) {
            house.refuses("body", &format!("v4.local.{other}.{footer}"), SPELLING);
        }
        for other in other_spellings(footer) {
            house.refuses("footer", &format!("v4.local.{body}.{other}"), KEY);
        }
    }
    assert_eq!(lengths.len(), 3, "the body should end on every remainder");
    let genuine = ours(&payload().to_string());
    for version in
        ["v3.local.", "v2.local.", "v1.local.", "V4.local.", "v4.Local.", "v4.local", "v4.locale.", ""]
    {
        house.refuses(version, &genuine.replacen("v4.local.", version, 1), FORM);
    }
    house.refuses("white space before", &format!(" {genuine}"), FORM);
    house.refuses("a line break behind", &format!("{genuine}\n"), KEY);
    house.refuses("one more segment", &format!("{genuine}.x"), KEY);
    house.refuses("no body", &format!("v4.local..{}", b64(footer(LOCAL))), SPELLING);
}

#[test]
fn no_truncation_and_no_flipped_bit_passes_and_no_oversize_is_looked_at() {
    let house = Everything::new();
    let genuine = ours(&payload().to_string());
    for end in 0..genuine.len() {
        house.refuses_late(&genuine[..end]);
        house.refuses_late(&genuine[end + 1..]);
    }
    assert_eq!(house.tokens.open(&genuine, at(1_000_000)), Err(TokenFault::Expired));
    let mut flips = 0;
    for changed in bit_flips(&genuine) {
        house.refuses_late(&changed);
        flips += 1;
    }
    assert!(flips > 4_000, "{flips}");
    house.accepts("the genuine one still", &genuine);

    let padded = |filler: usize| ours(&doubled(&format!("\"x\":\"{}\"", "a".repeat(filler))));
    let filler = (MAX_TOKEN_BYTES - padded(0).len()) / 4 * 3;
    let fits = padded(filler);
    assert!((MAX_TOKEN_BYTES - 4..=MAX_TOKEN_BYTES).contains(&fits.len()), "{}", fits.len());
    house.accepts("as long as allowed", &fits);
    house.refuses("too long", &padded(filler + 5), "longer than any token");
}
