//! Identifiers: UUIDv7 (RFC 9562 section 5.7), one type for each kind of thing, so that they cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::clock::Timestamp;
use super::entropy::{Entropy, bytes};

/// A fresh UUIDv7: 48 bits of `now` in milliseconds, 74 bits of `entropy`.
pub fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    Builder::from_unix_timestamp_millis(now.millis(), &bytes::<10>(entropy)).into_uuid()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh identifier.
            pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    };
}

id!(
    /// A user account.
    UserId
);
id!(
    /// A session: one sign-in on one device.
    SessionId
);
id!(
    /// One running process; with a sequence number it names an audit event.
    InstanceId
);

impl SessionId {
    /// When the session was opened, in milliseconds since the epoch, as the identifier itself says.
    pub fn opened_at_millis(self) -> u64 {
        let mut eight = [0; 8];
        eight[2..].copy_from_slice(&self.0.as_bytes()[..6]);
        u64::from_be_bytes(eight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::SystemEntropy;

    #[test]
    fn an_id_carries_its_time_and_is_a_version_7_uuid() {
        let now = Timestamp::from_micros(1_795_193_429_250_999);
        let id = SessionId::generate(now, &SystemEntropy);
        assert_eq!(id.opened_at_millis(), 1_795_193_429_250);
        assert_eq!(id.0.get_version_num(), 7);
        assert_ne!(id, SessionId::generate(now, &SystemEntropy));
    }
}
