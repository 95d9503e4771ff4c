//! Access tokens as a client presents them, in any format. Nobody without a key can make one: what is accepted is what
//! we sealed; to the letter, where the algorithm gives the same token for the same claims each time.

use std::sync::LazyLock;

use guardhouse::tokens::keys::{KeyAlgorithm, VerifyingKey};
use guardhouse::tokens::{AccessTokens, MAX_TOKEN_BYTES};

use super::common::{Codec, at, claims, hs_signed, key, now, payload, rules, vectors};

/// All but RS256, whose key would be another one in each process.
const ALGORITHMS: [KeyAlgorithm; 5] = [
    KeyAlgorithm::EdDsa,
    KeyAlgorithm::Es256,
    KeyAlgorithm::Hs256,
    KeyAlgorithm::V4Public,
    KeyAlgorithm::V4Local,
];

struct House {
    tokens: AccessTokens,
    codecs: Vec<Codec>,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let keys: Vec<_> = (1..).zip(ALGORITHMS).map(|(byte, algorithm)| key(algorithm, byte)).collect();
    let verifying: Vec<VerifyingKey> = keys.iter().map(|key| key.verifying()).collect();
    let codecs = keys.iter().map(|key| Codec::new(rules(), key).expect("a sound key")).collect();
    House { tokens: AccessTokens::new(&rules(), &keys[0], &verifying).expect("sound keys"), codecs }
});

/// `data` is a token.
pub fn run(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else { return };
    let opened = HOUSE.tokens.open(token, now());
    assert_eq!(HOUSE.tokens.open(token, now()), opened, "the memory of proven tokens changes the answer");
    for codec in &HOUSE.codecs {
        if let Ok(claims) = codec.open(token, now()) {
            assert_eq!(opened, Ok(claims), "one key accepts what all together do not");
        }
    }
    let Ok(opened) = opened else { return };
    assert!(token.len() <= MAX_TOKEN_BYTES);
    assert_eq!(opened, claims(), "accepted, though nobody sealed it: {token}");
    let ours = HOUSE.codecs.iter().zip(ALGORITHMS).any(|(codec, algorithm)| {
        let sealed = codec.seal(&opened).expect("these claims were sealed before");
        match algorithm {
            // Every signature has a number of its own, and every encryption.
            KeyAlgorithm::Es256 => {
                sealed.rsplit_once('.').map(|(said, _)| said) == token.rsplit_once('.').map(|(said, _)| said)
            }
            KeyAlgorithm::V4Local => token.starts_with("v4.local."),
            _ => sealed == token,
        }
    });
    assert!(ours, "accepted and not ours: {token}");
}

/// Good tokens, tokens of other times, those with another's signature or none, and those of the RFCs and of PASETO's
/// vectors.
pub fn seeds() -> Vec<Vec<u8>> {
    let (good, mut late) = (claims(), claims());
    (late.issued_at, late.expires_at) = (at(-5_000), at(-4_000));
    let sealed = |claims| HOUSE.codecs.iter().map(move |codec| codec.seal(claims).expect("sound claims"));
    let mut tokens: Vec<String> = sealed(&good).chain(sealed(&late)).collect();
    for (good, other) in sealed(&good).zip(sealed(&late)) {
        let cut = |token: &str| token.rfind('.').map_or(0, |dot| dot + 1);
        let (message, signature) = (&good[..cut(&good)], &other[cut(&other)..]);
        let altered = if good.ends_with('A') { "Q" } else { "A" };
        tokens.push(message.to_owned());
        tokens.push(format!("{message}{signature}"));
        tokens.push(format!("{}{altered}", &good[..good.len() - 1]));
    }
    let payload = payload(|time| time.seconds().into()).to_string();
    tokens.push(hs_signed(br#"{"typ":"at+jwt","alg":"none","kid":""}"#, payload.as_bytes(), 9));
    let mut seeds: Vec<Vec<u8>> = tokens.into_iter().map(String::into_bytes).collect();
    let foreign = [
        vectors(include_str!("../../../tests/vectors/jose_rfc_examples.json")),
        vectors(include_str!("../../../tests/vectors/paseto_v4.json")),
    ];
    let begins = |text: &[u8]| [&b"eyJ"[..], b"v4."].iter().any(|form| text.starts_with(form));
    seeds.extend(foreign.concat().into_iter().filter(|text| begins(text)));
    seeds
}
