//! `v4.public` and `v4.local` side by side, with keys made of the same octets: neither passes for the other, and no
//! JWT for either.

use ::paseto::keys::SymmetricKey;
use ::paseto::version4::LocalToken;

use super::*;
use crate::guard::beside::Beside;

const PUBLIC: KeyAlgorithm = KeyAlgorithm::V4Public;
const LOCAL: KeyAlgorithm = KeyAlgorithm::V4Local;

/// A house that reads every format with the keys of every algorithm at once; those of PASETO have one secret.
pub(super) struct Everything {
    pub(super) opener: PasetoOpener,
    pub(super) tokens: AccessTokens,
    guard: Beside,
}

impl Everything {
    pub(super) fn new() -> Self {
        let keys = verifying(&[known(PUBLIC), known(LOCAL)]);
        let opener = PasetoOpener::new(rules(), &keys).unwrap();
        Self { opener, tokens: everything(LOCAL), guard: Beside::new(&rules(), keys) }
    }

    #[track_caller]
    pub(super) fn refuses(&self, what: &str, token: &str, reason: &'static str) {
        assert_eq!(self.opener.open(token, at(1)), Err(TokenFault::Invalid(reason)), "{what}: {token}");
        self.refuses_anyhow(what, token);
    }

    #[track_caller]
    pub(super) fn refuses_anyhow(&self, what: &str, token: &str) {
        for time in [at(1), at(1_000_000)] {
            for opened in [self.opener.open(token, time), self.tokens.open(token, time)] {
                assert!(matches!(opened, Err(TokenFault::Invalid(_))), "{what}: {opened:?} {token:?}");
            }
            self.guard.refuses(what, token, time);
        }
    }

    /// Asked when the genuine one is over: if its signature passed, it would be called expired.
    #[track_caller]
    pub(super) fn refuses_late(&self, token: &str) {
        let opened = self.tokens.open(token, at(1_000_000));
        assert!(matches!(opened, Err(TokenFault::Invalid(_))), "{opened:?} {token:?}");
    }

    #[track_caller]
    pub(super) fn accepts(&self, what: &str, token: &str) {
        for opened in [self.opener.open(token, at(1)), self.tokens.open(token, at(1))] {
            assert_eq!(opened, Ok(claims()), "{what}: {token}");
        }
        self.guard.accepts(what, token, at(1));
    }
}

/// The footer of genuine tokens by the house's key for `algorithm`.
pub(super) fn footer(algorithm: KeyAlgorithm) -> String {
    json!({ "kid": known(algorithm).id() }).to_string()
}

/// Encrypted under `secret`.
pub(super) fn encrypted(secret: &[u8; 32], payload: &str, footer: &str, implicit: &str) -> String {
    let key = SymmetricKey::<V4>::from(secret).unwrap();
    let footer = (!footer.is_empty()).then_some(footer.as_bytes());
    LocalToken::encrypt(&key, payload.as_bytes(), footer, Some(implicit.as_bytes())).unwrap()
}

fn both() -> [(KeyAlgorithm, &'static str, String); 2] {
    let payload = payload().to_string();
    [
        (PUBLIC, "v4.public.", signed(1, &payload, &footer(PUBLIC), IMPLICIT)),
        (LOCAL, "v4.local.", encrypted(&[1; 32], &payload, &footer(LOCAL), IMPLICIT)),
    ]
}

#[test]
fn a_token_of_one_purpose_never_passes_for_the_other() {
    let house = Everything::new();
    let [public, local] = both();
    for ((_, start, token), (other, other_start, _)) in [(&public, &local), (&local, &public)] {
        house.accepts("control", token);
        house.refuses("the other's start", &token.replacen(start, other_start, 1), PURPOSE);
        let (body, _) = token.rsplit_once('.').unwrap();
        let exchanged = format!("{body}.{}", b64(footer(*other)));
        house.refuses("the other's footer", &exchanged, PURPOSE);
        let reason = if *other == PUBLIC { SIGNATURE } else { TAG };
        house.refuses("both", &exchanged.replacen(start, other_start, 1), reason);
    }
}

#[test]
fn no_octets_of_one_key_are_a_key_of_the_other() {
    let house = Everything::new();
    let message = payload().to_string();
    let public = ed25519_public(&known(PUBLIC));
    // What everybody can fetch, as the secret of an encryption.
    for secret in [public, unb64(known(PUBLIC).id().rsplit('.').next().unwrap())[..32].try_into().unwrap()] {
        let by_public = encrypted(&secret, &message, &footer(PUBLIC), IMPLICIT);
        house.refuses("under the pid", &by_public, PURPOSE);
        house.refuses("… in disguise", &by_public.replacen("v4.local.", "v4.public.", 1), SIGNATURE);
        house.refuses("under the lid", &encrypted(&secret, &message, &footer(LOCAL), IMPLICIT), TAG);
    }
    // The seed is the very secret of the other key, and still only signs.
    house.refuses("under the seed", &encrypted(&[1; 32], &message, &footer(PUBLIC), IMPLICIT), PURPOSE);
    let by_secret = signed(1, &message, &footer(LOCAL), IMPLICIT);
    house.refuses("signed with the secret", &by_secret, PURPOSE);
    house.refuses("… in disguise", &by_secret.replacen("v4.public.", "v4.local.", 1), TAG);
}

#[test]
fn no_jwt_passes_for_a_paseto_and_no_paseto_for_a_jwt() {
    let house = Everything::new();
    for algorithm in [KeyAlgorithm::EdDsa, KeyAlgorithm::Es256, KeyAlgorithm::Rs256, KeyAlgorithm::Hs256] {
        let jwt = Codec::jwt(rules(), &known(algorithm), &[]).unwrap().seal(&claims()).unwrap();
        assert_eq!(house.tokens.open(&jwt, at(1)), Ok(claims()), "the house reads both");
        for start in ["v4.public.", "v4.local."] {
            house.refuses("a JWT in disguise", &format!("{start}{jwt}"), KEY);
            let claims = jwt.split('.').nth(1).unwrap();
            for other in [PUBLIC, LOCAL] {
                let dressed = format!("{start}{claims}.{}", b64(footer(other)));
                house.refuses_anyhow("its claims in disguise", &dressed);
            }
        }
        // The name of a JWT key in a footer: the EdDSA key has the very seed of this one.
        let named = json!({ "kid": known(algorithm).id() }).to_string();
        house.refuses("a JWT's key", &signed(1, &payload().to_string(), &named, IMPLICIT), KEY);
        house.refuses("a JWT's key", &encrypted(&[1; 32], &payload().to_string(), &named, IMPLICIT), KEY);
    }
    for (_, start, token) in both() {
        house.refuses("without its start", &token.replacen(start, "", 1), FORM);
        let three = token.replacen(start, &start.replace('.', ""), 1);
        assert_eq!(three.split('.').count(), 2);
        house.refuses_anyhow("in two segments", &three);
        house.refuses_anyhow("in three segments", &format!("{three}."));
        // A token in a token.
        house.refuses("nested", &signed(1, &token, &footer(PUBLIC), IMPLICIT), CLAIMS);
        house.refuses("nested", &encrypted(&[1; 32], &token, &footer(LOCAL), IMPLICIT), CLAIMS);
    }
}
