//! The manual as a page of Markdown: `docs/configuration.md`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Config;
use super::manual::{Block, Entry, Section, Words, sections};
use super::reader::{Described, Reader};
use super::reload::can_be_reloaded;
use super::sources::Sources;
use super::unknown::variable;

const HEAD: &str = "# Configuration

<!-- Made of config/guardhouse.toml by `guardhouse config manual --markdown > docs/configuration.md`. Do not edit. -->

Every setting, what it means, and its default. **Reload**: whether a running server takes a change over on `SIGHUP` (`systemctl
reload guardhouse`) or only at its next start; see [deploy.md](deploy.md#changing-the-configuration).
";

/// The page.
///
/// # Panics
///
/// When the embedded manual is no manual; the tests make the page.
pub fn manual() -> String {
    let mut reader = Reader::new(&Sources::default());
    Config::read(&mut reader);
    let described: BTreeMap<_, _> =
        reader.described().map(|(described, _)| (described.key, described)).collect();
    let (intro, sections) = sections();
    let mut page = String::from(HEAD);
    page.push_str(&words(&intro));
    for section in &sections {
        page.push_str(&part(section, &described));
    }
    page
}

fn part(section: &Section, described: &BTreeMap<&str, &Described>) -> String {
    let name = if section.name.is_empty() {
        "At the top of the file".to_owned()
    } else {
        format!("`[{}]`", section.name)
    };
    let mut part = format!("\n## {name}\n{}", words(&section.about));
    if section.entries.is_empty() {
        let reload = if can_be_reloaded(&section.name) { "yes" } else { "no" };
        let _ = writeln!(part, "\nReload: {reload}.");
        return part;
    }
    part.push_str("\n| key | default | value | reload |\n| --- | --- | --- | --- |\n");
    for (key, default) in section.entries.iter().flat_map(|entry| &entry.keys) {
        let takes = described.get(key.as_str()).map(|described| takes(described)).unwrap_or_default();
        let reload = if can_be_reloaded(key) { "yes" } else { "no" };
        let _ = writeln!(part, "| [`{key}`](#{}) | `{default}` | {takes} | {reload} |", anchor(key));
    }
    for entry in &section.entries {
        part.push_str(&paragraph(entry));
    }
    part
}

fn paragraph(entry: &Entry) -> String {
    let mut text = String::new();
    for (key, _) in &entry.keys {
        let _ = writeln!(text, "\n### `{key}`\n\nVariable `{}`.", variable(key));
    }
    text.push_str(&words(&entry.about));
    text
}

/// What may be written, in few words: the manual's own say the rest.
fn takes(described: &Described) -> String {
    let schema = (described.schema)();
    let code = |value: &serde_json::Value| format!("`{}`", value.to_string().replace('|', "\\|"));
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(code).collect::<Vec<_>>().join(", ");
    }
    if let Some([from, to]) = &described.range {
        return format!("`{from}` to `{to}`");
    }
    described.wanted.to_owned()
}

/// As the usual renderers make it of the heading.
fn anchor(key: &str) -> String {
    key.replace('.', "")
}

fn words(words: &Words) -> String {
    let mut text = String::new();
    for block in words.blocks() {
        match block {
            Block::Paragraph(sentences) => {
                let _ = writeln!(text, "\n{}", escaped(&sentences));
            }
            Block::Verbatim(lines) => {
                let _ = writeln!(text, "\n```text\n{}\n```", lines.join("\n"));
            }
        }
    }
    text
}

/// Outside of code, what Markdown would take for its own.
fn escaped(sentences: &str) -> String {
    let mut text = String::new();
    for (number, part) in sentences.split('`').enumerate() {
        let is_code = number % 2 == 1;
        if is_code {
            let _ = write!(text, "`{part}`");
            continue;
        }
        for c in part.chars() {
            if matches!(c, '*' | '_' | '<' | '[' | ']' | '|' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
    }
    text
}
