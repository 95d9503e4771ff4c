//! scrypt (RFC 7914) and its spellings.

use scrypt::Params;
use unicode_normalization::UnicodeNormalization;

use super::attempt::{Attempt, Checked, Refused, equal, lengths};
use super::text::{base64, base64_unpadded, crypt_digit, decimal, hex, parts, to_crypt, value};

/// Derives `length` octets, when the limits allow. `n` is not its logarithm.
///
/// # Errors
///
/// When the parameters are too dear, or none.
pub(super) fn derive(
    attempt: &Attempt<'_>,
    [n, r, p]: [u64; 3],
    salt: &[u8],
    length: usize,
) -> Result<Vec<u8>, Refused> {
    if !attempt.limits.allow_scrypt(n, r, p) {
        return Err(Refused::TooExpensive);
    }
    let small = |number: u64| u32::try_from(number).map_err(|_| Refused::Malformed);
    let (r, p) = (small(r)?, small(p)?);
    if n < 2 || !n.is_power_of_two() {
        return Err(Refused::Malformed);
    }
    let params = Params::new(n.ilog2() as u8, r, p).map_err(|_| Refused::Malformed)?;
    attempt.begin()?;
    let mut made = vec![0; length];
    scrypt::scrypt(attempt.password, salt, &params, &mut made).map_err(|_| Refused::Malformed)?;
    Ok(made)
}

/// Derives as many octets as `stored` has and compares.
pub(super) fn check(attempt: &Attempt<'_>, costs: [u64; 3], salt: &[u8], stored: &[u8]) -> Checked {
    let [n, r, p] = costs;
    if !attempt.limits.allow_scrypt(n, r, p) {
        return Err(Refused::TooExpensive);
    }
    lengths(salt, stored)?;
    equal(&derive(attempt, costs, salt, stored.len())?, stored)
}

/// 2 to the power of `log`; dearer than anything when it is too large.
pub(super) fn power(log: u64) -> u64 {
    u32::try_from(log).ok().and_then(|log| 1_u64.checked_shl(log)).unwrap_or(u64::MAX)
}

/// `ln=…,r=…,p=…`, as numbers.
pub(super) fn costs(text: &str) -> Result<[u64; 3], Refused> {
    let [n, r, p] = parts(text, ',')?;
    Ok([decimal(value(n, "ln")?)?, decimal(value(r, "r")?)?, decimal(value(p, "p")?)?])
}

/// passlib and PHC, `$scrypt$ln=LOG N,r=…,p=…$SALT$HASH`.
pub(super) fn modular(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [parameters, salt, stored] = parts(rest, '$')?;
    let [log, r, p] = costs(parameters)?;
    check(attempt, [power(log), r, p], &base64_unpadded(salt)?, &base64_unpadded(stored)?)
}

/// Kratos, where `ln` is N itself and base64 is padded.
pub(super) fn kratos(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [parameters, salt, stored] = parts(rest, '$')?;
    check(attempt, costs(parameters)?, &base64(salt)?, &base64(stored)?)
}

/// Werkzeug, `scrypt:N:R:P$SALT$HEX`.
pub(super) fn werkzeug(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [parameters, salt, stored] = parts(rest, '$')?;
    let [n, r, p] = parts(parameters, ':')?;
    check(attempt, [decimal(n)?, decimal(r)?, decimal(p)?], salt.as_bytes(), &hex(stored)?)
}

/// `SCRYPT:N:R:P:SALT:HASH` in base64, as hashcat exchanges them.
pub(super) fn colons(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [n, r, p, salt, stored] = parts(rest, ':')?;
    check(attempt, [decimal(n)?, decimal(r)?, decimal(p)?], &base64(salt)?, &base64(stored)?)
}

/// better-auth, and Lucia behind its `s2:`: `SALT:HEX` with N = 16384 and r = 16.
pub(super) fn wide_blocks(rest: &str, attempt: &Attempt<'_>) -> Checked {
    normalised(rest, 16, attempt)
}

/// Node with its own costs, and the oldest Lucia: `SALT:HEX` with N = 16384 and r = 8.
pub(super) fn node(rest: &str, attempt: &Attempt<'_>) -> Checked {
    normalised(rest, 8, attempt)
}

/// The salt is the text, not what its digits mean; the password is in NFKC.
fn normalised(rest: &str, r: u64, attempt: &Attempt<'_>) -> Checked {
    let [salt, stored] = parts(rest, ':')?;
    let password = str::from_utf8(attempt.password).map_err(|_| Refused::Malformed)?;
    let password: String = password.nfkc().collect();
    check(&attempt.with(password.as_bytes()), [16_384, r, 1], salt.as_bytes(), &hex(stored)?)
}

/// The `$7$` of crypt(3): a digit for log N, five each for r and p, then the salt as it stands.
pub(super) fn crypt(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [settings, stored] = parts(rest, '$')?;
    let (numbers, salt) = settings.split_at_checked(11).ok_or(Refused::Malformed)?;
    let digits = numbers.bytes().map(crypt_digit).collect::<Result<Vec<_>, _>>()?;
    let number = |digits: &[u32]| digits.iter().rev().fold(0, |sum, digit| sum << 6 | u64::from(*digit));
    let costs = [power(u64::from(digits[0])), number(&digits[1..6]), number(&digits[6..])];
    lengths(salt.as_bytes(), stored.as_bytes())?;
    if stored.len() != 43 {
        return Err(Refused::Malformed);
    }
    let made = derive(attempt, costs, salt.as_bytes(), 32)?;
    equal(to_crypt(made).as_bytes(), stored.as_bytes())
}
