//! Whether a password is little more than the address of its account: the first thing that is guessed.

use crate::domain::email::Email;

/// Shorter parts of an address are found in too many words.
const SHORTEST: usize = 4;

/// Whether half of `password` or more is the address `email` or a part of it, forwards or backwards, in any case, with
/// or without what stands between the parts.
pub(super) fn is_mostly(password: &str, email: &Email) -> bool {
    let password = letters_and_digits(password);
    let length = password.chars().count();
    parts(email).iter().any(|part| {
        let backwards: String = part.chars().rev().collect();
        2 * part.chars().count() >= length && (password.contains(part) || password.contains(&backwards))
    })
}

/// The whole address, what is left and right of its `@`, and the names within.
fn parts(email: &Email) -> Vec<String> {
    let whole = email.as_str();
    let names = whole.split(|c: char| !c.is_ascii_alphanumeric());
    let mut parts: Vec<_> = whole.split('@').chain([whole]).chain(names).map(letters_and_digits).collect();
    parts.retain(|part| part.len() >= SHORTEST);
    parts
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_password_may_not_be_the_address() {
        let email = Email::parse("ada.lovelace+shop@analytical.example.org").expect("an address");
        for similar in [
            "ada.lovelace+shop@analytical.example.org",
            "AdaLovelace",
            "lovelace",
            "Lovelace1815",
            "1815 LOVELACE",
            "ecalevol1815",
            "Analytical!2026",
            "l-o-v-e-l-a-c-e",
            "adalovelaceshop99",
        ] {
            assert!(is_mostly(similar, &email), "{similar}");
        }
        for other in [
            "correct horse battery",
            "lovelace and the engine",
            "my ada is 9",
            "",
            "!!!!!!!!",
            "org example com 12",
            "lovely places to be",
        ] {
            assert!(!is_mostly(other, &email), "{other}");
        }
    }
}
