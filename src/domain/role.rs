//! Roles: what a user may do beyond managing their own account.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a role: a lower-case letter, then up to 31 of `a-z 0-9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Role(String);

/// A role's name has characters that are not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is a lower-case letter followed by up to 31 letters, digits, '_' or '-', not {0:?}")]
pub struct InvalidRole(String);

impl Role {
    /// The role every account has.
    pub fn user() -> Self {
        Self("user".into())
    }

    /// The role that manages other accounts.
    pub fn admin() -> Self {
        Self("admin".into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Role {
    type Error = InvalidRole;

    fn try_from(name: String) -> Result<Self, InvalidRole> {
        let mut characters = name.chars();
        let starts = characters.next().is_some_and(|first| first.is_ascii_lowercase());
        let goes_on =
            characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
        if starts && goes_on && name.len() <= 32 { Ok(Self(name)) } else { Err(InvalidRole(name)) }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The roles of one user: sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Role>")]
pub struct Roles(Vec<Role>);

impl Roles {
    /// Whether `role` is among them.
    pub fn contains(&self, role: &Role) -> bool {
        self.0.binary_search(role).is_ok()
    }

    /// Whether these roles may manage other accounts.
    pub fn is_admin(&self) -> bool {
        self.contains(&Role::admin())
    }

    /// In alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.0.iter()
    }
}

impl From<Vec<Role>> for Roles {
    fn from(mut roles: Vec<Role>) -> Self {
        roles.sort();
        roles.dedup();
        Self(roles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_plain_name() {
        for good in ["admin", "a", "billing-admin", "team_2"] {
            assert!(Role::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = "a".repeat(33);
        for bad in ["", "Admin", "2fa", "a b", "rôle", "a\"b", long.as_str()] {
            assert!(Role::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_are_sorted_and_unique() {
        let roles = Roles::from(vec![Role::user(), Role::admin(), Role::user()]);
        assert_eq!(roles.iter().map(Role::as_str).collect::<Vec<_>>(), ["admin", "user"]);
        assert!(roles.is_admin());
    }
}
