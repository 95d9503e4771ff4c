//! The fields of a record, from JSON or from a row of a table. Every complaint names the field and what was expected,
//! never what stood there: it may be a hash.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::moments;
use crate::domain::clock::Timestamp;

/// The fields of one object; each key once, at every level.
pub(super) type Object = Map<String, Value>;

/// A value, or the reason why there is none.
pub(super) type Found<T> = Result<T, String>;

/// What may be asked of an object. A key that is missing, `null` or an empty text is not there.
pub(super) trait Fields {
    fn field(&self, key: &str) -> Option<&Value>;

    fn text(&self, key: &str) -> Found<Option<&str>> {
        match self.field(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{key}` is not a text")),
        }
    }

    /// A table has the words.
    fn flag(&self, key: &str) -> Found<Option<bool>> {
        match self.field(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(format!("`{key}` is neither true nor false")),
        }
    }

    fn number(&self, key: &str) -> Found<Option<u64>> {
        match self.field(key) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(format!("`{key}` is not a whole number")),
            },
        }
    }

    /// A time in any form of [`moments::foreign`].
    fn moment(&self, key: &str) -> Found<Option<Timestamp>> {
        match self.field(key) {
            None => Ok(None),
            Some(value) => match moments::foreign(value) {
                Some(moment) => Ok(Some(moment)),
                None => Err(format!("`{key}` is not a time between the years 1970 and 9999")),
            },
        }
    }

    fn object(&self, key: &str) -> Found<Option<&Object>> {
        match self.field(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(format!("`{key}` is not an object")),
        }
    }

    fn list(&self, key: &str) -> Found<&[Value]> {
        match self.field(key) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(format!("`{key}` is not an array")),
        }
    }

    /// The address, without which there is no account.
    fn email(&self) -> Found<String> {
        self.text("email")?.map(str::to_owned).ok_or_else(|| NO_EMAIL.into())
    }

    /// The first and the last name, one behind the other.
    fn full_name(&self, first: &str, last: &str) -> Found<Option<String>> {
        let parts = [self.text(first)?, self.text(last)?];
        let name = parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty());
        Ok(Some(name.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty()))
    }
}

pub(super) const NO_EMAIL: &str = "has no e-mail address";

impl Fields for Object {
    fn field(&self, key: &str) -> Option<&Value> {
        self.get(key).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            _ => true,
        })
    }
}

/// The UUID that `text` is, in its usual form; other systems have identifiers of all kinds.
pub(super) fn as_uuid(text: Option<&str>) -> Option<Uuid> {
    text.filter(|text| text.len() == 36).and_then(|text| Uuid::try_parse(text).ok())
}

/// What stands in `bytes`.
pub(super) fn from_json(bytes: &[u8]) -> Found<Object> {
    str::from_utf8(bytes).map_err(|_| "is not text in UTF-8")?;
    match serde_json::from_slice(bytes) {
        Ok(Unique(Value::Object(object))) => Ok(object),
        Ok(Unique(_)) => Err("is not a JSON object".into()),
        // The only data error is ours, which quotes a key, and where it was seen: behind the second one's value.
        Err(error) if error.is_data() => {
            let reason = error.to_string();
            Err(reason.rsplit_once(" at line").map_or(reason.as_str(), |(reason, _)| reason).to_owned())
        }
        Err(error) if error.is_eof() => Err("is not JSON: it ends in the middle of a value".into()),
        Err(error) => {
            Err(format!("is not JSON, seen at its line {}, column {}", error.line(), error.column()))
        }
    }
}

/// A JSON value whose objects have each key once. Where one is there twice, programs do not agree which one counts.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Unique(value))) = members.next_entry::<String, Unique>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("has the key {:?} twice", clipped(&key))));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// The name of a key or column for a reason: only where it looks like one. A table without a header has data in its
/// place, and data is not quoted.
pub(super) fn clipped(name: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    if (1..=24).contains(&name.len()) && name.chars().all(plain) { name } else { "(what stands there)" }
}
