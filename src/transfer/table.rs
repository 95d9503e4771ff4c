//! A table: the names of its columns, and its rows under them.

use serde_json::Value;

use super::fields::{Found, Object, clipped};
use super::format::SourceFormat;
use super::frame::Frame;
use super::rows::cells;
use super::{own, supabase};

pub(super) struct Table {
    format: SourceFormat,
    /// Once the header was read.
    columns: Option<Vec<String>>,
}

impl Table {
    pub(super) fn new(format: SourceFormat) -> Self {
        Self { format, columns: None }
    }

    /// Whether the next row is the header.
    pub(super) fn is_unread(&self) -> bool {
        self.columns.is_none()
    }

    /// Takes the names of the columns, in any order. A table of Supabase may have others than are looked at, since its
    /// versions do.
    pub(super) fn read_header(&mut self, frame: &Frame) -> Found<()> {
        let bytes = frame.bytes.as_deref().ok_or("the header is too long")?;
        let header = cells(bytes).map_err(|reason| format!("the header {reason}"))?;
        let columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        if self.format == SourceFormat::Csv {
            own::check_keys(columns.iter()).map_err(|reason| format!("the column {reason}"))?;
        }
        if let Some((_, twice)) = columns.iter().enumerate().find(|(at, name)| columns[..*at].contains(name))
        {
            return Err(format!("the column {:?} is there twice", clipped(twice)));
        }
        if !columns.iter().any(|name| name == "email") {
            return Err("the header has no column `email`; its columns are separated by commas".into());
        }
        self.columns = Some(columns);
        Ok(())
    }

    /// The cells of `row` under the names of their columns.
    pub(super) fn fields(&self, row: &[u8]) -> Found<Object> {
        let (columns, cells) = (self.columns.as_deref().unwrap_or_default(), cells(row)?);
        if columns.len() != cells.len() {
            return Err(format!("has {} cells under {} columns", cells.len(), columns.len()));
        }
        let mut fields: Object = columns.iter().cloned().zip(cells.iter().map(Value::from)).collect();
        if self.format == SourceFormat::Supabase {
            supabase::clear_nulls(&mut fields);
        }
        Ok(fields)
    }
}
