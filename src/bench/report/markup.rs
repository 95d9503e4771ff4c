//! Markup that cannot be broken by what it shows.
//!
//! Names of elements and attributes are part of this program (`&'static str`); everything else goes through one of two
//! doors, text or the value of an attribute, and both escape. Elements close themselves, so that the page is well
//! formed as XML too, which is how it is tested.

use std::fmt::Display;

use crate::bench::format::is_harmless;

/// A page that grows.
#[derive(Debug, Default)]
pub(super) struct Markup {
    page: String,
    ids: u32,
}

/// The attributes of one element.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl Markup {
    /// The element `name` around what `content` adds.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        content: impl FnOnce(&mut Self),
    ) {
        self.tag(name, attributes);
        self.page.push('>');
        content(self);
        self.page.push_str("</");
        self.page.push_str(name);
        self.page.push('>');
    }

    /// The element `name` around `text` alone.
    pub(super) fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |inner| inner.text(text));
    }

    /// An element without content: `rect`, `meta`.
    pub(super) fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.tag(name, attributes);
        self.page.push_str("/>");
    }

    /// Any text.
    pub(super) fn text(&mut self, text: &str) {
        escape(&mut self.page, text);
    }

    /// Markup that is part of this program.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.page.push_str(markup);
    }

    /// An id that no other element has.
    pub(super) fn id(&mut self) -> String {
        self.ids += 1;
        format!("e{}", self.ids)
    }

    /// The page.
    pub(super) fn into_string(self) -> String {
        self.page
    }

    fn tag(&mut self, name: &'static str, attributes: Attributes<'_>) {
        // A line for each element, so that two pages can be compared.
        if !matches!(name, "td" | "th" | "tspan" | "a" | "b" | "span") {
            self.page.push('\n');
        }
        self.page.push('<');
        self.page.push_str(name);
        for (name, value) in attributes {
            self.page.push(' ');
            self.page.push_str(name);
            self.page.push_str("=\"");
            escape(&mut self.page, &value.to_string());
            self.page.push('"');
        }
    }
}

fn escape(page: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            '\n' | '\t' => page.push(character),
            // XML has no other control characters, and not these two.
            '\u{fffe}' | '\u{ffff}' => page.push(char::REPLACEMENT_CHARACTER),
            _ if !is_harmless(character) => page.push(char::REPLACEMENT_CHARACTER),
            _ => page.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_shown_stays_text() {
        let mut page = Markup::default();
        page.element("p", &[("title", &"\"'><script>")], |page| page.text("<b>&\u{0}\u{202e}\n"));
        page.void("rect", &[("x", &1.5)]);
        let shown = "\n<p title=\"&quot;&#39;&gt;&lt;script&gt;\">&lt;b&gt;&amp;\u{fffd}\u{fffd}\n</p>\n<rect x=\"1.5\"/>";
        assert_eq!(page.into_string(), shown);
    }
}
