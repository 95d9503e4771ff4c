//! What is sealed is what is opened, in every format and for all claims.

use std::sync::LazyLock;

use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::role::{Role, Roles};
use proptest::prelude::*;

use super::*;

static CODECS: LazyLock<Vec<(&str, Codec)>> = LazyLock::new(|| {
    let codec = |algorithm: KeyAlgorithm| {
        let make = if algorithm.is_jwt() { Codec::jwt } else { Codec::paseto };
        (algorithm.as_str(), make(rules(), &key(algorithm, 1), &[]).unwrap())
    };
    KeyAlgorithm::ALL.into_iter().filter(|algorithm| algorithm.is_for_access()).map(codec).collect()
});

fn of(algorithm: KeyAlgorithm) -> &'static Codec {
    &CODECS.iter().find(|(name, _)| *name == algorithm.as_str()).unwrap().1
}

prop_compose! {
    fn any_claims()(
        ids in any::<[u128; 3]>(),
        issued in 0i64..253_402_200_000, life in 1i64..90_000, proven in 0i64..253_402_300_799,
        micros in 0i64..1_000_000,
        methods in 0usize..3,
        roles in proptest::collection::vec("[a-z][a-z0-9_-]{0,31}", 0..6),
        epoch in any::<u32>(),
    ) -> Claims {
        let time = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000 + micros);
        Claims {
            subject: UserId(Uuid::from_u128(ids[0])),
            session: SessionId(Uuid::from_u128(ids[1])),
            token: Uuid::from_u128(ids[2]),
            issued_at: time(issued),
            expires_at: time(issued + life),
            authenticated_at: time(proven),
            methods: vec![AuthMethod::Password; methods],
            roles: Roles::from(roles.into_iter().map(|role| Role::try_from(role).unwrap()).collect::<Vec<_>>()),
            epoch,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_claim_survives_with_its_time_in_whole_seconds(claims in any_claims()) {
        let whole = |time: Timestamp| Timestamp::from_seconds(time.seconds());
        let expected = Claims {
            issued_at: whole(claims.issued_at),
            expires_at: whole(claims.expires_at),
            authenticated_at: whole(claims.authenticated_at),
            ..claims.clone()
        };
        for (name, codec) in CODECS.iter() {
            let token = codec.seal(&claims).unwrap();
            prop_assert_eq!(codec.open(&token, claims.issued_at), Ok(expected.clone()), "{}", name);
        }
    }
}

#[test]
fn a_token_is_good_from_its_beginning_to_its_end_plus_leeway_and_not_a_second_more() {
    let leeway = LEEWAY as i64;
    for (name, codec) in CODECS.iter() {
        let token = codec.seal(&claims()).unwrap();
        for (second, good) in [
            (-leeway - 1, false),
            (-leeway, true),
            (0, true),
            (LIFETIME, true),
            (LIFETIME + leeway - 1, true),
            (LIFETIME + leeway, false),
        ] {
            let opened = codec.open(&token, at(second));
            assert_eq!(opened.is_ok(), good, "{name} at {second}: {opened:?}");
        }
        assert_eq!(codec.open(&token, at(-leeway - 1)), Err(TokenFault::Invalid("not valid yet")), "{name}");
        assert_eq!(codec.open(&token, at(LIFETIME + leeway)), Err(TokenFault::Expired), "{name}");
        assert_eq!(codec.open(&token, Timestamp::MIN), Err(TokenFault::Invalid("not valid yet")), "{name}");
        assert_eq!(codec.open(&token, Timestamp::MAX), Err(TokenFault::Expired), "{name}");
    }
}

#[test]
fn without_leeway_a_token_is_over_in_the_second_of_its_exp() {
    let strict = TokenRules::new(ISSUER, AUDIENCE, Duration::ZERO).unwrap();
    let codec = Codec::jwt(strict, &key(KeyAlgorithm::EdDsa, 1), &[]).unwrap();
    let token = codec.seal(&claims()).unwrap();
    assert!(codec.open(&token, at(LIFETIME).minus(Duration::from_micros(1))).is_ok());
    assert_eq!(codec.open(&token, at(LIFETIME)), Err(TokenFault::Expired));
    assert_eq!(codec.open(&token, at(-1)), Err(TokenFault::Invalid("not valid yet")));
}

#[test]
fn a_token_that_could_never_be_opened_is_not_sealed() {
    for life in [-1, 0] {
        for (name, codec) in CODECS.iter() {
            let sealed = codec.seal(&Claims { expires_at: at(life), ..claims() });
            assert!(matches!(sealed, Err(SealError { .. })), "{name}: {sealed:?}");
        }
    }
}

#[test]
fn the_jwt_says_what_rfc_9068_asks_for() {
    let codec = of(KeyAlgorithm::EdDsa);
    let token = codec.seal(&claims()).unwrap();
    let segments: Vec<&str> = token.split('.').collect();
    let json = |segment: &str| String::from_utf8(unb64(segment)).unwrap();
    let kid = key(KeyAlgorithm::EdDsa, 1).id().to_owned();
    assert_eq!(json(segments[0]), format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#));
    assert_eq!(
        json(segments[1]),
        concat!(
            r#"{"iss":"https://auth.example","sub":"01990000-0000-7000-8000-000000000001","#,
            r#""aud":"https://api.example","client_id":"guardhouse","exp":1795194329,"nbf":1795193429,"#,
            r#""iat":1795193429,"jti":"01990000-0000-7000-8000-000000000003","#,
            r#""sid":"01990000-0000-7000-8000-000000000002","auth_time":1795193369,"amr":["pwd"],"#,
            r#""roles":["admin","user"],"epoch":7}"#,
        )
    );
}

#[test]
fn the_paseto_has_text_times_and_the_key_id_in_its_footer() {
    let codec = of(KeyAlgorithm::V4Public);
    let token = codec.seal(&claims()).unwrap();
    let segments: Vec<&str> = token.split('.').collect();
    let kid = key(KeyAlgorithm::V4Public, 1).id().to_owned();
    assert!(kid.starts_with("k4.pid."), "{kid}");
    assert_eq!(String::from_utf8(unb64(segments[3])).unwrap(), format!(r#"{{"kid":"{kid}"}}"#));
    let body = unb64(segments[2]);
    let payload = std::str::from_utf8(&body[..body.len() - 64]).unwrap();
    assert!(payload.contains(r#""exp":"2026-11-20T17:05:29Z","nbf":"2026-11-20T16:50:29Z""#), "{payload}");
    assert!(payload.contains(r#""auth_time":1795193369"#), "{payload}");
}
