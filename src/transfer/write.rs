//! Writes our own form, so that what is written is read as the same record.
//!
//! Data is never altered. A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and people
//! may choose their names: whoever opens such a table in one imports it as text.

use std::io::{self, ErrorKind, Write};

use secrecy::ExposeSecret;
use serde::Serialize;
use uuid::Uuid;

use super::own::KEYS;
use super::record::Record;
use crate::domain::clock::Timestamp;

/// A line, in the order of [`KEYS`].
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    email: &'a str,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    roles: &'a [String],
    disabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_hash: Option<&'a str>,
}

/// Writes `record` as one line of `jsonl`, with the hash.
///
/// # Errors
///
/// Those of `to`.
pub fn write_jsonl(to: &mut impl Write, record: &Record) -> io::Result<()> {
    let line = Line {
        id: record.id,
        email: &record.email,
        email_verified: record.email_verified,
        name: record.name.as_deref(),
        roles: &record.roles,
        disabled: record.disabled,
        created_at: record.created_at,
        last_login_at: record.last_login_at,
        password_hash: record.hash.as_ref().map(|hash| hash.expose_secret()),
    };
    serde_json::to_writer(&mut *to, &line)?;
    to.write_all(b"\n")
}

/// Writes a table in the form `csv`.
pub struct CsvWriter<W: Write>(csv::Writer<W>);

impl<W: Write> CsvWriter<W> {
    /// Begins the table with its header.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn new(to: W) -> io::Result<Self> {
        let mut table = csv::Writer::from_writer(to);
        table.write_record(KEYS)?;
        Ok(Self(table))
    }

    /// Writes `record` as one row, with the hash.
    ///
    /// # Errors
    ///
    /// Those of the output, and [`ErrorKind::InvalidData`] for a role whose name is empty or has blanks, which stand
    /// between the roles of a cell.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        if record.roles.iter().any(|role| role.is_empty() || role.contains(char::is_whitespace)) {
            let reason = "a role without a name, or with a blank in it, cannot be written as csv";
            return Err(io::Error::new(ErrorKind::InvalidData, reason));
        }
        let moment = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string()).unwrap_or_default();
        let (created_at, last_login_at) = (moment(record.created_at), moment(record.last_login_at));
        let (id, roles) = (record.id.map(|id| id.to_string()).unwrap_or_default(), record.roles.join(" "));
        let flag = |flag: bool| if flag { "true" } else { "false" };
        self.0.write_record([
            id.as_str(),
            &record.email,
            flag(record.email_verified),
            record.name.as_deref().unwrap_or_default(),
            &roles,
            flag(record.disabled),
            &created_at,
            &last_login_at,
            record.hash.as_ref().map(|hash| hash.expose_secret()).unwrap_or_default(),
        ])?;
        Ok(())
    }

    /// Writes what is still held, and gives the output back. Dropping the writer instead would hide that this failed.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(|error| error.into_error())
    }
}
