//! The effective settings, or what is wrong with them, as JSON: for `guardhouse config` and `GET /admin/config`.

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

impl Config {
    /// Every setting with its value, where it was set and what that overrode, the variable that would set it, and whether a
    /// running server takes a change over; secrets redacted. With the digest over all of it.
    pub fn explanation(&self) -> Value {
        let settings: Vec<Value> = self.effective.iter().map(setting).collect();
        json!({ "sha256": self.digest().to_string(), "settings": settings })
    }
}

fn setting(Effective { key, value, origin, overrode }: &Effective) -> Value {
    let overrode = overrode.iter().map(|it| json!({ "value": it.value, "origin": place(&it.origin) }));
    json!({
        "key": key,
        "value": value,
        "origin": place(origin),
        "overrode": overrode.collect::<Vec<_>>(),
        "variable": variable(key),
        "reload": can_be_reloaded(key),
    })
}

fn place(origin: &Origin) -> Value {
    match origin {
        Origin::Default => json!({ "source": "default" }),
        Origin::File { path, line } => {
            json!({ "source": "file", "path": path.display().to_string(), "line": line })
        }
        Origin::Environment(name) => json!({ "source": "environment", "variable": name }),
        Origin::Flag(flag) => json!({ "source": "flag", "flag": flag }),
    }
}
