//! What somebody could make of two genuine tokens, and what is none at all.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Class, Refused};
use crate::support::{TestHouse, User};

/// `ghr_` base64url( version 1 │ key id 4 │ user 16 │ session 16 │ generation 4 │ MAC 32 )
pub(super) fn forgeries(one: &User, other: &User) -> Vec<Refused> {
    let bytes = |token: &str| {
        URL_SAFE_NO_PAD.decode(token.strip_prefix("ghr_").expect("a token")).expect("base64url")
    };
    let token = |parts: &[&[u8]]| format!("ghr_{}", URL_SAFE_NO_PAD.encode(parts.concat()));
    let (ours, theirs) = (bytes(&one.refresh), bytes(&other.refresh));
    let flipped = |place: usize| {
        let mut flipped = ours.clone();
        flipped[place] ^= 1;
        token(&[&flipped])
    };
    let forged = [
        ("no token at all", "null".to_owned()),
        ("cut short", one.refresh[..one.refresh.len() - 1].to_owned()),
        ("one character too long", format!("{}A", one.refresh)),
        ("8,000 characters", format!("ghr_{}", "A".repeat(8_000))),
        ("not base64url", format!("{}*", &one.refresh[..one.refresh.len() - 1])),
        ("wrong version", token(&[&[2], &ours[1..]])),
        ("key id that is not ours", flipped(1)),
        ("key of another installation", TestHouse::new().user("ada").refresh),
        ("bit of the user flipped", flipped(5)),
        ("bit of the generation flipped", flipped(40)),
        ("first bit of the MAC flipped", flipped(41)),
        ("last bit of the MAC flipped", flipped(72)),
        ("somebody else's session under one's own MAC", token(&[&ours[..5], &theirs[5..41], &ours[41..]])),
        ("one's own session under somebody else's MAC", token(&[&ours[..41], &theirs[41..]])),
    ];
    forged.map(|(name, token)| Refused { name, class: Class::Forged, token }).into()
}
