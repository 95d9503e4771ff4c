//! Refresh tokens: opaque to clients, and their own proof. Garbage is refused without touching a store, a leaked
//! database holds nothing that can be presented, and the same successor can be derived a second time.
//!
//! ```text
//! ghr_ base64url( version 1 │ key id 4 │ user 16 │ session 16 │ generation 4, big endian │ MAC 32 )
//! ```
//!
//! The MAC is HMAC-SHA-256 over everything before it. Key id and MAC key are derived from the keyring's `refresh` key
//! under labels of their own. What a genuine generation is worth is judged by [`crate::domain::refresh::judge`].

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use secrecy::SecretString;
use uuid::Uuid;

use super::keys::{KeyAlgorithm, KeyFault, SigningKey};
use super::{base64url, kid};
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::RefreshGrant;

/// What every refresh token begins with: people and secret scanners recognise it.
pub const PREFIX: &str = "ghr_";

const VERSION: u8 = 1;
const SIGNED: usize = 1 + 4 + 16 + 16 + 4;
const MAC: usize = 32;
/// 98 characters of base64url for 73 bytes.
const ENCODED: usize = ((SIGNED + MAC) * 4).div_ceil(3);

/// Mints refresh tokens under one key and reads those of several; they are replaced as a whole. Clones are the same.
#[derive(Clone)]
pub struct RefreshTokens {
    /// The first one mints.
    keys: Arc<ArcSwap<Vec<RefreshKey>>>,
}

struct RefreshKey {
    id: [u8; 4],
    mac: hmac::Key,
}

/// A refresh token is refused. One kind for every reason; the reason is for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshFault(&'static str);

impl RefreshFault {
    /// The reason, for logs only.
    pub const fn reason(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for RefreshFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the refresh token is not valid: {}", self.0)
    }
}

impl std::error::Error for RefreshFault {}

impl RefreshKey {
    fn new(key: &SigningKey) -> Result<Self, KeyFault> {
        if key.algorithm() != KeyAlgorithm::Refresh {
            return Err(key.wrong_use("refresh tokens"));
        }
        let [a, b, c, d, ..] = *kid::derive(key.secret(), "guardhouse refresh key id v1");
        let mac = kid::derive(key.secret(), "guardhouse refresh mac v1");
        Ok(Self { id: [a, b, c, d], mac: hmac::Key::new(hmac::HMAC_SHA256, mac.as_slice()) })
    }
}

impl RefreshTokens {
    /// Mints under `current`; tokens of `older` keys are still read.
    ///
    /// # Errors
    ///
    /// [`KeyFault::WrongUse`] for a key that is not [`KeyAlgorithm::Refresh`].
    pub fn new(current: &SigningKey, older: &[SigningKey]) -> Result<Self, KeyFault> {
        Ok(Self { keys: Arc::new(ArcSwap::from_pointee(prepared(current, older)?)) })
    }

    /// From now on these keys, as for [`Self::new`].
    ///
    /// # Errors
    ///
    /// As [`Self::new`]; everything is then as before.
    pub fn replace(&self, current: &SigningKey, older: &[SigningKey]) -> Result<(), KeyFault> {
        self.keys.store(Arc::new(prepared(current, older)?));
        Ok(())
    }

    /// The token for `grant`: the same one for the same grant, as long as the current key stays.
    pub fn mint(&self, grant: &RefreshGrant) -> SecretString {
        let keys = self.keys.load();
        let key = &keys[0];
        let mut token = Vec::with_capacity(SIGNED + MAC);
        token.push(VERSION);
        token.extend_from_slice(&key.id);
        token.extend_from_slice(grant.user.0.as_bytes());
        token.extend_from_slice(grant.session.0.as_bytes());
        token.extend_from_slice(&grant.generation.to_be_bytes());
        let mac = hmac::sign(&key.mac, &token);
        token.extend_from_slice(mac.as_ref());
        format!("{PREFIX}{}", base64url::encode(token)).into()
    }

    /// What `token` grants, if we minted it.
    ///
    /// # Errors
    ///
    /// [`RefreshFault`] for everything else. The MAC is compared in constant time.
    pub fn read(&self, token: &str) -> Result<RefreshGrant, RefreshFault> {
        let encoded = token.strip_prefix(PREFIX).ok_or(RefreshFault("does not begin as a refresh token"))?;
        if encoded.len() != ENCODED {
            return Err(RefreshFault("has the wrong length"));
        }
        let token = base64url::decode(encoded).ok_or(RefreshFault("not canonical base64url"))?;
        let (signed, mac) = token.split_at_checked(SIGNED).ok_or(RefreshFault("has the wrong length"))?;
        let (version, rest) = take::<1>(signed)?;
        let (id, rest) = take::<4>(rest)?;
        if version != [VERSION] {
            return Err(RefreshFault("has an unknown version"));
        }
        // Four bytes may coincide: every key of that id gets its chance.
        let keys = self.keys.load();
        let mut named = keys.iter().filter(|key| key.id == id).peekable();
        if named.peek().is_none() {
            return Err(RefreshFault("names a key that is not ours"));
        }
        if !named.any(|key| hmac::verify(&key.mac, signed, mac).is_ok()) {
            return Err(RefreshFault("has a wrong MAC"));
        }
        let (user, rest) = take(rest)?;
        let (session, rest) = take(rest)?;
        let (generation, _) = take(rest)?;
        Ok(RefreshGrant {
            user: UserId(Uuid::from_bytes(user)),
            session: SessionId(Uuid::from_bytes(session)),
            generation: u32::from_be_bytes(generation),
        })
    }
}

fn prepared(current: &SigningKey, older: &[SigningKey]) -> Result<Vec<RefreshKey>, KeyFault> {
    std::iter::once(current).chain(older).map(RefreshKey::new).collect()
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), RefreshFault> {
    let (head, rest) = bytes.split_first_chunk().ok_or(RefreshFault("has the wrong length"))?;
    Ok((*head, rest))
}
