//! Sections whose entries bear names of the site's own, such as `[clients.shop]`: the manual cannot know their keys.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::reader::Reader;
use super::sources::Layer;

/// Such a section.
pub(super) struct Named {
    pub(super) name: &'static str,
    /// What an entry may set.
    pub(super) keys: &'static [&'static str],
    /// What an entry is, for a sentence: "a client".
    pub(super) one: &'static str,
    /// What an entry has, for somebody who wrote something else.
    pub(super) help: &'static str,
}

impl Named {
    /// Whether `key` belongs to this section, which tells its own faults.
    pub(super) fn holds(&self, key: &str) -> bool {
        key == self.name || key.strip_prefix(self.name).is_some_and(|rest| rest.starts_with('.'))
    }

    /// The key of `setting` in the entry `id`.
    pub(super) fn key(&self, id: &str, setting: &str) -> String {
        format!("{}.{id}.{setting}", self.name)
    }

    /// A key as it is written, for a fault that cannot know the name.
    pub(super) fn example(&self) -> String {
        self.key("NAME", self.keys[self.keys.len() - 1])
    }

    /// Every entry that somebody set something of, with the keys that are set.
    pub(super) fn entries(&self, reader: &Reader) -> BTreeMap<String, Vec<String>> {
        let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for key in reader.keys(|key| self.holds(key)) {
            if let Some((id, setting)) = self.split(&key)
                && self.keys.contains(&setting)
            {
                entries.entry(id.to_owned()).or_default().push(key);
            }
        }
        entries
    }

    /// What is written below the section in `layer` and means nothing.
    pub(super) fn unknown(&self, layer: &Layer) -> Vec<Fault> {
        let ours = layer.iter().filter(|(key, _)| self.holds(key));
        let faults = ours.filter_map(|(key, entry)| {
            let reason = match self.split(key) {
                Some((_, setting)) if self.keys.contains(&setting) => return None,
                _ if entry.is_empty_section() => return None,
                Some((_, setting)) => format!("`{setting}` is not a setting of {}", self.one),
                None => format!("`{key}` is a section, not a value"),
            };
            let help = Some(self.help.to_owned());
            Some(Fault { key: key.clone(), origin: entry.origin.clone(), reason, help })
        });
        faults.collect()
    }

    /// The id and the setting of `clients.ID.SETTING`; an id may have dots in it.
    fn split<'k>(&self, key: &'k str) -> Option<(&'k str, &'k str)> {
        key.strip_prefix(self.name)?.strip_prefix('.')?.rsplit_once('.')
    }
}
