//! Keycloak: the export of a realm with its users, or the users alone.

use serde_json::Value;

use super::fields::{Fields, Found, Object, as_uuid};
use super::keycloak_hash;
use super::record::Record;
use crate::domain::role::Role;

/// Users without an address and the service accounts of clients are refused.
pub(super) fn record(user: &Object) -> Found<Record> {
    if user.field("serviceAccountClientId").is_some() {
        return Err("is the service account of a client, not a person".into());
    }
    Ok(Record {
        id: as_uuid(user.text("id")?),
        email: user.email()?,
        email_verified: user.flag("emailVerified")?.unwrap_or(false),
        name: user.full_name("firstName", "lastName")?,
        roles: roles(user.list("realmRoles")?),
        // Keycloak itself takes a user that does not say so for disabled.
        disabled: !user.flag("enabled")?.unwrap_or(false),
        created_at: user.moment("createdTimestamp")?,
        last_login_at: None,
        hash: keycloak_hash::of(user.list("credentials")?)?,
    })
}

/// The realm roles in lower case, as far as their names may be those of ours. Left out are `admin`, and what Keycloak
/// gives to everybody: `offline_access`, `uma_authorization`, `default-roles-…`. Roles of clients are not looked at.
fn roles(names: &[Value]) -> Vec<String> {
    let own = |name: &String| {
        !matches!(name.as_str(), "admin" | "offline_access" | "uma_authorization")
            && !name.starts_with("default-roles-")
            && Role::try_from(name.clone()).is_ok()
    };
    names.iter().filter_map(Value::as_str).map(str::to_lowercase).filter(own).collect()
}
