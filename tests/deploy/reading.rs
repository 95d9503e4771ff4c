//! Reading the files that operators deploy: YAML, unit files, the Dockerfile's variables, and the configuration that comes
//! of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use guardhouse::config::{Config, Sources};
use serde_json::Value;

pub(super) fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(super) fn text(path: &str) -> String {
    fs::read_to_string(at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every document of a YAML file.
pub(super) fn yaml(path: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(super) fn only(path: &str) -> Value {
    let mut documents = yaml(path);
    assert_eq!(documents.len(), 1, "{path} is one document");
    documents.remove(0)
}

/// What stands at `pointer` (RFC 6901) in `value`.
#[track_caller]
pub(super) fn get<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or_else(|| panic!("there is no {pointer} in {value:#}"))
}

#[track_caller]
pub(super) fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = get(value, pointer);
    found.as_str().unwrap_or_else(|| panic!("{pointer} is no text but {found}"))
}

#[track_caller]
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a Vec<Value> {
    let found = get(value, pointer);
    found.as_array().unwrap_or_else(|| panic!("{pointer} is no list but {found}"))
}

/// The pod's only container.
pub(super) fn container(deployment: &Value) -> &Value {
    let containers = list(deployment, "/spec/template/spec/containers");
    assert_eq!(containers.len(), 1);
    &containers[0]
}

/// The entries of a unit file: section and key with all values given, in their order.
pub(super) fn unit(path: &str) -> BTreeMap<String, Vec<String>> {
    let (mut entries, mut section) = (BTreeMap::<_, Vec<_>>::new(), String::new());
    for line in text(path).lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
        } else {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{path}: {line:?} is no entry"));
            assert!(!section.is_empty(), "{path}: {line:?} is in no section");
            entries.entry(format!("{section}.{key}")).or_default().push(value.to_owned());
        }
    }
    entries
}

#[track_caller]
pub(super) fn last<'a>(unit: &'a BTreeMap<String, Vec<String>>, key: &str) -> &'a str {
    unit.get(key)
        .and_then(|values| values.last())
        .unwrap_or_else(|| panic!("the unit says nothing about {key}"))
}

pub(super) fn seconds(value: &str) -> Duration {
    let number = value.strip_suffix('s').unwrap_or(value).parse();
    Duration::from_secs(number.unwrap_or_else(|_| panic!("{value:?} is no number of seconds")))
}

/// Loads a configuration as the server would, with the keys and values that are deployed. Secrets are read from files
/// which this machine does not have, so others stand in for them.
pub(super) fn loaded(what: &str, site: Option<&str>, env: &BTreeMap<String, String>) -> Config {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = |key: &str| {
        let key = key.to_ascii_lowercase().replace("__", ".");
        let name = key.trim_start_matches("guardhouse.").trim_end_matches("_file").to_owned();
        let secret = match name.as_str() {
            "database.url" => "postgres://guardhouse:password@database/guardhouse",
            "redis.url" => "redis://:password@redis:6379/0",
            "keys.master_key" => "q8wX1vJ5cR0tY7uZ2nB4mK6pL9sD3fG_hA-eWxVyTzo",
            "server.ops_token" => "q8wX1vJ5cR0tY7uZ2nB4mK6pL9sD3fG_hA",
            other => panic!("{what}: this test has nothing to stand in for {other}"),
        };
        let path = directory.path().join(name);
        fs::write(&path, secret).unwrap();
        path.display().to_string()
    };
    let mut sources = Sources::default();
    for (name, value) in env {
        let is_file = name.ends_with("_FILE");
        let value = if is_file { stand_in(name) } else { value.clone() };
        sources.env.insert(name.clone(), value);
    }
    if let Some(site) = site {
        let mut section = String::new();
        let lines = site.lines().map(|line| {
            if let Some(name) = line.trim().strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            }
            match line.split_once(" = ") {
                Some((key, _)) if key.ends_with("_file") && !key.starts_with('#') => {
                    format!("{key} = {:?}\n", stand_in(&format!("{section}.{key}")))
                }
                _ => format!("{line}\n"),
            }
        });
        let path = directory.path().join("site.toml");
        fs::write(&path, lines.collect::<String>()).unwrap();
        sources.files.push(path);
    }
    Config::load(&sources).unwrap_or_else(|faults| panic!("{what}: {faults}"))
}

/// The variables of ours in an `environment:` of Compose.
pub(super) fn compose_environment(service: &Value) -> BTreeMap<String, String> {
    let environment = get(service, "/environment").as_object().expect("names with values");
    let value = |value: &Value| match value.as_str() {
        // `${NAME:?why}` and `${NAME:-default}` are filled in by Compose.
        Some(text) if text.starts_with("${ISSUER:") => "https://auth.example.com".to_owned(),
        Some(text) if text.starts_with("${") => {
            text.split_once(":-").map_or("", |(_, default)| default).trim_end_matches('}').to_owned()
        }
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    environment.iter().map(|(name, given)| (name.clone(), value(given))).collect()
}

/// The variables that the image sets.
pub(super) fn image_environment() -> BTreeMap<String, String> {
    let dockerfile = text("Dockerfile").replace("\\\n", " ");
    let settings =
        dockerfile.lines().filter_map(|line| line.strip_prefix("ENV ")).flat_map(str::split_whitespace);
    settings
        .map(|setting| {
            let (name, value) = setting.split_once('=').expect("ENV NAME=VALUE");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}
