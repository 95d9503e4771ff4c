//! The table of formats: how each begins, how it is verified, and whether it is weak.

use super::attempt::{Attempt, Checked};
use super::pbkdf2::Prf;
use super::{
    aspnet, bcrypt, digests, django, firebase, hmacs, keycloak, kratos, ldap, md5_crypt, pbkdf2, phpass,
    scrypt, sha_crypt,
};

/// How a hash begins whose dialect is named.
pub const IMPORT: &str = "$import$";

/// One format.
#[derive(Debug)]
pub struct Format {
    /// For reports; behind [`IMPORT`] the dialect's.
    pub name: &'static str,
    /// How it begins, in any case where that is a brace; empty for a dialect.
    pub prefix: &'static str,
    pub(super) verify: fn(&str, &Attempt<'_>) -> Checked,
    /// One unsalted run of a fast digest.
    pub weak: bool,
    /// Takes memory by the megabyte.
    pub memory_hard: bool,
}

type Verify = fn(&str, &Attempt<'_>) -> Checked;

const fn format(name: &'static str, prefix: &'static str, verify: Verify) -> Format {
    Format { name, prefix, verify, weak: false, memory_hard: false }
}

const fn weak(name: &'static str, prefix: &'static str, verify: Verify) -> Format {
    Format { weak: true, ..format(name, prefix, verify) }
}

const fn hard(name: &'static str, prefix: &'static str, verify: Verify) -> Format {
    Format { memory_hard: true, ..format(name, prefix, verify) }
}

/// What crypt(3) writes, bcrypt apart; also inside of LDAP's `{CRYPT}`.
pub static CRYPT: [Format; 5] = [
    format("md5-crypt", "$1$", md5_crypt::crypt),
    format("sha256-crypt", "$5$", sha_crypt::sha256),
    format("sha512-crypt", "$6$", sha_crypt::sha512),
    hard("scrypt-crypt", "$7$", scrypt::crypt),
    format("sha1-crypt", "$sha1$", pbkdf2::netbsd),
];

/// Those that say what they are.
pub static FORMATS: [Format; 33] = [
    format("django-pbkdf2", "pbkdf2_", pbkdf2::django),
    format("django-bcrypt-sha256", "bcrypt_sha256$", bcrypt::of_sha256),
    format("django-sha1", "sha1$", django::salted_sha1),
    format("django-md5", "md5$", django::salted_md5),
    format("pbkdf2", "$pbkdf2", pbkdf2::modular),
    format("cryptacular-pbkdf2", "$p5k2$", pbkdf2::p5k2),
    format("grub-pbkdf2", "grub.pbkdf2.sha512.", pbkdf2::grub),
    format("werkzeug-pbkdf2", "pbkdf2:", pbkdf2::werkzeug),
    format("pbkdf2-colons", "sha1:", |rest, attempt| pbkdf2::colons(Prf::Sha1, rest, attempt)),
    format("pbkdf2-colons", "sha256:", |rest, attempt| pbkdf2::colons(Prf::Sha256, rest, attempt)),
    format("pbkdf2-colons", "sha512:", |rest, attempt| pbkdf2::colons(Prf::Sha512, rest, attempt)),
    format("keycloak", "{\"", |rest, attempt| keycloak::credential(&format!("\"{rest}"), attempt)),
    format("atlassian-pbkdf2", "{PKCS5S2}", pbkdf2::atlassian),
    format("ldap-pbkdf2", "{PBKDF2", pbkdf2::ldap),
    hard("ldap-crypt", "{CRYPT}", ldap::crypt),
    format("ldap-ssha", "{SSHA", |rest, attempt| ldap::digest(&format!("SSHA{rest}"), attempt)),
    format("ldap-smd5", "{SMD5}", |rest, attempt| ldap::digest(&format!("SMD5}}{rest}"), attempt)),
    weak("ldap-sha", "{SHA", |rest, attempt| ldap::digest(&format!("SHA{rest}"), attempt)),
    weak("ldap-md5", "{MD5}", |rest, attempt| ldap::digest(&format!("MD5}}{rest}"), attempt)),
    hard("scrypt", "$scrypt$", scrypt::modular),
    hard("werkzeug-scrypt", "scrypt:", scrypt::werkzeug),
    hard("scrypt-colons", "SCRYPT:", scrypt::colons),
    hard("lucia-scrypt", "s2:", scrypt::wide_blocks),
    hard("firebase-scrypt", "$fbscrypt$", firebase::fbscrypt),
    hard("firebase-scrypt", "$firescrypt$", firebase::firescrypt),
    format("phpass", "$P$", phpass::portable),
    format("phpass", "$H$", phpass::portable),
    format("drupal7", "$S$", phpass::drupal),
    format("wordpress", "$wp$", bcrypt::wordpress),
    format("bcrypt-sha256", "$bcrypt-sha256$", bcrypt::passlib),
    format("apache-md5", "$apr1$", md5_crypt::apache),
    weak("nt-hash", "ipaNTHash: ", digests::ipa_nt),
    weak("nt-hash", "sambaNTPassword: ", digests::nt),
];

/// Those that do not: stored as `$import$NAME$…`.
///
/// | dialect | what follows |
/// | --- | --- |
/// | `kratos` | the whole string of Ory Kratos, from its `$` on |
/// | `aspnet` | base64 of ASP.NET Core Identity, version 2 or 3 |
/// | `better-auth`, `lucia` | `SALT:HEX`, scrypt with r = 16 |
/// | `node` | `SALT:HEX`, scrypt with r = 8: Node's own costs |
/// | `werkzeug` | `DIGEST$SALT$HEX`, one HMAC: before Werkzeug had PBKDF2 |
/// | `bcrypt-md5`, `bcrypt-sha1`, `bcrypt-sha256`, `bcrypt-sha512` | bcrypt of the hexadecimal digest |
/// | `nt-hash`, `md5`, `sha1`, `sha256`, `sha512` | hexadecimal digits; weak |
pub static DIALECTS: [Format; 15] = [
    hard("kratos", "", kratos::hash),
    format("aspnet", "", aspnet::identity),
    hard("better-auth", "", scrypt::wide_blocks),
    hard("lucia", "", scrypt::wide_blocks),
    hard("node", "", scrypt::node),
    format("werkzeug", "", hmacs::werkzeug),
    format("bcrypt-md5", "", bcrypt::of_md5),
    format("bcrypt-sha1", "", bcrypt::of_sha1),
    format("bcrypt-sha256", "", bcrypt::of_sha256),
    format("bcrypt-sha512", "", bcrypt::of_sha512),
    weak("nt-hash", "", digests::nt),
    weak("md5", "", digests::hex_md5),
    weak("sha1", "", digests::hex_sha1),
    weak("sha256", "", digests::hex_sha256),
    weak("sha512", "", digests::hex_sha512),
];

/// The format of `stored`, with what comes behind its prefix.
pub(super) fn recognise(stored: &str) -> Option<(&'static Format, &str)> {
    if let Some(rest) = stored.strip_prefix(IMPORT) {
        let (dialect, rest) = rest.split_once('$')?;
        return DIALECTS.iter().find(|format| format.name == dialect).map(|format| (format, rest));
    }
    among(&FORMATS, stored).or_else(|| crypt(stored))
}

/// The same among those of crypt(3).
pub(super) fn crypt(stored: &str) -> Option<(&'static Format, &str)> {
    among(&CRYPT, stored)
}

fn among<'a>(formats: &'static [Format], stored: &'a str) -> Option<(&'static Format, &'a str)> {
    formats.iter().find_map(|format| {
        let (start, rest) = stored.split_at_checked(format.prefix.len())?;
        let same = start == format.prefix
            || format.prefix.starts_with('{') && start.eq_ignore_ascii_case(format.prefix);
        same.then_some((format, rest))
    })
}
