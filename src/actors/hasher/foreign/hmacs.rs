//! HMAC (RFC 2104) by name, and the formats that are one run of it.

use aws_lc_rs::hmac as aws;
use hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::Md5;

use super::attempt::{Attempt, Checked, Refused, equal};
use super::text::{hex, parts};

/// The HMAC of `message` under `key`.
pub(super) fn hmac(digest: &str, key: &[u8], message: &[u8]) -> Result<Vec<u8>, Refused> {
    let algorithm = match digest {
        "md4" => return Ok(rust_crypto::<Hmac<Md4>>(key, message)),
        "md5" => return Ok(rust_crypto::<Hmac<Md5>>(key, message)),
        "sha1" => aws::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "sha224" => aws::HMAC_SHA224,
        "sha256" => aws::HMAC_SHA256,
        "sha384" => aws::HMAC_SHA384,
        "sha512" => aws::HMAC_SHA512,
        _ => return Err(Refused::Unknown),
    };
    Ok(aws::sign(&aws::Key::new(algorithm, key), message).as_ref().to_vec())
}

fn rust_crypto<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Old Werkzeug, `DIGEST$SALT$HEX`: keyed with the salt.
pub(super) fn werkzeug(rest: &str, attempt: &Attempt<'_>) -> Checked {
    let [digest, salt, stored] = parts(rest, '$')?;
    equal(&hmac(digest, salt.as_bytes(), attempt.password)?, &hex(stored)?)
}
