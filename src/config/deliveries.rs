//! `[deliveries.NAME]`: where the audit log's records are sent.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value as Schema, json};
use url::{Host, Url};

use super::leaf::{Complaint, Leaf, found, quoted};
use super::named::Named;
use super::reader::Reader;
use super::words::pick;
use crate::domain::audit::kinds;
use crate::domain::webhook::WebhookSecrets;

/// The configured deliveries, by name.
pub type Deliveries = BTreeMap<String, Delivery>;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where to.
    pub to: Target,
    /// What signs the messages; there whenever the target is an address.
    pub secret: Option<WebhookSecrets>,
    /// Of which kinds; empty: all.
    pub kinds: Vec<&'static str>,
}

/// Where records are sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// To a web server, as Standard Webhooks.
    Webhook(Url),
    /// To a file, as JSON Lines.
    File(PathBuf),
    /// To standard output, as JSON Lines.
    Stdout,
}

pub(super) const SECTION: Named = Named {
    name: "deliveries",
    keys: &["secret", "secret_file", "kinds", "to"],
    one: "a delivery",
    help: "a delivery has `deliveries.NAME.to`, and may have `secret`, `secret_file` and `kinds`",
};

const HELP: &str = "write `https://…`, `file:/var/log/guardhouse/audit.jsonl` or `stdout`";

impl Leaf for Target {
    fn from_text(text: &str) -> Result<Self, Complaint> {
        if text == "stdout" {
            return Ok(Self::Stdout);
        }
        if let Some(path) = text.strip_prefix("file:") {
            return match path {
                "" => Err(Complaint::with_help("a path is missing", HELP)),
                path => Ok(Self::File(path.into())),
            };
        }
        // The address may hold what opens the receiver: it is not repeated.
        let url = Url::parse(text).map_err(|error| Complaint::with_help(error.to_string(), HELP))?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            let reason = "the address has a user, a password or a fragment in it";
            return Err(Complaint::with_help(reason, "messages are signed: give `secret` instead"));
        }
        match url.scheme() {
            "https" => Ok(Self::Webhook(url)),
            "http" if is_here => Ok(Self::Webhook(url)),
            "http" => Err(Complaint::with_help(
                "records would travel unencrypted",
                "use https; plain http is for this machine alone",
            )),
            _ => Err(Complaint::with_help("it leads to no web server and no file", HELP)),
        }
    }

    fn wanted() -> &'static str {
        "`https://…`, `file:PATH` or `stdout`"
    }

    fn show(&self) -> String {
        quoted(self)
    }

    fn schema() -> Schema {
        json!({ "type": "string", "pattern": "^(https://.+|http://(localhost|127\\.|\\[::1\\]).*|file:.+|stdout)$" })
    }
}

/// Without the path and the parameters of an address, which may be a secret.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Webhook(url) => {
                let hidden = if url.path() == "/" && url.query().is_none() { "" } else { "/…" };
                write!(f, "{}{hidden}", url.origin().ascii_serialization())
            }
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Stdout => f.write_str("stdout"),
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Leaf for WebhookSecrets {
    fn from_toml(value: &figment::value::Value) -> Result<Self, Complaint> {
        match value {
            figment::value::Value::String(_, text) => Self::from_text(text),
            figment::value::Value::Num(..) => Err(no_secret("it is a number")),
            other => Err(no_secret(&format!("it is {}", found(other)))),
        }
    }

    fn from_text(text: &str) -> Result<Self, Complaint> {
        text.parse().map_err(|fault: crate::domain::webhook::NoWebhookSecret| no_secret(&fault.to_string()))
    }

    fn wanted() -> &'static str {
        "secrets such as `whsec_…`"
    }

    fn show(&self) -> String {
        "(redacted)".to_owned()
    }

    fn schema() -> Schema {
        json!({ "type": "string", "pattern": "^whsec_", "writeOnly": true })
    }
}

fn no_secret(reason: &str) -> Complaint {
    let help =
        "take the secret that the receiver shows, or make one with `guardhouse audit deliveries secret`";
    Complaint::with_help(reason, help)
}

/// The name of a kind of event.
#[derive(Clone, Copy)]
struct Kind(&'static str);

impl Leaf for Kind {
    fn from_text(text: &str) -> Result<Self, Complaint> {
        pick(text, &kinds().map(|kind| (kind, Self(kind))).collect::<Vec<_>>())
    }

    fn wanted() -> &'static str {
        "a kind of event such as `login_failed`"
    }

    fn show(&self) -> String {
        quoted(self.0)
    }

    fn schema() -> Schema {
        json!({ "enum": kinds().collect::<Vec<_>>() })
    }
}

/// What may stand in the section.
pub(super) fn schema() -> Schema {
    json!({
        "type": "object",
        "propertyNames": { "pattern": "^[a-z0-9_-]{1,64}$" },
        "additionalProperties": {
            "type": "object",
            "properties": {
                "to": Target::schema(),
                "secret": WebhookSecrets::schema(),
                "secret_file": { "type": "string", "minLength": 1 },
                "kinds": Vec::<Kind>::schema(),
            },
            "additionalProperties": false,
        },
    })
}

pub(super) fn read(reader: &mut Reader) -> Deliveries {
    let entries = SECTION.entries(reader);
    let delivery = |(name, keys): (String, Vec<String>)| {
        let here = &keys[0];
        if let Err(complaint) = check_name(&name) {
            reader.refuse(here, complaint);
            return None;
        }
        let [to, secret, secret_file, kinds] =
            ["to", "secret", "secret_file", "kinds"].map(|setting| SECTION.key(&name, setting));
        if !keys.contains(&to) {
            let reason = format!("the delivery `{name}` has no `{to}`");
            reader.refuse(here, Complaint::with_help(reason, HELP));
        }
        let target = reader.take_present(&to, |_: &Target| Ok(()));
        let given = reader.take_present(&secret, |_: &WebhookSecrets| Ok(()));
        let path = reader.take_present(&secret_file, |_: &PathBuf| Ok(()));
        let set: Vec<_> = [&secret, &secret_file].into_iter().filter(|key| keys.contains(key)).collect();
        if let [_, second] = set[..] {
            let reason = format!("both `{secret}` and `{secret_file}` are set");
            reader.refuse(second, Complaint::with_help(reason, "keep one of them"));
        }
        let filed = path.and_then(|path| {
            let read = read_secret(&path);
            read.map_err(|complaint| reader.refuse(&secret_file, complaint)).ok()
        });
        let kinds = reader.take_present(&kinds, |_: &Vec<Kind>| Ok(())).unwrap_or_default();
        match (&target, set.first()) {
            (Some(Target::Webhook(_)), None) => {
                let reason = format!("the delivery `{name}` has no `{secret}`");
                reader.refuse(here, no_secret(&reason));
            }
            (Some(Target::File(_) | Target::Stdout), Some(key)) => {
                let reason = "only messages to an address are signed".to_owned();
                reader.refuse(key, Complaint::with_help(reason, "remove it"));
            }
            _ => {}
        }
        let kinds = kinds.into_iter().map(|kind| kind.0).collect();
        Some((name, Delivery { to: target?, secret: given.or(filed), kinds }))
    };
    entries.into_iter().filter_map(delivery).collect()
}

fn read_secret(path: &std::path::Path) -> Result<WebhookSecrets, Complaint> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Complaint::from(format!("the file `{}` cannot be read: {error}", path.display())))?;
    WebhookSecrets::from_text(text.trim_end())
}

/// It is a key in the database and the label of a metric.
fn check_name(name: &str) -> Result<(), Complaint> {
    const LONGEST: usize = 64;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(allowed) {
        return Err(Complaint::with_help(
            format!("`{}` cannot be the name of a delivery", name.escape_debug()),
            "use small letters, digits, - and _; at most 64",
        ));
    }
    Ok(())
}
