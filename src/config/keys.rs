//! `[keys]`: the master key, and how keys come and go.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::leaf::Complaint;
use super::reader::Reader;
use crate::domain::duration::format_duration;

/// The keyring.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The master key, 32 bytes as base64url; without it the one in `data_dir`/master.key is used, and made if there
    /// is none.
    pub master_key: Option<SecretString>,
    /// How long a new key is published before it signs; zero, or several times `poll_interval`.
    pub announcement: Duration,
    /// After how long a key is replaced by a new one; zero: only on command.
    pub lifetime: Duration,
    /// The pause between two looks at the stored keys.
    pub poll_interval: Duration,
}

const MASTER: (&str, &str) = ("keys.master_key", "keys.master_key_file");

/// How often the keys are looked at, at least, while a new one is announced.
const LOOKS: u32 = 3;

impl Keys {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let second = Duration::from_secs(1);
        let day = 24 * 3_600 * second;
        let keys = Self {
            master_key: reader.take_secret(MASTER.0, MASTER.1),
            announcement: reader.take_in("keys.announcement", Duration::ZERO..=30 * day),
            lifetime: reader.take_in("keys.lifetime", Duration::ZERO..=3_650 * day),
            poll_interval: reader.take_in("keys.poll_interval", second / 10..=3_600 * second),
        };
        if keys.master_key.as_ref().is_some_and(|key| !is_key(key.expose_secret())) {
            let help = "32 random bytes as base64url without padding, such as a master.key holds";
            let reason = "it is not 43 characters of base64url";
            reader.refuse_secret(MASTER.0, MASTER.1, Complaint::with_help(reason, help));
        }
        keys.check(reader);
        keys
    }

    fn check(&self, reader: &mut Reader) {
        const KEYS: [&str; 3] = ["keys.announcement", "keys.lifetime", "keys.poll_interval"];
        if !reader.sound(&KEYS) {
            return;
        }
        if !self.announcement.is_zero() && self.announcement < LOOKS * self.poll_interval {
            let (poll, other) = (format_duration(self.poll_interval), reader.origin(KEYS[2]));
            let reason = format!(
                "{} is less than {LOOKS} times `{}` = {poll} ({other}): nodes would refuse tokens of a key that they \
                 have not seen yet",
                format_duration(self.announcement),
                KEYS[2]
            );
            reader.refuse(KEYS[0], Complaint::with_help(reason, "announce for minutes, such as `10m`"));
        }
        if !self.lifetime.is_zero() && self.lifetime <= self.announcement {
            let (announced, other) = (format_duration(self.announcement), reader.origin(KEYS[0]));
            let reason = format!(
                "{} is not longer than `{}` = {announced} ({other}): no key would ever sign in peace",
                format_duration(self.lifetime),
                KEYS[0]
            );
            reader.refuse(KEYS[1], Complaint::with_help(reason, "use weeks or months, or `0s` for never"));
        }
    }
}

fn is_key(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).is_ok_and(|key| key.len() == 32)
}
