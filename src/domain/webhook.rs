//! Standard Webhooks 1.0.0 (<https://www.standardwebhooks.com>): how a message proves to its receiver where it is from
//! and that it is fresh.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::clock::Timestamp;

/// What the text of a secret begins with.
pub const PREFIX: &str = "whsec_";

/// The fewest and the most octets of a secret.
const OCTETS: std::ops::RangeInclusive<usize> = 24..=64;

/// The most secrets that hold at once.
const MOST: usize = 3;

/// The secrets that a receiver shares with this server: more than one while they are changed. Does not print them.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Key>, Zeroizing<Vec<Vec<u8>>>);

/// Why a text holds no secrets; without any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWebhookSecret {
    /// A secret that lacks its beginning.
    #[error("a webhook secret begins with `{PREFIX}`")]
    Prefix,
    /// What follows is not Base64.
    #[error("what follows `{PREFIX}` must be Base64 (with padding)")]
    Base64,
    /// Too short to be safe, or too long.
    #[error("a webhook secret has 24 to 64 octets; this one has {0}")]
    Length(usize),
    /// None, or too many.
    #[error("{0} secrets; there must be 1 to {MOST}, separated by blanks: the newest first")]
    Number(usize),
}

impl WebhookSecrets {
    /// The value of the header `webhook-signature`: one signature for each secret over the message's id, the second at
    /// which it is sent, and its body.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let mut signed = format!("{id}.{}.", at.seconds()).into_bytes();
        signed.extend_from_slice(body);
        let one = |key| format!("v1,{}", STANDARD.encode(sign(key, &signed)));
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

/// `whsec_…`, or several of them with blanks between.
impl FromStr for WebhookSecrets {
    type Err = NoWebhookSecret;

    fn from_str(text: &str) -> Result<Self, NoWebhookSecret> {
        let one = |text: &str| {
            let encoded = text.strip_prefix(PREFIX).ok_or(NoWebhookSecret::Prefix)?;
            let octets = STANDARD.decode(encoded).map_err(|_| NoWebhookSecret::Base64)?;
            if OCTETS.contains(&octets.len()) {
                Ok(octets)
            } else {
                Err(NoWebhookSecret::Length(octets.len()))
            }
        };
        let octets = Zeroizing::new(text.split_whitespace().map(one).collect::<Result<Vec<_>, _>>()?);
        if !(1..=MOST).contains(&octets.len()) {
            return Err(NoWebhookSecret::Number(octets.len()));
        }
        Ok(Self(octets.iter().map(|octets| Key::new(HMAC_SHA256, octets)).collect(), octets))
    }
}

impl PartialEq for WebhookSecrets {
    fn eq(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        self.1.len() == other.1.len()
            && self.1.iter().zip(other.1.iter()).all(|(one, other)| one.ct_eq(other).into())
    }
}

impl Eq for WebhookSecrets {}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSecrets({} redacted)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn sent() -> Timestamp {
        Timestamp::from_seconds(1_614_265_330)
    }

    #[test]
    fn a_signature_is_that_of_the_reference_libraries() {
        let secrets: WebhookSecrets = SECRET.parse().unwrap();
        assert_eq!(secrets.sign(ID, sent(), BODY), SIGNATURE);
    }

    #[test]
    fn every_secret_signs_while_they_are_changed() {
        let newer = "whsec_c2VjcmV0IG51bWJlciB0d28sIG9mIDI4IQ==";
        let both: WebhookSecrets = format!("{newer} {SECRET}").parse().unwrap();
        let signatures = both.sign(ID, sent(), BODY);
        let (first, second) = signatures.split_once(' ').unwrap();
        assert_eq!(second, SIGNATURE);
        assert_eq!(first, newer.parse::<WebhookSecrets>().unwrap().sign(ID, sent(), BODY));
        assert_ne!(first, second);
    }

    #[test]
    fn a_signature_covers_the_id_the_time_and_the_body() {
        let secrets: WebhookSecrets = SECRET.parse().unwrap();
        let later = Timestamp::from_seconds(1_614_265_331);
        assert_ne!(secrets.sign("msg_other", sent(), BODY), SIGNATURE);
        assert_ne!(secrets.sign(ID, later, BODY), SIGNATURE);
        assert_ne!(secrets.sign(ID, sent(), b"{}"), SIGNATURE);
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        use NoWebhookSecret::{Base64, Length, Number, Prefix};
        let long = format!("{PREFIX}{}", STANDARD.encode([7; 65]));
        let four = [SECRET; 4].join(" ");
        for (text, fault) in [
            ("", Number(0)),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Prefix),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La!aSw", Base64),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILA==", Length(16)),
            (long.as_str(), Length(65)),
            (four.as_str(), Number(4)),
        ] {
            assert_eq!(text.parse::<WebhookSecrets>().unwrap_err(), fault, "{text}");
        }
        assert!(!format!("{:?}", SECRET.parse::<WebhookSecrets>().unwrap()).contains("MfKQ"));
    }
}
