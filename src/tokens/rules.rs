//! What every access token has to agree with, whatever its format.

use std::time::Duration;

use serde_json::{Map, Value};

pub use crate::domain::claims::{OUR_CLAIMS, ROLES};

/// The most that clocks may differ: 60 seconds (OWASP ASVS 5.0 section 9.2.1 allows no more than a small leeway).
pub const MAX_LEEWAY: Duration = Duration::from_secs(60);

/// Issuer, audience, how far the clocks of issuer and reader may differ, and what else the operator wants to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    issuer: String,
    audience: String,
    leeway: Duration,
    roles_claim: String,
    claims: Map<String, Value>,
}

/// The rules for tokens contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRules {
    /// No issuer.
    #[error("the issuer of tokens is empty; give the address under which clients know this server")]
    NoIssuer,
    /// No audience.
    #[error("the audience of tokens is empty; name the services that accept them")]
    NoAudience,
    /// Too generous.
    #[error("a leeway of {} s is more than the allowed {} s; synchronise the clocks instead", .0.as_secs_f64(), MAX_LEEWAY.as_secs())]
    Leeway(Duration),
    /// A name that is taken.
    #[error("the claim {0:?} is one that every token has; choose another name")]
    Taken(String),
}

impl TokenRules {
    /// Tokens by `issuer` for `audience`; `leeway` is added to `exp` and subtracted from `nbf`.
    ///
    /// # Errors
    ///
    /// [`InvalidRules`] when a name is empty or the leeway exceeds [`MAX_LEEWAY`].
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        leeway: Duration,
    ) -> Result<Self, InvalidRules> {
        let (issuer, audience) = (issuer.into(), audience.into());
        if issuer.is_empty() {
            Err(InvalidRules::NoIssuer)
        } else if audience.is_empty() {
            Err(InvalidRules::NoAudience)
        } else if leeway > MAX_LEEWAY {
            Err(InvalidRules::Leeway(leeway))
        } else {
            Ok(Self { issuer, audience, leeway, roles_claim: ROLES.to_owned(), claims: Map::new() })
        }
    }

    /// The same, with the roles under another name, and `claims` in every token.
    ///
    /// # Errors
    ///
    /// [`InvalidRules::Taken`] for a name that has a meaning already, or that is used twice.
    pub fn saying(mut self, roles_claim: &str, claims: Map<String, Value>) -> Result<Self, InvalidRules> {
        let is_ours = |name: &&str| OUR_CLAIMS.contains(name) || *name == ROLES || *name == roles_claim;
        let taken = claims.keys().map(String::as_str).find(is_ours);
        if let Some(taken) = taken.or(Some(roles_claim).filter(|name| OUR_CLAIMS.contains(name))) {
            return Err(InvalidRules::Taken(taken.to_owned()));
        }
        (self.roles_claim, self.claims) = (roles_claim.to_owned(), claims);
        Ok(self)
    }

    /// What the roles are called.
    pub fn roles_claim(&self) -> &str {
        &self.roles_claim
    }

    /// What every token says besides.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// `iss`
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `aud`
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// How far clocks may differ.
    pub fn leeway(&self) -> Duration {
        self.leeway
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leeway_is_at_most_a_minute_and_the_names_are_given() {
        assert!(TokenRules::new("i", "a", MAX_LEEWAY).is_ok());
        let generous = MAX_LEEWAY + Duration::from_millis(1);
        assert_eq!(TokenRules::new("i", "a", generous), Err(InvalidRules::Leeway(generous)));
        assert_eq!(TokenRules::new("", "a", Duration::ZERO), Err(InvalidRules::NoIssuer));
        assert_eq!(TokenRules::new("i", "", Duration::ZERO), Err(InvalidRules::NoAudience));
    }
}
