//! The claims on the wire, shared by the formats: names, required types, and the rules of [`TokenRules`].
//!
//! The formats differ in how they write a time (a number in JWT, RFC 3339 text in PASETO) and in whether `aud` may
//! be a list; both are type parameters here, so that every rule exists once. Members that we do not know are
//! ignored (RFC 7519 section 4), so that a newer node may add one; a known one that occurs twice is refused.

use std::fmt;

use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::rules::{ROLES, TokenRules};
use super::{SealError, TokenFault};
use crate::domain::claims::Claims;
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Roles;
use crate::domain::session::AuthMethod;

/// `client_id` (RFC 9068 section 2.2): the house signs people in itself, so that it is its own client.
pub const CLIENT_ID: &str = "guardhouse";

/// A time as one of the formats writes it.
pub(super) trait Moment: Sized {
    /// Whole seconds, rounded down.
    fn write(time: Timestamp) -> Self;
    /// `None` outside the years 1970 to 9999.
    fn read(&self) -> Option<Timestamp>;
}

/// `aud` as one of the formats writes it.
pub(super) trait Audience: Sized {
    fn write(audience: &str) -> Self;
    /// Whether it names `audience` and nobody else.
    fn is_only(&self, audience: &str) -> bool;
}

/// The claims set: `T` is a time, `A` the audience.
#[derive(Serialize, Deserialize)]
pub(super) struct Payload<T, A> {
    iss: String,
    sub: UserId,
    aud: A,
    client_id: String,
    exp: T,
    nbf: T,
    iat: T,
    jti: Uuid,
    sid: SessionId,
    auth_time: NumericDate,
    amr: Vec<AuthMethod>,
    roles: Roles,
    epoch: u32,
}

impl<T: Moment + Serialize + DeserializeOwned, A: Audience + Serialize + DeserializeOwned> Payload<T, A> {
    /// What a token with `claims` says under `rules`, as JSON.
    pub(super) fn write(claims: &Claims, rules: &TokenRules) -> Result<Vec<u8>, SealError> {
        if claims.expires_at.seconds() <= claims.issued_at.seconds() {
            return Err(SealError(format!(
                "it would be issued at {} and be over at {}, which is not one whole second",
                claims.issued_at, claims.expires_at
            )));
        }
        let payload = Self {
            iss: rules.issuer().to_owned(),
            sub: claims.subject,
            aud: A::write(rules.audience()),
            client_id: CLIENT_ID.to_owned(),
            exp: T::write(claims.expires_at),
            nbf: T::write(claims.issued_at),
            iat: T::write(claims.issued_at),
            jti: claims.token,
            sid: claims.session,
            auth_time: NumericDate::write(claims.authenticated_at),
            amr: claims.methods.clone(),
            roles: claims.roles.clone(),
            epoch: claims.epoch,
        };
        payload.json(rules).map_err(|fault| SealError(fault.to_string()))
    }

    fn json(&self, rules: &TokenRules) -> serde_json::Result<Vec<u8>> {
        if rules.claims().is_empty() && rules.roles_claim() == ROLES {
            return serde_json::to_vec(self);
        }
        let mut members = rules.claims().clone();
        if let Value::Object(ours) = serde_json::to_value(self)? {
            members.extend(ours);
        }
        if let Some(roles) = members.remove(ROLES) {
            members.insert(rules.roles_claim().to_owned(), roles);
        }
        serde_json::to_vec(&members)
    }

    /// The JSON object as a claims set, if it has the members that we write, each once and of its type.
    pub(super) fn parse(json: &[u8], rules: &TokenRules) -> Option<Self> {
        if rules.roles_claim() == ROLES {
            return object(json);
        }
        let Members(mut members) = object(json)?;
        let roles = members.remove(rules.roles_claim())?;
        members.insert(ROLES.to_owned(), roles);
        serde_json::from_value(Value::Object(members)).ok()
    }

    /// The claims, once every rule holds. The age is judged last: only a flawless token may be called expired.
    pub(super) fn read(self, rules: &TokenRules, now: Timestamp) -> Result<Claims, TokenFault> {
        if self.iss != rules.issuer() {
            return Err(TokenFault::Invalid("by another issuer"));
        }
        if !self.aud.is_only(rules.audience()) {
            return Err(TokenFault::Invalid("for another audience"));
        }
        if self.client_id != CLIENT_ID {
            return Err(TokenFault::Invalid("for another client"));
        }
        let in_range = |time: Option<Timestamp>| time.ok_or(TokenFault::Invalid("has a time out of range"));
        let (expires_at, issued_at) = (in_range(self.exp.read())?, in_range(self.iat.read())?);
        let not_before = in_range(self.nbf.read())?;
        let authenticated_at = in_range(self.auth_time.read())?;
        if expires_at <= issued_at {
            return Err(TokenFault::Invalid("ends before it begins"));
        }
        if now.plus(rules.leeway()) < not_before {
            return Err(TokenFault::Invalid("not valid yet"));
        }
        if now >= expires_at.plus(rules.leeway()) {
            return Err(TokenFault::Expired);
        }
        Ok(Claims {
            subject: self.sub,
            session: self.sid,
            token: self.jti,
            issued_at,
            expires_at,
            authenticated_at,
            methods: self.amr,
            roles: self.roles,
            epoch: self.epoch,
        })
    }
}

/// A JSON object no member of which occurs twice.
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = map.next_entry()? {
                    if members.insert(name, value).is_some() {
                        return Err(M::Error::custom("a member occurs twice"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

/// A JSON object as `T`. Arrays are refused, though serde would read a struct from one; a member that `T` knows and
/// that occurs twice is refused by serde (RFC 7515 section 4, RFC 7519 section 4). All of it has to be UTF-8 (RFC 7519
/// section 7.2), which serde does not look at in what it skips.
pub(super) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(json).ok()?;
    if text.trim_ascii_start().starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// Seconds since the epoch as an integer (RFC 7519 section 2; fractions are allowed there and refused here).
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct NumericDate(i64);

impl Moment for NumericDate {
    fn write(time: Timestamp) -> Self {
        Self(time.seconds())
    }

    fn read(&self) -> Option<Timestamp> {
        let range = Timestamp::MIN.seconds()..=Timestamp::MAX.seconds();
        range.contains(&self.0).then(|| Timestamp::from_seconds(self.0))
    }
}

/// RFC 3339 text, as PASETO's registered claims have it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct DateText(String);

impl Moment for DateText {
    fn write(time: Timestamp) -> Self {
        Self(Timestamp::from_seconds(time.seconds()).to_string())
    }

    fn read(&self) -> Option<Timestamp> {
        let seconds = OffsetDateTime::parse(&self.0, &Rfc3339).ok()?.unix_timestamp();
        NumericDate(seconds).read()
    }
}

/// Exactly one audience, as text: all that PASETO knows.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OneAudience(String);

impl Audience for OneAudience {
    fn write(audience: &str) -> Self {
        Self(audience.to_owned())
    }

    fn is_only(&self, audience: &str) -> bool {
        self.0 == audience
    }
}

/// One audience as text or as a list of one (RFC 7519 section 4.1.3). A token for others too is not only for us.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrListed {
    One(String),
    Listed([String; 1]),
}

impl Audience for OneOrListed {
    fn write(audience: &str) -> Self {
        Self::One(audience.to_owned())
    }

    fn is_only(&self, audience: &str) -> bool {
        match self {
            Self::One(one) | Self::Listed([one]) => one == audience,
        }
    }
}
