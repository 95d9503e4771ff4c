//! PBKDF2 (RFC 8018 section 5.2) and its many spellings.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2 as aws;
use hmac::SimpleHmac;
use hmac::digest::{FixedOutput, KeyInit, Update};
use sha3::{Sha3_224, Sha3_384};

use super::attempt::{Attempt, Checked, Refused, equal, lengths};
use super::text::{
    adapted_base64, base64, base64_either, base64_unpadded, base64url, decimal, hex, parts, to_crypt, value,
};

/// The pseudorandom function, with the octets that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prf {
    Sha1 = 20,
    Sha256 = 32,
    Sha512 = 64,
    /// What Kratos calls SHA-224.
    Sha3_224 = 28,
    /// What Kratos calls SHA-384.
    Sha3_384 = 48,
}

impl Prf {
    /// As most sources name it.
    pub(super) fn named(name: &str) -> Result<Self, Refused> {
        match name {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(Refused::Unknown),
        }
    }
}

/// Derives as many octets as `stored` has and compares, when the limits allow.
pub(super) fn check(attempt: &Attempt<'_>, prf: Prf, rounds: u64, salt: &[u8], stored: &[u8]) -> Checked {
    attempt.afford(rounds.saturating_mul(stored.len().div_ceil(prf as usize).max(1) as u64), 0)?;
    lengths(salt, stored)?;
    let rounds = u32::try_from(rounds).ok().and_then(NonZeroU32::new).ok_or(Refused::Malformed)?;
    attempt.begin()?;
    let mut made = vec![0; stored.len()];
    let algorithm = match prf {
        Prf::Sha1 => aws::PBKDF2_HMAC_SHA1,
        Prf::Sha256 => aws::PBKDF2_HMAC_SHA256,
        Prf::Sha512 => aws::PBKDF2_HMAC_SHA512,
        Prf::Sha3_224 => return sha3::<SimpleHmac<Sha3_224>>(attempt, rounds, salt, stored),
        Prf::Sha3_384 => return sha3::<SimpleHmac<Sha3_384>>(attempt, rounds, salt, stored),
    };
    aws::derive(algorithm, rounds, salt, attempt.password, &mut made);
    equal(&made, stored)
}

fn sha3<M: KeyInit + Update + FixedOutput + Clone + Sync>(
    attempt: &Attempt<'_>,
    rounds: NonZeroU32,
    salt: &[u8],
    stored: &[u8],
) -> Checked {
    let mut made = vec![0; stored.len()];
    pbkdf2::pbkdf2::<M>(attempt.password, salt, rounds.get(), &mut made).map_err(|_| Refused::Malformed)?;
    equal(&made, stored)
}

/// Django, `pbkdf2_DIGEST$ROUNDS$SALT$BASE64`.
pub(super) fn django(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [digest, rounds, salt, stored] = parts(rest, '$')?;
    check(attempt, Prf::named(digest)?, decimal(rounds)?, salt.as_bytes(), &base64(stored)?)
}

/// passlib, `$pbkdf2$…` (SHA-1) and `$pbkdf2-DIGEST$ROUNDS$SALT$HASH`, and the PHC form of the latter.
pub(super) fn modular(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let (digest, rest) = rest.split_once('$').ok_or(Refused::Malformed)?;
    let prf = match digest {
        "" => Prf::Sha1,
        named => Prf::named(named.strip_prefix('-').ok_or(Refused::Unknown)?)?,
    };
    if rest.starts_with("i=") {
        return phc(prf, rest, attempt);
    }
    let [rounds, salt, stored] = parts(rest, '$')?;
    check(attempt, prf, decimal(rounds)?, &adapted_base64(salt)?, &adapted_base64(stored)?)
}

/// `i=ROUNDS,l=LENGTH$SALT$HASH`.
pub(super) fn phc(prf: Prf, rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [parameters, salt, stored] = parts(rest, '$')?;
    let [rounds, length] = parts(parameters, ',')?;
    let (rounds, length) = (decimal(value(rounds, "i")?)?, decimal(value(length, "l")?)?);
    let (salt, stored) = (base64_unpadded(salt)?, base64_unpadded(stored)?);
    if length != stored.len() as u64 {
        return Err(Refused::Malformed);
    }
    check(attempt, prf, rounds, &salt, &stored)
}

/// LDAP servers, `{PBKDF2}…` (SHA-1) and `{PBKDF2-DIGEST}ROUNDS$SALT$HASH`.
pub(super) fn ldap(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let (digest, rest) = rest.split_once('}').ok_or(Refused::Malformed)?;
    let prf = match digest {
        "" => Prf::Sha1,
        named => Prf::named(&named.strip_prefix('-').ok_or(Refused::Unknown)?.to_ascii_lowercase())?,
    };
    let [rounds, salt, stored] = parts(rest, '$')?;
    check(attempt, prf, decimal(rounds)?, &adapted_base64(salt)?, &adapted_base64(stored)?)
}

/// Atlassian, `{PKCS5S2}`: SHA-1, 10,000 rounds, 16 octets of salt before the digest.
pub(super) fn atlassian(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let octets = base64(rest)?;
    let (salt, stored) = octets.split_at_checked(16).ok_or(Refused::Malformed)?;
    check(attempt, Prf::Sha1, 10_000, salt, stored)
}

/// `$p5k2$HEX ROUNDS$SALT$HASH`, in the way of Cryptacular (padded) or of Dwayne Litzenberger (salted with all of the
/// string that comes before the digest).
pub(super) fn p5k2(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [rounds, salt, stored] = parts(rest, '$')?;
    let number = if rounds.is_empty() {
        400
    } else {
        let canonical = rounds.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(rounds, 16).unwrap_or(u64::MAX);
        (canonical && !rounds.starts_with('0')).then_some(number).ok_or(Refused::Malformed)?
    };
    if stored.ends_with('=') {
        return check(attempt, Prf::Sha1, number, &base64url(salt)?, &base64url(stored)?);
    }
    let salt = format!("$p5k2${rounds}${salt}");
    check(attempt, Prf::Sha1, number, salt.as_bytes(), &adapted_base64(stored)?)
}

/// GRUB, `grub.pbkdf2.sha512.ROUNDS.HEX SALT.HEX HASH`.
pub(super) fn grub(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [rounds, salt, stored] = parts(rest, '.')?;
    check(attempt, Prf::Sha512, decimal(rounds)?, &hex(salt)?, &hex(stored)?)
}

/// Werkzeug, `pbkdf2:DIGEST:ROUNDS$SALT$HEX`.
pub(super) fn werkzeug(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [method, salt, stored] = parts(rest, '$')?;
    let [digest, rounds] = parts(method, ':')?;
    check(attempt, Prf::named(digest)?, decimal(rounds)?, salt.as_bytes(), &hex(stored)?)
}

/// `ROUNDS:SALT:HASH` behind the name of the digest and a colon, in base64.
pub(super) fn colons(prf: Prf, rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [rounds, salt, stored] = parts(rest, ':')?;
    check(attempt, prf, decimal(rounds)?, &base64_either(salt)?, &base64_either(stored)?)
}

/// NetBSD's `$sha1$ROUNDS$SALT$HASH`, PBKDF1 with HMAC-SHA-1 for the digest.
pub(super) fn netbsd(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [rounds, salt, stored] = parts(rest, '$')?;
    let number = decimal(rounds)?;
    // HMAC is four blocks a round where the rest here is two.
    attempt.afford(number.saturating_mul(2), 0)?;
    if number == 0 || salt.len() > 64 || !super::text::is_crypt(salt) {
        return Err(Refused::Malformed);
    }
    attempt.begin()?;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, attempt.password);
    let mut made = aws_lc_rs::hmac::sign(&key, format!("{salt}$sha1${rounds}").as_bytes());
    for _ in 1..number {
        made = aws_lc_rs::hmac::sign(&key, made.as_ref());
    }
    const ORDER: [usize; 21] = [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 17, 16, 15, 0, 19, 18];
    let made = to_crypt(ORDER.map(|at| made.as_ref()[at]));
    equal(made.as_bytes(), stored.as_bytes())
}
