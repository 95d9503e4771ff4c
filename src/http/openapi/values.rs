//! The schemas of values that the domain keeps in types of its own: each is one JSON value.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::account::DisplayName;
use crate::domain::audit::octets::{Hash, PublicKey};
use crate::domain::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::id::{InstanceId, SessionId, UserId};
use crate::domain::role::Roles;
use crate::domain::session::AuthMethod;

/// A password or a token on its way in.
pub(in crate::http) struct Secret;

macro_rules! values {
    ($($name:ident: $schema:tt)*) => {
        $(impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })*
    };
}

values! {
    Secret: { "type": "string", "format": "password", "writeOnly": true }
    UserId: { "type": "string", "format": "uuid" }
    SessionId: { "type": "string", "format": "uuid" }
    InstanceId: { "type": "string", "format": "uuid" }
    Timestamp: { "type": "string", "format": "date-time" }
    Email: { "type": "string" }
    DisplayName: { "type": "string", "minLength": 1, "maxLength": 200 }
    Roles: { "type": "array", "uniqueItems": true, "items": { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,31}$" } }
    AuthMethod: { "type": "string" }
    Hash: { "type": "string", "pattern": "^[0-9a-f]{64}$" }
    PublicKey: { "type": "string", "pattern": "^[0-9a-f]{64}$" }
}
