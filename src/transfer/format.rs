//! The sources by their words.

use std::fmt;
use std::str::FromStr;

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// Our own: one JSON object a line.
    Jsonl,
    /// Our own as a table.
    Csv,
    /// What Auth0's support exports, and what Auth0 itself imports.
    Auth0,
    /// `firebase auth:export` as JSON.
    Firebase,
    /// The export of a realm of Keycloak, with its users, or a file of users alone.
    Keycloak,
    /// The table `auth.users` of Supabase, as CSV or JSON.
    Supabase,
    /// `manage.py dumpdata auth.user` as JSON.
    Django,
}

impl SourceFormat {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Jsonl, Self::Csv, Self::Auth0, Self::Firebase, Self::Keycloak, Self::Supabase, Self::Django];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Auth0 => "auth0",
            Self::Firebase => "firebase",
            Self::Keycloak => "keycloak",
            Self::Supabase => "supabase",
            Self::Django => "django",
        }
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A word that stands for no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of jsonl, csv, auth0, firebase, keycloak, supabase, django")]
pub struct UnknownFormat(String);

impl FromStr for SourceFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.word() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}
