//! `[log.otlp]`: where the spans of requests are sent.

use figment::value::Value;
use serde_json::{Value as Schema, json};
use url::Url;

use super::leaf::{Complaint, Leaf, found, quoted};
use super::reader::Reader;

/// The export of traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otlp {
    /// The collector's address for traces; without it there is no export.
    pub endpoint: Option<Url>,
    /// How many of the traces that begin here.
    pub sample: Share,
    /// What the spans say of where they come from.
    pub service_name: String,
}

/// A part of the whole, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u32);

const WHOLE: u32 = 1_000_000;

impl Share {
    /// Whether the one that threw `dice` is in it.
    pub fn takes(self, dice: u64) -> bool {
        dice % u64::from(WHOLE) < u64::from(self.0)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", f64::from(self.0) / f64::from(WHOLE))
    }
}

impl Leaf for Share {
    fn from_toml(value: &Value) -> Result<Self, Complaint> {
        let number = match value {
            Value::Num(_, number) => {
                number.to_f64().map(|real| real.to_string()).or(number.to_i128().map(|it| it.to_string()))
            }
            _ => None,
        };
        let wrong = || format!("expected {}, without quotes, but found {}", Self::wanted(), found(value));
        Self::from_text(&number.ok_or_else(wrong)?)
    }

    fn from_text(text: &str) -> Result<Self, Complaint> {
        let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        let share: f64 = share.ok_or_else(|| format!("expected {}, but found `{text}`", Self::wanted()))?;
        Ok(Self((share * f64::from(WHOLE)).round() as u32))
    }

    fn wanted() -> &'static str {
        "a number from 0 to 1"
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn schema() -> Schema {
        json!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

/// An address, or none.
#[derive(Clone)]
struct Endpoint(Option<Url>);

impl Leaf for Endpoint {
    fn from_text(text: &str) -> Result<Self, Complaint> {
        const HELP: &str = "write it like `http://127.0.0.1:4318/v1/traces`";
        if text.is_empty() {
            return Ok(Self(None));
        }
        // It may hold what opens a collector: it is not repeated.
        let url = Url::parse(text).map_err(|error| Complaint::with_help(error.to_string(), HELP))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(Complaint::with_help("it is no address of a web server", HELP));
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(Complaint::with_help(
                "the address has a user, a password, parameters or a fragment in it",
                "give the address of a collector of your own, and what a service behind it wants to know to that one",
            ));
        }
        Ok(Self(Some(url)))
    }

    fn wanted() -> &'static str {
        "an address such as `http://127.0.0.1:4318/v1/traces`, or nothing"
    }

    fn show(&self) -> String {
        quoted(self.0.as_ref().map_or("", Url::as_str))
    }

    fn schema() -> Schema {
        json!({ "type": "string", "pattern": "^(https?://[^@?#]+)?$" })
    }
}

impl Otlp {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let Endpoint(endpoint) = reader.take("log.otlp.endpoint");
        let sample = reader.take("log.otlp.sample");
        let service_name = reader.take_if("log.otlp.service_name", |name: &String| {
            if name.trim().is_empty() {
                return Err(Complaint::with_help("it is empty", "write `guardhouse`"));
            }
            Ok(())
        });
        Self { endpoint, sample, service_name }
    }
}
