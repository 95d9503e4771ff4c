//! In which line of a TOML text a key stands, so that a fault can point at it.
//!
//! A look at the beginnings of lines, not a parser: it knows headers, dotted keys and plain assignments, and answers
//! `None` rather than guess. TOML itself is parsed elsewhere; the parser at hand does not keep positions.

use std::collections::BTreeMap;

/// The line, counted from 1, of every key that could be found.
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let mut found = BTreeMap::new();
        let mut section = String::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim_start_matches('\u{FEFF}').trim_start();
            if let Some(header) = line.strip_prefix('[') {
                if let Some((name, _)) = header.split_once(']').filter(|(name, _)| is_key(name)) {
                    section = bare(name);
                    found.entry(section.clone()).or_insert(number);
                }
            } else if let Some((name, _)) = line.split_once('=').filter(|(name, _)| is_key(name)) {
                let key = if section.is_empty() { bare(name) } else { format!("{section}.{}", bare(name)) };
                found.entry(key).or_insert(number);
            }
        }
        Self(found)
    }

    /// The line of `key`, or that of the inline table it stands in.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let parents = std::iter::successors(Some(key), |key| Some(key.rsplit_once('.')?.0));
        parents.into_iter().find_map(|key| self.0.get(key).copied())
    }
}

fn is_key(name: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '\t' | '"' | '\'');
    !name.trim().is_empty() && name.chars().all(allowed)
}

fn bare(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '\t' | '"' | '\'')).collect()
}
