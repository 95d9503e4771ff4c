//! The manual taken apart: its sections, and in each the keys with the words above them. What is generated from it, the
//! schema and `docs/configuration.md`, says what the file says.
//!
//! It knows the form in which `config/guardhouse.toml` is written: a comment stands above the keys that it explains, or
//! above the header of its section; keys without a blank line between them share one comment.

use super::sources::MANUAL;

/// A part of the manual.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Its name, such as `hashing.argon2`; empty before the first header.
    pub(super) name: String,
    /// What stands above its header.
    pub(super) about: Words,
    pub(super) entries: Vec<Entry>,
}

/// One comment and the keys below it.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) about: Words,
    /// Each with its whole name and its default as it stands there.
    pub(super) keys: Vec<(String, String)>,
}

/// A comment, line by line, without its marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words(Vec<&'static str>);

/// A piece of a comment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Sentences, whatever lines they stood on.
    Paragraph(String),
    /// Lines that were set in, and stay as they are.
    Verbatim(Vec<&'static str>),
}

impl Words {
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut apart = true;
        for line in &self.0 {
            let is_set_in = line.starts_with("  ");
            match blocks.last_mut() {
                _ if line.is_empty() => {}
                Some(Block::Paragraph(text)) if !apart && !is_set_in => {
                    text.push(' ');
                    text.push_str(line);
                }
                Some(Block::Verbatim(lines)) if is_set_in => {
                    if apart {
                        lines.push("");
                    }
                    lines.push(line);
                }
                _ if is_set_in => blocks.push(Block::Verbatim(vec![line])),
                _ => blocks.push(Block::Paragraph((*line).to_owned())),
            }
            apart = line.is_empty();
        }
        blocks
    }

    /// All of it, for a place that knows no layout.
    pub(super) fn plain(&self) -> String {
        let block = |block: Block| match block {
            Block::Paragraph(text) => text,
            Block::Verbatim(lines) => lines.join("\n"),
        };
        self.blocks().into_iter().map(block).collect::<Vec<_>>().join("\n\n")
    }

    /// `clients`, where the comment explains sections whose names are the site's own: they have no header, but an example.
    fn example(&self) -> Option<&'static str> {
        let header = self.0.iter().find_map(|line| line.strip_prefix("    [")?.strip_suffix(']'))?;
        Some(header.split('.').next().unwrap_or(header))
    }
}

/// What the file begins with, and its sections in their order.
pub(super) fn sections() -> (Words, Vec<Section>) {
    let (mut intro, mut sections, mut words) = (None, vec![Section::default()], Vec::new());
    let mut beside = false;
    for line in MANUAL.lines().chain([""]) {
        if let Some(comment) = line.strip_prefix('#') {
            // The line for editors is none of the manual's words.
            if !comment.starts_with(':') {
                words.push(comment.strip_prefix(' ').unwrap_or(comment));
            }
            beside = false;
            continue;
        }
        let about = Words(std::mem::take(&mut words));
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push(Section { name: name.to_owned(), about, entries: Vec::new() });
            beside = false;
        } else if let Some((name, default)) = line.split_once(" = ") {
            let section = sections.last_mut().expect("there is one from the beginning");
            let name = match section.name.as_str() {
                "" => name.to_owned(),
                section => format!("{section}.{name}"),
            };
            if !beside {
                section.entries.push(Entry { about, keys: Vec::new() });
            }
            let entry = section.entries.last_mut().expect("one was pushed for the first key of a paragraph");
            entry.keys.push((name, default.to_owned()));
            beside = true;
        } else {
            beside = false;
            match about.example() {
                Some(name) if intro.is_some() => {
                    sections.push(Section { name: name.to_owned(), about, entries: Vec::new() });
                }
                _ if about.0.is_empty() || intro.is_some() => {}
                _ => intro = Some(about),
            }
        }
    }
    (intro.unwrap_or_default(), sections)
}
