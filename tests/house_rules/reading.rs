//! Reading Rust just well enough for the house rules: the paths that a source text names, and on which line. Comments,
//! texts and inline `#[cfg(test)]` modules name nothing. Macros that build paths from pieces are beyond it.

/// A path as it is used, `use` groups spelt out: `crate::{a::B, c}` gives `crate::a::B` and `crate::c`.
pub(super) struct Name {
    /// Segments joined by `::`; begins with `crate` or with an outer name.
    pub(super) path: String,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Tests in a file of their own may use what they like, as those in an inline module may.
pub(super) fn rules_apply_to(file: &str) -> bool {
    let mut parts = file.trim_end_matches(".rs").split('/');
    !parts.any(|part| part == "tests" || part.ends_with("_tests"))
}

/// All paths of two or more segments in `source`, and single names after `use`. `place` (the module as a path
/// below `src/`) says how many `super` lead to the crate itself.
pub(super) fn names(source: &str, place: &str) -> Vec<Name> {
    let code = without_test_modules(&code_only(source));
    let tokens = tokens(&code);
    let depth = place.split('/').count();
    let mut names = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let after_use = at > 0 && tokens[at - 1].0 == "use";
        let begins = is_word(tokens[at].0) && (at == 0 || !matches!(tokens[at - 1].0, "::" | "."));
        let qualified = tokens.get(at + 1).is_some_and(|next| next.0 == "::");
        if begins && (qualified || after_use) {
            at = spell_out(&tokens, at, "", &mut names);
        } else {
            at += 1;
        }
    }
    let to_the_crate = "super::".repeat(depth);
    for name in &mut names {
        if let Some(rest) = name.path.strip_prefix(&to_the_crate) {
            name.path = format!("crate::{rest}");
        }
    }
    names
}

/// Adds the path that begins at `at`, or all paths of the group there, and answers where it ends.
fn spell_out(tokens: &[(&str, usize)], mut at: usize, before: &str, names: &mut Vec<Name>) -> usize {
    let mut path = before.to_owned();
    let mut line = tokens.get(at).map_or(0, |token| token.1);
    while let Some(&(word, on)) = tokens.get(at) {
        if word == "{" && (path.ends_with("::")) {
            at += 1;
            while at < tokens.len() && tokens[at].0 != "}" {
                let end = spell_out(tokens, at, &path, names);
                at = end.max(at + 1);
            }
            return at + 1;
        }
        if !is_word(word) && word != "*" {
            break;
        }
        line = on;
        path.push_str(word);
        at += 1;
        if tokens.get(at).is_none_or(|next| next.0 != "::") {
            break;
        }
        path.push_str("::");
        at += 1;
    }
    if path.len() > before.len() {
        names.push(Name { path: path.trim_end_matches("::").to_owned(), line });
    }
    at
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Words, `::` and single other characters, with their lines.
fn tokens(code: &str) -> Vec<(&str, usize)> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (code, 1);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if is_word(rest) => word_length(rest),
            ':' if rest.starts_with("::") => 2,
            other => other.len_utf8(),
        };
        if !first.is_whitespace() {
            tokens.push((&rest[..length], line));
        }
        line += usize::from(first == '\n');
        rest = &rest[length..];
    }
    tokens
}

/// The text with comments and the insides of literals as blanks; lines stay where they are.
fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (length, blank) = match literal_or_comment(rest) {
            Some(length) => (length, true),
            // A word is taken whole, so that the last letter of one begins no literal.
            None if is_word(rest) => (word_length(rest), false),
            None => (first.len_utf8(), false),
        };
        let piece = &rest[..length];
        if blank {
            code.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            code.push_str(piece);
        }
        rest = &rest[length..];
    }
    code
}

/// How long the comment, text or character literal is that `rest` begins with, if it does.
fn literal_or_comment(rest: &str) -> Option<usize> {
    let until =
        |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        let (mut depth, mut at) = (1, 2);
        while depth > 0 && at < rest.len() {
            match &rest.as_bytes()[at..] {
                [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
                [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
        }
        return Some(at);
    }
    let text = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - text.len();
    if let Some(raw) = text.strip_prefix('r').filter(|_| prefix <= 1) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return Some(until(&format!("\"{}", "#".repeat(hashes)), prefix + 1 + hashes + 1));
        }
    }
    if text.starts_with('"') && prefix <= 1 {
        return Some(prefix + 1 + end_of_quoted(&text[1..], '"'));
    }
    let mut quoted = text.strip_prefix('\'')?.chars();
    // Not a lifetime: one character or an escape, and the closing quote.
    let is_character = prefix <= 1 && (quoted.next() == Some('\\') || quoted.next() == Some('\''));
    is_character.then(|| prefix + 1 + end_of_quoted(&text[1..], '\''))
}

/// Where the text that ends with `quote` is over, the quote included.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// Inline modules under `#[cfg(test)]` as blanks.
fn without_test_modules(code: &str) -> String {
    let mut kept = code.to_owned();
    let mut from = 0;
    while let Some(found) = kept[from..].find("#[cfg(test)]").map(|at| from + at) {
        from = found + 1;
        let Some(open) = kept[found..].find(['{', ';']).map(|at| found + at) else {
            break;
        };
        if kept.as_bytes()[open] == b';' || !kept[found..open].contains("mod ") {
            continue;
        }
        let mut depth = 0;
        let end = kept[open..].find(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        let end = end.map_or(kept.len(), |at| open + at + 1);
        let blank: String = kept[found..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        kept.replace_range(found..end, &blank);
    }
    kept
}
