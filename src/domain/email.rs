//! E-mail addresses as account names: one canonical form, the same in code and in every database.

use std::fmt;

use serde::Serialize;

/// A canonical address: ASCII, lower case, at most 254 octets (RFC 5321 section 4.5.3.1.3 less the brackets).
///
/// The local part is a dot-atom (RFC 5322 section 3.4.1); quoted local parts, comments and address literals are
/// refused, and so are local parts outside ASCII: two different people must never look alike to any database
/// collation. A domain with other letters is converted to its A-labels (UTS 46).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is not accepted as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address of the form name@domain")]
pub struct InvalidEmail;

impl Email {
    /// Brings `text` into its canonical form. Surrounding blanks are not forgiven: they are part of no address.
    ///
    /// # Errors
    ///
    /// [`InvalidEmail`] when it has none.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        if text.len() > 1_024 {
            return Err(InvalidEmail);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        if local.is_empty() || local.len() > 64 || !local.split('.').all(is_atom) {
            return Err(InvalidEmail);
        }
        let domain = canonical_domain(domain).ok_or(InvalidEmail)?;
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if address.len() > 254 { Err(InvalidEmail) } else { Ok(Self(address)) }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_atom(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
}

fn canonical_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let numeric_top = labels.last()?.bytes().all(|b| b.is_ascii_digit());
    (labels.len() >= 2 && !numeric_top && labels.iter().all(|label| !label.is_empty())).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|email| email.0)
    }

    #[test]
    fn every_spelling_of_an_address_has_one_form() {
        assert_eq!(canonical("Ada.Lovelace@Example.ORG").as_deref(), Some("ada.lovelace@example.org"));
        assert_eq!(canonical("x@BÜCHER.example").as_deref(), Some("x@xn--bcher-kva.example"));
        assert_eq!(canonical("o'brien+tag@a.b").as_deref(), Some("o'brien+tag@a.b"));
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long = format!("a@{}example.org", "b.".repeat(130));
        for bad in [
            "",
            "@",
            "a@",
            "@b.c",
            "a",
            "a@b",
            "a@b@c.d",
            "a..b@c.d",
            ".a@b.c",
            "a.@b.c",
            "a b@c.d",
            " a@b.c",
            "a@b.c ",
            "a@b..c",
            "a@b.c.",
            "a@-b.c",
            "a@[127.0.0.1]",
            "a@1.2.3.4",
            "\"a\"@b.c",
            "a\0@b.c",
            "a\n@b.c",
            "аdmin@example.org",
            "a@b_c.d",
            long_local.as_str(),
            long.as_str(),
        ] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
    }
}
