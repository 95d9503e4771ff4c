//! Settings that are one word out of a few: the enum, its words, and the answer to a word that is none of them.

use super::leaf::Complaint;

/// The value whose word is `text`, or a complaint that names all words and the likely one.
pub(super) fn pick<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, Complaint> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let plain = |word: &str| word.to_ascii_lowercase().replace(['-', ' '], "_");
    let likely = words
        .iter()
        .map(|(word, _)| (strsim::normalized_damerau_levenshtein(&plain(text), &plain(word)), word))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .filter(|(likeness, _)| *likeness >= 0.6);
    let help = likely.map(|(_, word)| format!("did you mean `{word}`"));
    Err(Complaint { reason: format!("`{text}` is none of {list}"), help })
}

/// Declares such an enum: documentation, name, and each variant with its word.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            pub(super) const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }

        /// The word that stands in the file.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }
    };
}
pub(super) use words;

/// Makes such an enum a type that a key may have.
macro_rules! word_leaf {
    ($name:ident, $wanted:literal) => {
        $crate::config::leaf::text_leaf!(
            $name,
            $wanted,
            serde_json::json!({ "enum": Self::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>() }),
            |text| $crate::config::words::pick(text, Self::WORDS),
            Self::to_string
        );
    };
}
pub(super) use word_leaf;
