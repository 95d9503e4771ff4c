//! The effective settings, or what is wrong with them, as JSON: for `guardhouse config` and `GET /admin/config`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Config;
use super::fault::{Fault, Faults, Origin};
use super::reader::Effective;
use super::reload::can_be_reloaded;
use super::unknown::variable;

impl Faults {
    /// All of them, as data.
    pub fn as_json(&self) -> Value {
        let fault = |fault: &Fault| json!({ "key": fault.key, "origin": place(&fault.origin), "reason": fault.reason, "help": fault.help });
        json!({ "faults": self.all().iter().map(fault).collect::<Vec<_>>() })
    }
}

/// The settings that hold, secrets redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The digest over all of it, as the audit log has it.
    sha256: String,
    /// Every one, in the order of the manual.
    settings: Vec<Setting>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Setting {
    /// Its name, such as `hashing.threads`.
    key: String,
    /// As it would be written into a file; a secret reads `(redacted)`.
    value: String,
    /// Where it was set.
    origin: Place,
    /// What would hold without that, the strongest first.
    overrode: Vec<Overridden>,
    /// The variable that sets it.
    variable: String,
    /// Whether a running server takes a change over.
    reload: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Overridden {
    value: String,
    origin: Place,
}

/// Where a setting was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "source", rename_all = "lowercase")]
enum Place {
    Default,
    File { path: String, line: Option<usize> },
    Environment { variable: String },
    Flag { flag: String },
}

impl Config {
    /// Every setting with its value, where it was set and what that overrode, the variable that would set it, and whether a
    /// running server takes a change over; secrets redacted. With the digest over all of it.
    pub fn explanation(&self) -> Explanation {
        let settings = self.effective.iter().map(setting).collect();
        Explanation { sha256: self.digest().to_string(), settings }
    }
}

fn setting(Effective { key, value, origin, overrode }: &Effective) -> Setting {
    let overrode = overrode.iter();
    Setting {
        key: key.clone(),
        value: value.clone(),
        origin: place(origin),
        overrode: overrode
            .map(|it| Overridden { value: it.value.clone(), origin: place(&it.origin) })
            .collect(),
        variable: variable(key),
        reload: can_be_reloaded(key),
    }
}

fn place(origin: &Origin) -> Place {
    match origin {
        Origin::Default => Place::Default,
        Origin::File { path, line } => Place::File { path: path.display().to_string(), line: *line },
        Origin::Environment(name) => Place::Environment { variable: name.clone() },
        Origin::Flag(flag) => Place::Flag { flag: flag.clone() },
    }
}
