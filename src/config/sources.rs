//! Where values come from: the list of sources, and each of them turned into a flat layer of `section.key` entries.
//!
//! The environment is data here, never read in passing, so a test gives its own. What a value *means* is not decided
//! here: an environment variable stays the text it was until a reader knows what the key wants.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};

use super::fault::{Fault, Origin};
use super::lines::Lines;

/// The manual, which is at once the lowest layer.
pub const MANUAL: &str = include_str!("../../config/guardhouse.toml");

const PREFIX: &str = "GUARDHOUSE__";

/// The conventional names of two addresses, and the keys they stand for.
const CONVENTIONAL: [(&str, &str); 2] = [("DATABASE_URL", "database.url"), ("REDIS_URL", "redis.url")];

/// Everything a configuration is made of besides the manual, from the weakest to the strongest.
#[derive(Clone, Default)]
pub struct Sources {
    /// The files of `--config`, later ones over earlier ones; a profile is just such a file.
    pub files: Vec<PathBuf>,
    /// The environment. Read are `DATABASE_URL` and `REDIS_URL` (ignored when empty) and, stronger,
    /// `GUARDHOUSE__SECTION__KEY`; everything else is passed over.
    pub env: BTreeMap<String, String>,
    /// The pairs of `--set section.key=value`, later ones over earlier ones. A value is TOML where it parses as TOML,
    /// plain text otherwise.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// The given files and flags with the environment of this process.
    ///
    /// Values that are not UTF-8 arrive with U+FFFD in place of what cannot be read; [`super::Config::load`] refuses them.
    pub fn from_process(files: Vec<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let env = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .filter(|(name, _)| is_ours(name))
            .collect();
        Self { files, env, flags }
    }
}

/// Names only: a value may be a password.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("files", &self.files)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("flags", &self.flags.iter().map(|(key, _)| key).collect::<Vec<_>>())
            .finish()
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("GUARDHOUSE_") || CONVENTIONAL.iter().any(|(conventional, _)| *conventional == name)
}

/// A value before anybody has said what it should be.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    /// From a file: typed by TOML.
    Toml(Value),
    /// From the environment or a flag: the key decides how it is read.
    Text(String),
}

/// A value and where it was set.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

impl Entry {
    /// A header in a file without anything below it.
    pub(super) fn is_empty_section(&self) -> bool {
        matches!(&self.raw, Raw::Toml(value) if value.as_dict().is_some())
    }
}

/// One source, flattened: `hashing.argon2.memory` → its entry.
pub(super) type Layer = BTreeMap<String, Entry>;

/// The manual as a layer: every known key with its default.
///
/// # Panics
///
/// When the embedded manual is not TOML; the tests load it.
pub(super) fn manual() -> Layer {
    let dict: Dict = Toml::from_str(MANUAL).expect("the embedded manual is valid TOML; a test loads it");
    flatten(dict, &|_| Origin::Default)
}

/// All layers, weakest first, the manual not among them; what could not be read at all is a fault.
pub(super) fn gather(sources: &Sources, faults: &mut Vec<Fault>) -> Vec<Layer> {
    let mut layers: Vec<Layer> = sources.files.iter().filter_map(|path| file(path, faults)).collect();
    let (conventional, own) = environment(&sources.env, faults);
    layers.extend([conventional, own]);
    layers.extend(sources.flags.iter().map(|(key, value)| flag(key, value)));
    layers
}

fn file(path: &Path, faults: &mut Vec<Fault>) -> Option<Layer> {
    let mut complain = |line, reason| {
        let origin = Origin::File { path: path.to_owned(), line };
        faults.push(Fault { key: "--config".to_owned(), origin, reason, help: None });
        None
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return complain(None, format!("the file cannot be read: {error}")),
    };
    match <Toml as Format>::from_str::<Dict>(&text) {
        Ok(dict) => {
            let lines = Lines::of(&text);
            Some(flatten(dict, &|key| Origin::File { path: path.to_owned(), line: lines.find(key) }))
        }
        Err(error) => {
            // The error's own text would quote the line, and the line may hold a password.
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            complain(
                line,
                format!("the file is not TOML from here on: {}", error.message().replace('\n', ", ")),
            )
        }
    }
}

fn environment(env: &BTreeMap<String, String>, faults: &mut Vec<Fault>) -> (Layer, Layer) {
    let (mut conventional, mut own) = (Layer::new(), Layer::new());
    for (name, value) in env.iter().filter(|(name, _)| is_ours(name)) {
        let known = CONVENTIONAL.iter().find(|(conventional, _)| conventional == name);
        let (layer, key) = match (known, name.strip_prefix(PREFIX)) {
            (Some(_), _) if value.is_empty() => continue,
            (Some((_, key)), _) => (&mut conventional, (*key).to_owned()),
            (None, Some(rest)) => (&mut own, rest.to_ascii_lowercase().replace("__", ".")),
            (None, None) => continue,
        };
        let origin = Origin::Environment(name.clone());
        if value.contains('\u{FFFD}') {
            let reason = "the value of the variable is not UTF-8".to_owned();
            faults.push(Fault { key, origin, reason, help: None });
            continue;
        }
        layer.insert(key, Entry { raw: Raw::Text(value.clone()), origin });
    }
    (conventional, own)
}

fn flag(key: &str, value: &str) -> Layer {
    let origin = Origin::Flag(format!("--set {key}"));
    let raw = match parse_value(value) {
        Some(Value::String(_, text)) => Raw::Text(text),
        // Numbers, lists and the like stay text: the key knows better what it wants than TOML does.
        _ => Raw::Text(value.to_owned()),
    };
    Layer::from([(key.to_owned(), Entry { raw, origin })])
}

/// One TOML value given on its own, if it is one.
pub(super) fn parse_value(text: &str) -> Option<Value> {
    let mut dict: Dict = Toml::from_str(&format!("value = {text}")).ok()?;
    if dict.len() == 1 { dict.remove("value") } else { None }
}

fn flatten(dict: Dict, origin: &dyn Fn(&str) -> Origin) -> Layer {
    let mut layer = Layer::new();
    let mut open = vec![(String::new(), dict)];
    while let Some((prefix, dict)) = open.pop() {
        for (name, value) in dict {
            let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match value {
                Value::Dict(_, inner) if !inner.is_empty() => open.push((key, inner)),
                leaf => {
                    let origin = origin(&key);
                    layer.insert(key, Entry { raw: Raw::Toml(leaf), origin });
                }
            }
        }
    }
    layer
}
