//! What an access token says, whatever its format.

use super::clock::Timestamp;
use super::id::{SessionId, UserId};
use super::role::Roles;
use super::session::AuthMethod;
use uuid::Uuid;

/// The claims that every token has, or that introspection tells beside them: their meaning is not the operator's to
/// change. The roles may have another name.
pub const OUR_CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "auth_time",
    "amr",
    "epoch",
    "active",
    "token_type",
];

/// What the roles are called unless configured otherwise (RFC 9068 section 2.2.3.1).
pub const ROLES: &str = "roles";

/// The claims of an access token. Times have the precision of whole seconds once sealed (RFC 7519 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the user.
    pub subject: UserId,
    /// `sid`: the session.
    pub session: SessionId,
    /// `jti`: the token itself.
    pub token: Uuid,
    /// `iat`
    pub issued_at: Timestamp,
    /// `exp`
    pub expires_at: Timestamp,
    /// `auth_time`: when the user last proved who they are.
    pub authenticated_at: Timestamp,
    /// `amr`: how.
    pub methods: Vec<AuthMethod>,
    /// `roles`
    pub roles: Roles,
    /// `epoch`: the user's security epoch when the token was made; see [`crate::domain::account::SecurityEpoch`].
    pub epoch: u32,
}
