//! Refresh tokens: what is read is, to the letter, what is minted for it, and nothing else is read.

use std::sync::LazyLock;

use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::domain::refresh::RefreshGrant;
use guardhouse::tokens::keys::KeyAlgorithm;
use guardhouse::tokens::refresh::RefreshTokens;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::common::key;

static TOKENS: LazyLock<RefreshTokens> =
    LazyLock::new(|| RefreshTokens::new(&key(KeyAlgorithm::Refresh, 4), &[]).expect("a refresh key"));

/// `data` is a token; and it is a grant, followed by the place of a bit to flip in the token of that grant.
pub fn run(data: &[u8]) {
    if let Ok(token) = std::str::from_utf8(data)
        && let Ok(grant) = TOKENS.read(token)
    {
        assert_eq!(TOKENS.mint(&grant).expose_secret(), token, "accepted and not ours");
    }
    let Some((grant, place)) = data.split_first_chunk::<36>() else { return };
    let id = |from: usize| Uuid::from_slice(&grant[from..from + 16]).expect("16 bytes");
    let generation = u32::from_be_bytes([grant[32], grant[33], grant[34], grant[35]]);
    let grant = RefreshGrant { user: UserId(id(0)), session: SessionId(id(16)), generation };
    let minted = TOKENS.mint(&grant);
    assert_eq!(TOKENS.read(minted.expose_secret()), Ok(grant));
    let Some((&[high, low], _)) = place.split_first_chunk() else { return };
    let mut bytes = minted.expose_secret().as_bytes().to_vec();
    let bit = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    if let Ok(forged) = std::str::from_utf8(&bytes) {
        assert!(TOKENS.read(forged).is_err(), "bit {bit} does not count: {forged}");
    }
}

/// Tokens, whole and cut, and a grant.
pub fn seeds() -> Vec<Vec<u8>> {
    let grant =
        |generation| RefreshGrant { user: UserId(Uuid::max()), session: SessionId(Uuid::nil()), generation };
    let token = TOKENS.mint(&grant(0)).expose_secret().as_bytes().to_vec();
    let other = TOKENS.mint(&grant(u32::MAX)).expose_secret().as_bytes().to_vec();
    vec![token[..50].to_vec(), [&token[..], b"="].concat(), token, other, vec![7; 38], b"ghr_".to_vec()]
}
