//! How one value is read: from what TOML made of it, or from the text of a variable or flag. The types that a key may
//! have are in [`super::leaves`], words in [`super::words`]; the meaning of single keys belongs to the sections.

use std::fmt::Display;

use figment::value::Value;
use serde_json::Value as Schema;

/// Why a value cannot stand, and what to write instead; key and origin are added by the reader.
#[derive(Clone, Debug)]
pub(super) struct Complaint {
    pub(super) reason: String,
    pub(super) help: Option<String>,
}

impl Complaint {
    pub(super) fn with_help(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: Some(help.into()) }
    }
}

impl From<String> for Complaint {
    fn from(reason: String) -> Self {
        Self { reason, help: None }
    }
}

/// A type that a key may have.
pub(super) trait Leaf: Sized {
    /// From a file. Most types are text there.
    fn from_toml(value: &Value) -> Result<Self, Complaint> {
        let Value::String(_, text) = value else {
            return Err(format!("expected {}, in quotes, but found {}", Self::wanted(), found(value)).into());
        };
        Self::from_text(text)
    }

    /// From an environment variable, a flag, or the text in a file.
    fn from_text(text: &str) -> Result<Self, Complaint>;

    /// What belongs here, for a sentence: "a duration such as `15m`".
    fn wanted() -> &'static str;

    /// The value as one would write it into a file.
    fn show(&self) -> String;

    /// What may stand in a file, as a JSON Schema.
    fn schema() -> Schema;
}

/// What a value is, for a sentence.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("the text `{text}`"),
        Value::Char(_, c) => format!("the text `{c}`"),
        Value::Bool(_, bool) => format!("`{bool}`"),
        Value::Num(_, num) => match (num.to_i128(), num.to_f64()) {
            (Some(whole), _) => format!("the number {whole}"),
            (None, Some(float)) => format!("the number {float}"),
            (None, None) => "a number".to_owned(),
        },
        Value::Empty(..) => "nothing".to_owned(),
        Value::Dict(..) => "a section".to_owned(),
        Value::Array(..) => "a list".to_owned(),
    }
}

/// The text in quotes, as TOML wants it.
pub(super) fn quoted(text: impl Display) -> String {
    let mut out = String::from('"');
    for c in text.to_string().chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

macro_rules! text_leaf {
    ($type:ty, $wanted:literal, $schema:expr, $parse:expr, $show:expr) => {
        impl $crate::config::leaf::Leaf for $type {
            fn from_text(text: &str) -> Result<Self, $crate::config::leaf::Complaint> {
                let parse: fn(&str) -> Result<Self, $crate::config::leaf::Complaint> = $parse;
                parse(text)
            }
            fn wanted() -> &'static str {
                $wanted
            }
            fn show(&self) -> String {
                let show: fn(&Self) -> String = $show;
                $crate::config::leaf::quoted(show(self))
            }
            fn schema() -> serde_json::Value {
                $schema
            }
        }
    };
}
pub(super) use text_leaf;
