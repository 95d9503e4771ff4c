//! The types that a key may have, besides words: each with the text it is read from, and what is said when it is not that.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use figment::value::Value;
use ipnet::IpNet;
use serde_json::{Value as Schema, json};

use super::leaf::{Complaint, Leaf, found, quoted, text_leaf};
use super::sources::parse_value;
use super::units::{format_bytes, parse_bytes};
use crate::domain::duration::{format_duration, parse_duration};
use crate::domain::limit::Window;

/// That the longer unit comes first, and that none is longer than a duration can be, is left to the reader.
const DURATION: &str = "([0-9]+(d|h|m|s|ms))+";

fn pattern(pattern: &str) -> Schema {
    json!({ "type": "string", "pattern": pattern })
}

text_leaf!(String, "text", json!({ "type": "string" }), |text| Ok(text.to_owned()), Self::clone);
text_leaf!(
    PathBuf,
    "a path",
    json!({ "type": "string", "minLength": 1 }),
    |text| if text.is_empty() { Err("a path is missing".to_owned().into()) } else { Ok(text.into()) },
    |path| path.display().to_string()
);
text_leaf!(
    Duration,
    "a duration such as `15m`",
    pattern(&format!("^{DURATION}$")),
    |text| Ok(parse_duration(text)?),
    |it| format_duration(*it)
);
text_leaf!(
    SocketAddr,
    "an address with a port, such as `127.0.0.1:8080`",
    pattern(r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}$"),
    |text| text.parse().map_err(|_| Complaint::with_help(
        format!("`{text}` is not an address with a port"),
        "write an IP address and a port, such as `127.0.0.1:8080`, `0.0.0.0:8080` or `[::1]:8080`"
    )),
    Self::to_string
);
text_leaf!(
    Window,
    "a limit such as `5/15m`",
    pattern(&format!("^[1-9][0-9]*/{DURATION}$")),
    |text| text.parse().map_err(|error| Complaint::with_help(
        error,
        "a limit is a number and a period, such as `5/15m`: five in any fifteen minutes"
    )),
    Self::to_string
);
text_leaf!(
    IpNet,
    "a network such as `10.0.0.0/8`",
    pattern("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
    |text| {
        let alone = |_| text.parse::<IpAddr>().map(Self::from);
        text.parse().or_else(alone).map_err(|_| {
            Complaint::with_help(
                format!("`{text}` is neither an address nor a network"),
                "write `10.0.0.0/8` or `::1`",
            )
        })
    },
    Self::to_string
);

/// A size in bytes, written `16KiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ByteSize(pub(super) u64);

text_leaf!(
    ByteSize,
    "a size such as `16KiB`",
    pattern("^[0-9]+(B|KiB|MiB|GiB)$"),
    |text| Ok(Self(parse_bytes(text)?)),
    |size| format_bytes(size.0)
);

/// A number of threads, or as many as the machine has cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    Auto,
    Fixed(NonZeroUsize),
}

/// Nobody means more threads than this; a larger number is a slip of the hand.
const MOST_THREADS: usize = 1024;

impl Leaf for Threads {
    fn from_toml(value: &Value) -> Result<Self, Complaint> {
        match value {
            Value::String(_, text) => Self::from_text(text),
            Value::Num(_, num) if num.to_i128().is_some() => {
                Self::from_text(&num.to_i128().unwrap_or(0).to_string())
            }
            other => Err(format!("expected {}, but found {}", Self::wanted(), found(other)).into()),
        }
    }

    fn from_text(text: &str) -> Result<Self, Complaint> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let count = text.parse().ok().filter(|count: &NonZeroUsize| count.get() <= MOST_THREADS);
        count
            .map(Self::Fixed)
            .ok_or_else(|| format!("expected {}, but found `{text}`", Self::wanted()).into())
    }

    fn wanted() -> &'static str {
        "`auto` or a number of threads from 1 to 1024"
    }

    fn show(&self) -> String {
        match self {
            Self::Auto => quoted("auto"),
            Self::Fixed(count) => count.to_string(),
        }
    }

    fn schema() -> Schema {
        // A number in quotes is read too; an editor need not propose it.
        json!({ "anyOf": [{ "const": "auto" }, { "type": "integer", "minimum": 1, "maximum": MOST_THREADS }] })
    }
}

impl Leaf for bool {
    fn from_toml(value: &Value) -> Result<Self, Complaint> {
        match value {
            Value::Bool(_, bool) => Ok(*bool),
            other => {
                Err(format!("expected {}, without quotes, but found {}", Self::wanted(), found(other)).into())
            }
        }
    }

    fn from_text(text: &str) -> Result<Self, Complaint> {
        text.parse().map_err(|_| format!("expected {}, but found `{text}`", Self::wanted()).into())
    }

    fn wanted() -> &'static str {
        "`true` or `false`"
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn schema() -> Schema {
        json!({ "type": "boolean" })
    }
}

macro_rules! number_leaf {
    ($($type:ty),+) => {$(
        impl Leaf for $type {
            fn from_toml(value: &Value) -> Result<Self, Complaint> {
                let whole = value.to_i128().ok_or_else(|| {
                    format!("expected {}, without quotes, but found {}", Self::wanted(), found(value))
                })?;
                Self::from_text(&whole.to_string())
            }

            fn from_text(text: &str) -> Result<Self, Complaint> {
                text.parse().map_err(|_| format!("expected {}, but found `{text}`", Self::wanted()).into())
            }

            fn wanted() -> &'static str {
                concat!("a whole number that fits ", stringify!($type))
            }

            fn show(&self) -> String {
                self.to_string()
            }

            fn schema() -> Schema {
                json!({ "type": "integer" })
            }
        }
    )+};
}
number_leaf!(u8, u32, i32, usize);

/// A list: `["a", "b"]` in a file; the same, or `a,b`, in a variable or flag.
impl<T: Leaf> Leaf for Vec<T> {
    fn from_toml(value: &Value) -> Result<Self, Complaint> {
        let Value::Array(_, items) = value else {
            return Err(format!("expected a list, each {}, but found {}", T::wanted(), found(value)).into());
        };
        all(items.iter().map(T::from_toml))
    }

    fn from_text(text: &str) -> Result<Self, Complaint> {
        let text = text.trim();
        if text.starts_with('[') {
            let value = parse_value(text).ok_or_else(|| {
                Complaint::with_help(
                    format!("`{text}` begins like a list but is not one"),
                    "write `[\"a\", \"b\"]` or `a,b`",
                )
            })?;
            return Self::from_toml(&value);
        }
        all(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::from_text))
    }

    fn wanted() -> &'static str {
        "a list"
    }

    fn show(&self) -> String {
        format!("[{}]", self.iter().map(T::show).collect::<Vec<_>>().join(", "))
    }

    fn schema() -> Schema {
        json!({ "type": "array", "items": T::schema() })
    }
}

/// All items, or what is wrong with each of the wrong ones.
fn all<T>(items: impl Iterator<Item = Result<T, Complaint>>) -> Result<Vec<T>, Complaint> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Ok(item) => good.push(item),
            Err(complaint) => bad.push(complaint),
        }
    }
    let Some(help) = bad.first().map(|first| first.help.clone()) else {
        return Ok(good);
    };
    Err(Complaint { reason: bad.into_iter().map(|bad| bad.reason).collect::<Vec<_>>().join("; "), help })
}
