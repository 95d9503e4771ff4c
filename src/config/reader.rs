//! Takes one key after the other out of the layers, keeps every fault, and remembers for each key what holds and where
//! it came from.
//!
//! The layers are searched key by key instead of being merged first: one wrong type then spoils one key, never its
//! section, and a fault can name both of two origins. After a fault the reader goes on with the default, so that the
//! sections need no second, half-empty shape; such a value is never handed out, because a fault refuses the whole.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use figment::value::Value;
use secrecy::SecretString;
use serde_json::Value as Schema;

use super::fault::{Fault, Faults, Origin};
use super::leaf::{Complaint, Leaf, found};
use super::marks::Marks;
use super::sources::{Entry, Layer, Raw, Sources, gather, manual};
use super::unknown;

/// What holds for one key, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The key, such as `hashing.threads`.
    pub key: String,
    /// The value as one would write it into a file. A secret reads `(redacted)` or `(not set)`, the address of a server
    /// goes without its user, password and parameters.
    pub value: String,
    /// Where it was set.
    pub origin: Origin,
    /// What weaker sources say, the strongest first.
    pub overrode: Vec<Overridden>,
}

/// A value that a stronger source replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overridden {
    /// As [`Effective::value`].
    pub value: String,
    /// Where it was set.
    pub origin: Origin,
}

const REDACTED: &str = "(redacted)";
const NOT_SET: &str = "(not set)";

pub(super) struct Reader {
    manual: Layer,
    /// Strongest first.
    layers: Vec<Layer>,
    faults: Vec<Fault>,
    effective: Vec<Effective>,
    described: Vec<Described>,
    marks: Marks,
}

/// What a key takes, for those who describe it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) key: &'static str,
    /// Of its type.
    pub(super) schema: fn() -> Schema,
    /// As [`Leaf::wanted`].
    pub(super) wanted: &'static str,
    /// The least and the greatest value, as one would write them into a file.
    pub(super) range: Option<[String; 2]>,
    /// Whether the value must not be shown.
    pub(super) secret: bool,
}

impl Reader {
    pub(super) fn new(sources: &Sources) -> Self {
        let manual = manual();
        let mut faults = Vec::new();
        let mut layers = gather(sources, &mut faults);
        faults.extend(unknown::faults(&layers, &manual));
        faults.extend(unknown::near_misses(&sources.env, &manual));
        layers.reverse();
        Self { manual, layers, faults, effective: Vec::new(), described: Vec::new(), marks: Marks::default() }
    }

    /// The value of `key`.
    pub(super) fn take<T: Leaf>(&mut self, key: &'static str) -> T {
        self.take_if(key, |_| Ok(()))
    }

    /// The value of `key`, which must lie in `range`.
    pub(super) fn take_in<T: Leaf + PartialOrd>(&mut self, key: &'static str, range: RangeInclusive<T>) -> T {
        let ends = [range.start().show(), range.end().show()];
        let value = self.take_if(key, |value| {
            if range.contains(value) {
                return Ok(());
            }
            let (value, [from, to]) = (value.show(), &ends);
            Err(format!("{value} is out of range: it must lie between {from} and {to}").into())
        });
        if let Some(described) = self.described.last_mut() {
            described.range = Some(ends);
        }
        value
    }

    /// The value of `key`, which must pass `check`.
    pub(super) fn take_if<T: Leaf>(
        &mut self,
        key: &'static str,
        check: impl Fn(&T) -> Result<(), Complaint>,
    ) -> T {
        let value = self.read(key, check).unwrap_or_else(|complaint| {
            self.refuse(key, complaint);
            self.default(key)
        });
        self.note(key, &value);
        self.described.push(Described {
            key,
            schema: T::schema,
            wanted: T::wanted(),
            range: None,
            secret: false,
        });
        value
    }

    /// The value of `key` where somebody set it, which must pass `check`: for keys that the manual cannot know.
    pub(super) fn take_present<T: Leaf>(
        &mut self,
        key: &str,
        check: impl Fn(&T) -> Result<(), Complaint>,
    ) -> Option<T> {
        self.find(key)?;
        let read = self.read(key, check).map_err(|complaint| self.refuse(key, complaint));
        read.ok().inspect(|value| self.note(key, value))
    }

    /// The keys among those that somebody set for which `wanted` holds.
    pub(super) fn keys(&self, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
        self.layers.iter().flat_map(Layer::keys).filter(|key| wanted(key)).cloned().collect()
    }

    fn read<T: Leaf>(&self, key: &str, check: impl Fn(&T) -> Result<(), Complaint>) -> Result<T, Complaint> {
        let value = match &self.entry(key).raw {
            Raw::Toml(value) => T::from_toml(value),
            Raw::Text(text) => T::from_text(text),
        }?;
        check(&value).map(|()| value)
    }

    fn note<T: Leaf>(&mut self, key: &str, value: &T) {
        let origin = self.origin(key);
        let overrode = self.overridden(key, |entry| shown::<T>(&entry.raw));
        self.effective.push(Effective { key: key.to_owned(), value: value.show(), origin, overrode });
    }

    /// What weaker sources say of `key`, the strongest first; the manual's word is none.
    fn overridden(&self, key: &str, show: impl Fn(&Entry) -> String) -> Vec<Overridden> {
        let set = self.layers.iter().filter_map(|layer| layer.get(key)).skip(1);
        set.map(|entry| Overridden { value: show(entry), origin: entry.origin.clone() }).collect()
    }

    /// The secret of `key`, or of the file that `file_key` names; empty text means none.
    pub(super) fn take_secret(&mut self, key: &'static str, file_key: &'static str) -> Option<SecretString> {
        let direct = self.secret_text(key);
        let path = self.secret_text(file_key);
        let origin =
            if path.is_some() && direct.is_none() { self.origin(file_key) } else { self.origin(key) };
        let held = if direct.is_some() || path.is_some() { REDACTED } else { NOT_SET };
        let hidden = |entry: &Entry| if is_empty(&entry.raw) { NOT_SET } else { REDACTED }.to_owned();
        self.effective.push(Effective {
            key: key.to_owned(),
            value: held.to_owned(),
            origin,
            overrode: self.overridden(key, hidden),
        });
        self.effective.push(Effective {
            key: file_key.to_owned(),
            value: path.as_ref().map_or_else(|| NOT_SET.to_owned(), Leaf::show),
            origin: self.origin(file_key),
            overrode: self.overridden(file_key, |entry| shown::<String>(&entry.raw)),
        });
        for (key, wanted, secret) in [(key, "a secret", true), (file_key, "the path of a file", false)] {
            self.described.push(Described { key, schema: String::schema, wanted, range: None, secret });
        }
        let secret = match (direct, path) {
            (Some(_), Some(_)) => {
                let other = self.origin(file_key);
                self.refuse(
                    key,
                    Complaint::with_help(
                        format!("both `{key}` and `{file_key}` ({other}) are set"),
                        "keep one of them; an empty text unsets the other",
                    ),
                );
                None
            }
            (Some(secret), None) => Some(secret.into()),
            (None, Some(path)) => self.secret_file(file_key, &path),
            (None, None) => None,
        };
        self.marks.set(key, secret.as_ref());
        secret
    }

    /// The text of a key that may hold a secret, unless it is empty; a wrong type is recorded.
    fn secret_text(&mut self, key: &'static str) -> Option<String> {
        self.peek_secret(key).unwrap_or_else(|complaint| {
            self.refuse(key, complaint);
            None
        })
    }

    /// What is found must not get into the complaint: a secret of digits is a number to TOML.
    fn peek_secret(&self, key: &str) -> Result<Option<String>, Complaint> {
        let text = match &self.entry(key).raw {
            Raw::Text(text) | Raw::Toml(Value::String(_, text)) => text,
            Raw::Toml(Value::Num(..)) => {
                return Err("expected text, in quotes, but found a number".to_owned().into());
            }
            Raw::Toml(other) => {
                return Err(format!("expected text, in quotes, but found {}", found(other)).into());
            }
        };
        Ok(Some(text.clone()).filter(|text| !text.is_empty()))
    }

    fn secret_file(&mut self, file_key: &'static str, path: &str) -> Option<SecretString> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.refuse(file_key, format!("the file `{path}` cannot be read: {error}").into());
                return None;
            }
        };
        let line =
            text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if line.is_empty() {
            self.refuse(file_key, format!("the file `{path}` is empty").into());
            return None;
        }
        Some(line.into())
    }

    /// Records a fault of `key`, at the place where it was set.
    pub(super) fn refuse(&mut self, key: &str, complaint: Complaint) {
        let Complaint { reason, help } = complaint;
        self.faults.push(Fault { key: key.to_owned(), origin: self.origin(key), reason, help });
    }

    /// Records a fault of a secret, at whichever of its two keys gave it.
    pub(super) fn refuse_secret(&mut self, key: &'static str, file_key: &'static str, complaint: Complaint) {
        let from_file = matches!(self.peek_secret(file_key), Ok(Some(_)));
        self.refuse(if from_file { file_key } else { key }, complaint);
    }

    /// Whether none of `keys` has a fault so far: only then is it fair to compare them with each other.
    pub(super) fn sound(&self, keys: &[&str]) -> bool {
        !self.faults.iter().any(|fault| keys.contains(&fault.key.as_str()))
    }

    /// Where `key` was set.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.entry(key).origin.clone()
    }

    /// Replaces what is shown for `key` by something that says more.
    pub(super) fn show(&mut self, key: &str, value: String) {
        if let Some(effective) = self.effective.iter_mut().find(|effective| effective.key == key) {
            effective.value = value;
        }
    }

    /// Everything that was taken, or everything that is wrong.
    pub(super) fn finish(self) -> Result<(Vec<Effective>, Marks), Faults> {
        match Faults::of(self.faults) {
            None => Ok((self.effective, self.marks)),
            Some(faults) => Err(faults),
        }
    }

    /// Every key that was taken, with what it takes and the manual's value.
    pub(super) fn described(&self) -> impl Iterator<Item = (&Described, &Raw)> {
        self.described.iter().filter_map(|described| Some((described, &self.manual.get(described.key)?.raw)))
    }

    fn find(&self, key: &str) -> Option<&Entry> {
        self.layers.iter().chain([&self.manual]).find_map(|layer| layer.get(key))
    }

    fn entry(&self, key: &str) -> &Entry {
        self.find(key).expect("every key that is read was found, or stands in the manual; a test loads it")
    }

    fn default<T: Leaf>(&self, key: &str) -> T {
        let entry =
            self.manual.get(key).expect("every key that is read stands in the manual; a test loads it");
        match &entry.raw {
            Raw::Toml(value) => T::from_toml(value).ok(),
            Raw::Text(text) => T::from_text(text).ok(),
        }
        .expect("every default in the manual has the type of its key; a test loads it")
    }
}

/// A value that was not checked, as one would write it into a file.
fn shown<T: Leaf>(raw: &Raw) -> String {
    let read = match raw {
        Raw::Toml(value) => T::from_toml(value),
        Raw::Text(text) => T::from_text(text),
    };
    read.map_or_else(|_| "(unreadable)".to_owned(), |value| value.show())
}

fn is_empty(raw: &Raw) -> bool {
    matches!(raw, Raw::Text(text) | Raw::Toml(Value::String(_, text)) if text.is_empty())
}
