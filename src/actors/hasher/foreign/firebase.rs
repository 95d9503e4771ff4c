//! Firebase's modified scrypt: the password becomes an AES key, under which the project's signer key is encrypted.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use super::attempt::{Attempt, Checked, Refused, equal, lengths};
use super::scrypt::{costs, derive, power};
use super::text::{base64, decimal, parts, value};

/// Kratos, `$firescrypt$ln=…,r=…,p=…$SALT$HASH$SEPARATOR$SIGNER KEY`.
pub(super) fn firescrypt(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [parameters, salt, stored, separator, signer] = parts(rest, '$')?;
    check(attempt, costs(parameters)?, [salt, separator], signer, stored)
}

/// Supabase, `$fbscrypt$v=1,n=…,r=…,p=…,ss=SEPARATOR,sk=SIGNER KEY$SALT$HASH`: the form to import in.
pub(super) fn fbscrypt(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [parameters, salt, stored] = parts(rest, '$')?;
    let [version, n, r, p, separator, signer] = parts(parameters, ',')?;
    if version != "v=1" {
        return Err(Refused::Malformed);
    }
    let costs = [decimal(value(n, "n")?)?, decimal(value(r, "r")?)?, decimal(value(p, "p")?)?];
    check(attempt, costs, [salt, value(separator, "ss")?], value(signer, "sk")?, stored)
}

fn check(
    attempt: &Attempt<'_>,
    [log, r, p]: [u64; 3],
    [salt, separator]: [&str; 2],
    signer: &str,
    stored: &str,
) -> Checked {
    let costs = [power(log), r, p];
    if !attempt.limits.allow_scrypt(costs[0], r, p) {
        return Err(Refused::TooExpensive);
    }
    let salt = [base64(salt)?, base64(separator)?].concat();
    let (signer, mut stored) = (base64(signer)?, base64(stored)?);
    lengths(&salt, &stored)?;
    if signer.len() != stored.len() {
        return Err(Refused::Malformed);
    }
    let key = derive(attempt, costs, &salt, 32)?;
    let key = UnboundCipherKey::new(&AES_256, &key).map_err(|_| Refused::Malformed)?;
    let key = DecryptingKey::ctr(key).map_err(|_| Refused::Malformed)?;
    // The counter begins at zero, for every user.
    let counter = DecryptionContext::Iv128(FixedLength::from([0; 16]));
    let opened = key.decrypt(&mut stored, counter).map_err(|_| Refused::Malformed)?;
    equal(opened, &signer)
}
