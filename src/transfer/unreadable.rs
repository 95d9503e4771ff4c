//! What could not be read, for people and for the file of rejects.

use std::fmt;

use serde::Serialize;

/// Why there is no record. Neither a hash nor a password is ever part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Unreadable {
    /// Which one it is, from 1 on. Everything that stands in the place of a record counts, also what is passed over,
    /// so that it is found again in the file. 0 is the header of a table.
    pub record: u64,
    /// The line in which it begins, from 1 on.
    pub line: Option<u64>,
    /// Whose record it is.
    pub email: Option<String>,
    /// Why, to be read behind the name of the record.
    pub reason: String,
    /// Nothing behind it can be read.
    #[serde(skip)]
    pub fatal: bool,
}

impl Unreadable {
    /// The line of the file of rejects, without its end: a JSON object with `record`, `line`, `email` and `reason`.
    /// Whoever refuses a record that could be read makes an [`Unreadable`] of it for the same file.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts are always JSON")
    }
}

/// Such as `record 3 (line 7, ada@example.org): …`.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}", self.record)?;
        match (self.line, &self.email) {
            (Some(line), Some(email)) => write!(f, " (line {line}, {email})")?,
            (Some(line), None) => write!(f, " (line {line})")?,
            (None, Some(email)) => write!(f, " ({email})")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.reason)
    }
}
