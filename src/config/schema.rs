//! The configuration file as a JSON Schema (draft 2020-12), for editors: it proposes keys and words, shows the manual's
//! words and defaults, and marks what is misspelt or of the wrong type. What can only be seen in all sources together,
//! such as two settings that contradict each other, is left to `guardhouse config check`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::manual::{Section, sections};
use super::reader::{Described, Reader};
use super::sources::{Raw, Sources};
use super::{Config, clients, deliveries};

/// The schema, as the text that is kept in `config/guardhouse.schema.json`.
///
/// # Panics
///
/// When the embedded manual is no manual; the tests make the schema.
pub fn schema() -> String {
    let mut reader = Reader::new(&Sources::default());
    Config::read(&mut reader);
    let (intro, sections) = sections();
    let words = words(&sections);
    let mut root = section(&intro.plain());
    for (described, default) in reader.described() {
        let about = words.get(described.key).cloned().unwrap_or_default();
        let place = place(&mut root, described.key, &words);
        *place = leaf(described, default, &about);
    }
    for (name, mut named_by_the_site) in
        [("clients", clients::schema()), ("deliveries", deliveries::schema())]
    {
        named_by_the_site["description"] = json!(words.get(name));
        *place(&mut root, name, &words) = named_by_the_site;
    }
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Configuration of Guardhouse");
    let text = serde_json::to_string_pretty(&sorted(root)).expect("a JSON value can be written");
    format!("{text}\n")
}

/// What the manual says about each key and each section.
fn words(sections: &[Section]) -> BTreeMap<String, String> {
    let mut words = BTreeMap::new();
    for section in sections {
        words.insert(section.name.clone(), section.about.plain());
        for entry in &section.entries {
            for (key, _) in &entry.keys {
                let of_a_file = key
                    .strip_suffix("_file")
                    .filter(|secret| entry.keys.iter().any(|(key, _)| key == secret));
                let about = match of_a_file {
                    Some(secret) => format!("Names a file that holds `{secret}` and nothing else."),
                    None => entry.about.plain(),
                };
                words.insert(key.clone(), about);
            }
        }
    }
    words
}

fn section(about: &str) -> Value {
    let mut section = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    if !about.is_empty() {
        section["description"] = json!(about);
    }
    section
}

/// Where the schema of `key` belongs; the sections on the way are made.
fn place<'a>(root: &'a mut Value, key: &str, words: &BTreeMap<String, String>) -> &'a mut Value {
    let mut place = root;
    for (end, _) in key.match_indices('.') {
        let (path, name) = (&key[..end], key[..end].rsplit('.').next().unwrap_or_default());
        place = &mut place["properties"][name];
        if place.is_null() {
            *place = section(words.get(path).map_or("", String::as_str));
        }
    }
    &mut place["properties"][key.rsplit('.').next().unwrap_or(key)]
}

fn leaf(described: &Described, default: &Raw, about: &str) -> Value {
    let mut leaf = (described.schema)();
    let mut about = about.to_owned();
    if let Some([from, to]) = &described.range {
        match (from.parse::<i64>(), to.parse::<i64>()) {
            (Ok(from), Ok(to)) => {
                leaf["minimum"] = json!(from);
                leaf["maximum"] = json!(to);
            }
            // A pattern cannot compare lengths of time.
            _ => about.push_str(&format!("\n\nFrom {} to {}.", from.trim_matches('"'), to.trim_matches('"'))),
        }
    }
    leaf["description"] = json!(about);
    if described.secret {
        leaf["writeOnly"] = json!(true);
    }
    if let Raw::Toml(default) = default {
        leaf["default"] = json!(default);
    }
    leaf
}

/// In the same order however the map of JSON objects was built.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> =
                object.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(Map::from_iter(sorted))
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
