//! The passwords that everybody tries first, built into the program, and how they are usually dressed up.

use std::iter;

use zeroize::Zeroizing;

use super::filter::BreachFilter;

/// Django 5.2.19's list of common passwords (by Royce Williams, from counts of public breaches): the first 3,000 of at
/// least 8 characters, which is what OWASP ASVS 5.0 V6.2.4 asks for, and each of at least 15. All are in lower case.
///
/// At 32 bits, since that costs 4 KiB: it refuses about one stranger in four billion.
///
/// # Panics
///
/// Never: a test rebuilds the file and opens it.
pub fn common() -> BreachFilter {
    BreachFilter::embedded(include_bytes!("common.gcs")).expect("a test opens the built-in filter")
}

/// The spellings of `password` to ask [`common`] for: itself, and all in lower case where that is another.
///
/// `Password1` is guessed as early as `password1`, and a policy that asks for an upper-case letter would otherwise refuse
/// nothing on a list that has none. Only for the common list: in a filter of breached passwords `Password1` is there if
/// somebody had it, and a second question would double the false positives.
pub fn spellings(password: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let lower = Zeroizing::new(password.to_lowercase());
    let differs = *lower != *password;
    iter::once(Zeroizing::new(password.to_owned())).chain(differs.then_some(lower))
}
