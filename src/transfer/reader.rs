//! From a file to records, one at a time.

use std::io::BufRead;

use serde_json::Value;

use super::bytes::Bytes;
use super::elements::Elements;
use super::fields::{Fields, Found, Object, from_json};
use super::firebase::Project;
use super::format::SourceFormat;
use super::frame::{Broken, Frame, Frames, LONGEST};
use super::lines::Lines;
use super::options::{Options, OptionsFault};
use super::record::Record;
use super::rows::Rows;
use super::table::Table;
use super::unreadable::Unreadable;
use super::{auth0, django, firebase, keycloak, own, supabase};

/// What the fields of an element say about an account; `None` for what is about none.
type Mapping<'a> = Box<dyn Fn(&Object) -> Found<Option<Record>> + 'a>;

/// Begins to read `input`, which has to be buffered; looks at its first bytes where the format has several forms. A
/// byte order mark is passed over.
///
/// # Errors
///
/// [`OptionsFault`] when the options do not fit the format. What is wrong with the file comes out of the reader.
pub fn read<'a>(
    format: SourceFormat,
    input: impl BufRead + 'a,
    options: &Options,
) -> Result<Reader<'a>, OptionsFault> {
    options.check(format)?;
    let (dialect, now) = (options.hash_dialect.clone(), options.now);
    let mapping: Mapping<'a> = match format {
        SourceFormat::Jsonl | SourceFormat::Csv => {
            Box::new(move |user| own::record(user, dialect.as_deref()).map(Some))
        }
        SourceFormat::Auth0 => Box::new(|user| auth0::record(user).map(Some)),
        SourceFormat::Firebase => {
            let project = Project::new(options.firebase.as_ref().ok_or(OptionsFault::FirebaseMissing)?)?;
            Box::new(move |user| firebase::record(user, &project).map(Some))
        }
        SourceFormat::Keycloak => Box::new(|user| keycloak::record(user).map(Some)),
        SourceFormat::Supabase => Box::new(move |user| supabase::record(user, now).map(Some)),
        SourceFormat::Django => Box::new(django::record),
    };
    let (frames, table) = cut(format, Bytes::new(input));
    Ok(Reader { frames, table, mapping, record: 0, line: None, ended: false })
}

/// The frames of the file, and whether they are rows.
fn cut<'a>(format: SourceFormat, mut bytes: Bytes<impl BufRead + 'a>) -> (Frames<'a>, Option<Table>) {
    let first = bytes.skip_mark().and_then(|()| bytes.behind_blanks());
    let first = match first {
        Ok(first) => first,
        Err(error) => return (Box::new(std::iter::once(Err(Broken::io(bytes.line(), &error)))), None),
    };
    match (format, first) {
        (SourceFormat::Csv, _) => (Box::new(Rows(bytes)), Some(Table::new(format))),
        (SourceFormat::Supabase, first) if !matches!(first, Some(b'[' | b'{')) => {
            (Box::new(Rows(bytes)), Some(Table::new(format)))
        }
        (SourceFormat::Jsonl, _) => (Box::new(Lines(bytes)), None),
        (SourceFormat::Auth0 | SourceFormat::Supabase, first) if first != Some(b'[') => {
            (Box::new(Lines(bytes)), None)
        }
        _ => (Box::new(Elements::new(bytes)), None),
    }
}

/// The records of a file. Holds one of them at a time, of at most [`LONGEST`] octets.
///
/// One that cannot be read is an [`Unreadable`] in its place, and the next one follows; behind one that is `fatal`
/// nothing does.
pub struct Reader<'a> {
    frames: Frames<'a>,
    table: Option<Table>,
    mapping: Mapping<'a>,
    record: u64,
    line: Option<u64>,
    ended: bool,
}

impl Reader<'_> {
    /// Which record came last, from 1 on; as in [`Unreadable::record`].
    pub fn record(&self) -> u64 {
        self.record
    }

    /// The line in which it begins.
    pub fn line(&self) -> Option<u64> {
        self.line
    }

    fn unreadable(&self, email: Option<String>, reason: String) -> Unreadable {
        Unreadable { record: self.record, line: self.line, email, reason, fatal: self.ended }
    }

    /// The header of a table, before its first row.
    fn header(&mut self) -> Result<(), Unreadable> {
        let Some(table) = self.table.as_mut().filter(|table| table.is_unread()) else { return Ok(()) };
        let read = match self.frames.next() {
            None => Err((1, "the file is empty: its first row names the columns".into())),
            Some(Err(broken)) => Err((broken.line, broken.reason)),
            Some(Ok(frame)) => table.read_header(&frame).map_err(|reason| (frame.line, reason)),
        };
        read.map_err(|(line, reason)| {
            (self.line, self.ended) = (Some(line), true);
            self.unreadable(None, reason)
        })
    }

    fn fields(&self, frame: &Frame) -> Found<Object> {
        let bytes = frame.bytes.as_deref();
        let bytes = bytes.ok_or_else(|| format!("is longer than {LONGEST} octets"))?;
        match &self.table {
            Some(table) => table.fields(bytes),
            None => from_json(bytes),
        }
    }
}

/// Whose record it is, as far as that can be seen: for the file of rejects.
fn who(fields: &Object) -> Option<String> {
    let email = |fields: &Object| fields.field("email").and_then(Value::as_str).map(str::to_owned);
    email(fields).or_else(|| email(fields.get("fields")?.as_object()?))
}

impl Iterator for Reader<'_> {
    type Item = Result<Record, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if let Err(unreadable) = self.header() {
            return Some(Err(unreadable));
        }
        loop {
            let frame = match self.frames.next() {
                Some(frame) => frame,
                None => {
                    self.ended = true;
                    return None;
                }
            };
            self.record += 1;
            let frame = match frame {
                Ok(frame) => frame,
                Err(broken) => {
                    (self.line, self.ended) = (Some(broken.line), true);
                    return Some(Err(self.unreadable(None, broken.reason)));
                }
            };
            self.line = Some(frame.line);
            let fields = match self.fields(&frame) {
                Ok(fields) => fields,
                Err(reason) => return Some(Err(self.unreadable(None, reason))),
            };
            match (self.mapping)(&fields) {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) => {}
                Err(reason) => return Some(Err(self.unreadable(who(&fields), reason))),
            }
        }
    }
}
