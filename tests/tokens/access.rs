//! Several codecs and keys at once: the change of a key or of the whole format.

use guardhouse::tokens::{TokenForm, TokenReader};

use proptest::prelude::*;

use super::*;

const UNKNOWN_KEY: TokenFault = TokenFault::Invalid("names a key that is not ours");

fn jwt(signing: &SigningKey, also: &[SigningKey]) -> Codec {
    Codec::jwt(rules(), signing, also).unwrap()
}

fn paseto(signing: &SigningKey, also: &[SigningKey]) -> Codec {
    Codec::paseto(rules(), signing, also).unwrap()
}

fn tokens<'a>(signing: &SigningKey, keys: impl IntoIterator<Item = &'a SigningKey>) -> AccessTokens {
    AccessTokens::new(&rules(), signing, &verifying(keys)).unwrap()
}

#[test]
fn the_format_changes_without_refusing_a_valid_token() {
    let (ed, v4) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::V4Public, 2));
    let (before, during, after) = (tokens(&ed, [&ed]), tokens(&v4, [&v4, &ed]), tokens(&v4, [&v4]));

    let (old, new) = (before.seal(&claims()).unwrap(), during.seal(&claims()).unwrap());
    assert!(new.starts_with("v4.public."));
    assert_eq!(during.open(&old, at(1)), Ok(claims()));
    assert_eq!(during.open(&new, at(1)), Ok(claims()));
    assert_eq!(after.open(&new, at(1)), Ok(claims()));
    assert_eq!(after.open(&old, at(1)), Err(UNKNOWN_KEY));
    assert_eq!(before.open(&new, at(1)), Err(UNKNOWN_KEY));
}

#[test]
fn a_key_verifies_until_it_is_removed() {
    for (algorithm, codec) in [
        (KeyAlgorithm::EdDsa, jwt as fn(&SigningKey, &[SigningKey]) -> Codec),
        (KeyAlgorithm::Es256, jwt),
        (KeyAlgorithm::Hs256, jwt),
        (KeyAlgorithm::V4Public, paseto),
        (KeyAlgorithm::V4Local, paseto),
    ] {
        let (first, second) = (key(algorithm, 1), key(algorithm, 2));
        let token = codec(&first, &[]).seal(&claims()).unwrap();
        assert_eq!(codec(&second, std::slice::from_ref(&first)).open(&token, at(1)), Ok(claims()));
        assert_eq!(codec(&second, &[]).open(&token, at(1)), Err(UNKNOWN_KEY));
        // Announced before it signs: nodes that still sign with the first accept the second.
        let ahead = codec(&second, &[]).seal(&claims()).unwrap();
        assert_eq!(codec(&first, &[second]).open(&ahead, at(1)), Ok(claims()));
    }
}

#[test]
fn jwt_keys_of_two_algorithms_live_side_by_side() {
    let (ed, hs) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::Hs256, 1));
    let old = jwt(&hs, &[]).seal(&claims()).unwrap();
    let one_codec = jwt(&ed, std::slice::from_ref(&hs));
    assert_eq!(one_codec.open(&old, at(1)), Ok(claims()));
    let two_keys = tokens(&ed, [&ed, &hs]);
    assert_eq!(two_keys.open(&old, at(1)), Ok(claims()));
    assert_eq!(two_keys.open(&two_keys.seal(&claims()).unwrap(), at(1)), Ok(claims()));
}

#[test]
fn of_several_refusals_the_telling_one_is_given() {
    let (ed, hs) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::Hs256, 1));
    let token = jwt(&hs, &[]).seal(&claims()).unwrap();
    let opener = |key: &SigningKey| -> std::sync::Arc<dyn Opener> {
        std::sync::Arc::new(JwtOpener::new(rules(), &verifying([key])).unwrap())
    };
    for openers in [vec![opener(&ed), opener(&hs)], vec![opener(&hs), opener(&ed)]] {
        assert_eq!(TokenReader::new(openers).open(&token, at(10_000)), Err(TokenFault::Expired));
    }
}

#[test]
fn other_keys_are_taken_over_at_once_and_what_was_proven_before_is_asked_again() {
    let (ed, v4) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::V4Public, 2));
    let live = tokens(&ed, [&ed]);
    let elsewhere = live.clone();
    let old = live.seal(&claims()).unwrap();
    assert_eq!(elsewhere.open(&old, at(1)), Ok(claims()));

    live.replace(&rules(), &v4, &verifying([&v4, &ed])).unwrap();
    let new = elsewhere.seal(&claims()).unwrap();
    assert!(new.starts_with("v4.public."));
    assert_eq!((elsewhere.open(&old, at(1)), elsewhere.open(&new, at(1))), (Ok(claims()), Ok(claims())));

    live.replace(&rules(), &v4, &verifying([&v4])).unwrap();
    assert_eq!(elsewhere.open(&old, at(1)), Err(UNKNOWN_KEY), "a retired key must not live on in a memory");
    assert_eq!(elsewhere.open(&new, at(1)), Ok(claims()));
    let refused = live.replace(&rules(), &key(KeyAlgorithm::Refresh, 1), &[]);
    assert!(matches!(refused, Err(KeyFault::WrongUse { .. })), "{refused:?}");
    assert_eq!(elsewhere.open(&new, at(1)), Ok(claims()), "as before");
}

#[test]
fn the_form_alone_chooses_the_codec() {
    for (token, form) in [
        ("a.b.c", Some(TokenForm::Jwt)),
        ("..", Some(TokenForm::Jwt)),
        ("v4.public.x", Some(TokenForm::Paseto)),
        ("v4.public.x.y", Some(TokenForm::Paseto)),
        ("v4.local.x.y", Some(TokenForm::Paseto)),
        ("v3.public.x.y", None),
        ("a.b", None),
        ("a.b.c.d", None),
        ("a.b.c.d.e", None),
        ("", None),
        ("ghr_abc", None),
    ] {
        assert_eq!(TokenForm::of(token), form, "{token}");
    }
    let ed = key(KeyAlgorithm::EdDsa, 1);
    let ours = tokens(&ed, [&ed]);
    assert_eq!(ours.open("a.b.c.d.e", at(0)), Err(TokenFault::Invalid("not in the form of any token")));
}

#[test]
fn a_key_for_another_purpose_is_not_taken() {
    for algorithm in [KeyAlgorithm::V4Public, KeyAlgorithm::V4Local, KeyAlgorithm::Refresh] {
        let ed = key(KeyAlgorithm::EdDsa, 1);
        let other = key(algorithm, 1);
        assert!(matches!(Codec::jwt(rules(), &other, &[]).err(), Some(KeyFault::WrongUse { .. })));
        assert!(matches!(Codec::jwt(rules(), &ed, &[other]).err(), Some(KeyFault::WrongUse { .. })));
    }
    for algorithm in [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256, KeyAlgorithm::Hs256, KeyAlgorithm::Refresh] {
        let v4 = key(KeyAlgorithm::V4Public, 1);
        let other = key(algorithm, 1);
        assert!(matches!(Codec::paseto(rules(), &other, &[]).err(), Some(KeyFault::WrongUse { .. })));
        assert!(matches!(Codec::paseto(rules(), &v4, &[other]).err(), Some(KeyFault::WrongUse { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn nothing_that_somebody_makes_up_is_accepted_or_breaks_the_reader(
        text in any::<String>(),
        header in r#"\{("(typ|alg|kid|jwk)":("at\+jwt"|"EdDSA"|"none"|null|[0-9]{1,20}|\[\]|\{\}),?){0,4}\}?"#,
        rest in "[A-Za-z0-9_=.-]{0,80}",
    ) {
        let (ed, v4) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::V4Public, 2));
        let ours = tokens(&v4, [&v4, &ed]);
        let kid = b64(format!(r#"{{"kid":"{}"}}"#, v4.id()));
        for token in [
            text.clone(),
            format!("{text}.{text}.{text}"),
            format!("v4.public.{text}.{kid}"),
            format!("v4.public.{rest}.{kid}"),
            format!("{}.{rest}", b64(header)),
        ] {
            let opened = ours.open(&token, at(1));
            prop_assert!(matches!(opened, Err(TokenFault::Invalid(_))), "{token:?}: {opened:?}");
        }
    }
}
