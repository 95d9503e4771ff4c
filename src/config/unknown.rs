//! Keys that nobody will ever read: each is a fault with the name that was probably meant, because a misspelt setting
//! that is passed over in silence is a setting that does nothing.

use std::collections::BTreeMap;

use super::fault::{Fault, Origin};
use super::named::Named;
use super::sources::{Entry, Layer};
use super::{clients, deliveries};

/// The sections whose names are the site's own.
const NAMED: [&Named; 2] = [&clients::SECTION, &deliveries::SECTION];

/// One fault for every entry of `layers` that is not a key of `manual`.
pub(super) fn faults(layers: &[Layer], manual: &Layer) -> Vec<Fault> {
    let named_by_the_site =
        layers.iter().flat_map(|layer| NAMED.iter().flat_map(|section| section.unknown(layer)));
    let is_named = |key: &str| NAMED.iter().any(|section| section.holds(key));
    let entries = layers.iter().flatten();
    let entries = entries.filter(|(key, _)| !manual.contains_key(*key) && !is_named(key));
    entries.filter_map(|(key, entry)| fault(key, entry, manual)).chain(named_by_the_site).collect()
}

fn fault(key: &str, entry: &Entry, manual: &Layer) -> Option<Fault> {
    let origin = entry.origin.clone();
    let inside: Vec<&str> =
        manual.keys().filter_map(|known| known.strip_prefix(&format!("{key}."))).collect();
    if !inside.is_empty() {
        // A header without anything below it is harmless.
        if entry.is_empty_section() {
            return None;
        }
        let reason = format!("`{key}` is a section, not a value");
        let help = Some(format!("the keys in it are {}", inside.join(", ")));
        return Some(Fault { key: key.to_owned(), origin, reason, help });
    }
    if let Some(known) = manual.keys().find(|known| key.starts_with(&format!("{known}."))) {
        let reason = format!("`{known}` takes a value and is not a section, so there is no `{key}`");
        return Some(Fault { key: key.to_owned(), origin, reason, help: None });
    }
    let help = Some(match suggestion(key, manual) {
        Some(meant) => format!("did you mean `{}`", spelling(meant, &origin)),
        None => "every key there is stands in config/guardhouse.toml".to_owned(),
    });
    Some(Fault {
        key: key.to_owned(),
        origin,
        reason: format!("`{key}` is not a key of the configuration"),
        help,
    })
}

/// The known key that `key` most likely stands for: the closest spelling, or the same last name in another section.
fn suggestion<'a>(key: &str, manual: &'a Layer) -> Option<&'a str> {
    let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
    let closest = manual
        .keys()
        .map(|known| (strsim::normalized_damerau_levenshtein(key, known), known))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let alike = |least: f64| closest.filter(|(likeness, _)| *likeness >= least).map(|(_, known)| known);
    let moved = || manual.keys().find(|known| last(known) == last(key));
    alike(0.85).or_else(moved).or_else(|| alike(0.7)).map(String::as_str)
}

/// The key the way the reader of the fault has to write it.
fn spelling(key: &str, origin: &Origin) -> String {
    match origin {
        Origin::Environment(_) => variable(key),
        Origin::Default | Origin::File { .. } | Origin::Flag(_) => key.to_owned(),
    }
}

/// The name of the variable that sets `key`.
pub(super) fn variable(key: &str) -> String {
    format!("GUARDHOUSE__{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// Variables that miss the notation by an underscore (`GUARDHOUSE_SERVER_BIND`) would otherwise do nothing, unseen.
pub(super) fn near_misses(env: &BTreeMap<String, String>, manual: &Layer) -> Vec<Fault> {
    let squash = |name: &str| name.replace(['_', '.'], "").to_ascii_lowercase();
    let near = |name: &String| {
        let rest = name.strip_prefix("GUARDHOUSE_").filter(|rest| !rest.starts_with('_'))?;
        let known = manual.keys().find(|key| squash(key) == squash(rest));
        let is_in = |section: &&&Named| rest.to_ascii_lowercase().starts_with(&format!("{}_", section.name));
        let named = || NAMED.iter().find(is_in).map(|section| section.example());
        let key = known.cloned().or_else(named)?;
        let meant = variable(&key);
        Some(Fault {
            key,
            origin: Origin::Environment(name.clone()),
            reason: format!("`{name}` is not read: sections and keys are set apart by two underscores"),
            help: Some(format!("did you mean `{meant}`")),
        })
    };
    env.keys().filter_map(near).collect()
}
